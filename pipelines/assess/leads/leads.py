"""Leads: a batch's findings become one lead per household and direction, and leads live on from batch to batch.

Belongs here: what a lead keeps (its number, while its reasons last), when it is raised again, when it rests after an answer,
and how much a town is given. Does not belong here: what a finding is (`rules.findings`), what the caseworker's sheet looks like
(`pipelines.publish.worklists`), how answers are read (`pipelines.returns`).

Everything here is a suggestion to look (疑似): a lead never decides anything (民发〔2021〕57号 第二十八条).
"""

import csv
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from pipelines import month
from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.assess.leads.workdays import add_workdays
from pipelines.contracts import code_table
from pipelines.declarations import read_declared, validated
from pipelines.errors import DeclarationError
from pipelines.lake_tables import column_list
from pipelines.linkage.lake import persons
from pipelines.parameters import Parameter, district_area, load_parameters
from pipelines.progress import Reporter
from pipelines.storage import SCHEMAS, Home, check_batch, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

LEVELS = ("red", "orange", "yellow")

_SQL = Path(__file__).with_name("leads.sql").read_text(encoding="utf-8")


class _Urgent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    level: str


class Course(BaseModel):
    """`schemas/followup.yaml`: what counts as new evidence, and what is urgent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    growing_facts: list[str]
    urgent: list[_Urgent]


def load_course(path: Path = SCHEMAS / "followup.yaml") -> Course:
    """The declared course of leads.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], Course, example="schemas/followup.yaml")


def raise_leads(home: Home, batch: str, reporter: Reporter, *, today: dt.date | None = None) -> dict[str, int | float]:
    """Write `assess/leads` (one row per household and direction with a finding) and `assess/lead_register` (every lead so far).

    Reads the batch's findings, rules and households, the newest earlier register, and the answers to earlier batches' lists.
    Running a batch again gives the same leads and the same dates: answers to its own lists are for the next batch.

    Args:
        home: where.
        batch: which month.
        reporter: told what is being done.
        today: the day the lists go out, from which due dates count; see `issued_on`.

    Returns:
        counts: leads, by level, new, raised again, open, overdue, held back by reason, ended, on the lists; answered, hits
        and rules answered by nothing but data errors so far.

    Raises:
        DeclarationError: outcome codes, parameters or the course of leads are declared wrongly.
    """
    check_batch(batch)
    reporter.start("生成线索")
    with home.connect() as connection:
        issued = _already_issued(connection, home, batch) or issued_on(batch, today or month.today())
        _read(connection, home, batch, issued)
        connection.execute(_SQL)
        leads = f"SELECT {column_list('assess', 'leads')} FROM lead ORDER BY town, lead_id"
        write_parquet(connection, leads, home.lake(batch, "assess", "leads"))
        write_parquet(connection, "FROM register ORDER BY lead_id", home.lake(batch, "assess", "lead_register"))
        counts = _count(connection)
    from pipelines.assess.leads.hit_rates import write_learning  # it reads this module's outcome codes

    return counts | write_learning(home, batch)


def issued_on(batch: str, day: dt.date) -> dt.date:
    """The day a batch's lists go out.

    That day, if it is in the batch's month or the one after it: that is when a month's data is worked. A batch that is run
    much later or ahead of its time (history, a rehearsal) counts from the day after its month: its due dates must make sense
    within the story of the batches.

    >>> issued_on("2026-10", dt.date(2026, 11, 5))
    datetime.date(2026, 11, 5)
    >>> issued_on("2026-10", dt.date(2027, 3, 1))
    datetime.date(2026, 11, 1)
    """
    first = month.month_start(batch)
    following, after = month.months_before(first, -1), month.months_before(first, -2)
    return day if first <= day < after else following


def _already_issued(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> dt.date | None:
    """The day the batch's lists went out, if it was run before: a second run must not move anybody's due date."""
    path = home.lake(batch, "assess", "leads")
    if not path.exists():
        return None
    row: dt.date | None = connection.execute(f"SELECT max(generated_on) FROM read_parquet('{quoted(path)}')").fetchall()[0][0]
    return row


def _read(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, issued: dt.date) -> None:
    """Make the tables that leads.sql starts from."""
    parameters = load_parameters()
    last = month.as_of(batch)
    course = load_course()

    def number(key: str) -> float:
        return _number(parameters, key, last)

    connection.execute(
        "CREATE TABLE setting AS SELECT $batch AS batch, $as_of::DATE AS as_of, $issued::DATE AS generated_on, "
        "$limit::BIGINT AS town_limit, $increase::DOUBLE AS material_increase, $gap::INTEGER AS gap_months, "
        "$facts::VARCHAR[] AS growing_facts",
        {
            "batch": batch,
            "as_of": last,
            "issued": issued,
            "limit": int(number("leads.town_week_limit") * number("leads.weeks")),
            "increase": number("leads.material_increase"),
            "gap": int(number("leads.gap_months")),
            "facts": course.growing_facts,
        },
    )
    _read_history(connection, home, batch)
    _read_lake(connection, home, batch)
    _make_due(connection, course, issued, number)
    connection.execute(
        "CREATE TABLE outcome (code VARCHAR, status VARCHAR, again VARCHAR, hit BOOLEAN, months INTEGER, visits INTEGER)"
    )
    for outcome in load_outcomes().values():
        months = int(number(f"leads.cool_down_{outcome.code.lower()}")) if outcome.again == "months" else None
        visits = int(number(f"leads.visits_{outcome.code.lower()}")) if outcome.again == "visits" else None
        connection.execute(
            "INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?)",
            [outcome.code, outcome.status, outcome.again, outcome.hit, months, visits],
        )
    connection.execute("CREATE TABLE programme (writing VARCHAR, programme VARCHAR, position INTEGER)")
    order: dict[str, int] = {}
    for writing, programme in code_table("programme").items():
        connection.execute(
            "INSERT INTO programme VALUES (?, ?, ?)", [writing, programme, order.setdefault(programme, len(order))]
        )


def _number(parameters: dict[str, Parameter], key: str, day: dt.date) -> float:
    held = parameters[key].value_on(district_area(), "any", day) if key in parameters else None
    if held is None or held.value is None:
        raise DeclarationError(
            f"参数 {key} 在 {day} 没有值，线索无法安排。",
            where=f"{key.split('.')[0]}.yaml",
            todo=f"在 schemas/parameters/ 里补上 {key}。",
        )
    return float(held.value)


def _read_lake(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    def lake(stage: str, table: str) -> str:
        return f"read_parquet('{quoted(home.lake(batch, stage, table))}')"

    connection.execute(f"CREATE VIEW finding AS FROM {lake('assess', 'findings')}")
    connection.execute(f"CREATE TABLE rule AS SELECT rule_id, programmes FROM {lake('assess', 'rules')}")
    connection.execute(
        "CREATE TABLE alias AS SELECT old_person_id, any_value(person_id) AS person_id "
        f"FROM {lake('linkage', 'person_alias')} GROUP BY old_person_id"
    )
    # Only the persons and households that findings and earlier leads speak of leave the Parquet files.
    connection.execute(
        "CREATE TABLE household AS SELECT household_id, head_person_id, town, village, grid "
        f"FROM {lake('households', 'households')} "
        "SEMI JOIN (SELECT household_id FROM finding UNION SELECT household_id FROM register_before) AS s USING (household_id) "
        "WHERE kind = 'assistance'"
    )
    connection.execute(
        f"CREATE TABLE member AS SELECT person_id, any_value(household_id) AS household_id FROM {lake('households', 'members')} "
        "SEMI JOIN (SELECT head_person_id AS person_id FROM register_before UNION SELECT a.person_id FROM register_before AS r "
        "JOIN alias AS a ON a.old_person_id = r.head_person_id) AS s USING (person_id) "
        "WHERE kind = 'assistance' GROUP BY person_id"
    )
    connection.execute(
        f"CREATE TABLE person AS SELECT person_id, town, village, grid FROM {persons(home, batch)} "
        "SEMI JOIN finding USING (person_id)"
    )


def _read_history(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    connection.execute(
        "CREATE TABLE register_before (lead_id VARCHAR, household_id VARCHAR, direction VARCHAR, head_person_id VARCHAR, "
        "first_batch VARCHAR, last_batch VARCHAR, raised_in VARCHAR, times_raised INTEGER, due_date DATE, "
        "known_rules VARCHAR[], known_rank TINYINT, known_figures MAP(VARCHAR, DOUBLE), waiting BOOLEAN, status VARCHAR, "
        "last_outcome VARCHAR, ended_in VARCHAR)"
    )
    connection.execute(
        "CREATE TABLE answer (lead_id VARCHAR, outcome_code VARCHAR, visited_on DATE, received_at TIMESTAMPTZ, "
        "answered_batch VARCHAR)"
    )
    connection.execute("CREATE TABLE settled (lead_id VARCHAR, answered_batch VARCHAR, refused BOOLEAN)")
    earlier = home.earlier_batches(batch)
    registers = [path for one in earlier if (path := home.lake(one, "assess", "lead_register")).exists()]
    if registers:
        connection.execute(f"INSERT INTO register_before BY NAME FROM read_parquet('{quoted(registers[-1])}')")
    for one in earlier:
        path = home.lake(one, "returns", "followups")
        if path.exists():
            connection.execute(
                "INSERT INTO answer SELECT lead_id, outcome_code, visited_on, received_at, ? "
                f"FROM read_parquet('{quoted(path)}') WHERE NOT superseded",
                [one],
            )
        path = home.lake(one, "returns", "referral_results")
        if path.exists():
            connection.execute(
                "INSERT INTO settled SELECT lead_id, $batch, list_contains($refusing::VARCHAR[], result_code) "
                f"FROM read_parquet('{quoted(path)}') WHERE NOT superseded AND list_contains($closing::VARCHAR[], result_code)",
                {"batch": one, **_closing_results()},
            )


def _closing_results() -> dict[str, list[str]]:
    """The codes with which a department settles a referral, and those of them that say no."""
    with (SCHEMAS / "codes" / "referral_result.csv").open(encoding="utf-8", newline="") as file:
        closing = [row for row in csv.DictReader(file) if row["closes"] == "yes"]
    return {
        "closing": [row["value"] for row in closing],
        "refusing": [row["value"] for row in closing if row["again"] == "evidence"],
    }


def _make_due(connection: "duckdb.DuckDBPyConnection", course: Course, issued: dt.date, number: Any) -> None:
    """When a finding is due, by rule and level: working days of its level; hours where it is urgent."""
    connection.execute("CREATE TABLE due (rule_id VARCHAR, level VARCHAR, due_date DATE, urgent BOOLEAN)")
    urgent = {(one.rule, one.level) for one in course.urgent}
    by_level = {level: add_workdays(issued, int(number(f"due_days.{level}")))[0] for level in LEVELS}
    within = issued + dt.timedelta(hours=number("leads.urgent_hours"))
    for rule_id, level in connection.execute("SELECT DISTINCT rule_id, level FROM finding ORDER BY ALL").fetchall():
        is_urgent = (rule_id, level) in urgent
        connection.execute(
            "INSERT INTO due VALUES (?, ?, ?, ?)", [rule_id, level, within if is_urgent else by_level[level], is_urgent]
        )


def _count(connection: "duckdb.DuckDBPyConnection") -> dict[str, int | float]:
    row = connection.sql("""
        SELECT
            count(*) AS leads,
            count(*) FILTER (level = 'red') AS red,
            count(*) FILTER (level = 'orange') AS orange,
            count(*) FILTER (level = 'yellow') AS yellow,
            count(*) FILTER (urgent) AS urgent,
            count(*) FILTER (step = 'first') AS new,
            count(*) FILTER (step = 'again') AS raised_again,
            count(*) FILTER (step = 'open') AS open,
            count(*) FILTER (status = '超期') AS overdue,
            count(*) FILTER (held_back = 'cool_down') AS held_cool_down,
            count(*) FILTER (held_back = 'limit') AS held_limit,
            count(*) FILTER (held_back IS NULL) AS on_lists,
            (SELECT count(*) FROM register WHERE ended_in = (SELECT batch FROM setting)) AS ended
        FROM lead
    """)
    names = row.columns
    return dict(zip(names, (int(value) for value in row.fetchall()[0]), strict=True))
