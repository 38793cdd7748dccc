"""Parquet files, as text.

Belongs here: how a typed column is written as text. Does not belong here: the lake's own Parquet (`landing`).
A Parquet file's headings count as row 1, so its first row is row 2, as if it were opened in a spreadsheet.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.cells import MONTHLESS_MIDNIGHT, number_text, untrimmed
from pipelines.extracts.headings import Matcher
from pipelines.extracts.table import BATCH_ROWS, Batch, Table, cell

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def open_parquet(path: Path, where: str, contract: Contract, matcher: Matcher, told: Callable[[int], None]) -> Table:
    """Open a Parquet file; its column names are the headings.

    Raises:
        DataError: the file is not whole, or the headings are not the contract's.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = [field.name for field in file.schema_arrow]
    except (pa.ArrowException, OSError, ValueError):
        raise _broken(where) from None
    headings = matcher.read([names], where)
    columns = contract.text_columns()
    kinds = {place.position: columns[name].type for name, places in headings.places.items() for place in places}
    told(path.stat().st_size)
    return Table("parquet", None, headings, _batches(file, where, len(names), kinds))


def _batches(file: Any, where: str, width: int, kinds: dict[int, Any]) -> Iterator[Batch]:
    import polars as pl
    import pyarrow as pa

    first_row = 2
    try:
        for held in file.iter_batches(batch_size=BATCH_ROWS, columns=None):
            arrays = {
                cell(position): pl.Series(pl.from_arrow(held.column(position)))
                for position in range(width)
                if position in kinds and not pa.types.is_nested(held.schema.field(position).type)
            }
            rows = held.num_rows
            frame = pl.DataFrame(
                [
                    _as_text(arrays[name], kinds.get(position)).alias(name)
                    if (name := cell(position)) in arrays
                    else pl.Series(name, [None], dtype=pl.String).new_from_index(0, rows)
                    for position in range(width)
                ]
            )
            yield Batch(first_row, frame, _untrimmed_rows([held.column(position) for position in kinds]))
            first_row += rows
    except (pa.ArrowException, OSError, ValueError):
        raise _broken(where) from None


def _untrimmed_rows(columns: "list[pa.Array]") -> "pl.Series | None":
    """The rows in which there may be anything to trim; None is any."""
    import numpy as np
    import polars as pl
    import pyarrow as pa

    rows = [np.empty(0, dtype=np.int64)]
    for column in columns:
        kind = column.type
        if pa.types.is_primitive(kind) or pa.types.is_null(kind):
            continue
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
            return None
        texts = column.cast(pa.large_string())
        _, bounds, text = texts.buffers()
        if text is None:
            continue
        ends = np.frombuffer(bounds, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        cells = text.slice(int(ends[0]), int(ends[-1] - ends[0])).to_pybytes()
        rows.append(np.searchsorted(ends, untrimmed(cells) + ends[0], side="right") - 1)
    return pl.Series(np.unique(np.concatenate(rows)))


def _as_text(values: "pl.Series", kind: str | None) -> "pl.Series":
    """A typed column as text: whole numbers digit by digit, binary fractions as a spreadsheet's numbers, dates as ISO."""
    import polars as pl

    if values.dtype == pl.String:
        return values
    if values.dtype.is_float():
        distinct = values.drop_nulls().unique()
        finite = distinct.filter(distinct.is_finite())
        texts = pl.Series([number_text(value, kind) for value in finite], dtype=pl.String)
        return values.replace_strict(finite, texts, default=None, return_dtype=pl.String)
    if isinstance(values.dtype, pl.Datetime):
        written = values.dt.strftime("%Y-%m-%d %H:%M:%S")
        return written.str.replace(MONTHLESS_MIDNIGHT.pattern, "")
    if values.dtype == pl.Boolean:
        return values.replace_strict([True, False], ["是", "否"], default=None, return_dtype=pl.String)
    if values.dtype == pl.Binary:
        return values.cast(pl.String, strict=False)
    return values.cast(pl.String)


def _broken(where: str) -> DataError:
    return DataError("Parquet 文件不完整，打不开。", where=where, todo="传送可能中断了，请重新复制或请部门重新提供整个文件。")
