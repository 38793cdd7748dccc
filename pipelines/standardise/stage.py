"""The standardise stage: `extracts/<source>.parquet` → `standardised/<source>.parquet`.

Belongs here: the order of the steps and the one query that joins them. Does not belong here: reading any kind of value.

What takes Python or many steps per text (names, dates, codes, addresses) is read once per distinct text into small tables
first; ids, money and telephones are expressions inside the one query, which streams from Parquet to Parquet.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts import Column, Contract, code_classes
from pipelines.errors import DataError
from pipelines.progress import Reporter
from pipelines.standardise import addresses, amounts, characters, codes, dates, ids, members, names
from pipelines.standardise.projection import Projection
from pipelines.storage import Home, check_batch, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_MOST_FILES = 2**16 - 1
"""A record id has sixteen bits for the file."""


def standardise_source(home: Home, batch: str, contract: Contract, reporter: Reporter) -> dict[str, int | float]:
    """Read every value of one source's accepted rows and write its standardised table.

    Args:
        home: where the lake is.
        batch: the month `YYYY-MM`; nobody is born after its end.
        contract: the source's.
        reporter: told what is being done.

    Returns:
        counts: rows (of the extract), records (rows and members that name somebody), warned (records with a warning),
        and `id_<status>` for each status that occurs. A source without an extract leaves no table and counts nothing.

    Raises:
        DataError: the extract's table cannot be read or written.
    """
    import duckdb
    import polars as pl
    import pyarrow as pa

    check_batch(batch)
    source, target = home.lake(batch, "extracts", contract.source), home.lake(batch, "standardised", contract.source)
    if not source.exists():
        for left in (target, home.lake(batch, "unmapped", contract.source)):
            left.unlink(missing_ok=True)  # of an earlier run, when the source had sent something
        return {"rows": 0, "records": 0, "warned": 0}
    reporter.start(f"规范：{contract.title}")
    try:
        with home.connect() as connection:
            counts = _standardise(connection, str(source), target, batch, contract)
            return counts | _list_unmapped(connection, target, home.lake(batch, "unmapped", contract.source), contract)
    except (duckdb.Error, pl.exceptions.PolarsError, pa.ArrowException):
        raise DataError(
            "规范数据时出错，本数据源没有写出结果。",
            where=f"{contract.title}（{contract.source}），批次 {batch}",
            todo="重新读取本数据源后再运行；仍然出错请联系维护人员。",
        ) from None  # what they say may hold a value


def _standardise(
    connection: "duckdb.DuckDBPyConnection", source: str, target: Any, batch: str, contract: Contract
) -> dict[str, int | float]:
    characters.teach(connection)
    ids.teach_ids(connection)
    amounts.teach_amounts(connection)
    addresses.teach_addresses(connection)
    # The rows stream past the small tables, in the order written: left to itself DuckDB estimates them alike, builds its hash
    # table on the rows (measured at 500,000: 1.3 s instead of 0.3 s in the join on names) and no longer streams.
    connection.execute("SET disabled_optimizers = 'build_side_probe_side,join_order'")
    rows = _number_files(connection, source, contract)
    _read_distinct(connection, contract)
    write_parquet(connection, Projection(contract, batch).query("extract"), target)
    records, warned = connection.execute(
        f"SELECT count(*), count(*) FILTER (len(warnings) > 0) FROM read_parquet('{quoted(target)}')"
    ).fetchall()[0]
    counts: dict[str, int | float] = {"rows": rows, "records": records, "warned": warned}
    for status, amount in connection.execute(
        f"SELECT id_status, count(*) FROM read_parquet('{quoted(target)}') GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        counts[f"id_{status}"] = amount
    return counts


def _list_unmapped(
    connection: "duckdb.DuckDBPyConnection", rows: Path, target: Path, contract: Contract
) -> dict[str, int | float]:
    """Write down every wording that a `map` does not know, once, with its rows and sum (schemas/lake/standardise.sql)."""
    mapped = {name: column.map_sum for name, column in contract.columns.items() if column.map}
    if not mapped:
        return {}
    parts = [
        f"""SELECT '{contract.source}' AS source, '{name}' AS column_name, {name} AS text, count(*) AS rows,
            {f"sum({money})" if money else "NULL"}::DECIMAL(18,2) AS amount
            FROM read_parquet('{quoted(rows)}') WHERE {name} IS NOT NULL AND {name}_as IS NULL GROUP BY {name}"""
        for name, money in mapped.items()
    ]
    return {"unmapped": write_parquet(connection, f"{' UNION ALL '.join(parts)} ORDER BY ALL", target)}


def _number_files(connection: "duckdb.DuckDBPyConnection", source: str, contract: Contract) -> int:
    """Make the view `extract`: the rows with the number of their file among the sorted files. Gives the number of rows."""
    from_parquet = f"read_parquet('{quoted(source)}')"
    rows, files = connection.execute(f"SELECT count(*), count(DISTINCT file) FROM {from_parquet}").fetchall()[0]
    if files > _MOST_FILES:
        raise DataError(
            f"一个批次里的文件太多：{files} 个。",
            where=contract.title,
            todo=f"合并成不超过 {_MOST_FILES} 个文件后重新报送。",
        )
    connection.execute(f"""
        CREATE TEMP TABLE file_numbers AS
        SELECT file, row_number() OVER (ORDER BY file) AS file_no FROM (SELECT DISTINCT file FROM {from_parquet})
    """)
    connection.execute(f"CREATE TEMP VIEW extract AS SELECT * FROM {from_parquet} JOIN file_numbers USING (file)")
    return int(rows)


def _read_distinct(connection: "duckdb.DuckDBPyConnection", contract: Contract) -> None:
    """Make the small tables of distinct texts and what they say, for every kind of column that is read so."""
    declared = contract.text_columns()

    def of(*types: str) -> list[str]:
        return [name for name, column in declared.items() if column.type in types]

    _keep(connection, "name_values", names.read_names(_distinct(connection, of("name"))))
    _keep(connection, "date_values", dates.read_dates(_distinct(connection, of("date", "month"))))
    for name in [*of("code", "set", "sex"), *(name for name, column in declared.items() if column.map)]:
        _keep(connection, f"code_{name}", _read_codes(_distinct(connection, [name]), declared[name]))
    connection.execute(f"CREATE TEMP TABLE address_raw AS {_distinct_query(members.columns_of(contract, 'address'))}")
    addresses.read_addresses(connection)
    _keep_places(connection, contract, "town", codes.read_town, "known")
    _keep_places(connection, contract, "village", codes.read_village, "town")


def _keep_places(
    connection: "duckdb.DuckDBPyConnection",
    contract: Contract,
    kind: str,
    read: Callable[[str], tuple[str | None, Any]],
    second: str,
) -> None:
    """Towns' or villages' names, from their own column and from addresses: raw, value, and the second thing that is read."""
    there = connection.execute(f"SELECT DISTINCT {kind}_raw FROM address_values WHERE {kind}_raw <> ''").fetchall()
    said = _distinct(connection, members.columns_of(contract, kind)).to_pylist()
    texts = sorted({*said, *(text for (text,) in there)})
    read_texts = [read(text) for text in texts]
    table = _table(raw=texts, value=[value for value, _ in read_texts], **{second: [more for _, more in read_texts]})
    _keep(connection, f"{kind}_values", table)


def _distinct(connection: "duckdb.DuckDBPyConnection", columns: Iterable[str]) -> "pa.Array":
    """The distinct texts of some columns together."""
    import pyarrow as pa

    found = connection.sql(_distinct_query(columns)).to_arrow_table().column("raw").combine_chunks()
    return found.cast(pa.string())


def _distinct_query(columns: Iterable[str]) -> str:
    parts = [f'SELECT DISTINCT "{column}" AS raw FROM extract WHERE "{column}" IS NOT NULL' for column in columns]
    return " UNION ".join(parts) or "SELECT NULL::VARCHAR AS raw WHERE FALSE"


def _read_codes(texts: "pa.Array", column: Column) -> "pa.Table":
    """Distinct texts of a code, set or sex column: raw, value, and whether it was understood."""
    import pyarrow as pa

    table = column.codes or column.map or ""
    reading: dict[str, Callable[[str], tuple[Any, bool]]] = {
        "text": lambda text: (value := codes.read_code(text, table), value is not None),
        "code": lambda text: (value := codes.read_code(text, table), value is not None),
        "set": lambda text: codes.read_set(text, table),
        "sex": lambda text: codes.read_sex(text, zero_one=column.zero_one_sex),
    }
    raw = texts.to_pylist()
    values = [reading[column.type](text) for text in raw]
    kind = pa.list_(pa.string()) if column.type == "set" else pa.string()
    read = {"raw": texts, "value": pa.array([v for v, _ in values], kind), "known": pa.array([k for _, k in values], pa.bool_())}
    if column.map:
        classes = code_classes(column.map)
        read["class"] = pa.array([classes.get(value) for value, _ in values], pa.string())
    return pa.table(read)


def _table(**columns: Any) -> "pa.Table":
    import pyarrow as pa

    kinds = {"known": pa.bool_()}
    return pa.table({name: pa.array(column, kinds.get(name, pa.string())) for name, column in columns.items()})


def _keep(connection: "duckdb.DuckDBPyConnection", name: str, table: "pa.Table") -> None:
    """Put an Arrow table into the connection as a table of its own."""
    connection.register("arrow_values", table)
    connection.execute(f'CREATE TEMP TABLE "{name}" AS FROM arrow_values').fetchall()
    connection.unregister("arrow_values")
