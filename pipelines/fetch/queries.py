"""A query's rows as a Parquet file.

Belongs here: the text of a view's query, the parameters' values, writing the rows as they come, the types that are kept.
Does not belong here: any client (`postgresql`, `mysql`).
"""

import datetime as dt
import errno
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.declared import Delivery, Mysql, Postgresql
from pipelines.month import as_of, month_start
from pipelines.storage import Home

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 50_000
"""Rows asked for at once."""

Value = dt.date | str


class Rows(Protocol):
    """A query's answer, once it is known to be one."""

    schema: "pa.Schema"

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """The rows, a batch at a time."""


@dataclass(frozen=True)
class Question:
    """A query with the values of the parameters that it may ask for."""

    text: str
    values: dict[str, Value]


def question(delivery: Delivery, batch: str, quote: str) -> Question:
    """What a delivery asks in one batch.

    Args:
        delivery: the declared query, or view.
        batch: `YYYY-MM`.
        quote: what the database puts around a name.
    """
    values: dict[str, Value] = {"month_start": month_start(batch), "month_end": as_of(batch), "batch": batch}
    return Question(delivery.query or _of_view(delivery, quote), values)


def _of_view(delivery: Delivery, quote: str) -> str:
    def named(name: str) -> str:
        return quote + name.replace(quote, quote * 2) + quote

    text = f"SELECT * FROM {'.'.join(named(part) for part in (delivery.view or '').split('.'))}"
    if delivery.month:
        # A column with a time of day: the last day counts to its end.
        text += f" WHERE {named(delivery.month)} >= {{month_start}} AND CAST({named(delivery.month)} AS date) <= {{month_end}}"
    if delivery.order:
        text += f" ORDER BY {', '.join(named(column) for column in delivery.order)}"
    return text


def open_rows(place: Postgresql | Mysql, key: str, home: Home, asked: Delivery, batch: str) -> AbstractContextManager[Rows]:
    """Connect and ask.

    Raises:
        DataError: the database cannot be reached, does not let us in, or does not take the query.
    """
    if isinstance(place, Postgresql):
        from pipelines.fetch.postgresql import ask_postgresql

        return ask_postgresql(place, key, home, question(asked, batch, '"'))
    from pipelines.fetch.mysql import ask_mysql

    return ask_mysql(place, key, home, question(asked, batch, "`"))


def write_rows(rows: Rows, path: Path, told: Any) -> int:
    """Write them all; the number of rows.

    Raises:
        DataError: the disk is full.
    """
    import pyarrow.parquet as pq

    written = 0
    try:
        # No statistics: they would hold the least and the greatest value of every column, names and ids too, in plain view.
        with pq.ParquetWriter(path, rows.schema, compression="zstd", write_statistics=False) as writer:
            for batch in rows.batches():
                writer.write_batch(batch)
                written += batch.num_rows
                told(batch.num_rows)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise failures.disk_full(str(path.parent)) from None
        raise DataError("取回的数据写不进收件文件夹。", where=str(path.parent), todo="检查这个文件夹的权限和磁盘。") from None
    return written
