"""What is measured of a source's batch: one pass over two narrow columns, the rest from what Parquet files already know.

Belongs here: the measures. Does not belong here: what they should be (`limits`), who says so (`suites`).

The cost stays near nothing at any size: fill rates come from the null counts in the extract's Parquet footer (no column is read),
id states and reading warnings from one GROUP BY over (id_status, warnings), whose groups are few.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts import Contract
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

USABLE = ("valid", "lifted")
"""Id states with which an id is a key."""

WHOLE_ROWS = 1_000_000
"""Up to so many rows, repeated rows are counted exactly; above, among the rows whose hash falls into one class of sixteen (equal
rows fall into the same class, so the share stays unbiased and the counting stays in memory)."""


@dataclass(frozen=True)
class Measure:
    """One number about a source's batch; columns as `schemas/lake/quality.sql` declares them."""

    source: str
    measure: str
    value: float
    of_rows: int
    column_name: str = ""
    detail: str = ""

    @property
    def name(self) -> str:
        """What it is called in its source's frame, on the pages and in the plots."""
        return " ".join(part for part in (self.measure, self.column_name, self.detail) if part)


def measure_source(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, contract: Contract) -> list[Measure]:
    """Everything measured of one source in one batch; nothing if it did not arrive."""
    extract = home.lake(batch, "extracts", contract.source)
    if not extract.exists():
        return []
    rows, filled = _filled(connection, extract, list(contract.text_columns()))
    source = contract.source
    measures = [Measure(source, "rows", rows, rows)]
    last = _last_rows(connection, home, batch, source)
    if last:
        measures.append(Measure(source, "rows_against_last_batch", rows / last, last))
    rejected = _rows_of(connection, home.lake(batch, "extracts", f"{source}.rejected"))
    if rows + rejected:
        measures.append(Measure(source, "rejected_share", rejected / (rows + rejected), rows + rejected))
    if rows:
        measures += [Measure(source, "filled", count / rows, rows, column) for column, count in filled.items()]
        measures.append(Measure(source, "repeated_share", _repeated_share(connection, extract, rows), rows))
    standardised = home.lake(batch, "standardised", source)
    if standardised.exists():
        measures += _states(connection, standardised, contract)
    return measures


def _filled(connection: "duckdb.DuckDBPyConnection", path: Path, columns: list[str]) -> tuple[int, dict[str, int]]:
    """Rows of a Parquet file and, per column, how many are not NULL: from its footer, or by counting where that is silent."""
    rows = _rows_of(connection, path)
    known = connection.execute(
        "SELECT path_in_schema, sum(stats_null_count)::BIGINT, count(*) = count(stats_null_count) "
        f"FROM parquet_metadata('{quoted(path)}') GROUP BY 1"
    ).fetchall()
    nulls = {column: count for column, count, complete in known if complete}
    if rows and any(column not in nulls for column in columns):
        counted = ", ".join(f'count(*) - count("{column}")' for column in columns)
        [row] = connection.execute(f"SELECT {counted} FROM read_parquet('{quoted(path)}')").fetchall()
        nulls = dict(zip(columns, row, strict=True))
    return rows, {column: rows - int(nulls.get(column, rows)) for column in columns}


def _repeated_share(connection: "duckdb.DuckDBPyConnection", path: Path, rows: int) -> float:
    """The share of rows that say in every column what an earlier row said already, in whatever file."""
    one_class = "" if rows <= WHOLE_ROWS else "WHERE hash % 16 = 0"
    [(seen, distinct)] = connection.execute(
        f"""
        SELECT count(*), count(DISTINCT hash)
        FROM (SELECT hash(row) AS hash FROM (SELECT * EXCLUDE (file, row_no) FROM read_parquet('{quoted(path)}')) AS row)
        {one_class}
        """
    ).fetchall()
    return (seen - distinct) / seen if seen else 0.0


def _states(connection: "duckdb.DuckDBPyConnection", path: Path, contract: Contract) -> Iterator[Measure]:
    """Id states and reading warnings over a source's standardised rows (members of a wide row each count)."""
    groups: list[tuple[Any, ...]] = connection.execute(
        f"SELECT id_status, warnings, count(*) FROM read_parquet('{quoted(path)}') GROUP BY ALL"
    ).fetchall()
    rows = sum(count for *_, count in groups)
    if not rows:
        return
    states: Counter[str] = Counter()
    warned: Counter[tuple[str, str]] = Counter()
    for status, warnings, count in groups:
        states[status or "missing"] += count
        for warning in warnings or ():
            column, _, what = warning.partition(":")
            warned[column, what] += count
    if any("id_number" in fields for fields in contract.members().values()):
        written = rows - states["missing"]
        for status, count in sorted(states.items()):
            yield Measure(contract.source, "id_status", count / rows, rows, detail=status)
        if written:
            usable = sum(states[status] for status in USABLE)
            yield Measure(contract.source, "id_usable_share", usable / written, written)
    for (column, what), count in sorted(warned.items()):
        yield Measure(contract.source, "warned", count / rows, rows, column, what)


def _last_rows(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, source: str) -> int:
    """Rows of the source in the latest earlier batch that holds it; 0 if there is none."""
    for earlier in reversed(home.earlier_batches(batch)):
        path = home.lake(earlier, "extracts", source)
        if path.exists():
            return _rows_of(connection, path)
    return 0


def _rows_of(connection: "duckdb.DuckDBPyConnection", path: Path) -> int:
    if not path.exists():
        return 0
    return int(connection.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata('{quoted(path)}')").fetchall()[0][0] or 0)
