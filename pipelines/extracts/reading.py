"""One file read through: opened, its rows sorted, its counts balanced.

Belongs here: what `stage` and `check` do alike with one file. Does not belong here: writing anything.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.ahead import ahead
from pipelines.extracts.find import Found
from pipelines.extracts.months import MonthWatch, check_name
from pipelines.extracts.sort_rows import Sorted, Sorter
from pipelines.extracts.table import Table
from pipelines.extracts.tables import open_table

_MANY = 20
"""Too long rows from which on a majority of them is the headings' fault."""

_STALE_AFTER = {"month": 2, "quarter": 4, "half_year": 8, "year": 14}
"""Months that the newest event of a file may lie back before the file is called stale."""


class Reading:
    """One file being read; iterate over `batches()`, after it the counts are final and balanced."""

    def __init__(self, file: Found, batch: str, contract: Contract) -> None:
        self.file = file
        self._batch, self._contract = batch, contract
        self.where = file.where
        self.table: Table | None = None
        self.rows_read = self.accepted = self.rejected = self.skipped = 0
        self._too_long = 0
        self._months_behind: int | None = None

    def batches(self, path: Path, told: Callable[[int], None] = lambda _: None) -> Iterator[Sorted]:
        """The file's rows, sorted, batch by batch.

        Args:
            path: where its bytes lie.
            told: hears of every block's bytes.

        Raises:
            DataError: the file cannot be read, its headings are not the contract's, or it is of another month.
        """
        check_name(self.file.name, self._batch, self._contract)
        self.table = table = open_table(path, self.where, self._contract, told)
        sorter, watch = Sorter(self._contract, table.headings), MonthWatch(self._batch, self._contract)
        self.rows_read = self.skipped = table.headings.row
        for batch in ahead(table.batches):
            rows = sorter.sort(batch)
            self.rows_read += batch.frame.height
            self.accepted += rows.accepted.height
            self.rejected += rows.rejected.height
            self._too_long += int((rows.rejected["reason_code"] == "columns").sum())
            self.skipped += rows.skipped
            watch.look(rows.accepted)
            self._check_whole(cut_short=batch.cut_short, last=batch.first_row + batch.frame.height - 1, rows=rows)
            yield rows
        watch.finish(self.where)
        self._months_behind = watch.months_behind()
        self._check_width()
        if self.rows_read != self.accepted + self.rejected + self.skipped:
            raise unbalanced(self.where)

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
        if self.table is None:
            return []
        headings, remarks = self.table.headings, list(self.table.remarks)
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

    def dropped_headings(self) -> list[str]:
        """Headings whose columns were not loaded, for the ledger."""
        return [] if self.table is None else self.table.headings.unknown + self.table.headings.repeated


def unbalanced(where: str) -> DataError:
    """Rows were lost or doubled on the way: a fault of the program, found before anything is in place."""
    return DataError(
        "程序内部核对不符：读到的行数不等于接受、退回与跳过之和，没有写入。", where=where, todo="请把这条信息告诉维护人员。"
    )
