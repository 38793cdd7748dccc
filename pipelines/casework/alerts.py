"""Alerts: who is told of what, written in the same transaction as what it tells of.

Belongs here: the outbox, what is overdue and who hears of it. Does not belong here: carrying an alert to anybody (`sending`),
when a visit or transfer is due (`visits`, `transfers`).

An alert says a file's number, a level, a town, a kind. Nobody's name, nothing that was typed.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, or_, select, update

from pipelines.casework.access import PROGRAM, Actor
from pipelines.casework.clock import day_of, now, workdays_between
from pipelines.casework.declared import load_levels, load_transfers
from pipelines.casework.files import add_event
from pipelines.casework.store import Store, add_new
from pipelines.casework.tables import case_file, outbox, transfer, visit_due

RED, URGENT, VISIT_LATE, TRANSFER_LATE, ORDER_BACK = "红色", "急难", "走访超期", "转办超期", "服务退回"
CHUNK = 200


def tell(connection: Connection, file_no: str, kind: str, *, key: str, reader: str = "town", ref: str | None = None) -> bool:
    """Write an alert about a file, once; returns whether it is new.

    Args:
        connection: in the transaction of what it tells of.
        file_no: whose file.
        kind: one of this module's.
        key: the alert's own: known, nothing is written.
        reader: `town` or `district`.
        ref: the lead, transfer or order.
    """
    file = connection.execute(select(case_file.c.town, case_file.c.care_level).where(case_file.c.file_no == file_no)).one()
    moment = now()
    # where the town is not known, nobody but the district can be told
    row = {
        "key": key, "file_no": file_no, "ref": ref, "kind": kind, "level": file.care_level,
        "reader": reader if file.town else "district", "town": file.town, "written_at": moment, "done": [], "attempts": 0,
        "next_at": moment, "version": 1,
    }  # fmt: skip
    return add_new(connection, outbox, [row]) == 1


def tell_overdue(store: Store, moment: dt.datetime | None = None) -> int:
    """Write what is overdue now, a step up the longer it is; returns how many alerts are new. Safe to run at any time.

    Overdue by `town_workdays` worked days the town is told, by `district_workdays` the district. Of urgent leads the hours since
    the report count, through nights and holidays.
    """
    moment = moment or now()
    told = 0
    for chunk in _chunks(_late_visits(store, moment)):
        with store.write() as connection:
            for file_no, due, reader in chunk:
                # who answered it while this ran is not told off
                still = connection.execute(
                    select(visit_due.c.file_no).where(visit_due.c.file_no == file_no, visit_due.c.due_by == due)
                ).first()
                if still and tell(connection, file_no, VISIT_LATE, key=f"late:{file_no}:{due}:{reader}", reader=reader):
                    told += 1
                    column = visit_due.c.told_town_at if reader == "town" else visit_due.c.told_district_at
                    connection.execute(update(visit_due).where(visit_due.c.file_no == file_no).values({column: moment}))
                    text = f"走访超期（时限 {due}），告知{'镇街' if reader == 'town' else '区里'}"
                    add_event(connection, file_no, PROGRAM, "超期", text, key=f"late:{file_no}:{due}:{reader}")
    for chunk in _chunks(_late_transfers(store, moment)):
        with store.write() as connection:
            for number, file_no, due, reader in chunk:
                key = f"late:{number}:{due}:{reader}"
                still = connection.execute(
                    select(transfer.c.transfer_id).where(transfer.c.transfer_id == number, transfer.c.due == due, _moving())
                ).first()
                if still and tell(connection, file_no, TRANSFER_LATE, key=key, reader=reader, ref=number):
                    told += 1
                    text = f"转办超期（时限 {due}），告知{'镇街' if reader == 'town' else '区里'}"
                    add_event(connection, file_no, PROGRAM, "超期", text, ref=number, key=key)
    return told


def _moving() -> Any:
    return transfer.c.state.not_in(load_transfers().ends)


def _late_visits(store: Store, moment: dt.datetime) -> list[tuple[str, dt.date, str]]:
    """File, day it was due, and who is to be told; who was told already is left out."""
    policy, today = load_levels().overdue, day_of(moment)
    whole = dt.timedelta(hours=load_levels().levels["red"].first_hours or 0)
    with store.read() as connection:
        rows = connection.execute(
            select(visit_due).where(or_(visit_due.c.by_hour.is_not(None), visit_due.c.due_by < today))
        ).all()
    found = []
    for row in rows:
        if row.by_hour:
            hours = (moment - (row.by_hour - whole)) / dt.timedelta(hours=1)
            town, district = hours >= policy.urgent_town_hours, hours >= policy.urgent_district_hours
        else:
            days = workdays_between(row.due_by, today)
            town, district = days >= policy.town_workdays, days >= policy.district_workdays
        if town and row.told_town_at is None:
            found.append((row.file_no, row.due_by, "town"))
        if district and row.told_district_at is None:
            found.append((row.file_no, row.due_by, "district"))
    return found


def _late_transfers(store: Store, moment: dt.datetime) -> list[tuple[str, str, dt.date, str]]:
    """Transfer, file, day it was due, and who is to be told."""
    policy, today = load_levels().overdue, day_of(moment)
    with store.read() as connection:
        rows = connection.execute(
            select(transfer.c.transfer_id, transfer.c.file_no, transfer.c.due).where(transfer.c.due < today, _moving())
        ).all()
        known = set(connection.execute(select(outbox.c.key).where(outbox.c.kind == TRANSFER_LATE)).scalars())
    found = []
    for row in rows:
        days = workdays_between(row.due, today)
        for reader, limit in (("town", policy.town_workdays), ("district", policy.district_workdays)):
            if days >= limit and f"late:{row.transfer_id}:{row.due}:{reader}" not in known:
                found.append((row.transfer_id, row.file_no, row.due, reader))
    return found


def latest_alerts(store: Store, actor: Actor, limit: int = 20) -> list[dict[str, Any]]:
    """The last alerts that are an actor's to read, newest first."""
    query = select(outbox).order_by(outbox.c.number.desc()).limit(limit)
    if actor.role == "town":
        query = query.where(outbox.c.reader == "town", outbox.c.town == actor.town)
    elif actor.role == "district":
        query = query.where(outbox.c.reader == "district")
    else:
        return []
    with store.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _chunks(rows: list[Any]) -> Iterator[Iterable[Any]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
