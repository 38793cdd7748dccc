"""Transfers (分办转办): a matter on its way through departments.

Belongs here: moving a transfer from one declared state to another, once. Does not belong here: which states and ways there are
(`schemas/casework/transfers.yaml`), how long a matter may take (`schemas/referral.yaml`).

A message has a key: known, it changes nothing. It says which version it saw: if somebody moved the transfer since, it is refused.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from pipelines.assess.leads.workdays import add_workdays
from pipelines.casework.access import Actor
from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import Step, load_transfers
from pipelines.casework.files import add_event
from pipelines.casework.store import Store, TakenError, add_new, changed, next_number
from pipelines.casework.tables import transfer, transfer_event
from pipelines.errors import DataError
from pipelines.publish.referral import load_referral_policy


@dataclass(frozen=True)
class Move:
    """One message: move a transfer to a state.

    Attributes:
        to: the state.
        version: the transfer's, as whoever sends this saw it.
        key: the message's own; the same again changes nothing.
        note: reason or explanation.
        department: to whom, where it is handed out.
        result: what came of it, where it is closed.
        closed_on: when it was closed.
        granted: what was granted.
    """

    to: str
    version: int
    key: str
    note: str = ""
    department: str = ""
    result: str = ""
    closed_on: dt.date | None = None
    granted: str = ""
    as_department: bool = field(default=False)
    """The message is a department's answer, entered for it by the town or district."""


def report(connection: Connection, file_no: str, actor: Actor, matter: dict[str, Any], *, key: str) -> str:
    """Report a matter; the same matter of the same file, department and open is joined to it. Returns its number.

    Args:
        connection: in a writing transaction.
        file_no: whose file.
        actor: who reports.
        matter: `matter`, `wanted`, and where known `department` (proposed), `lead_id`, `outcome_code`.
        key: of the message.
    """
    policy = load_transfers()
    before = connection.execute(select(transfer_event.c.transfer_id).where(transfer_event.c.key == key)).scalar()
    if before:
        return str(before)
    department = matter.get("department")
    same_department = transfer.c.department.is_(None) if department is None else transfer.c.department == department
    same = connection.execute(
        select(transfer.c.transfer_id).where(
            transfer.c.file_no == file_no, transfer.c.matter == matter["matter"], same_department,
            transfer.c.state.not_in(policy.ends),
        )
    ).scalar()  # fmt: skip
    moment = now()
    number = same or next_number(connection, "T")[0]
    if not same:
        row = {
            "transfer_id": number, "file_no": file_no, "lead_id": matter.get("lead_id"), "department": department,
            "matter": matter["matter"], "wanted": matter["wanted"], "outcome_code": matter.get("outcome_code"),
            "state": policy.start, "reported_at": moment, "reported_by": actor.name, "returns": 0, "version": 1,
        }  # fmt: skip
        connection.execute(transfer.insert(), row)
    note = "再次上报，并入本件" if same else "上报"
    _note(connection, number, ("–", policy.start) if not same else ("", ""), actor, note, key)
    add_event(connection, file_no, actor, "转办", f"{note}：{matter['matter']}", ref=number, key=f"transfer:{key}")
    return str(number)


def move(store: Store, transfer_id: str, given: Move, actor: Actor) -> int:
    """Move a transfer; returns its version afterwards.

    Raises:
        DataError: there is no such way from here for this role, or something it needs is missing. Nothing was written.
        TakenError: somebody moved it since.
    """
    with store.write() as connection:
        row = connection.execute(select(transfer).where(transfer.c.transfer_id == transfer_id)).mappings().first()
        if row is None:
            raise DataError("没有这件转办。", todo="核对编号。")
        if connection.execute(select(transfer_event.c.number).where(transfer_event.c.key == given.key)).first():
            return int(row["version"])  # the same message again
        if row["version"] != given.version:
            last = connection.execute(
                select(transfer_event.c.actor)
                .where(transfer_event.c.transfer_id == transfer_id)
                .order_by(transfer_event.c.number.desc())
            ).scalar()
            raise TakenError(last or "别人")
        step = _step(dict(row), given, actor)
        values = _values(dict(row), step, given)
        version = changed(connection, transfer, transfer_id, given.version, values)
        words = given.note or given.result or given.department
        _note(connection, transfer_id, (row["state"], given.to), actor, words, given.key)
        add_event(
            connection, row["file_no"], actor, "转办", f"{row['matter']}：{row['state']} → {given.to}", ref=transfer_id,
            key=f"transfer:{given.key}",
        )  # fmt: skip
    return version


def _step(row: dict[str, Any], given: Move, actor: Actor) -> Step:
    policy = load_transfers()
    step = policy.step(row["state"], given.to)
    if step is None:
        raise DataError(f"“{row['state']}”不能直接到“{given.to}”。", todo="按页面上列出的下一步办理。")
    role = "department" if given.as_department and actor.role in ("town", "district") else actor.role
    if role not in step.who and actor.role not in step.who:
        raise DataError(f"您的账号不能办理“{step.title}”。", todo="由镇街或区里办理。")
    if row["state"] == "退回" and row["returns"] >= policy.returns_to_district and actor.role != "district":
        raise DataError(f"已退回 {row['returns']} 次，由区里确定办理部门。", todo="请联系区民政局。")
    missing = {
        "department": not given.department,
        "note": not given.note.strip(),
        "result": not given.result,
        "closed_on": not given.closed_on,
    }
    titles = {"department": "承办部门", "note": "理由", "result": "办理结果", "closed_on": "办结日期"}
    lacking = [titles[need] for need in step.needs if missing[need]]
    if lacking:
        raise DataError(f"没有填{'、'.join(lacking)}。", todo="填好后再提交。")
    today = day_of(now())
    if given.closed_on and given.closed_on > today:
        raise DataError("办结日期在今天以后。", todo="写实际办结的日期。")
    if given.result == "R1" and not given.granted.strip():
        raise DataError("没有填已落实的政策。", todo="结果选“已办结并已享受”的，要写已落实什么政策。")
    if step.within_days and row["closed_on"] and (today - row["closed_on"]).days > step.within_days:
        raise DataError(f"办结已超过 {step.within_days} 天，不能重开。", todo="有新情况的，重新上报。")
    return step


def _values(row: dict[str, Any], step: Step, given: Move) -> dict[str, Any]:
    today = day_of(now())
    values: dict[str, Any] = {"state": given.to}
    if given.department:
        values["department"] = given.department
    if step.starts_clock:
        policy = load_referral_policy()
        declared = policy.outcomes.get(row["outcome_code"] or "")
        days = policy.returned_to.workdays if row["state"] == "退回" else declared.workdays if declared else 20
        values |= {"referred_on": today, "due": add_workdays(today, days)[0]}
    if given.to == "退回":
        values |= {"returns": row["returns"] + 1, "due": None}
    if given.to == "已办结":
        values |= {"closed_on": given.closed_on, "result": given.result, "granted": given.granted or None}
    if row["state"] == "已办结":
        values |= {"closed_on": None, "result": None, "granted": None, "due": None}
    return values


def _note(connection: Connection, transfer_id: str, way: tuple[str, str], actor: Actor, note: str, key: str) -> None:
    row = {
        "transfer_id": transfer_id, "happened_at": now(), "from_state": way[0], "to_state": way[1], "actor": actor.name,
        "role": actor.role, "note": note, "key": key,
    }  # fmt: skip
    add_new(connection, transfer_event, [row])


def events(store: Store, transfer_id: str) -> list[dict[str, Any]]:
    """A transfer's steps, oldest first."""
    with store.read() as connection:
        rows = connection.execute(
            select(transfer_event).where(transfer_event.c.transfer_id == transfer_id).order_by(transfer_event.c.number)
        )
        return [dict(row) for row in rows.mappings()]
