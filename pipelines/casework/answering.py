"""A visit's result, entered at the desk or read from a returned sheet: one history for both.

Belongs here: checking what was filled in, closing the leads it answers, asking departments. Does not belong here: when the next
visit is (`visits`), what a code means (`schemas/codes/outcome.csv`), whom it is referred to (`schemas/referral.yaml`).
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.casework.access import Actor
from pipelines.casework.clock import day_of, now
from pipelines.casework.files import add_event
from pipelines.casework.levels import ANSWERED, OPEN, WITHDRAWN, refresh
from pipelines.casework.store import Store, add_new, changed, next_number
from pipelines.casework.tables import case_file, case_lead, visit
from pipelines.casework.transfers import report
from pipelines.errors import DataError
from pipelines.publish.referral import departments_named, load_referral_policy

METHODS = ("入户", "电话", "视频")
MOST_PEOPLE = 30


@dataclass(frozen=True)
class Visit:
    """What was filled in.

    Attributes:
        visited_on: the day.
        method: one of `METHODS`.
        visitors: one or two names; two where somebody's home was entered.
        outcome_code: of `schemas/codes/outcome.csv`.
        lives_with: how many live together in fact.
        difficulties: as the worklist lists them.
        departments: whom it is referred to.
        note: free words.
        key: the form's own, so that a form sent twice counts once.
    """

    visited_on: dt.date
    method: str
    visitors: tuple[str, ...]
    outcome_code: str
    lives_with: int | None = None
    difficulties: str = ""
    departments: str = ""
    note: str = ""
    key: str = ""


def record_visit(store: Store, file_no: str, version: int, given: Visit, actor: Actor) -> str:
    """Record a visit: its leads are answered, departments asked, the next visit reckoned; returns its number.

    Args:
        store: where.
        file_no: whose file.
        version: the file's, as the form showed it.
        given: what was filled in.
        actor: who enters it.

    Raises:
        DataError: something is missing or cannot be; nothing was written.
        TakenError: somebody changed the file in the meantime.
    """
    with store.write() as connection:
        key = given.key or uuid.uuid4().hex
        before = connection.execute(select(visit.c.visit_id).where(visit.c.key == key)).scalar()
        if before:
            return str(before)  # the same form a second time
        file = dict(connection.execute(select(case_file).where(case_file.c.file_no == file_no)).mappings().one())
        leads = [
            dict(row)
            for row in connection.execute(
                select(case_lead).where(case_lead.c.file_no == file_no, case_lead.c.state.in_((OPEN, WITHDRAWN)))
            ).mappings()
        ]
        _check(given, leads)
        changed(connection, case_file, file_no, version, _closing(given))
        number = _write(connection, file, leads, given, actor, key)
        refresh(connection, file_no)
    return number


def _check(given: Visit, leads: list[dict[str, Any]]) -> None:
    outcomes = load_outcomes()
    if given.outcome_code not in outcomes:
        raise DataError("没有选核查结果码。", todo="从列表里选一项。")
    if given.visited_on > day_of(now()):
        raise DataError("核查日期在今天以后。", todo="写实际走访的日期。")
    late = max((day_of(lead["raised_at"]) for lead in leads), default=None)
    if late and given.visited_on < late:
        raise DataError(f"核查日期早于线索提出的日期（{late}）。", todo="写这次走访的日期；更早的走访不能算作这条线索的答复。")
    if given.method not in METHODS:
        raise DataError("没有选核查方式。", todo=f"选{'、'.join(METHODS)}之一。")
    names = [name for name in given.visitors if name.strip()]
    if not names or (given.method == "入户" and len(set(names)) < 2):
        raise DataError("核查人没有写全。", todo="入户核查要写两个人；电话、视频核查至少写一个人。")
    if given.lives_with is not None and not 0 < given.lives_with <= MOST_PEOPLE:
        raise DataError("实际共同生活人口不对。", todo=f"写 1 至 {MOST_PEOPLE} 的人数，或不写。")
    referred = load_referral_policy().outcomes.get(given.outcome_code)
    if referred and referred.department is None and not given.departments.strip():
        raise DataError("没有写转办部门。", todo="这个结果要转给别的部门，请选部门。")


def _closing(given: Visit) -> dict[str, Any]:
    """G1: death, departure, custody. Nobody is visited there any more."""
    return {"closed_on": day_of(now())} if given.outcome_code == "G1" else {"closed_on": None}


def _write(connection: Connection, file: dict[str, Any], leads: list[dict[str, Any]], given: Visit, *by: Any) -> str:
    actor, key = by
    number = next_number(connection, "F")[0]
    names = [name.strip() for name in given.visitors if name.strip()]
    row = {
        "visit_id": number, "file_no": file["file_no"], "visited_on": given.visited_on, "method": given.method,
        "visitor_1": names[0], "visitor_2": names[1] if len(names) > 1 else None, "outcome_code": given.outcome_code,
        "lead_ids": [lead["lead_id"] for lead in leads], "lives_with": given.lives_with,
        "difficulties": given.difficulties or None,
        "departments": given.departments or None, "note": given.note, "recorded_by": actor.name, "recorded_at": now(), "key": key,
    }  # fmt: skip
    add_new(connection, visit, [row])
    for lead in leads:
        connection.execute(
            update(case_lead)
            .where(case_lead.c.lead_id == lead["lead_id"])
            .values(state=ANSWERED, outcome_code=given.outcome_code, visited_on=given.visited_on, version=lead["version"] + 1)
        )
    label = load_outcomes()[given.outcome_code].label
    text = f"{given.visited_on} {given.method}走访，结果 {given.outcome_code} {label}"
    add_event(connection, file["file_no"], actor, "走访", text, ref=number, on_day=given.visited_on, key=f"visit:{number}")
    policy = load_referral_policy()
    if referred := policy.outcomes.get(given.outcome_code):
        named = departments_named(given.departments) or [referred.department or referred.otherwise or "民政"]
        if referred.department:
            named = [referred.department]
        for department in named:
            report(
                connection, file["file_no"], actor,
                {"department": department, "matter": label, "wanted": referred.wanted, "outcome_code": given.outcome_code,
                 "lead_id": leads[0]["lead_id"] if leads else None},
                key=f"{number}:{department}",
            )  # fmt: skip
    return number
