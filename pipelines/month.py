"""A batch's month: its first and last day, and the windows that facts speak of (rules.md, Dates and windows); and today.

Belongs here: all arithmetic with months, what "last 12 months" means, and the bureau's clock, wherever the machine is.
Does not belong here: what is counted in it, days off (`pipelines.assess.leads.workdays`).
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Times as the officer's clock shows them."""


def today() -> dt.date:
    """The calendar day in the district."""
    return dt.datetime.now(tz=SHANGHAI).date()


def month_start(batch: str) -> dt.date:
    """First day of the batch's month."""
    return dt.date(int(batch[:4]), int(batch[5:]), 1)


def as_of(batch: str) -> dt.date:
    """Last day of the batch's month: the day ages and validity are told on."""
    return months_before(month_start(batch), -1) - dt.timedelta(days=1)


@dataclass(frozen=True)
class Windows:
    """A batch's dates.

    Attributes:
        month: first day of the batch's month.
        as_of: last day of the batch's month; ages are whole years on it.
        from_12m: first day of the 12 calendar months that end with the batch's month.
        from_6m: first day of the 6 months that end with it.
        from_3m: first day of the 3 months that end with it.
        from_before_12m: first day of the 12 months that end with the month before the batch's.
        school_day: the last 1 September on or before `as_of`.
    """

    month: dt.date
    as_of: dt.date
    from_12m: dt.date
    from_6m: dt.date
    from_3m: dt.date
    from_before_12m: dt.date
    school_day: dt.date

    def variables(self) -> dict[str, dt.date]:
        """The dates by the names the SQL knows them by."""
        return dict(self.__dict__)


def windows(batch: str) -> Windows:
    """The windows of a batch `YYYY-MM`."""
    month = month_start(batch)
    last = as_of(batch)
    return Windows(
        month=month,
        as_of=last,
        from_12m=months_before(month, 11),
        from_6m=months_before(month, 5),
        from_3m=months_before(month, 2),
        from_before_12m=months_before(month, 12),
        school_day=dt.date(last.year if last.month >= 9 else last.year - 1, 9, 1),
    )


def months_between(earlier: str, later: str) -> int:
    """How many months one batch lies before another."""
    return months_apart(month_start(earlier), month_start(later))


def months_apart(earlier: dt.date, later: dt.date) -> int:
    """How many calendar months one day's month lies before another's."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def months_before(month: dt.date, months: int) -> dt.date:
    """The first day of the month that many months earlier; later where `months` is negative."""
    number = month.year * 12 + month.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, 1)
