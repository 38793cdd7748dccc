"""Levels of care: up at once, down one step a visit.

Belongs here: who may move a level and when, and keeping a file's next visit in step with it. Does not belong here: how often a
level is looked at (`schemas/casework/levels.yaml`).
"""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from pipelines.casework.access import PROGRAM, Actor
from pipelines.casework.alerts import RED, tell
from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import CARE, load_levels
from pipelines.casework.files import add_event
from pipelines.casework.store import Store, changed
from pipelines.casework.tables import case_file, case_lead, visit, visit_due
from pipelines.casework.visits import OpenLead, Watched, as_row, next_visit
from pipelines.errors import DataError

OPEN = "待走访"
ANSWERED = "已答复"
WITHDRAWN = "已撤回"


def higher(one: str, other: str) -> str:
    """The higher of two levels."""
    return min(one, other, key=CARE.index)


def set_level(store: Store, file: dict[str, Any], level: str, reason: str, actor: Actor) -> None:
    """Raise or lower a file's level by a person's judgement.

    Raises:
        DataError: lowering is not allowed now; says why.
        TakenError: the file was changed in the meantime.
    """
    if level not in CARE:
        raise DataError("没有这个等级。", todo="从列表里选一项。")
    if not reason.strip():
        raise DataError("没有写理由。", todo="调整等级要写理由。")
    today = day_of(now())
    with store.write() as connection:
        current = connection.execute(select(case_file).where(case_file.c.file_no == file["file_no"])).mappings().one()
        values: dict[str, Any] = {}
        if CARE.index(level) > CARE.index(current["care_level"]):
            values["lowered_at"] = _may_lower(connection, dict(current), level, actor, today)
        elif level == current["care_level"]:
            raise DataError("等级没有变。", todo="选另一个等级，或不调整。")
        values |= {"care_level": level, "level_reason": reason.strip(), "level_since": today, "level_by": actor.name}
        version = changed(connection, case_file, file["file_no"], file["version"], values)
        _tell(connection, current["file_no"], current["care_level"], level, reason.strip(), actor, f"{version}")
        refresh(connection, current["file_no"])


def _may_lower(connection: Connection, file: dict[str, Any], level: str, actor: Actor, today: dt.date) -> str:
    """The visit that lowers it.

    Raises:
        DataError: none does.
    """
    titles = {key: one.title for key, one in load_levels().levels.items()}
    if CARE.index(level) != CARE.index(file["care_level"]) + 1:
        raise DataError("一次走访只能降一级。", todo="先降一级；下次走访后再降。")
    leads = connection.execute(
        select(case_lead).where(case_lead.c.file_no == file["file_no"], case_lead.c.state == OPEN)
    ).mappings().all()  # fmt: skip
    if any(lead["urgent"] for lead in leads):
        raise DataError("还有急难线索没有办，不能降级。", todo="先办急难线索并填写结果。")
    floor = next((lead for lead in leads if CARE.index(lead["level"]) < CARE.index(level)), None)
    if floor:
        raise DataError(f"还有{titles[floor['level']]}色线索等待走访，不能降到它以下。", todo="先走访并填写结果。")
    if file["level_by"] == actor.name and file["level_since"] == today:
        raise DataError("这个等级是您今天定的，今天不能由您降级。", todo="改日再降，或请另一位同事判断。")
    last = connection.execute(
        select(visit.c.visit_id, visit.c.visited_on)
        .where(visit.c.file_no == file["file_no"])
        .order_by(visit.c.visited_on.desc(), visit.c.visit_id.desc())
    ).first()
    if last is None or last.visit_id == file["lowered_at"] or last.visited_on < file["level_since"]:
        raise DataError("上次定级以后还没有走访，不能降级。", todo="走访并填写结果后再降。")
    return str(last.visit_id)


def raise_all(connection: Connection, wanted: dict[str, tuple[str, str, str]]) -> int:
    """Raise files' levels for leads, in one go; those that are as high already stay. Returns how many rose.

    Args:
        connection: in a writing transaction.
        wanted: file → level, reason, key of the message.
    """
    today = day_of(now())
    rows = connection.execute(
        select(case_file.c.file_no, case_file.c.care_level).where(case_file.c.file_no.in_(list(wanted)))
    ).all()
    rising = [row for row in rows if CARE.index(wanted[row.file_no][0]) < CARE.index(row.care_level)]
    if not rising:
        return 0
    connection.execute(
        update(case_file).where(case_file.c.file_no == bindparam("which")).values(
            care_level=bindparam("to"), level_reason=bindparam("why"), level_since=today, level_by=PROGRAM.name,
            version=case_file.c.version + 1,
        ),
        [{"which": row.file_no, "to": wanted[row.file_no][0], "why": wanted[row.file_no][1]} for row in rising],
    )  # fmt: skip
    for row in rising:
        level, reason, key = wanted[row.file_no]
        _tell(connection, row.file_no, row.care_level, level, reason, PROGRAM, key)
    return len(rising)


def _tell(connection: Connection, file_no: str, before: str, level: str, reason: str, actor: Actor, key: str) -> None:
    titles = load_levels().levels
    text = f"等级由{titles[before].title}改为{titles[level].title}：{reason}"  # type: ignore[index]
    add_event(connection, file_no, actor, "等级", text, ref=level, key=f"level:{file_no}:{key}")
    if level == "red":
        tell(connection, file_no, RED, key=f"red:{file_no}:{key}")


def refresh(connection: Connection, *file_nos: str) -> None:
    """Bring files' next visits in step with their levels, leads, visits and categories, all in one go."""
    files = connection.execute(select(case_file).where(case_file.c.file_no.in_(file_nos))).mappings().all()
    visits = _grouped(
        connection, select(visit.c.file_no, visit.c.visited_on, visit.c.outcome_code)
        .where(visit.c.file_no.in_(file_nos))
        .order_by(visit.c.visited_on.desc(), visit.c.visit_id.desc()),
    )  # fmt: skip
    leads = _grouped(connection, select(case_lead).where(case_lead.c.file_no.in_(file_nos), case_lead.c.state == OPEN))
    before = {
        row["file_no"]: row for row in connection.execute(select(visit_due).where(visit_due.c.file_no.in_(file_nos))).mappings()
    }
    rows = []
    for file in map(dict, files):
        file_no = file["file_no"]
        seen, waiting = visits.get(file_no, []), leads.get(file_no, [])
        _quieten(connection, file, seen, waiting)
        if file["closed_on"]:
            continue
        open_leads = [OpenLead(one["lead_id"], one["level"], one["due_date"], one["urgent"], one["raised_at"]) for one in waiting]
        last = seen[0]["visited_on"] if seen else None
        due = next_visit(
            Watched(file["care_level"], file["level_since"], file["opened_on"], last, open_leads, file["categories"])
        )
        if due:
            old = before.get(file_no)
            told = old if old is not None and old["due_by"] == due.by else {}
            kept = {name: told.get(name) for name in ("told_town_at", "told_district_at")}
            rows.append(as_row(file_no, file["care_level"], due) | kept | {"assigned_to": old["assigned_to"] if old else None})
    connection.execute(delete(visit_due).where(visit_due.c.file_no.in_(file_nos)))
    if rows:
        connection.execute(visit_due.insert(), rows)


def _grouped(connection: Connection, query: Any) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["file_no"], []).append(dict(row))
    return found


def _quieten(connection: Connection, file: dict[str, Any], visits: list[dict[str, Any]], leads: list[dict[str, Any]]) -> None:
    """After so many quiet visits a file of the lowest level is looked at no more; `file` is brought up to date."""
    quiet = load_levels().quiet_visits
    lately = [one["outcome_code"] for one in visits[: quiet.count]]
    if file["care_level"] != "yellow" or lately != [quiet.outcome] * quiet.count or leads:
        return
    reason = f"连续 {quiet.count} 次走访“暂无困难”"
    values = {"care_level": "none", "level_reason": reason, "level_since": visits[0]["visited_on"], "level_by": PROGRAM.name}
    version = changed(connection, case_file, file["file_no"], file["version"], values)
    _tell(connection, file["file_no"], "yellow", "none", reason, PROGRAM, str(version))
    file |= values
