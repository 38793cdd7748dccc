"""Visits: when somebody is looked at next, and what a visit leaves.

Belongs here: the next visit of a file, reasons merged; recording a visit. Does not belong here: how often a level is looked at
(`schemas/casework/levels.yaml`), what a level is (`levels`).

`next_visit` is a plain function of dates: no store, no clock.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.assess.leads.workdays import Calendar, add_workdays, load_workdays
from pipelines.casework.clock import day_of, months_after, on_workday
from pipelines.casework.declared import Levels, load_levels


@dataclass(frozen=True)
class OpenLead:
    """A lead that awaits its visit."""

    lead_id: str
    level: str
    due: dt.date | None
    urgent: bool
    raised_at: dt.datetime


@dataclass(frozen=True)
class Watched:
    """What decides a file's next visit.

    Attributes:
        level: its level of care.
        level_since: since when.
        opened_on: when the file was made.
        last_visit: the day of the last visit.
        leads: those that await a visit.
        categories: keys of `levels.yaml` that its members belong to.
    """

    level: str
    level_since: dt.date
    opened_on: dt.date
    last_visit: dt.date | None = None
    leads: Sequence[OpenLead] = ()
    categories: Sequence[str] = ()


@dataclass(frozen=True)
class Due:
    """The next visit.

    Attributes:
        by: the day.
        by_hour: the moment, where hours count.
        why: every reason that falls into the same visit.
        calendar_known: whether the calendar knew every year that was counted over; if not, weekends alone were.
    """

    by: dt.date
    by_hour: dt.datetime | None
    why: tuple[str, ...]
    calendar_known: bool


def next_visit(watched: Watched, levels: Levels | None = None, calendar: Calendar | None = None) -> Due | None:
    """The next visit of a file; None where nothing asks for one.

    Two reasons within `merge_days` are one visit, on the earlier day. A day off moves before it for red, after it otherwise; a
    red visit that would move to the last visit's day or before it stays on its day: red is not skipped for a holiday.
    """
    levels, calendar = levels or load_levels(), calendar or load_workdays()
    found = [*_of_leads(watched, levels), *_of_level(watched, levels, calendar), *_of_categories(watched, levels)]
    if not found:
        return None
    settled = [_settle(one, watched, calendar) for one in found]
    earliest = min(one.by for one in settled)
    together = [one for one in settled if (one.by - earliest).days <= levels.merge_days]
    hours = [one.by_hour for one in together if one.by_hour]
    why = tuple(dict.fromkeys(reason for one in sorted(together, key=lambda one: (one.by, one.why)) for reason in one.why))
    return Due(earliest, min(hours) if hours else None, why, all(one.calendar_known for one in together))


def _of_leads(watched: Watched, levels: Levels) -> list[Due]:
    found = []
    for lead in watched.leads:
        title = levels.levels[lead.level].title  # type: ignore[index]
        hours = levels.levels["red"].first_hours
        if lead.urgent and hours:
            moment = lead.raised_at + dt.timedelta(hours=hours)
            found.append(Due(day_of(moment), moment, (f"急难线索 {lead.lead_id}：{hours} 小时内",), True))
        elif lead.due:
            found.append(Due(lead.due, None, (f"{title}色线索 {lead.lead_id}",), True))
    return found


def _of_level(watched: Watched, levels: Levels, calendar: Calendar) -> list[Due]:
    level = levels.levels[watched.level]  # type: ignore[index]
    if watched.last_visit is None or watched.last_visit < watched.level_since:
        if level.first_workdays is None:
            return []
        day, known = add_workdays(watched.level_since, level.first_workdays, calendar)
        return [Due(day, None, (f"{level.title}级首次走访",), known)]
    if level.then_days:
        day, often = watched.last_visit + dt.timedelta(days=level.then_days), f"每 {level.then_days} 天"
    elif level.then_months:
        day, often = months_after(watched.last_visit, level.then_months), f"每 {level.then_months} 个月"
    else:
        return []
    return [Due(day, None, (f"{level.title}级{often}走访",), True)]


def _of_categories(watched: Watched, levels: Levels) -> list[Due]:
    since = watched.last_visit or watched.opened_on
    declared = [levels.categories[key] for key in watched.categories if key in levels.categories]
    return [Due(months_after(since, one.months), None, (f"{one.title}每 {one.months} 个月走访",), True) for one in declared]


def _settle(due: Due, watched: Watched, calendar: Calendar) -> Due:
    if due.by_hour:
        return due  # clock hours run through nights and holidays
    red = watched.level == "red"
    day, known = on_workday(due.by, before=red, calendar_=calendar)
    if red and watched.last_visit and day <= watched.last_visit:
        day = due.by
    return Due(day, None, due.why, due.calendar_known and known)


def as_row(file_no: str, level: str, due: Due) -> dict[str, Any]:
    """A row of `visit_due`."""
    return {
        "file_no": file_no,
        "due_by": due.by,
        "by_hour": due.by_hour,
        "why": list(due.why),
        "level": level,
        "calendar_known": due.calendar_known,
    }
