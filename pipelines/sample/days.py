"""Days and months as numbers: days since 1970, months since year 0; one number for what never came, one for what is far off.

Belongs here: turning them into each other and into columns. Does not belong here: what happened on them.
"""

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[Any]

NEVER = -2_000_000
"""Day or month that did not come: null in every file."""

FAR = 10_000_000
"""Day or month that lies behind every batch."""

_EPOCH = dt.date(1970, 1, 1)


def day_number(month: int) -> int:
    """Days since 1970 of a month's first day; `month` counted from year 0."""
    return (dt.date(month // 12, month % 12 + 1, 1) - _EPOCH).days


def last_day(month: int) -> int:
    """Days since 1970 of a month's last day."""
    return day_number(month + 1) - 1


def dates(days: Array) -> pl.Series:
    """Days since 1970 as dates; NEVER as null."""
    series = pl.Series(days, dtype=pl.Int32)
    return series.set(series < -1_000_000, None).cast(pl.Date)


def month_dates(months: Array) -> pl.Series:
    """Months since year 0 as their first days; NEVER and FAR as null."""
    known = (months > 0) & (months < 60_000)
    plain = np.where(known, months, 24000)
    series = pl.DataFrame({"y": plain // 12, "m": plain % 12 + 1}).select(pl.date("y", "m", 1)).to_series()
    return series.set(pl.Series(~known), None)


def none_where(absent: Array, values: Array) -> Array:
    """Python values with None where `absent`."""
    result = np.asarray(values).astype(object)
    result[absent] = None
    return result
