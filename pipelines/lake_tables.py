"""The tables that schemas/lake and schemas/warehouse declare: columns, types and what is said of each, read in one place.

Belongs here: reading these declarations, and rows in their columns. Does not belong here: what a column means to a stage.

They are written as DDL, one column a line, and read by its lines: DuckDB would keep names and types but not the comments.
A test holds what is read here against what DuckDB makes of the same file.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.storage import SCHEMAS

if TYPE_CHECKING:
    import polars as pl

_CREATE = re.compile(r"CREATE TABLE (\w+) \(")
_COLUMN = re.compile(
    r"\s+(?P<name>[a-z_0-9]+) (?P<type>[A-Z][A-Z ]*?(?:\([\w, ]+\))?(?:\[\])?)"
    r"(?: DEFAULT (?P<default>\w+))?,?\s*(?:--\s*(?P<said>.*))?"
)


@dataclass(frozen=True)
class Column:
    """One declared column: its DuckDB type, its default as SQL (empty: NULL), and the comment behind it."""

    type: str
    default: str
    said: str


@functools.cache
def declared_tables(path: Path) -> dict[str, dict[str, Column]]:
    """Every table of a file: its columns by name, in order."""
    tables: dict[str, dict[str, Column]] = {}
    columns: dict[str, Column] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if create := _CREATE.match(line):
            columns = tables[create.group(1)] = {}
        elif line.startswith(");"):
            columns = None
        elif columns is not None and (column := _COLUMN.fullmatch(line)):
            columns[column["name"]] = Column(column["type"], column["default"] or "", column["said"] or "")
    return tables


def lake_table(declaration: str, table: str) -> dict[str, Column]:
    """The columns of a table of `schemas/lake/<declaration>.sql`, in order."""
    return declared_tables(SCHEMAS / "lake" / f"{declaration}.sql")[table]


def column_list(declaration: str, table: str) -> str:
    """The columns of a lake's table as SQL lists them."""
    return ", ".join(lake_table(declaration, table))


def frame(declaration: str, table: str, rows: Iterable[Sequence[Any]]) -> "pl.DataFrame":
    """Rows, each in the order of the declared columns, as a frame of the declared types."""
    import polars as pl

    types: dict[str, Any] = {
        "VARCHAR": pl.String,
        "BIGINT": pl.Int64,
        "INTEGER": pl.Int32,
        "DOUBLE": pl.Float64,
        "BOOLEAN": pl.Boolean,
        "DATE": pl.Date,
        "TIMESTAMP WITH TIME ZONE": pl.Datetime("us", "UTC"),
        "VARCHAR[]": pl.List(pl.String),
    }
    schema = {name: types[column.type] for name, column in lake_table(declaration, table).items()}
    return pl.DataFrame(list(rows), schema=schema, orient="row")
