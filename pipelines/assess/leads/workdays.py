"""Working days: weekends and the State Council's yearly arrangement of holidays.

Belongs here: the calendar as `schemas/parameters/workdays.yaml` declares it, and counting in it. Does not belong here:
how many days a level has (`due_days.*` in `pipelines.parameters`).
"""

import datetime as dt
import functools
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipelines.declarations import read_declared, validated
from pipelines.storage import SCHEMAS

_DAY = dt.timedelta(days=1)


class Year(BaseModel):
    """One year's arrangement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: int
    document: str
    holidays: list[dt.date]
    """Days off that are no weekend."""
    worked: list[dt.date]
    """Weekend days worked."""


class Calendar(BaseModel):
    """All years that are known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendar: str
    title: str
    years: Annotated[list[Year], Field(min_length=1)]

    def is_workday(self, day: dt.date) -> bool:
        """Whether it is worked; by the weekend alone in a year that is not declared."""
        year = self._by_year.get(day.year)
        if year is None:
            return day.weekday() < 5
        return day in year[1] or (day.weekday() < 5 and day not in year[0])

    def knows(self, day: dt.date) -> bool:
        """Whether the day's year is declared."""
        return day.year in self._by_year

    @functools.cached_property
    def _by_year(self) -> dict[int, tuple[frozenset[dt.date], frozenset[dt.date]]]:
        return {year.year: (frozenset(year.holidays), frozenset(year.worked)) for year in self.years}


@functools.cache
def load_workdays(path: Path = SCHEMAS / "parameters" / "workdays.yaml") -> Calendar:
    """The declared calendar.

    Raises:
        DeclarationError: the file has a mistake, such as a day off that is in another year.
    """
    declared = read_declared(path)[0]
    calendar = validated(declared, Calendar, example="schemas/parameters/workdays.yaml 里别的年份")
    for number, year in enumerate(calendar.years):
        for kind, days in (("holidays", year.holidays), ("worked", year.worked)):
            for place, day in enumerate(days):
                if day.year != year.year or (day.weekday() < 5) != (kind == "holidays"):
                    raise declared.refuse(
                        f"{day} 不该写在 {year.year} 年的 {kind} 里：holidays 只写放假的工作日，worked 只写上班的周末。",
                        "years",
                        number,
                        kind,
                        place,
                        todo="对照国务院办公厅当年的放假通知改正。",
                    )
    return calendar


def add_workdays(start: dt.date, days: int, calendar: Calendar | None = None) -> tuple[dt.date, bool]:
    """The date `days` working days after `start`, `start` itself not counted.

    Returns:
        the date, and whether every day counted over is in a declared year. If not, weekends alone were used, and
        whoever shows the date says so.
    """
    calendar = calendar or load_workdays()
    day, known = start, True
    while days > 0:
        day += _DAY
        known = known and calendar.knows(day)
        days -= calendar.is_workday(day)
    return day, known
