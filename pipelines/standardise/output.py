"""The declared output: `schemas/lake/standardise.sql` and the contract's attributes as names and types.

Belongs here: what columns a standardised table has. Does not belong here: how they are filled.
"""

import functools
from typing import TYPE_CHECKING

from pipelines.contracts import Column, Contract
from pipelines.lake_tables import lake_table
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {
    "date": "DATE",
    "month": "DATE",
    "money": "DECIMAL(18,2)",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "set": "VARCHAR[]",
}


@functools.cache
def identity_columns() -> dict[str, str]:
    """The columns that every source has alike: name → SQL type, in order."""
    return {name: column.type for name, column in lake_table("standardise", "identity").items()}


def attribute_columns(name: str, column: Column) -> dict[str, str]:
    """The columns that one attribute of a contract becomes: name → SQL type."""
    if column.type == "disability_certificate":
        return {name: "VARCHAR", f"{name}_status": "VARCHAR", f"{name}_category": "VARCHAR", f"{name}_grade": "VARCHAR"}
    if column.type == "age":
        return {name: "INTEGER", f"{name}_born_from": "INTEGER", f"{name}_born_to": "INTEGER"}
    if column.map:
        return {name: "VARCHAR", f"{name}_as": "VARCHAR", f"{name}_class": "VARCHAR"}
    return {name: _TYPES.get(column.type, "VARCHAR")}


def columns(contract: Contract) -> dict[str, str]:
    """All columns of a source's standardised table: name → SQL type, in order."""
    found = dict(identity_columns())
    for name, column in contract.attributes().items():
        for made, sql_type in attribute_columns(name, column).items():
            # an attribute of an identity column's name (a second phone) would hide it
            found[made if made not in identity_columns() else f"{made}_said"] = sql_type
    return found


def empty_query(contract: Contract) -> str:
    """A query giving the source's standardised table without rows: for a source that sent nothing."""
    nothing = ", ".join(f'NULL::{sql_type} AS "{name}"' for name, sql_type in columns(contract).items())
    return f"SELECT {nothing} WHERE FALSE"


def relation(home: Home, batch: str, contract: Contract) -> str:
    """What to write behind FROM to read a source's standardised table, empty where the source sent nothing."""
    path = home.lake(batch, "standardised", contract.source)
    return f"read_parquet('{quoted(path)}')" if path.exists() else f"({empty_query(contract)})"


def empty(contract: Contract) -> "pa.Table":
    """The source's standardised table without rows, as Arrow."""
    import pyarrow as pa

    arrow: dict[str, pa.DataType] = {
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "TINYINT": pa.int8(),
        "UBIGINT": pa.uint64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "VARCHAR": pa.string(),
        "VARCHAR[]": pa.list_(pa.string()),
        "DECIMAL(18,2)": pa.decimal128(18, 2),
        "DECIMAL(18,4)": pa.decimal128(18, 4),
    }
    return pa.schema([(name, arrow[sql_type]) for name, sql_type in columns(contract).items()]).empty_table()
