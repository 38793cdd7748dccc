"""A file as a table: the same shape whatever the file is.

Belongs here: that shape. Does not belong here: choosing who opens which kind (`tables`) and how one kind is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.extracts.headings import Headings

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
