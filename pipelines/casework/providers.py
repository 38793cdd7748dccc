"""Organisations that serve, and what each may see.

Belongs here: contracts, who is suggested for an order, whether an organisation sees whom an order is for. Does not belong here:
moving orders (`orders`).

An organisation sees its own orders, and name, address, phone of those it accepted, until some days after the end. Income, health,
findings and files are never its.
"""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, func, select

from pipelines.casework.accounts import known_towns
from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import load_orders, load_packages
from pipelines.casework.store import Store, changed, next_number
from pipelines.casework.tables import case_file, organisation, service_order
from pipelines.errors import DataError

ACCEPTED = ("已接", "服务中", "待评价")
"""States in which the organisation knows for whom it works."""


def save_organisation(store: Store, row: dict[str, Any], version: int | None) -> None:
    """Add an organisation, or change one that was read as `version`.

    Args:
        store: where.
        row: `name`, `kind`, `packages`, `towns`, `contract_from`, `contract_to`.
        version: None for a new one.

    Raises:
        DataError: something is missing or wrong; nothing was written.
        TakenError: somebody changed it in the meantime.
    """
    policy = load_packages()
    if not row["name"].strip() or len(row["name"]) > 64:
        raise DataError("没有写机构名称，或名称太长。", todo="写机构全称，64 字以内。")
    if row["kind"] not in policy.kinds:
        raise DataError("没有选机构类别。", todo="从列表里选一项。")
    if not row["packages"] or set(row["packages"]) - set(policy.packages):
        raise DataError("没有选服务包。", todo="至少选一个。")
    if set(row["towns"]) - set(known_towns()):
        raise DataError("有的镇街不认识。", todo="从列表里选；全区的不选。")
    if row["contract_to"] < row["contract_from"]:
        raise DataError("协议的截止日期早于起始日期。", todo="改正日期。")
    with store.write() as connection:
        if version is not None:
            changed(connection, organisation, row["name"], version, {key: row[key] for key in row if key != "name"})
            return
        next_number(connection, "organisation")  # two who add the same one at once come one after the other
        if connection.execute(select(organisation.c.name).where(organisation.c.name == row["name"])).first():
            raise DataError("这个机构已经有了。", todo="在列表里修改。")
        connection.execute(organisation.insert(), row | {"version": 1})


def organisations(store: Store) -> list[dict[str, Any]]:
    """Every organisation, by name."""
    with store.read() as connection:
        return [dict(row) for row in connection.execute(select(organisation).order_by(organisation.c.name)).mappings()]


def provider_for(connection: Connection, name: str | None, order: dict[str, Any]) -> None:
    """Refuse an organisation that may not take an order today.

    Raises:
        DataError: its contract does not run, or it does not serve this item or this town.
    """
    row = connection.execute(select(organisation).where(organisation.c.name == (name or ""))).mappings().first()
    if row is None:
        raise DataError("没有这个服务机构。", todo="从列表里选；新机构由区里登记。")
    town = connection.execute(select(case_file.c.town).where(case_file.c.file_no == order["file_no"])).scalar()
    if why := _unfit(dict(row), order["item"], town, day_of(now())):
        raise DataError(why, todo="请派给别的机构，或由区里更新协议。")


def _unfit(row: dict[str, Any], item: str, town: str | None, day: dt.date) -> str | None:
    """Why an organisation cannot take an item in a town on a day; None: it can."""
    package, declared = load_packages().of(item) or ("", None)
    if not row["contract_from"] <= day <= row["contract_to"]:
        return f"这个机构的协议期是 {row['contract_from']} 至 {row['contract_to']}，现在不能接单。"
    if package not in row["packages"] or declared is None or row["kind"] not in declared.kinds:
        return f"这个机构不做“{item}”。"
    if row["towns"] and town not in row["towns"]:
        return "这个机构不服务这个镇街。"
    return None


def suggested(store: Store, order: dict[str, Any], town: str | None) -> list[tuple[str, int]]:
    """Organisations that may take an order today, with how many open orders they have; the least loaded first.

    Ratings do not enter: who is well rated would get everything.
    """
    ends, today = load_orders().ends, day_of(now())
    with store.read() as connection:
        rows = connection.execute(select(organisation)).mappings().all()
        open_ = connection.execute(
            select(service_order.c.organisation, func.count())
            .where(service_order.c.organisation.is_not(None), service_order.c.state.not_in(ends))
            .group_by(service_order.c.organisation)
        ).all()
    load = {row[0]: row[1] for row in open_}
    fit = [row["name"] for row in rows if _unfit(dict(row), order["item"], town, today) is None]
    return sorted(((name, load.get(name, 0)) for name in fit), key=lambda one: (one[1], one[0]))


def sees_person(order: dict[str, Any], name: str | None, today: dt.date | None = None) -> bool:
    """Whether an organisation sees whom an order is for."""
    if name is None or order["organisation"] != name:
        return False
    if order["state"] in ACCEPTED:
        return True
    over = (today or day_of(now())) - dt.timedelta(days=load_orders().seen_after_end_days)
    return order["state"] == "完结" and order["ended_on"] is not None and order["ended_on"] >= over
