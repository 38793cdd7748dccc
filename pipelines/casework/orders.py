"""Service orders (点单, 派单, 接单, 评价): from a wish to its end.

Belongs here: making an order of a wish, moving it once from one declared state to another, what was done, what time does by
itself. Does not belong here: states and ways (`schemas/casework/orders.yaml`), what can be ordered (`packages.yaml`), what an
organisation sees of whom (`providers`).

As with transfers a message has a key (known, it changes nothing) and says which version it saw.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from pipelines.assess.leads.workdays import add_workdays
from pipelines.casework.access import PROGRAM, Actor
from pipelines.casework.alerts import ORDER_BACK, tell
from pipelines.casework.clock import day_of, end_of, now
from pipelines.casework.declared import OrderStep, load_orders, load_packages
from pipelines.casework.files import add_event
from pipelines.casework.providers import provider_for
from pipelines.casework.store import Store, TakenError, add_new, changed, next_number
from pipelines.casework.tables import service_event, service_order, service_rating, service_record
from pipelines.errors import DataError

ASKED_BY = ("本人", "监护人", "家属")
RATED_BY = ("本人", "监护人", "回访")
_TITLES = {"organisation": "服务机构", "note": "理由", "score": "评分", "rated_by": "谁评的", "record": "服务记录"}


@dataclass(frozen=True)
class Wish:
    """What somebody wishes for.

    Attributes:
        person_id: for whom.
        item: of `packages.yaml`.
        units: how many.
        asked_on: when they said so.
        asked_by: one of `ASKED_BY`.
        key: the form's own.
        wanted: in their words.
        fits: whether the person qualifies, as the last batch knows; None: it cannot tell.
    """

    person_id: str
    item: str
    units: int
    asked_on: dt.date
    asked_by: str
    key: str
    wanted: str = ""
    fits: bool | None = None


@dataclass(frozen=True)
class Step:
    """One message: move an order to a state.

    Attributes:
        to: the state.
        version: the order's, as whoever sends this saw it.
        key: the message's own.
        note: reason, or the words of a rating.
        organisation: to whom, where it is given out.
        score: 1 to 5, where it is rated.
        rated_by: one of `RATED_BY`.
    """

    to: str
    version: int
    key: str
    note: str = ""
    organisation: str = ""
    score: int | None = None
    rated_by: str = ""


@dataclass(frozen=True)
class Served:
    """What was done on a day, by whom."""

    on_day: dt.date
    units: int
    served_by: str
    key: str
    note: str = ""


def make_order(store: Store, file_no: str, wish: Wish, actor: Actor) -> str:
    """Make an order of a wish; returns its number.

    Raises:
        DataError: the wish is incomplete, beyond the month's limit, or the person does not qualify. Nothing was written.
    """
    found = load_packages().of(wish.item)
    if found is None:
        raise DataError("没有选服务项目。", todo="从列表里选一项。")
    package, item = found
    today = day_of(now())
    if wish.asked_by not in ASKED_BY:
        raise DataError("没有写谁点的单。", todo=f"选{'、'.join(ASKED_BY)}之一；没有人愿意的不能下单。")
    if wish.asked_on > today:
        raise DataError("点单日期在今天以后。", todo="写实际提出的日期。")
    if not 1 <= wish.units <= item.limit:
        raise DataError(f"数量不对：{wish.item}每月 1 至 {item.limit} {item.unit}。", todo="改正数量。")
    if wish.fits is False:
        raise DataError(
            f"最近批次的数据显示，此人不符合“{wish.item}”的条件。", todo="数据有误的，先按核实情况更正；或点别的项目。"
        )
    with store.write() as connection:
        if before := _known(connection, wish.key):
            return before
        number = next_number(connection, "S")[0]
        if before := _known(connection, wish.key):  # who sends the same at the same time waits for the number, then finds it
            return before
        used = connection.execute(
            select(func.coalesce(func.sum(service_order.c.units), 0)).where(
                service_order.c.person_id == wish.person_id, service_order.c.item == wish.item,
                service_order.c.asked_on >= wish.asked_on.replace(day=1),
                service_order.c.asked_on < (wish.asked_on.replace(day=1) + dt.timedelta(days=32)).replace(day=1),
                service_order.c.state != "取消",
            )
        ).scalar_one()  # fmt: skip
        if used + wish.units > item.limit:
            raise DataError(
                f"这个月已经点了 {used} {item.unit}，每人每月最多 {item.limit} {item.unit}。", todo="减少数量，或下个月再点。"
            )
        state = load_orders().start
        row = {
            "order_id": number, "file_no": file_no, "person_id": wish.person_id, "package": package, "item": wish.item,
            "units": wish.units, "urgent": item.urgent, "asked_on": wish.asked_on, "asked_by": wish.asked_by,
            "wanted": wish.wanted, "state": state, "state_since": now(), "returns": 0, "recorded_by": actor.name, "version": 1,
        }  # fmt: skip
        connection.execute(service_order.insert(), row)
        _note(connection, row, ("–", state), actor, Step(state, 1, wish.key, note=f"{wish.asked_by}点单"))
    return number


def _known(connection: Connection, key: str) -> str | None:
    found = connection.execute(select(service_event.c.order_id).where(service_event.c.key == key)).scalar()
    return str(found) if found else None


def move_order(store: Store, order_id: str, given: Step, actor: Actor) -> int:
    """Move an order; returns its version afterwards.

    Raises:
        DataError: there is no such way from here for this actor, or something it needs is missing. Nothing was written.
        TakenError: somebody moved it since.
    """
    with store.write() as connection:
        return _move(connection, order_id, given, actor)


def _move(connection: Connection, order_id: str, given: Step, actor: Actor) -> int:
    row = _read(connection, order_id)
    if _known(connection, given.key):
        return int(row["version"])
    if row["version"] != given.version:
        last = connection.execute(
            select(service_event.c.actor).where(service_event.c.order_id == order_id).order_by(service_event.c.number.desc())
        ).scalar()
        raise TakenError(last or "别人")
    _allowed(connection, row, given, actor)
    version = changed(connection, service_order, order_id, given.version, _values(row, given))
    if given.score is not None and row["state"] == "待评价":
        rating = {
            "order_id": order_id, "organisation": row["organisation"], "score": given.score, "words": given.note,
            "rated_by": given.rated_by, "recorded_by": actor.name, "recorded_at": now(), "key": given.key,
        }  # fmt: skip
        add_new(connection, service_rating, [rating])
    _note(connection, row, (row["state"], given.to), actor, given)
    if given.to in ("拒接", "超时") or (row["state"], given.to) == ("待评价", load_orders().start):
        reader = "district" if row["returns"] + 1 >= load_orders().returns_to_district else "town"
        tell(connection, row["file_no"], ORDER_BACK, key=f"order:{order_id}:{version}", reader=reader, ref=order_id)
    return version


def _read(connection: Connection, order_id: str) -> dict[str, Any]:
    row = connection.execute(select(service_order).where(service_order.c.order_id == order_id)).mappings().first()
    if row is None:
        raise DataError("没有这个服务订单。", todo="核对编号。")
    return dict(row)


def _allowed(connection: Connection, row: dict[str, Any], given: Step, actor: Actor) -> None:
    policy = load_orders()
    ways = [step for step in policy.steps if row["state"] in step.origins and step.to == given.to]
    if not ways:
        raise DataError(f"“{row['state']}”不能直接到“{given.to}”。", todo="按页面上列出的下一步办理。")
    step = next((step for step in ways if actor.role in step.who), None)
    if step is None:
        raise DataError(f"您的账号不能办理“{ways[0].title}”。", todo="机构不能评价自己的服务；派单由镇街或区里办理。")
    own_order(row, actor)
    if given.to == "已派" and row["returns"] >= policy.returns_to_district and actor.role != "district":
        raise DataError(f"已退回 {row['returns']} 次，由区里派单。", todo="请联系区民政局。")
    _complete(connection, row, step, given)
    if given.to in ("已派", "已接"):
        provider_for(connection, given.organisation or row["organisation"], row)


def _complete(connection: Connection, row: dict[str, Any], step: OrderStep, given: Step) -> None:
    missing = {
        "organisation": not given.organisation,
        "note": not given.note.strip(),
        "score": given.score is None,
        "rated_by": given.rated_by not in RATED_BY,
        "record": "record" in step.needs and _units(connection, row) == 0,
    }
    lacking = [_TITLES[need] for need in step.needs if missing[need]]
    if lacking:
        raise DataError(f"没有填{'、'.join(lacking)}。", todo="填好后再提交。")
    if "score" in step.needs and given.score is not None and not step.score_from <= given.score <= step.score_to:
        raise DataError("评分和要走的一步不符。", todo="1、2 分退回镇街重派，3 至 5 分完结。")


def own_order(row: dict[str, Any], actor: Actor) -> None:
    """Refuse an organisation that touches an order that is not its own.

    Raises:
        DataError: it is not.
    """
    if actor.role == "organisation" and (actor.organisation is None or actor.organisation != row["organisation"]):
        raise DataError("没有这个服务订单。", todo="核对编号。")


def _units(connection: Connection, row: dict[str, Any]) -> int:
    """What the order's organisation has served of it."""
    return int(connection.execute(
        select(func.coalesce(func.sum(service_record.c.units), 0)).where(
            service_record.c.order_id == row["order_id"], service_record.c.organisation == row["organisation"]
        )
    ).scalar_one())  # fmt: skip


def _values(row: dict[str, Any], given: Step) -> dict[str, Any]:
    policy, moment = load_orders(), now()
    values: dict[str, Any] = {"state": given.to, "state_since": moment, "due": _due(given.to, row["urgent"], moment)}
    if given.to == policy.start:
        values["organisation"] = None
    if given.organisation and given.to == "已派":
        values["organisation"] = given.organisation
    if given.to in ("拒接", "超时") or (row["state"] == "待评价" and given.to == policy.start):
        values["returns"] = row["returns"] + 1
    if given.to in policy.ends:
        values["ended_on"] = day_of(moment)
    return values


def _due(state: str, urgent: bool, moment: dt.datetime) -> dt.datetime | None:
    """When the step after `state` must have come."""
    within = load_orders().due.get(state)
    if within is None:
        return None
    if urgent and within.urgent_hours:
        return moment + dt.timedelta(hours=within.urgent_hours)
    if within.workdays:
        return end_of(add_workdays(day_of(moment), within.workdays)[0])
    return end_of(day_of(moment) + dt.timedelta(days=within.days or 0))


def _note(connection: Connection, row: dict[str, Any], way: tuple[str, str], actor: Actor, given: Step) -> None:
    moment = now()
    event = {
        "order_id": row["order_id"], "happened_at": moment, "from_state": way[0], "to_state": way[1],
        "organisation": given.organisation or row.get("organisation"),
        "in_time": moment <= row["due"] if row.get("due") else None,
        "actor": actor.name, "role": actor.role, "note": given.note, "key": given.key,
    }  # fmt: skip
    add_new(connection, service_event, [event])
    unit = load_packages().of(row["item"])
    text = f"{row['item']} {row['units']} {unit[1].unit if unit else ''}：{way[0]} → {way[1]}"
    add_event(connection, row["file_no"], actor, "服务", text, ref=row["order_id"], key=f"order:{given.key}")


def record_service(store: Store, order_id: str, given: Served, actor: Actor) -> None:
    """Record what the organisation did; the same message again changes nothing.

    Raises:
        DataError: it is not this organisation's order, is not being served, or something is wrong. Nothing was written.
    """
    with store.write() as connection:
        row = _read(connection, order_id)
        if actor.role != "organisation":
            raise DataError("服务记录由接单的机构填写。", todo="请机构登录后填写。")
        own_order(row, actor)
        if connection.execute(select(service_record.c.number).where(service_record.c.key == given.key)).first():
            return
        if row["state"] != "服务中":
            raise DataError(f"这个订单现在是“{row['state']}”，不能填服务记录。", todo="先点“开始服务”。")
        if not row["asked_on"] <= given.on_day <= day_of(now()):
            raise DataError("服务日期早于点单日期，或在今天以后。", todo="写实际服务的日期。")
        if not given.served_by.strip():
            raise DataError("没有写服务人员。", todo="写服务人员的姓名或工号。")
        # whoever records at the same time waits here, so that two of them do not go beyond what was ordered
        changed(connection, service_order, order_id, row["version"], {"state": row["state"]})
        left = row["units"] - _units(connection, row)
        if not 1 <= given.units <= left:
            raise DataError(f"数量不对：这个订单还剩 {left}。", todo="改正数量；要做更多的，请镇街另下订单。")
        done = {
            "order_id": order_id, "organisation": row["organisation"], "on_day": given.on_day, "units": given.units,
            "served_by": given.served_by.strip(), "note": given.note, "recorded_by": actor.name, "recorded_at": now(),
            "key": given.key,
        }  # fmt: skip
        add_new(connection, service_record, [done])


def lapse_orders(store: Store, moment: dt.datetime | None = None) -> int:
    """Take the ways that time takes by itself; returns how many orders moved. Safe to run at any time."""
    moment, policy = moment or now(), load_orders()
    moved = 0
    for state, lapse in policy.lapses.items():
        with store.read() as connection:
            rows = connection.execute(select(service_order).where(service_order.c.state == state)).mappings().all()
        for row in rows:
            over = row["due"] if lapse.days is None else end_of(day_of(row["state_since"]) + dt.timedelta(days=lapse.days))
            if over is None or moment <= over:
                continue
            key = f"lapse:{row['order_id']}:{row['version']}"
            try:
                move_order(store, row["order_id"], Step(lapse.to, row["version"], key, note=lapse.note), PROGRAM)
            except TakenError:
                continue  # somebody moved it in this very moment
            moved += 1
    return moved
