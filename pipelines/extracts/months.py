"""Whether a file is of the batch's month.

Belongs here: months in file names, and dates in event columns that lie after the batch. Does not belong here: reading
dates properly (`pipelines.standardise`); a rough look at a sample is enough to see that a file is of another month.
"""

import calendar
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_SPAN = {"week": 1, "month": 1, "quarter": 3, "half_year": 6, "year": 12}
"""Months back that a file of each frequency may be of; events and answers may be of any."""

_IN_NAME = re.compile(
    r"(?<!\d)(?P<year>20\d\d)(?:(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])?(?!\d)"
    r"|\s*[-._年]\s*(?P<month2>0?[1-9]|1[0-2])(?:\s*[-._月]\s*(?P<day2>0?[1-9]|[12]\d|3[01])日?)?(?!\d))"
)
_MAY_LIE_AHEAD = re.compile("止|至|结束|停发|到期|期满|下次")
"""Headings of dates that rightly lie in the future."""

_DATE = r"^(20\d\d)(?:\s*[-/.年]\s*)?(0?[1-9]|1[0-2])(?:\D|\d\d(?:\D|$)|$)"
"""Year and month of a date or month as departments write them; serial numbers and milliseconds are left out."""

_SAMPLE = 5_000

_ENOUGH = 1_000
"""Dated rows a file must have for its newest date to say anything: in a short register months pass without an event."""


def _number(year: int, month: int) -> int:
    return year * 12 + month - 1


def _batch_number(batch: str) -> int:
    return _number(int(batch[:4]), int(batch[5:]))


def check_name(name: str, batch: str, contract: Contract) -> None:
    """Stop a file whose name says another month than the batch.

    A month of the batch anywhere in the name is right; so is a day of export in the month after. A source that comes
    each quarter or year may be as old as that. The nearest part of the path that says a month counts.

    Raises:
        DataError: the name says another month.
    """
    span = _SPAN.get(contract.frequency)
    if span is None:
        return
    wanted = _batch_number(batch)
    for part in reversed(PurePosixPath(name).parts):
        matches = list(_IN_NAME.finditer(part))
        if not matches:
            continue
        for match in matches:
            month = _number(int(match["year"]), int(match["month"] or match["month2"]))
            is_day = bool(match["day"] or match["day2"])
            if wanted - span < month <= wanted + (1 if is_day else 0):
                return
        first = matches[0]
        said = f"{first['year']} 年 {int(first['month'] or first['month2'])} 月"
        raise DataError(
            f"文件名说的是 {said}，批次是 {batch}，月份对不上，没有读取。",
            where=f"{contract.source}/{name}",
            todo="确认是哪个月的数据：放错了就移到对应月份的文件夹；没放错就改正文件名里的月份。",
        )


class MonthWatch:
    """Watches the dates of one file's events while it is read."""

    def __init__(self, batch: str, contract: Contract) -> None:
        self._batch, self._end = batch, _batch_number(batch)
        birth = {member.get("birth_date") for member in contract.members().values()}
        self._columns = {
            name: column.heading[0]
            for name, column in contract.text_columns().items()
            if column.type in ("date", "month")
            and name not in birth
            and not column.open
            and not any(_MAY_LIE_AHEAD.search(heading) for heading in column.heading)
        }
        self._seen = dict.fromkeys(self._columns, 0)
        self._rows = dict.fromkeys(self._columns, 0)
        self._after = dict.fromkeys(self._columns, 0)
        self._newest: int | None = None

    def look(self, rows: "pl.DataFrame") -> None:
        """Take note of a batch's dates, of every so many rows."""
        import polars as pl

        if not self._columns or not rows.height:
            return
        sample = rows.select(list(self._columns)).gather_every(max(1, rows.height // _SAMPLE))
        for name in self._columns:
            parts = sample[name].drop_nulls().str.extract_groups(_DATE)
            fields = parts.struct.rename_fields(["year", "month"]).struct.unnest()
            months = fields.select(number=pl.col("year").cast(pl.Int32) * 12 + pl.col("month").cast(pl.Int32) - 1)[
                "number"
            ].drop_nulls()
            self._seen[name] += months.len()
            self._rows[name] += rows.height - rows[name].null_count()
            self._after[name] += int((months > self._end).sum())
            newest = months.filter(months <= self._end).max()
            if isinstance(newest, int):
                self._newest = newest if self._newest is None else max(newest, self._newest)

    def months_behind(self) -> int | None:
        """By how many months the newest event lies before the batch; None if there are too few dates to say."""
        return None if self._newest is None or max(self._rows.values()) < _ENOUGH else self._end - self._newest

    def finish(self, where: str) -> None:
        """Stop a file most of whose events lie after the batch's month.

        Raises:
            DataError: in one of its date columns more than half lie after it.
        """
        year, month = divmod(self._end, 12)
        last = f"{year}-{month + 1:02d}-{calendar.monthrange(year, month + 1)[1]}"
        for name, heading in self._columns.items():
            if self._seen[name] >= 1 and self._after[name] * 2 > self._seen[name]:
                raise DataError(
                    f"“{heading}”一列里多数日期晚于批次的最后一天（{last}），像是后面月份的数据，没有读取。",
                    where=where,
                    todo=f"确认数据的月份；不是 {self._batch} 的就移到对应月份的文件夹。",
                )
