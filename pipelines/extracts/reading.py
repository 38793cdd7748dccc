"""One file read through: opened, its rows sorted, its counts balanced.

Belongs here: what `stage` and `check` do alike with one file. Does not belong here: writing anything.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.ahead import ahead
from pipelines.extracts.find import Found
from pipelines.extracts.months import MonthWatch, check_name
from pipelines.extracts.sort_rows import Sorted, Sorter
from pipelines.extracts.table import Table
from pipelines.extracts.tables import open_tables

_MANY = 20
"""Too long rows from which on a majority of them is the headings' fault."""

_STALE_AFTER = {"month": 2, "quarter": 4, "half_year": 8, "year": 14}
"""Months that the newest event of a file may lie back before the file is called stale."""


@dataclass
class Counted:
    """One table of a file, and what became of its rows; the headings and what stands above them are skipped."""

    table: Table
    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0


class Reading:
    """One file being read; iterate over `batches()`, after it the counts are final and balanced."""

    def __init__(self, file: Found, batch: str, contract: Contract) -> None:
        self.file = file
        self._batch, self._contract = batch, contract
        self.where = file.where
        self.counted: list[Counted] = []
        self._too_long = 0
        self._months_behind: int | None = None

    @property
    def rows_read(self) -> int:
        """Rows so far, headings and all above them among them."""
        return sum(counted.rows_read for counted in self.counted)

    @property
    def accepted(self) -> int:
        """Rows accepted so far."""
        return sum(counted.accepted for counted in self.counted)

    @property
    def rejected(self) -> int:
        """Rows rejected so far."""
        return sum(counted.rejected for counted in self.counted)

    @property
    def skipped(self) -> int:
        """Rows skipped so far."""
        return sum(counted.skipped for counted in self.counted)

    def batches(self, path: Path, told: Callable[[int], None] = lambda _: None) -> Iterator[Sorted]:
        """The file's rows, sorted, batch by batch.

        Args:
            path: where its bytes lie.
            told: hears of every block's bytes.

        Raises:
            DataError: the file cannot be read, its headings are not the contract's, or it is of another month.
        """
        check_name(self.file.name, self._batch, self._contract)
        watch = MonthWatch(self._batch, self._contract)
        for table in open_tables(path, self.where, self._contract, told):
            yield from self._rows(table, watch)
        watch.finish(self.where)
        self._months_behind = watch.months_behind()
        self._check_width()
        if any(one.rows_read != one.accepted + one.rejected + one.skipped for one in self.counted):
            raise unbalanced(self.where)

    def _rows(self, table: Table, watch: MonthWatch) -> Iterator[Sorted]:
        sorter = Sorter(self._contract, table.headings)
        counted = Counted(table, rows_read=table.headings.row, skipped=table.headings.row)
        self.counted.append(counted)
        for batch in ahead(table.batches):
            rows = sorter.sort(batch)
            counted.rows_read += batch.frame.height
            counted.accepted += rows.accepted.height
            counted.rejected += rows.rejected.height
            counted.skipped += rows.skipped
            self._too_long += int((rows.rejected["reason_code"] == "columns").sum())
            watch.look(rows.accepted)
            self._check_whole(cut_short=batch.cut_short, last=batch.first_row + batch.frame.height - 1, rows=rows)
            yield dataclasses.replace(rows, sheet=table.sheet) if table.sheet else rows

    def _check_whole(self, *, cut_short: bool, last: int, rows: Sorted) -> None:
        """Stop a file that ends in the middle of a row: its last amounts are wrong, and nobody knows how many rows are missing.

        A footer (填表人：…) may end so; it is not data.
        """
        if cut_short and rows.accepted.height and rows.accepted["row_no"][-1] == last:
            raise DataError(
                f"最后一行（第 {last} 行）没有写完，文件像是没有传完，没有读取。",
                where=f"{self.where} 第 {last} 行",
                todo="请部门重新发送整个文件。确认文件完整的，在最后补一个换行再放入。",
            )

    def _check_width(self) -> None:
        """Stop a file whose headings do not fit its rows; rejecting nearly all of them would look like an empty month."""
        if self._too_long >= _MANY and self._too_long > self.accepted:
            raise DataError(
                f"多数数据行（{self._too_long:,} 行）的列数比表头多，表头与数据对不上，没有读取。",
                where=self.where,
                todo="请部门检查表头是否少了一列，或分隔符是否也出现在内容里，重新导出。",
            )

    def remarks(self) -> list[str]:
        """What a person should know about this file: headings that were dropped or stood twice, other sheets."""
        if not self.counted:
            return []
        table = self.counted[0].table
        headings, remarks = table.headings, list(table.remarks)
        if headings.unknown:
            remarks.append(f"合同里没有的列，没有读取：{'、'.join(headings.unknown)}")
        if headings.repeated:
            remarks.append(f"重复的表头，只取第一个：{'、'.join(headings.repeated)}")
        if headings.variants:
            remarks.append(f"同一列的另一种叫法也在，只在前一列为空时取用：{'、'.join(headings.variants)}")
        if self.rejected:
            remarks.append(f"退回 {self.rejected:,} 行")
        limit = _STALE_AFTER.get(self._contract.frequency)
        if limit is not None and self._months_behind is not None and self._months_behind >= limit:
            remarks.append(f"最新的日期比批次早 {self._months_behind} 个月，数据可能过期")
        return remarks


def unbalanced(where: str) -> DataError:
    """Rows were lost or doubled on the way: a fault of the program, found before anything is in place."""
    return DataError(
        "程序内部核对不符：读到的行数不等于接受、退回与跳过之和，没有写入。", where=where, todo="请把这条信息告诉维护人员。"
    )
