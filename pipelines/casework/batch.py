"""A batch meets the store: its leads open files, its answers join the history, and the store's tables join the lake.

Belongs here: both directions, in sets. Does not belong here: what a lead is (`assess`), reading returned sheets (`returns`).

Safe to run again: every row that is written has a key, and a known key changes nothing.
"""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.casework.access import PROGRAM
from pipelines.casework.alerts import URGENT, tell
from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import CARE, load_levels
from pipelines.casework.files import HOUSEHOLD, close_old
from pipelines.casework.levels import ANSWERED, OPEN, WITHDRAWN, raise_all, refresh
from pipelines.casework.store import Store, add_new, next_number, open_store
from pipelines.casework.tables import (
    METADATA,
    access_log,
    account,
    case_event,
    case_file,
    case_lead,
    numbering,
    opening,
    session,
    visit,
    visit_due,
)  # fmt: skip
from pipelines.month import as_of
from pipelines.parameters import district_area, load_parameters
from pipelines.progress import Reporter
from pipelines.storage import Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

NOT_EXPORTED = {account.name, session.name, opening.name, numbering.name, access_log.name} | {
    "authorisation", "household_check", "check_member", "check_item", "check_asked", "check_result",
    "organisation", "outbox",
}  # fmt: skip
"""Tables that are nobody's outside the desk."""

CHUNK = 500


def meet_batch(home: Home, batch: str, reporter: Reporter) -> dict[str, int | float]:
    """Open a file for every household with a lead of this batch, join the answers that came back, reckon visits due.

    Reads `assess/leads`, `assess/findings`, `assess/person_fact`, `households/members` and every batch's `returns/followups`.

    Returns:
        counts: files, leads, answers (new in the history), due.
    """
    store = open_store(home)
    with home.connect() as connection:
        reporter.start("办理台：建档")
        leads = _leads(connection, home, batch)
        categories = _categories(connection, home, batch)
        answers = _answers(connection, home)
    touched = _take_leads(store, batch, leads)
    touched |= _withdraw(store, batch, {lead["lead_id"] for lead in leads})
    added, answered = _take_answers(store, answers)
    touched |= answered | _take_categories(store, categories)
    reporter.start("办理台：走访安排", len(touched))
    for chunk in _chunks(sorted(touched)):
        with store.write() as writing:
            refresh(writing, *chunk)
        reporter.advance(len(chunk))
    with store.write() as writing:
        close_old(writing, day_of(now()))
    with store.read() as reading:
        files = len(reading.execute(select(case_file.c.file_no)).all())
        due = len(reading.execute(select(visit_due.c.file_no)).all())
    return {"files": files, "leads": len(leads), "answers": added, "due": due}


def _leads(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> list[dict[str, Any]]:
    path = quoted(home.lake(batch, "assess", "leads"))
    return _rows(
        connection,
        f"""SELECT lead_id, household_id, direction, level, rule_ids, due_date, town, village, grid, urgent, generated_on
        FROM read_parquet('{path}') WHERE held_back IS NULL OR held_back <> 'cool_down' ORDER BY lead_id""",
    )


def _categories(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> dict[str, list[str]]:
    """The categories of each household of the batch that has any, by the members' facts and what rules found."""
    facts = quoted(home.lake(batch, "assess", "person_fact"))
    findings = quoted(home.lake(batch, "assess", "findings"))
    parts = []
    for key, category in load_levels().categories.items():
        if category.where:
            parts.append(
                f"SELECT household_id, '{key}' AS category FROM read_parquet('{facts}') "
                f"WHERE household_id IS NOT NULL AND ({category.where})"
            )
        else:
            rules = ", ".join(f"'{rule}'" for rule in category.rules)
            parts.append(
                f"SELECT household_id, '{key}' FROM read_parquet('{findings}') WHERE rule_id IN ({rules}) AND outcome = 'true'"
            )
    rows = _rows(
        connection,
        f"SELECT household_id, list_sort(list(DISTINCT category)) AS categories FROM ({' UNION ALL '.join(parts)}) GROUP BY 1",
    )
    return {row["household_id"]: row["categories"] for row in rows}


def _answers(connection: "duckdb.DuckDBPyConnection", home: Home) -> list[dict[str, Any]]:
    found = []
    for batch in home.batches():
        path = home.lake(batch, "returns", "followups")
        if path.exists():
            found += _rows(
                connection,
                f"""SELECT lead_id, outcome_code, visited_on, visitors, method, note,
                    received_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS received_at
                FROM read_parquet('{quoted(path)}') WHERE NOT coalesce(superseded, false) ORDER BY received_at, file, row_no""",
            )
    return found


def _take_leads(store: Store, batch: str, leads: list[dict[str, Any]]) -> set[str]:
    """Files and leads, in chunks so that clerks at the desk are not kept waiting."""
    touched: set[str] = set()
    titles = load_levels().levels
    for chunk in _chunks(leads):
        with store.write() as connection:
            files = _files(connection, chunk)
            known = {
                row.lead_id: row
                for row in connection.execute(
                    select(case_lead).where(case_lead.c.lead_id.in_([lead["lead_id"] for lead in chunk]))
                )
            }
            new, events = [], []
            for lead in chunk:
                file_no = files[lead["household_id"]]
                row = {name: lead[name] for name in ("lead_id", "direction", "level", "rule_ids", "due_date")}
                row |= {"file_no": file_no, "batch": batch, "urgent": bool(lead["urgent"])}
                before = known.get(lead["lead_id"])
                if before is None:
                    new.append(row | {"raised_at": _moment(lead["generated_on"]), "state": OPEN, "version": 1})
                elif before.batch != batch:
                    again = {"state": OPEN, "outcome_code": None, "visited_on": None, "raised_at": _moment(lead["generated_on"])}
                    connection.execute(
                        update(case_lead)
                        .where(case_lead.c.lead_id == lead["lead_id"])
                        .values(**row, **again, version=before.version + 1)
                    )
                title = titles[lead["level"]].title
                text = f"{batch} 批次提出{title}色线索：{'、'.join(lead['rule_ids'])}{'（急难）' if lead['urgent'] else ''}"
                events.append(_event(file_no, "线索", text, lead["lead_id"], f"lead:{lead['lead_id']}:{batch}"))
                touched.add(file_no)
            if new:
                connection.execute(case_lead.insert(), new)
            add_new(connection, case_event, events)
            raise_all(connection, {
                files[lead["household_id"]]: (lead["level"], f"线索 {lead['lead_id']}", f"{lead['lead_id']}:{batch}")
                for lead in sorted(chunk, key=lambda one: CARE.index(one["level"]), reverse=True)
            })  # fmt: skip
            for lead in chunk:
                if lead["urgent"]:
                    key = f"urgent:{lead['lead_id']}:{batch}"
                    tell(connection, files[lead["household_id"]], URGENT, key=key, ref=lead["lead_id"])
    return touched


def _files(connection: Any, leads: list[dict[str, Any]]) -> dict[str, str]:
    """The file of each lead's household, made where there is none; its place brought up to date."""
    by_household = {lead["household_id"]: lead for lead in leads}
    rows = connection.execute(
        select(case_file).where(case_file.c.kind == HOUSEHOLD, case_file.c.subject_id.in_(list(by_household)))
    ).mappings().all()  # fmt: skip
    found = {row["subject_id"]: row["file_no"] for row in rows}
    for row in rows:
        lead = by_household[row["subject_id"]]
        place = {name: lead[name] for name in ("town", "village", "grid")}
        if row["closed_on"] or any(row[name] != value for name, value in place.items()):
            connection.execute(update(case_file).where(case_file.c.file_no == row["file_no"]).values(**place, closed_on=None))
    missing = [household for household in by_household if household not in found]
    today = day_of(now())
    if missing:
        numbers = next_number(connection, "D", count=len(missing))
        rows = [
            {
                "file_no": number, "kind": HOUSEHOLD, "subject_id": household, "opened_on": today, "care_level": "none",
                "level_reason": "新建档", "level_since": today, "level_by": PROGRAM.name, "categories": [], "version": 1,
                **{name: by_household[household][name] for name in ("town", "village", "grid")},
            }
            for number, household in zip(numbers, missing, strict=True)
        ]  # fmt: skip
        add_new(connection, case_file, rows, "kind", "subject_id")
        asked = select(case_file.c.subject_id, case_file.c.file_no).where(
            case_file.c.kind == HOUSEHOLD, case_file.c.subject_id.in_(missing)
        )
        made = {row.subject_id: row.file_no for row in connection.execute(asked)}
        new = [number for number in numbers if number in made.values()]  # a clerk may have opened one in this very moment
        add_new(connection, case_event, [_event(number, "建档", "建立家庭档案", None, f"file:{number}") for number in new])
        found |= made
    return found


def _withdraw(store: Store, batch: str, raised: set[str]) -> set[str]:
    """Leads that await a visit and that this batch no longer raises: said so, never silently gone."""
    touched = set()
    with store.write() as connection:
        waiting = (
            connection.execute(select(case_lead).where(case_lead.c.state == OPEN, case_lead.c.batch < batch)).mappings().all()
        )
        for lead in waiting:
            if lead["lead_id"] in raised:
                continue
            connection.execute(
                update(case_lead)
                .where(case_lead.c.lead_id == lead["lead_id"])
                .values(state=WITHDRAWN, version=lead["version"] + 1)
            )
            text = f"{batch} 批次不再提出线索 {lead['lead_id']}；未走访的不再催，已转办的继续办"
            add_new(
                connection,
                case_event,
                [_event(lead["file_no"], "线索", text, lead["lead_id"], f"withdrawn:{lead['lead_id']}:{batch}")],
            )
            touched.add(lead["file_no"])
    return touched


def _take_answers(store: Store, answers: list[dict[str, Any]]) -> tuple[int, set[str]]:
    """Visits that came back on sheets; one that was entered at the desk as well is there already."""
    outcomes = load_outcomes()
    added, touched = 0, set()
    for chunk in _chunks(answers):
        with store.write() as connection:
            wanted = [answer["lead_id"] for answer in chunk]
            leads = {
                row["lead_id"]: dict(row)
                for row in connection.execute(select(case_lead).where(case_lead.c.lead_id.in_(wanted))).mappings()
            }
            for answer in chunk:
                lead = leads.get(answer["lead_id"])
                if lead is None:
                    continue
                day = answer["visited_on"] or answer["received_at"].date()
                key = f"sheet:{answer['lead_id']}:{answer['outcome_code']}:{day}"
                same = connection.execute(
                    select(visit.c.visit_id).where(
                        visit.c.file_no == lead["file_no"],
                        visit.c.visited_on == day,
                        visit.c.outcome_code == answer["outcome_code"],
                    )
                ).first()
                if same:
                    continue
                names = (answer["visitors"] or "未写").split("、")
                row = {
                    "visit_id": next_number(connection, "F")[0], "file_no": lead["file_no"], "visited_on": day,
                    "method": answer["method"] or "未写", "visitor_1": names[0],
                    "visitor_2": names[1] if len(names) > 1 else None,
                    "outcome_code": answer["outcome_code"], "lead_ids": [answer["lead_id"]], "note": answer["note"] or "",
                    "recorded_by": PROGRAM.name, "recorded_at": now(), "key": key,
                }  # fmt: skip
                if not add_new(connection, visit, [row]):
                    continue
                label = outcomes[answer["outcome_code"]].label
                text = f"{day} 走访（收回的清单），结果 {answer['outcome_code']} {label}"
                add_new(
                    connection, case_event, [_event(lead["file_no"], "走访", text, row["visit_id"], f"visit:{row['visit_id']}")]
                )
                if lead["state"] != ANSWERED and day >= day_of(lead["raised_at"]):
                    connection.execute(
                        update(case_lead)
                        .where(case_lead.c.lead_id == answer["lead_id"])
                        .values(state=ANSWERED, outcome_code=answer["outcome_code"], visited_on=day)
                    )
                added += 1
                touched.add(lead["file_no"])
    return added, touched


def _take_categories(store: Store, categories: dict[str, list[str]]) -> set[str]:
    """Households that are looked at for what they are: files for those that have none, and changes of the others."""
    touched = set()
    with store.write() as connection:
        rows = connection.execute(
            select(case_file.c.file_no, case_file.c.subject_id, case_file.c.categories).where(case_file.c.kind == HOUSEHOLD)
        ).all()
        for file_no, household, before in rows:
            today = categories.get(household, [])
            if today != before:
                connection.execute(update(case_file).where(case_file.c.file_no == file_no).values(categories=today))
                touched.add(file_no)
    return touched


def export_tables(home: Home, batch: str) -> dict[str, int | float]:
    """Copy the store's tables to the batch's lake, for the warehouse; beside them, whom the batch screened.

    Accounts, sessions, the access log, checks and restricted events stay behind.
    """
    import polars as pl

    store = open_store(home)
    counts: dict[str, int | float] = {}
    with home.connect() as connection, store.read() as reading:
        for name, table in METADATA.tables.items():
            if name in NOT_EXPORTED:
                continue
            query = select(table).where(table.c.restricted.is_(False)) if "restricted" in table.columns else select(table)
            rows = [dict(row) for row in reading.execute(query).mappings()]
            schema = {column.name: _polars_type(column.type) for column in table.columns}
            frame = pl.DataFrame(
                [{key: _plain(value, schema[key]) for key, value in row.items()} for row in rows], schema=schema, orient="row"
            )
            connection.register("exported", frame.to_arrow())
            counts[name] = write_parquet(connection, "FROM exported", home.lake(batch, "casework", name))
            connection.unregister("exported")
        counts["screened"] = _write_screened(connection, home, batch)
    return counts


def _write_screened(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> int:
    """The groups that the district reports each year: held against the rules in this batch, found in need or not."""
    line = load_parameters()["med_alert.absolute"].value_on(district_area(), "any", as_of(batch))
    over = line.value if line else "NULL"
    person, household = (quoted(home.lake(batch, "assess", name)) for name in ("person_fact", "household_fact"))
    return write_parquet(
        connection,
        f"""WITH who AS (
            SELECT p.*, h.household_town AS town, h.household_poverty_type
            FROM read_parquet('{person}') AS p LEFT JOIN read_parquet('{household}') AS h USING (household_id))
        SELECT '{batch}' AS batch, 'disabled' AS kind, person_id, town FROM who WHERE has_valid_certificate
        UNION ALL SELECT '{batch}', 'medical_burden', person_id, town FROM who WHERE medical_burden_12m > {over}
        UNION ALL SELECT '{batch}', 'lifted_out', person_id, town FROM who
            WHERE in_poverty_monitoring AND household_poverty_type = '脱贫户'
        ORDER BY kind, person_id""",
        home.lake(batch, "casework", "screened"),
    )


def _polars_type(kind: Any) -> Any:
    import polars as pl
    import sqlalchemy as sa

    from pipelines.casework.tables import Instant

    for known, polars in (
        (Instant, pl.Datetime("us", "UTC")), (sa.Date, pl.Date), (sa.Boolean, pl.Boolean), (sa.Integer, pl.Int64),
        (sa.Numeric, pl.Float64), (sa.Float, pl.Float64),
    ):  # fmt: skip
        if isinstance(kind, known):
            return polars
    return pl.String


def _plain(value: Any, kind: Any) -> Any:
    import json
    from decimal import Decimal

    import polars as pl

    if isinstance(value, Decimal):
        return float(value)
    return json.dumps(value, ensure_ascii=False) if kind == pl.String and not isinstance(value, (str, type(None))) else value


def _event(file_no: str, kind: str, text: str, ref: str | None, key: str) -> dict[str, Any]:
    moment = now()
    return {
        "file_no": file_no, "happened_at": moment, "on_day": day_of(moment),
        "actor": PROGRAM.name, "role": PROGRAM.role, "kind": kind,
        "ref": ref, "text": text, "restricted": False, "key": key,
    }  # fmt: skip


def _moment(day: dt.date | None) -> dt.datetime:
    """The moment a lead was raised: the beginning of its day where the batch tells the day alone."""
    today = now()
    if day is None or day == day_of(today):
        return today
    from pipelines.month import SHANGHAI

    return dt.datetime.combine(day, dt.time(), tzinfo=SHANGHAI)


def _rows(connection: "duckdb.DuckDBPyConnection", query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _chunks(rows: Iterable[Any]) -> Iterable[Any]:
    rows = list(rows)
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
