"""A check from form to report: who, whole household, ask, compare, reckon, keep.

Belongs here: the order of steps and what is written to the store. Does not belong here: each step's inside.

Written in one transaction after everything is known: a check is there whole or not at all.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from pipelines.casework.access import Actor, Entry, RefusedError, record
from pipelines.casework.clock import day_of, now
from pipelines.casework.files import HOUSEHOLD, Place, add_event, open_file
from pipelines.casework.store import Store, next_number, plain_insert
from pipelines.casework.tables import authorisation, check, check_asked, check_item, check_member, check_result
from pipelines.check.form import SELF, Applicant, Application
from pipelines.check.household import Counted, whole_households
from pipelines.check.reckon import Household, Member, Reckoned, reckon
from pipelines.contracts import load_contracts
from pipelines.errors import DataError
from pipelines.linkage.review.people import Answer, Described, who_are
from pipelines.month import as_of
from pipelines.parameters import load_parameters
from pipelines.storage import Home

AT_ONCE = 100
"""Applications that are linked in one go."""


@dataclass(frozen=True)
class Done:
    """One check that was made, or why it was not."""

    application_no: str
    check_id: str | None
    refused: str = ""


def latest_batch(home: Home) -> str:
    """The last batch that came to its end.

    Raises:
        DataError: there is none.
    """
    batch = next((b for b in reversed(home.batches()) if home.lake(b, "assess", "leads").exists()), None)
    if batch is None:
        raise DataError("还没有发布任何批次，不能核对。", where=str(home.root), todo="请数据人员先运行 zhudong run。")
    return batch


def perform(
    home: Home, store: Store, applications: Sequence[Application], actor: Actor, *, earlier: str | None = None
) -> list[Done]:
    """Check households that apply.

    Args:
        home: whose last batch is read.
        store: where the checks are kept.
        applications: as `form.read_form` gives them.
        actor: who asks.
        earlier: the check that an objection is about; None: an application.

    Returns:
        one entry per application, in their order.
    """
    batch = latest_batch(home)
    done: list[Done] = []
    for start in range(0, len(applications), AT_ONCE):
        done += _some(home, store, applications[start : start + AT_ONCE], actor, (batch, earlier))
    return done


def _some(
    home: Home, store: Store, applications: Sequence[Application], actor: Actor, which: tuple[str, str | None]
) -> list[Done]:
    batch, earlier = which
    for application in applications:
        if not actor.covers(application.town, None) and actor.role != "village":
            record(store, Entry(actor, "核对", application.matter, allowed=False))
            raise RefusedError("受理镇街不是您所在的镇街，不能核对。")
    with home.connect() as connection:
        answers = iter(who_are(connection, home, batch, [_described(one) for a in applications for one in a.members]))
        linked = {a.application_no: [_sure(one, next(answers)) for one in a.members] for a in applications}
    with home.connect() as connection:
        counted = whole_households(connection, home, batch, applications, linked)
    today = day_of(now())
    refused: dict[str, str] = {}
    asking = []
    for application in applications:
        members = counted[application.application_no]
        opened = any(_opens(one.applicant, today) for one in members if one.applicant)
        if not opened and not any(one.on_roster for one in members):
            refused[application.application_no] = "缺少授权：没有任何成员的有效授权，家庭也不在领取救助。请补交授权书后再核对。"
            record(
                store,
                Entry(actor, "核对", application.matter, [one.person_id for one in members if one.person_id], allowed=False),
            )
            continue
        asking.append(_household(application, members, _withdrawn(store, members), today))
    contracts = load_contracts()
    if asking:
        persons = [m.person_id for h in asking for m in h.members if m.person_id]
        record(store, Entry(actor, "核对", applications[0].matter, persons, list(contracts)))  # before anything is read
        reckoned = reckon(home, batch, asking)
    done = []
    for application in applications:
        if application.application_no in refused:
            done.append(Done(application.application_no, None, refused[application.application_no]))
            continue
        members = counted[application.application_no]
        number = _keep(store, application, members, reckoned[application.application_no], (actor, batch, earlier))
        done.append(Done(application.application_no, number))
    return done


def _described(applicant: Applicant) -> Described:
    return Described(applicant.name, applicant.id_number, applicant.sex, applicant.birth_date, applicant.phone)


def _sure(applicant: Applicant, answer: Answer) -> Answer:
    """A name alone links nobody: namesakes live elsewhere too."""
    said_more = applicant.id_number or applicant.birth_date or applicant.phone
    if answer.does == "link" and not said_more:
        return replace(answer, does="review")
    return answer


def _opens(applicant: Applicant, day: dt.date) -> bool:
    signed = applicant.authorisation
    return bool(signed and signed.signed_on <= day <= signed.valid_to)


def _household(application: Application, members: list[Counted], withdrawn: set[str], today: dt.date) -> Household:
    """Who is reckoned with: those who count, those not listed, those to be proven."""
    rows = []
    for one in members:
        if one.role == "excluded":
            continue
        signed = one.applicant.authorisation if one.applicant and _opens(one.applicant, today) else None
        rows.append(
            Member(
                one.position, one.person_id, one.relation, one.relation == SELF, signed.scope if signed else (),
                one.person_id in withdrawn, several=one.outcome == "several",
            )
        )  # fmt: skip
    return Household(application.application_no, application.town, tuple(rows))


def _withdrawn(store: Store, members: list[Counted]) -> set[str]:
    """Persons whose last authorisation was taken back."""
    persons = [one.person_id for one in members if one.person_id]
    with store.read() as connection:
        rows = connection.execute(
            select(authorisation.c.person_id, authorisation.c.signed_on, authorisation.c.withdrawn_on)
            .where(authorisation.c.person_id.in_(persons))
            .order_by(authorisation.c.signed_on)
        ).all()
    last = {row.person_id: row.withdrawn_on for row in rows}
    fresh = {one.person_id for one in members if one.applicant and one.applicant.authorisation}
    return {person for person, day in last.items() if day is not None and person not in fresh}


def _keep(
    store: Store, application: Application, members: list[Counted], out: Reckoned, by: tuple[Actor, str, str | None]
) -> str:
    """Write a check and all that belongs to it; returns its number."""
    actor, batch, earlier = by
    moment = now()
    compared = _compared(members, out)
    declared = [one.applicant.income for one in members if one.applicant and one.applicant.income]
    head = next((one for one in members if one.relation == SELF), members[0])
    with store.write() as connection:
        number = next_number(connection, "K")[0]
        others = _other_applications(connection, application.application_no, [one.person_id for one in members if one.person_id])
        rows = [_member_row(number, one, others.get(one.person_id or "")) for one in members]
        items = _numbered(number, compared)
        asked = [
            {"check_id": number, **row, "source_date": as_of(batch) if row["answer"] in ("found", "nothing") else None}
            for row in out.asked
        ]
        results = [{"check_id": number, **row} for row in out.results + _declared_income(members, out)]
        plain_insert(
            connection, check,
            [{
                "check_id": number, "application_no": application.application_no,
                "kind": "objection" if earlier else "application",
                "matter": application.matter, "town": application.town,
                "accepted_on": application.accepted_on, "asked_at": moment,
                "asked_by": actor.name, "batch": batch, "as_of": as_of(batch), "household_id": head.household_id,
                "report_hash": content_hash(batch, rows, items, asked, results), "state": "已出报告", "earlier_check_id": earlier,
                "declared_income": sum(declared, Decimal(0)),
                "printed_times": 0, "version": 1,
            }],
        )  # fmt: skip
        signed = _authorisations(connection, number, members, actor, moment)
        for row in asked:
            row["authorisation_id"] = signed.get(row["position"])
        for table, values in ((check_member, rows), (check_item, items), (check_asked, asked), (check_result, results)):
            plain_insert(connection, table, values)
        if head.household_id:
            file = open_file(connection, HOUSEHOLD, head.household_id, Place(head.town, head.village, head.grid), actor)
            text = f"{application.matter}核对，报告 {number}（数据截至 {as_of(batch)}）"
            add_event(connection, file["file_no"], actor, "核对", text, ref=number, key=f"check:{number}")
    return number


def _member_row(number: str, one: Counted, other: str | None) -> dict[str, Any]:
    reason = "；".join(part for part in (one.reason, f"本人同时在申请 {other} 中" if other else "") if part)
    return {
        "check_id": number, "position": one.position, "name": one.name,
        "id_number": one.id_number or None, "relation": one.relation,
        "outcome": one.outcome, "person_id": one.person_id, "probability": one.probability, "candidates": one.candidates,
        "role": one.role, "reason": reason,
    }  # fmt: skip


def _other_applications(connection: Any, application_no: str, persons: list[str]) -> dict[str, str]:
    """Who of these is in another open application, and in which."""
    rows = connection.execute(
        select(check_member.c.person_id, check.c.application_no)
        .join(check, check.c.check_id == check_member.c.check_id)
        .where(
            check_member.c.person_id.in_(persons), check.c.application_no != application_no, check.c.kind == "application",
            check.c.state.not_in(("归档", "撤销")), check_member.c.role != "excluded",
        )
    ).all()  # fmt: skip
    return {row.person_id: row.application_no for row in rows}


def _numbered(number: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts: dict[int, int] = {}
    rows = []
    for item in items:
        counts[item["position"]] = counts.get(item["position"], 0) + 1
        rows.append({"check_id": number, "number": counts[item["position"]], **item})
    return rows


def _compared(members: list[Counted], out: Reckoned) -> list[dict[str, Any]]:
    """Property against what was declared: nothing declared is 未申报; what was declared in words, a clerk compares."""
    said = {one.position: one.applicant.property_said if one.applicant else "" for one in members}
    rows = []
    for item in out.items:
        words = said.get(item["position"], "")
        silent = words in ("", "无", "没有")
        comparison = None if item["kind"] != "property" else "未申报" if silent else "无法核对"
        rows.append({**item, "declared": words if item["kind"] == "property" else None, "comparison": comparison})
    return rows


def _declared_income(members: list[Counted], out: Reckoned) -> list[dict[str, Any]]:
    """Each member's declared monthly income against what is known of it."""
    tolerance = load_parameters()["check.tolerance"].value_on("000000", "any", day_of(now()))
    assert tolerance and tolerance.value is not None
    rows = []
    for one in members:
        if one.applicant is None or one.position not in out.incomes:
            continue
        known, whole = out.incomes[one.position]
        outcome, words = compare_income(one.applicant.income, known, whole, tolerance.value)
        rows.append(
            {"test": "declared_income", "position": one.position, "title": "申报月收入", "outcome": outcome,
             "low": _month(known), "high": _month(whole), "line": one.applicant.income, "words": words,
             "parameters": {"check.tolerance": str(tolerance.value)}, "missing": []}
        )  # fmt: skip
    return rows


def _month(year: Decimal | None) -> Decimal | None:
    return None if year is None else (Decimal(year) / 12).quantize(Decimal("0.01"))


def compare_income(declared: Decimal | None, known: Decimal | None, whole: Decimal | None, tolerance: Decimal) -> tuple[str, str]:
    """一致, 未申报, 金额不一致 or 无法核对, as an outcome and in words.

    Args:
        declared: per month; None: nothing was declared.
        known: what sources know of the year, at least.
        whole: the year in full; None: not known.
        tolerance: which difference still counts as the same.
    """
    low = _month(known) or Decimal(0)
    if declared is None:
        return ("true", "未申报") if low > 0 else ("unknown", "无法核对") if whole is None else ("false", "一致")
    if low > declared * (1 + tolerance):
        return "true", "金额不一致"
    if whole is None:
        return "unknown", "无法核对"
    high = _month(whole) or Decimal(0)
    if abs(high - declared) <= tolerance * max(declared, high):
        return "false", "一致"
    return "true", "金额不一致"


def _authorisations(connection: Any, number: str, members: list[Counted], actor: Actor, moment: dt.datetime) -> dict[int, str]:
    """Keep what was signed; returns their numbers by position."""
    rows, numbers = [], {}
    for one in members:
        signed = one.applicant.authorisation if one.applicant else None
        if signed is None:
            continue
        numbers[one.position] = next_number(connection, "A")[0]
        rows.append(
            {"authorisation_id": numbers[one.position], "form_no": signed.form_no, "check_id": number, "name": one.name,
             "id_number": one.id_number or None, "person_id": one.person_id, "signed_by": signed.signed_by,
             "signed_on": signed.signed_on, "valid_to": signed.valid_to, "scope": list(signed.scope), "recorded_by": actor.name,
             "recorded_at": moment}
        )  # fmt: skip
    plain_insert(connection, authorisation, rows)
    return numbers


def content_hash(batch: str, *parts: list[dict[str, Any]]) -> str:
    """A hash over what a report says, without its number, time and printer: same data in, same report out."""

    def plain(row: dict[str, Any]) -> dict[str, str]:
        return {key: str(value) for key, value in row.items() if key not in ("check_id", "authorisation_id", "reason")}

    text = json.dumps([batch, [[plain(row) for row in part] for part in parts]], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def withdraw(store: Store, authorisation_id: str, actor: Actor) -> None:
    """Take an authorisation back, from today; the reports stay, and what it opened in them is closed.

    Raises:
        DataError: there is none, or it was taken back already.
    """
    from sqlalchemy import update

    with store.write() as connection:
        done = connection.execute(
            update(authorisation)
            .where(authorisation.c.authorisation_id == authorisation_id, authorisation.c.withdrawn_on.is_(None))
            .values(withdrawn_on=day_of(now()))
        )
        if done.rowcount != 1:
            raise DataError("没有这份授权，或已经撤回。", todo="核对授权编号。")
    record(store, Entry(actor, "撤回授权", subjects=[authorisation_id]))
