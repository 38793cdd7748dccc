"""The lunar calendar of birth dates: old people's papers often hold the lunar date as if it were the solar one.

Belongs here: turning a solar date into the number its lunar writing makes. Does not belong here: how dates are compared
(`schemas/linkage.yaml`).
"""

import csv
import functools

import numpy as np
from numpy.typing import NDArray

from pipelines.storage import SCHEMAS

_JULIAN_OF_EPOCH = 2440588
"""The Julian day of 1970-01-01."""


@functools.cache
def _months() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First days of the lunar months as days since 1970-01-01, and the number year·10000 + month·100 of each."""
    with (SCHEMAS / "linkage" / "lunar_months.csv").open(encoding="utf-8", newline="") as file:
        rows = [(int(row["julian_day"]), int(row["year"]), abs(int(row["month"]))) for row in csv.DictReader(file)]
    starts = np.array([day - _JULIAN_OF_EPOCH for day, _, _ in rows], dtype=np.int64)
    return starts, np.array([year * 10000 + month * 100 for _, year, month in rows], dtype=np.int64)


def lunar_number(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lunar date of each solar one, as the number yyyymmdd; a leap month counts as the month it repeats.

    Args:
        days: days since 1970-01-01.

    Returns:
        numbers; 0 where the table does not reach (before 1899 or after 2040).
    """
    starts, numbers = _months()
    place = np.searchsorted(starts, days, side="right") - 1
    day = days - starts[np.clip(place, 0, None)] + 1
    return np.where((place >= 0) & (day >= 1) & (day <= 30), numbers[np.clip(place, 0, None)] + day, 0)
