"""The batch's standardised tables and linked persons as views, whether their file came or not.

Belongs here: how a later stage sees the lake in SQL. Does not belong here: what it computes from it.
"""

import datetime as dt
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.standardise import relation
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb


def month_start(batch: str) -> dt.date:
    """First day of the batch's month."""
    return dt.date(int(batch[:4]), int(batch[5:]), 1)


def as_of(batch: str) -> dt.date:
    """Last day of the batch's month: the day ages and validity are told on."""
    start = month_start(batch)
    return (start.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def view_sources(con: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: list[Contract]) -> set[str]:
    """Make a view `src_<source>` for each contract; one without a file this batch is empty, with its columns typed.

    Returns:
        the sources that have a file in this batch.
    """
    for contract in contracts:
        con.execute(f"CREATE VIEW src_{contract.source} AS FROM {relation(home, batch, contract)}")
    return {contract.source for contract in contracts if home.lake(batch, "standardised", contract.source).exists()}


def view_linkage(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Make views `person` and `person_record` of the batch's linkage.

    Raises:
        DataError: the batch has not been linked.
    """
    for view, table in (("person", "persons"), ("person_record", "person_records"), ("person_alias", "person_alias")):
        path = home.lake(batch, "linkage", table)
        if not path.exists():
            raise DataError("这个批次还没有匹配人员，不能组成家庭。", where=f"批次 {batch}", todo="从头运行这个批次。")
        con.execute(f"CREATE VIEW {view} AS FROM read_parquet('{quoted(path)}')")


def earlier_batch(home: Home, batch: str, stage: str, table: str) -> str | None:
    """The latest batch before this one that has a table; None if there is none."""
    return next((b for b in reversed(home.earlier_batches(batch)) if home.lake(b, stage, table).exists()), None)
