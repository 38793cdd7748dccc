"""Transfers: the list, one matter, and moving it.

Belongs here: their pages. Does not belong here: which moves there are (`schemas/casework/transfers.yaml`).
"""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from pipelines.casework.access import demand
from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import load_transfers
from pipelines.casework.files import read_file
from pipelines.casework.tables import case_file, transfer
from pipelines.casework.transfers import Move, events, move, report
from pipelines.desk.visits import of_actor
from pipelines.desk.web import Call, go, page, show
from pipelines.errors import DataError
from pipelines.publish.referral import result_choices
from pipelines.publish.worklist_policy import load_worklist_policy


def _list(call: Call) -> Response:
    state = call.request.query_params.get("state", "")
    query = select(transfer, case_file.c.town, case_file.c.village).join(case_file, case_file.c.file_no == transfer.c.file_no)
    query = of_actor(query, call.actor)
    policy = load_transfers()
    query = (
        query.where(transfer.c.state == state) if state in policy.states else query.where(transfer.c.state.not_in(policy.ends))
    )
    with call.store.read() as connection:
        rows = connection.execute(
            query.order_by(transfer.c.due.is_(None), transfer.c.due, transfer.c.transfer_id).limit(500)
        ).mappings()
        found = [dict(row) for row in rows]
    today = day_of(now())
    for row in found:
        row["late"] = bool(row["due"] and row["due"] < today)
    return show(call, "transfers.html", found=found, states=policy.states, state=state)


def _one(call: Call, number: str) -> dict[str, Any]:
    query = select(transfer, case_file.c.town, case_file.c.village).join(case_file, case_file.c.file_no == transfer.c.file_no)
    with call.store.read() as connection:
        row = connection.execute(query.where(transfer.c.transfer_id == number)).mappings().first()
    if row is None:
        raise DataError("没有这件转办。", todo="核对编号。")
    demand(call.store, call.actor, (row["town"], row["village"]), "查看转办", number)
    return dict(row)


def _show(call: Call) -> Response:
    row = _one(call, call.request.path_params["number"])
    policy = load_transfers()
    role = call.actor.role
    steps = [
        step
        for step in policy.steps
        if row["state"] in step.origins and (role in step.who or (role == "town" and "department" in step.who))
    ]
    return show(
        call, "transfer.html", row=row, events=events(call.store, row["transfer_id"]), steps=steps, key=uuid.uuid4().hex,
        departments=load_worklist_policy().columns["department"].choices, results=result_choices(),
    )  # fmt: skip


def _move(call: Call) -> Response:
    row = _one(call, call.request.path_params["number"])
    closed_on = None
    if call.text("closed_on"):
        try:
            closed_on = dt.date.fromisoformat(call.text("closed_on"))
        except ValueError:
            raise DataError("办结日期写得不对。", todo="写成 2026-11-05 这样。") from None
    given = Move(
        to=call.text("to"), version=call.number("version"), key=call.text("key"), note=call.text("note"),
        department=call.text("department"), result=call.text("result")[:2], closed_on=closed_on, granted=call.text("granted"),
        as_department=True,
    )  # fmt: skip
    if not given.key:
        raise DataError("表单不完整。", todo="退回上一页重新填写。")
    move(call.store, row["transfer_id"], given, call.actor)
    return go(f"/transfer/{row['transfer_id']}")


def _report(call: Call) -> Response:
    file = read_file(call.store, call.request.path_params["number"], call.actor)
    if not call.text("matter") or not call.text("wanted") or not call.text("key"):
        raise DataError("没有写事由或请求事项。", todo="填好后再提交。")
    with call.store.write() as connection:
        matter = {
            "matter": call.text("matter")[:64],
            "wanted": call.text("wanted"),
            "department": call.text("department") or None,
        }
        number = report(connection, file["file_no"], call.actor, matter, key=call.text("key"))
    return go(f"/transfer/{number}")


_STAFF = ("district", "town", "village")

PAGES = [
    page("/transfers", _list, roles=_STAFF),
    page("/transfer/{number}", _show, roles=_STAFF),
    page("/transfer/{number}", _move, method="POST", roles=_STAFF),
    page("/file/{number}/transfer", _report, method="POST", roles=_STAFF),
]
