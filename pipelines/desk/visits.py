"""The first page and the list of visits due.

Belongs here: what is to be done, in the order it is due. Does not belong here: when a visit is due (`casework.visits`).
"""

from typing import Any

from sqlalchemy import Select, and_, false, func, select
from starlette.responses import Response

from pipelines.casework.access import Actor
from pipelines.casework.alerts import latest_alerts
from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import CARE
from pipelines.casework.tables import case_file, transfer, visit_due
from pipelines.desk.web import Call, go, page, show

ON_A_PAGE = 100


def of_actor(query: Select[Any], actor: Actor) -> Select[Any]:
    """Limit a query over `case_file` to what an actor may see. An organisation sees no file."""
    if actor.role == "organisation":
        return query.where(false())
    if actor.role in ("town", "village"):
        query = query.where(case_file.c.town == actor.town)
    if actor.role == "village":
        query = query.where(case_file.c.village == actor.village)
    return query


def due_rows(call: Call, *, level: str = "", town: str = "", offset: int = 0, limit: int = ON_A_PAGE) -> list[dict[str, Any]]:
    """The visits due, what must be first first: by day, red before the others."""
    order = {key: number for number, key in enumerate(CARE)}
    query = select(
        visit_due, case_file.c.subject_id, case_file.c.town, case_file.c.village, case_file.c.grid, case_file.c.adviser
    )
    query = of_actor(query.join(case_file, case_file.c.file_no == visit_due.c.file_no), call.actor)
    if level in CARE:
        query = query.where(visit_due.c.level == level)
    if town:
        query = query.where(case_file.c.town == town)
    by_level = func.coalesce(*[_case(key, place) for key, place in order.items()])
    query = query.order_by(visit_due.c.due_by, by_level, visit_due.c.file_no).offset(offset).limit(limit)
    today = day_of(now())
    with call.store.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        row["late"] = row["due_by"] < today
    return rows


def _case(key: str, place: int) -> Any:
    from sqlalchemy import case

    return case((visit_due.c.level == key, place))


def _home(call: Call) -> Response:
    if call.actor.role == "organisation":
        return go("/orders")
    today = day_of(now())
    with call.store.read() as connection:
        counted = connection.execute(
            of_actor(
                select(visit_due.c.level, func.count(), func.sum(_one(visit_due.c.due_by < today)))
                .join(case_file, case_file.c.file_no == visit_due.c.file_no)
                .group_by(visit_due.c.level),
                call.actor,
            )
        ).all()
        moving = connection.execute(
            of_actor(
                select(transfer.c.state, func.count(), func.sum(_one(and_(transfer.c.due.is_not(None), transfer.c.due < today))))
                .join(case_file, case_file.c.file_no == transfer.c.file_no)
                .where(transfer.c.state.not_in(("已办结", "撤销")))
                .group_by(transfer.c.state),
                call.actor,
            )
        ).all()
    by_level = {row[0]: (row[1], row[2] or 0) for row in counted}
    return show(
        call, "home.html", batch=call.desk.published.batch(), by_level=by_level, moving=moving, due=due_rows(call, limit=15),
        alerts=latest_alerts(call.store, call.actor),
    )  # fmt: skip


def _one(condition: Any) -> Any:
    from sqlalchemy import case

    return case((condition, 1), else_=0)


def _visits(call: Call) -> Response:
    asked = call.request.query_params
    number = max(1, int(asked.get("page", "1"))) if asked.get("page", "1").isdigit() else 1
    level, town = asked.get("level", ""), asked.get("town", "")
    rows = due_rows(call, level=level, town=town, offset=(number - 1) * ON_A_PAGE, limit=ON_A_PAGE + 1)
    with call.store.read() as connection:
        towns = (
            connection.execute(of_actor(select(case_file.c.town).distinct().order_by(case_file.c.town), call.actor))
            .scalars()
            .all()
        )
    return show(
        call, "visits.html", due=rows[:ON_A_PAGE], more=len(rows) > ON_A_PAGE, number=number, level=level, town=town, towns=towns
    )


PAGES = [page("/", _home), page("/visits", _visits, roles=("district", "town", "village"))]
