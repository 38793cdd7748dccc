"""A file opened as a table: the same shape whatever the file is.

Belongs here: that shape, and choosing who opens which kind. Does not belong here: how one kind is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.extracts.formats import kind_of
from pipelines.extracts.headings import Headings, Matcher

if TYPE_CHECKING:
    import polars as pl

EXTRA = "extra"
"""Boolean column of a batch's frame: the row has filled cells beyond the last heading."""

BATCH_ROWS = 131_072
"""Rows of a batch where the reader may choose: also the size of the lake's row groups."""


def cell(position: int) -> str:
    """The column of a batch's frame that holds the file's column at `position`, 0 the first."""
    return f"c{position}"


@dataclass(frozen=True)
class Batch:
    """Consecutive rows: `frame` has text columns `c0`, `c1`, … by position, perhaps `extra`; `first_row` counts from 1.

    `untrimmed` are the only rows, counted from 0, in which there can be anything to trim; None is any. `cut_short`: the last
    row ends before the last heading and without a line end.
    """

    first_row: int
    frame: "pl.DataFrame"
    untrimmed: "pl.Series | None" = None
    formulas: bool = False
    cut_short: bool = False


@dataclass(frozen=True)
class Table:
    """An opened file. `batches` gives the rows below the headings, once, in the file's order."""

    format: str
    encoding: str | None
    headings: Headings
    batches: Iterator[Batch]
    remarks: list[str] = field(default_factory=list)


def open_table(path: Path, where: str, contract: Contract, told: Callable[[int], None] = lambda _: None) -> Table:
    """Open a file and find its headings.

    Args:
        path: the file itself.
        where: what messages call it.
        contract: whose headings are looked for.
        told: hears how many bytes were read.

    Raises:
        DataError: it cannot be read, or its headings are not the contract's.
    """
    kind = kind_of(path, where)
    matcher = Matcher(contract)
    if kind == "parquet":
        from pipelines.extracts.columnar import open_parquet

        return open_parquet(path, where, contract, matcher, told)
    if kind in ("xlsx", "xls"):
        from pipelines.extracts.workbook import open_workbook

        return open_workbook(path, where, contract, matcher, told)
    from pipelines.extracts.delimited import open_delimited

    return open_delimited(path, where, matcher, told)
