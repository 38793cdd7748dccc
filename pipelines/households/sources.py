"""The batch's standardised tables and linked persons as views, whether their file came or not.

Belongs here: how a later stage sees the lake in SQL. Does not belong here: what it computes from it.
"""

import datetime as dt
from typing import TYPE_CHECKING

from pipelines.contracts import Column, Contract
from pipelines.errors import DataError
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

IDENTITY_TYPES = {
    "record_id": "BIGINT",
    "source": "VARCHAR",
    "file": "VARCHAR",
    "row_no": "INTEGER",
    "member_no": "TINYINT",
    "name": "VARCHAR",
    "name_key": "VARCHAR",
    "name_pinyin": "VARCHAR",
    "surname": "VARCHAR",
    "former_name": "VARCHAR",
    "id_number": "VARCHAR",
    "id_status": "VARCHAR",
    "sex": "VARCHAR",
    "birth_date": "DATE",
    "sex_from_id": "BOOLEAN",
    "birth_date_from_id": "BOOLEAN",
    "phone": "VARCHAR",
    "address": "VARCHAR",
    "town": "VARCHAR",
    "village": "VARCHAR",
    "grid": "VARCHAR",
    "household_key": "VARCHAR",
    "warnings": "VARCHAR[]",
}
"""The columns alike for every source (schemas/lake/standardise.sql)."""

_ATTRIBUTE_TYPES = {"date": "DATE", "month": "DATE", "money": "DECIMAL(18,2)", "integer": "BIGINT", "set": "VARCHAR[]"}


def month_start(batch: str) -> dt.date:
    """First day of the batch's month."""
    return dt.date(int(batch[:4]), int(batch[5:]), 1)


def as_of(batch: str) -> dt.date:
    """Last day of the batch's month: the day ages and validity are told on."""
    start = month_start(batch)
    return (start.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def attribute_types(contract: Contract) -> dict[str, str]:
    """SQL type of every attribute column of a standardised source."""
    types: dict[str, str] = {}
    for name, column in contract.attributes().items():
        types |= _attribute(name, column)
    return types


def view_sources(con: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: list[Contract]) -> set[str]:
    """Make a view `src_<source>` for each contract; one without a file this batch is empty, with its columns typed.

    Returns:
        the sources that have a file in this batch.
    """
    present = set()
    for contract in contracts:
        path = home.lake(batch, "standardised", contract.source)
        if path.exists():
            present.add(contract.source)
            con.execute(f"CREATE VIEW src_{contract.source} AS FROM read_parquet('{quoted(path)}')")
        else:
            types = IDENTITY_TYPES | attribute_types(contract)
            columns = ", ".join(f'NULL::{sql_type} AS "{name}"' for name, sql_type in types.items())
            con.execute(f"CREATE VIEW src_{contract.source} AS SELECT {columns} WHERE false")
    return present


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


def _attribute(name: str, column: Column) -> dict[str, str]:
    if column.type == "disability_certificate":
        return dict.fromkeys((name, f"{name}_status", f"{name}_category", f"{name}_grade"), "VARCHAR")
    return {name: _ATTRIBUTE_TYPES.get(column.type, "VARCHAR")}
