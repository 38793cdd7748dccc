"""The batch's standardised tables and linked persons as views, whether their file came or not.

Belongs here: how a later stage sees the lake in SQL. Does not belong here: what it computes from it.
"""

from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage import lake
from pipelines.standardise import relation
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb


def view_sources(con: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: list[Contract]) -> set[str]:
    """Make a view `src_<source>` for each contract: its rows, whose they are (person_id), how surely (match_probability).

    One without a file this batch is empty, with its columns typed. And a view `sent` (record_id, source, file) of all their rows.

    Returns:
        the sources that have a file in this batch.

    Raises:
        DataError: the batch has not been linked.
    """
    _check_linked(home, batch)
    for contract in contracts:
        con.execute(f"CREATE VIEW src_{contract.source} AS FROM {lake.rows_of_persons(home, batch, contract)}")
    rows = [f"SELECT record_id, source, file FROM {relation(home, batch, contract)}" for contract in contracts]
    con.execute(f"CREATE VIEW sent AS {' UNION ALL '.join(rows)}")
    return {contract.source for contract in contracts if home.lake(batch, "standardised", contract.source).exists()}


def view_linkage(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Make views `person`, `person_record` (of every source) and `person_alias` of the batch's linkage.

    Raises:
        DataError: the batch has not been linked.
    """
    _check_linked(home, batch)
    alias = f"read_parquet('{quoted(home.lake(batch, lake.STAGE, 'person_alias'))}')"
    views = {"person": lake.persons(home, batch), "person_record": lake.person_records(home, batch), "person_alias": alias}
    for view, rows in views.items():
        con.execute(f"CREATE VIEW {view} AS FROM {rows}")


def _check_linked(home: Home, batch: str) -> None:
    if not lake.is_linked(home, batch) or not home.lake(batch, lake.STAGE, "person_alias").exists():
        raise DataError("这个批次还没有匹配人员，不能组成家庭。", where=f"批次 {batch}", todo="从头运行这个批次。")


def earlier_batch(home: Home, batch: str, stage: str, table: str) -> str | None:
    """The latest batch before this one that has a table; None if there is none."""
    return next((b for b in reversed(home.earlier_batches(batch)) if home.lake(b, stage, table).exists()), None)
