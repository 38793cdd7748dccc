"""Re-check of those who receive (存量复核): all at once, and only what changed is told.

Belongs here: which households are due, comparing with their last report. Does not belong here: how one is reckoned (`reckon`).

Being on an active roster is the authorisation, unless withdrawn. A change that decides a test becomes a matter reported to the
town (已上报) with its rules, never a stop of payment.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from pipelines.casework.access import PROGRAM, Actor, Entry, record
from pipelines.casework.clock import day_of, months_after, now
from pipelines.casework.files import HOUSEHOLD, Place, add_event, open_file
from pipelines.casework.store import Store, next_number, plain_insert
from pipelines.casework.tables import authorisation, check
from pipelines.casework.transfers import report as report_matter
from pipelines.check.form import SELF
from pipelines.check.perform import latest_batch
from pipelines.check.reckon import Household, Member, Reckoned, reckon
from pipelines.month import as_of
from pipelines.parameters import load_parameters
from pipelines.progress import Reporter
from pipelines.storage import Home, quoted

CLASSES = {"低保": "on_dibao", "特困": "on_tekun", "低保边缘": "on_edge", "刚性支出": "on_rigid"}
AT_ONCE = 5_000
CHUNK = 500
"""Rows written in one transaction, so that clerks at the desk do not wait."""


def recheck(
    home: Home, store: Store, reporter: Reporter, *, classes: Sequence[str] = (), due_only: bool = False, actor: Actor = PROGRAM
) -> dict[str, int]:
    """Re-check the households on the rosters of the last batch.

    Args:
        home: whose last batch is read.
        store: where the last reports are, and the new ones go.
        reporter: told each step.
        classes: of `CLASSES`; empty: all.
        due_only: only those whose re-check is due by Article 31.
        actor: who asks.

    Returns:
        counts: households, 新增, 减少, 金额变化, 人口变化, 无变化, reported (matters).
    """
    batch = latest_batch(home)
    reporter.start("存量复核：在册家庭")
    before = _last(store)
    households, places = _on_rosters(home, batch, classes, _withdrawn(store))
    if due_only:
        today = day_of(now())
        households = [h for h in households if h.key not in before or before[h.key]["summary"]["due"] <= today.isoformat()]
    counts = dict.fromkeys(("households", "首次", "新增", "减少", "金额变化", "人口变化", "无变化", "reported"), 0)
    counts["households"] = len(households)
    record(store, Entry(actor, "存量复核", "定期复核", [h.key for h in households[:1000]]))
    for start in range(0, len(households), AT_ONCE):
        part = households[start : start + AT_ONCE]
        reporter.start(f"存量复核：{start + len(part)} / {len(households)} 户")
        found = reckon(home, batch, part, items=False, reporter=None)
        for chunk in range(0, len(part), CHUNK):
            _keep(store, part[chunk : chunk + CHUNK], found, before, (batch, places, actor, counts))
    return counts


def _on_rosters(home: Home, batch: str, classes: Sequence[str], withdrawn: set[str]) -> tuple[list[Household], dict[str, Place]]:
    facts = [CLASSES[name] for name in (classes or CLASSES)]

    def table(stage: str, name: str) -> str:
        return f"read_parquet('{quoted(home.lake(batch, stage, name))}')"

    with home.connect() as connection:
        rows = connection.execute(f"""
            WITH receiving AS (
                SELECT DISTINCT household_id FROM {table("assess", "person_fact")}
                WHERE household_id IS NOT NULL AND ({" OR ".join(facts)})
            )
            SELECT m.household_id, any_value(coalesce(h.register_town, h.town)),
            any_value(h.town), any_value(h.village), any_value(h.grid),
                list({{'person': m.person_id, 'relation': m.relation, 'head': m.person_id = h.head_person_id}}
                    ORDER BY m.person_id)
            FROM {table("households", "members")} AS m SEMI JOIN receiving USING (household_id)
            JOIN (FROM {table("households", "households")} WHERE kind = 'assistance') AS h USING (household_id)
            WHERE m.kind = 'assistance' GROUP BY m.household_id ORDER BY m.household_id""").fetchall()
    households, places = [], {}
    for key, register_town, town, village, grid, members in rows:
        people = tuple(
            Member(n, m["person"], SELF if m["head"] else m["relation"] or "", m["head"], withdrawn=m["person"] in withdrawn)
            for n, m in enumerate(members, 1)
        )
        households.append(Household(key, register_town, people))
        places[key] = Place(town, village, grid)
    return households, places


def _withdrawn(store: Store) -> set[str]:
    with store.read() as connection:
        rows = connection.execute(
            select(authorisation.c.person_id, authorisation.c.withdrawn_on).order_by(authorisation.c.signed_on)
        ).all()
    last = {row.person_id: row.withdrawn_on for row in rows if row.person_id}
    return {person for person, day in last.items() if day is not None}


def _last(store: Store) -> dict[str, dict[str, Any]]:
    """The last re-check of each household."""
    with store.read() as connection:
        rows = connection.execute(
            select(check.c.household_id, check.c.check_id, check.c.summary)
            .where(check.c.kind == "recheck", check.c.summary.is_not(None))
            .order_by(check.c.check_id)
        ).mappings().all()  # fmt: skip
    return {row["household_id"]: dict(row) for row in rows}


def summary_of(household: Household, out: Reckoned, today: dt.date) -> dict[str, Any]:
    """What a later re-check compares with: members, amounts, tests; no name and no row."""
    facts = out.facts
    tests = {
        row["test"]: row["outcome"]
        for row in out.results
        if row["test"].startswith(("income_", "O", "U")) and row["outcome"] != "false"
    }
    working = bool(facts.get("member_able_to_work"))
    key = "check.recheck_months_working" if working else "check.recheck_months"
    held = load_parameters_once()[key].value_on("000000", "any", today)
    months = int(held.value) if held and held.value is not None else 12
    return {
        "members": sorted(member.person_id for member in household.members if member.person_id),
        "income": [_text(facts.get("household_income_known")), _text(facts.get("household_income"))],
        "property": [facts.get("member_vehicles"), facts.get("member_businesses")],
        "aid": _text(facts.get("household_dibao_month_amount")),
        "tests": tests,
        "due": months_after(today, months).isoformat(),
    }


def load_parameters_once() -> dict[str, Any]:
    """The declared parameters, read once a process: ten thousand households ask for the same two."""
    if not _PARAMETERS:
        _PARAMETERS.update(load_parameters())
    return _PARAMETERS


_PARAMETERS: dict[str, Any] = {}


def change_of(before: dict[str, Any] | None, today: dict[str, Any]) -> str:
    """What changed since the last re-check: the weightiest of members, tests that came or went, amounts."""
    if before is None:
        return "首次"
    if before["members"] != today["members"]:
        return "人口变化"
    came = {test for test, outcome in today["tests"].items() if outcome == "true" and before["tests"].get(test) != "true"}
    went = {test for test, outcome in before["tests"].items() if outcome == "true" and today["tests"].get(test) != "true"}
    if came:
        return "新增"
    if went:
        return "减少"
    same = all(before[name] == today[name] for name in ("income", "property", "aid"))
    return "无变化" if same else "金额变化"


def _keep(
    store: Store,
    households: Sequence[Household],
    found: dict[str, Reckoned],
    before: dict[str, dict[str, Any]],
    context: tuple[Any, ...],
) -> None:
    batch, places, actor, counts = context
    moment = now()
    today = day_of(moment)
    with store.write() as connection:
        numbers = next_number(connection, "K", count=len(households))
        rows = []
        for number, household in zip(numbers, households, strict=True):
            summary = summary_of(household, found[household.key], today)
            last = before.get(household.key)
            change = change_of(last["summary"] if last else None, summary)
            counts[change] += 1
            rows.append(
                {
                    "check_id": number, "application_no": household.key, "kind": "recheck", "matter": "定期复核",
                    "town": places[household.key].town or "镇街不详", "accepted_on": today,
                    "asked_at": moment, "asked_by": actor.name,
                    "batch": batch, "as_of": as_of(batch), "household_id": household.key, "state": "已出报告",
                    "earlier_check_id": last["check_id"] if last else None, "change": change, "summary": summary,
                    "printed_times": 0, "version": 1,
                }
            )  # fmt: skip
            over = sorted(test for test, outcome in summary["tests"].items() if test[0] == "O" and outcome == "true")
            fresh = [test for test in over if last is None or last["summary"]["tests"].get(test) != "true"]
            if last is not None and change != "无变化" and fresh:
                counts["reported"] += 1
                file = open_file(connection, HOUSEHOLD, household.key, places[household.key], actor)
                add_event(
                    connection,
                    file["file_no"],
                    actor,
                    "核对",
                    f"存量复核 {number}：{change}，{'、'.join(fresh)}",
                    ref=number,
                    key=f"check:{number}",
                )
                matter = {
                    "matter": "存量复核发现变化",
                    "wanted": f"请核实：{'、'.join(fresh)}；核实前不停发",
                    "department": "民政",
                }
                report_matter(connection, file["file_no"], actor, matter, key=f"recheck:{number}")
        plain_insert(connection, check, rows)


def changed_rows(store: Store, since: dt.datetime) -> list[dict[str, Any]]:
    """The re-checks made since a moment in which something changed; numbers only."""
    with store.read() as connection:
        rows = connection.execute(
            select(
                check.c.check_id, check.c.household_id, check.c.town, check.c.change, check.c.summary, check.c.earlier_check_id
            )
            .where(check.c.kind == "recheck", check.c.asked_at >= since, check.c.change.not_in(("无变化", "首次")))
            .order_by(check.c.town, check.c.check_id)
        )
        return [dict(row) for row in rows.mappings()]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
