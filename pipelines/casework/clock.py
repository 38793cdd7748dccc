"""Now and today where the district is, and the calendar's arithmetic that visits and transfers share.

Belongs here: moments, days, months ahead, days off. Does not belong here: how many days something has (`schemas/casework`,
`schemas/referral.yaml`).
"""

import calendar
import datetime as dt

from pipelines.assess.leads.workdays import Calendar, load_workdays
from pipelines.month import SHANGHAI

_DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    """This moment."""
    return dt.datetime.now(tz=SHANGHAI)


def day_of(moment: dt.datetime) -> dt.date:
    """The calendar day of a moment in the district."""
    return moment.astimezone(SHANGHAI).date()


def end_of(day: dt.date) -> dt.datetime:
    """24:00 of a day in the district: the moment a deadline in days runs out."""
    return dt.datetime.combine(day + _DAY, dt.time(), tzinfo=SHANGHAI)


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last.

    >>> months_after(dt.date(2027, 1, 31), 1)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def on_workday(day: dt.date, *, before: bool, calendar_: Calendar | None = None) -> tuple[dt.date, bool]:
    """`day` itself if it is worked, else the nearest worked day before or after it.

    Returns:
        the day, and whether the calendar knows every year that was looked at.
    """
    known_days = calendar_ or load_workdays()
    known = known_days.knows(day)
    while not known_days.is_workday(day):
        day += -_DAY if before else _DAY
        known = known and known_days.knows(day)
    return day, known


def workdays_between(start: dt.date, end: dt.date, calendar_: Calendar | None = None) -> int:
    """How many worked days lie after `start`, up to and with `end`; 0 if `end` is not after it."""
    known_days = calendar_ or load_workdays()
    return sum(known_days.is_workday(start + _DAY * n) for n in range(1, (end - start).days + 1))
