"""Service orders: the list, one order, moving it, what was done; the organisations.

Belongs here: their pages, for the office and for an organisation. Does not belong here: which moves there are
(`schemas/casework/orders.yaml`), what an organisation sees (`casework.providers`).
"""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from pipelines.casework.access import Entry, RefusedError, demand, record
from pipelines.casework.accounts import known_towns
from pipelines.casework.clock import now
from pipelines.casework.declared import load_orders, load_packages
from pipelines.casework.files import read_file
from pipelines.casework.orders import RATED_BY, Served, Step, Wish, make_order, move_order, record_service
from pipelines.casework.providers import organisations, save_organisation, sees_person, suggested
from pipelines.casework.tables import case_file, service_event, service_order, service_record
from pipelines.desk.visits import of_actor
from pipelines.desk.web import Call, go, page, show
from pipelines.errors import DataError


def _list(call: Call) -> Response:
    state, policy = call.request.query_params.get("state", ""), load_orders()
    query = select(service_order, case_file.c.town, case_file.c.village).join(
        case_file, case_file.c.file_no == service_order.c.file_no
    )
    if call.actor.role == "organisation":
        query = query.where(service_order.c.organisation == (call.actor.organisation or ""))
    else:
        query = of_actor(query, call.actor)
    query = query.where(service_order.c.state == state if state in policy.states else service_order.c.state.not_in(policy.ends))
    query = query.order_by(service_order.c.due.is_(None), service_order.c.due, service_order.c.order_id).limit(500)
    with call.store.read() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    moment = now()
    for row in found:
        row["late"] = bool(row["due"] and row["due"] < moment)
    return show(call, "orders.html", found=found, states=policy.states, state=state)


def _one(call: Call) -> dict[str, Any]:
    """The order, if it is the actor's to see.

    Raises:
        DataError: there is none.
        RefusedError: it is another town's, or another organisation's; logged.
    """
    number = call.request.path_params["number"]
    query = select(service_order, case_file.c.town, case_file.c.village).join(
        case_file, case_file.c.file_no == service_order.c.file_no
    )
    with call.store.read() as connection:
        row = connection.execute(query.where(service_order.c.order_id == number)).mappings().first()
    if row is None:
        raise DataError("没有这个服务订单。", todo="核对编号。")
    if call.actor.role == "organisation":
        if call.actor.organisation is None or row["organisation"] != call.actor.organisation:
            record(call.store, Entry(call.actor, "查看服务订单", subjects=[number], allowed=False))
            raise RefusedError
    else:
        demand(call.store, call.actor, (row["town"], row["village"]), "查看服务订单", number)
    return dict(row)


def _show(call: Call) -> Response:
    row, role = _one(call), call.actor.role
    mine = role == "organisation"
    events = select(service_event).where(service_event.c.order_id == row["order_id"]).order_by(service_event.c.number)
    records = select(service_record).where(service_record.c.order_id == row["order_id"]).order_by(service_record.c.number)
    if mine:  # what it did with others before is not this organisation's to read
        events = events.where(service_event.c.organisation == call.actor.organisation)
        records = records.where(service_record.c.organisation == call.actor.organisation)
    with call.store.read() as connection:
        past = [dict(one) for one in connection.execute(events).mappings()]
        done = [dict(one) for one in connection.execute(records).mappings()]
    sees = not mine or sees_person(row, call.actor.organisation)
    contact = call.desk.published.contact(call.actor, row["person_id"], row["order_id"]) if sees else None
    declared = load_packages().of(row["item"])
    return show(
        call, "order.html", opened_for="提供服务" if mine and sees else None, row=row, contact=contact, events=past, records=done,
        steps=load_orders().steps_from(row["state"], role), unit=declared[1].unit if declared else "", key=uuid.uuid4().hex,
        providers=suggested(call.store, row, row["town"]) if row["state"] == "待派" and not mine else [], rated_by=RATED_BY,
        left=row["units"] - sum(one["units"] for one in done if one["organisation"] == row["organisation"]),
    )  # fmt: skip


def _move(call: Call) -> Response:
    row = _one(call)
    score = call.number("score") if call.text("score") else None
    given = Step(
        to=call.text("to"), version=call.number("version"), key=call.text("key"), note=call.text("note")[:500],
        organisation=call.text("organisation"), score=score, rated_by=call.text("rated_by"),
    )  # fmt: skip
    if not given.key or len(given.key) > 64:
        raise DataError("表单不完整。", todo="退回上一页重新填写。")
    move_order(call.store, row["order_id"], given, call.actor)
    return go("/orders" if call.actor.role == "organisation" and given.to == "拒接" else f"/order/{row['order_id']}")


def _served(call: Call) -> Response:
    row = _one(call)
    given = Served(_day(call, "on_day", "服务日期"), call.number("units"), call.text("served_by")[:32], _key(call),
                   call.text("note")[:500])  # fmt: skip
    record_service(call.store, row["order_id"], given, call.actor)
    return go(f"/order/{row['order_id']}")


def _make(call: Call) -> Response:
    """An order of a wish, from a household's file."""
    file = read_file(call.store, call.request.path_params["number"], call.actor)
    members = call.desk.published.household(call.actor, file["subject_id"], None)["members"]
    person, item = call.text("person"), call.text("item")
    if person not in {one["person_id"] for one in members if one["alive"] is not False}:
        raise DataError("没有选给谁点的单，或此人不在这一户。", todo="从列表里选一位家庭成员。")
    declared = load_packages().of(item)
    fits = call.desk.published.fits(person, declared[1].where) if declared else None
    wish = Wish(person, item, call.number("units"), _day(call, "asked_on", "点单日期"), call.text("asked_by"), _key(call),
                call.text("wanted")[:500], fits)  # fmt: skip
    return go(f"/order/{make_order(call.store, file['file_no'], wish, call.actor)}")


def _key(call: Call) -> str:
    if not call.text("key") or len(call.text("key")) > 64:
        raise DataError("表单不完整。", todo="退回上一页重新填写。")
    return call.text("key")


def _day(call: Call, name: str, title: str) -> dt.date:
    try:
        return dt.date.fromisoformat(call.text(name))
    except ValueError:
        raise DataError(f"{title}没有写，或写得不对。", todo="写成 2026-11-05 这样。") from None


def _organisations(call: Call) -> Response:
    policy = load_packages()
    return show(
        call, "organisations.html", rows=organisations(call.store), kinds=policy.kinds, packages=list(policy.packages),
        towns=known_towns(),
    )  # fmt: skip


def _save(call: Call) -> Response:
    row = {
        "name": call.text("name"), "kind": call.text("kind"), "packages": _several(call.text("packages")),
        "towns": _several(call.text("towns")), "contract_from": _day(call, "contract_from", "协议起始日期"),
        "contract_to": _day(call, "contract_to", "协议截止日期"),
    }  # fmt: skip
    save_organisation(call.store, row, call.number("version") if call.text("version") else None)
    record(call.store, Entry(call.actor, "登记服务机构"))
    return go("/organisations")


def _several(text: str) -> list[str]:
    return [one for one in text.split("、") if one]


_STAFF = ("district", "town", "village")
_ALL = (*_STAFF, "organisation")

PAGES = [
    page("/orders", _list, roles=_ALL),
    page("/order/{number}", _show, roles=_ALL),
    page("/order/{number}", _move, method="POST", roles=_ALL),
    page("/order/{number}/record", _served, method="POST", roles=("organisation",)),
    page("/file/{number}/order", _make, method="POST", roles=_STAFF),
    page("/organisations", _organisations, roles=("district",)),
    page("/organisations", _save, method="POST", roles=("district",)),
]
