"""Files: one household one file, one person one file, and what happened to each.

Belongs here: opening a file, adding events, reading one. Does not belong here: levels (`levels`), visits (`visits`), what the
batch knows of the household (`published`).
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from pipelines.casework.access import PROGRAM, Actor, Entry, RefusedError, record
from pipelines.casework.clock import day_of, now
from pipelines.casework.store import Store, add_new, next_number
from pipelines.casework.tables import case_event, case_file, case_lead, service_order, transfer, visit, visit_due
from pipelines.errors import DataError

HOUSEHOLD, PERSON = "户", "人"


@dataclass(frozen=True)
class Place:
    """Where a subject lives."""

    town: str | None = None
    village: str | None = None
    grid: str | None = None


def open_file(connection: Connection, kind: str, subject_id: str, place: Place, actor: Actor = PROGRAM) -> dict[str, Any]:
    """The file of a subject, made if there is none.

    Args:
        connection: in a writing transaction.
        kind: `户` or `人`.
        subject_id: the household's or person's number.
        place: where it lives.
        actor: who opens it.
    """
    mine = (case_file.c.kind == kind, case_file.c.subject_id == subject_id)
    found = connection.execute(select(case_file).where(*mine)).mappings().first()
    if found:
        return dict(found)
    today = day_of(now())
    row: dict[str, Any] = {
        "file_no": next_number(connection, "D")[0], "kind": kind, "subject_id": subject_id, "town": place.town,
        "village": place.village, "grid": place.grid, "opened_on": today, "care_level": "none", "level_reason": "新建档",
        "level_since": today, "level_by": actor.name, "categories": [], "version": 1,
    }  # fmt: skip
    if add_new(connection, case_file, [row], "kind", "subject_id"):  # nobody else did meanwhile
        text = f"建立{'家庭' if kind == HOUSEHOLD else '个人'}档案"
        add_event(connection, row["file_no"], actor, "建档", text, key=f"file:{row['file_no']}")
    return dict(connection.execute(select(case_file).where(*mine)).mappings().one())


def add_event(connection: Connection, file_no: str, actor: Actor, kind: str, text: str, **more: Any) -> bool:
    """Add to a file's history.

    Args:
        connection: in a writing transaction.
        file_no: which file.
        actor: who did it.
        kind: 建档, 线索, 走访, 等级, 转办, 服务, 核对, 超期, …
        text: one sentence.
        more: `key` (required: a message that comes twice has the same), `ref`, `on_day`, `restricted`.

    Returns:
        whether it is new.
    """
    moment = now()
    row = {
        "file_no": file_no, "happened_at": moment, "on_day": more.get("on_day") or day_of(moment),
        "actor": actor.name, "role": actor.role,
        "kind": kind, "ref": more.get("ref"), "text": text, "restricted": bool(more.get("restricted")), "key": more["key"],
    }  # fmt: skip
    return add_new(connection, case_event, [row]) == 1


def read_file(store: Store, number: str, actor: Actor) -> dict[str, Any]:
    """A file by its own number, its subject's, or a lead's.

    Raises:
        DataError: there is none.
        RefusedError: it is not the actor's to see; the attempt is logged.
    """
    with store.read() as connection:
        found = connection.execute(
            select(case_file)
            .outerjoin(case_lead, case_lead.c.file_no == case_file.c.file_no)
            .where(or_(case_file.c.file_no == number, case_file.c.subject_id == number, case_lead.c.lead_id == number))
            .limit(1)
        ).mappings().first()  # fmt: skip
    if found is None:
        raise DataError("没有这个档案。", todo="核对编号；还没有建档的家庭，从“查找”里打开。")
    if not actor.covers(found["town"], found["village"]):
        record(store, Entry(actor, "查看档案", subjects=[found["subject_id"]], allowed=False))
        raise RefusedError
    return dict(found)


def history(store: Store, file: dict[str, Any], actor: Actor) -> list[dict[str, Any]]:
    """A file's events, newest first. What is restricted is the district's and the named adviser's alone."""
    sees_all = actor.role == "district" or (file["adviser"] is not None and file["adviser"] == actor.name)
    wanted = case_event.c.file_no == file["file_no"]
    if not sees_all:
        wanted = and_(wanted, case_event.c.restricted.is_(False))
    with store.read() as connection:
        rows = connection.execute(select(case_event).where(wanted).order_by(case_event.c.number.desc()))
        return [dict(row) for row in rows.mappings()]


def belonging(store: Store, file_no: str) -> dict[str, list[dict[str, Any]]]:
    """What hangs on a file: its leads, visits, transfers, service orders and its next visit."""
    tables = {"leads": case_lead, "visits": visit, "transfers": transfer, "orders": service_order, "due": visit_due}
    with store.read() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(table).where(table.c.file_no == file_no)).mappings()]
            for name, table in tables.items()
        }


def set_adviser(store: Store, file: dict[str, Any], adviser: str | None, actor: Actor) -> None:
    """Name who advises a household or person."""
    from pipelines.casework.store import changed

    with store.write() as connection:
        version = changed(connection, case_file, file["file_no"], file["version"], {"adviser": adviser})
        add_event(
            connection,
            file["file_no"],
            actor,
            "责任人",
            f"责任人：{adviser or '未定'}",
            key=f"adviser:{file['file_no']}:{version}",
        )


def close_old(connection: Connection, today: dt.date, months: int = 24) -> int:
    """Close files in which nothing happened for so long and nothing is open; returns how many."""
    from sqlalchemy import func

    from pipelines.casework.clock import months_after

    last = select(func.max(case_event.c.on_day)).where(case_event.c.file_no == case_file.c.file_no).scalar_subquery()
    open_leads = select(case_lead.c.lead_id).where(case_lead.c.file_no == case_file.c.file_no, case_lead.c.state == "待走访")
    done = connection.execute(
        update(case_file)
        .where(case_file.c.closed_on.is_(None), last < months_after(today, -months), ~open_leads.exists())
        .values(closed_on=today)
    )
    return done.rowcount
