"""Keeping what came back: answers and results on record, which of them stand, which files were read.

Belongs here: what is new, what is a repetition, what is superseded. Does not belong here: what a row says (`answers`,
`referred`).

Nothing is ever removed: what a later answer supersedes stays on record.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipelines.storage import SCHEMAS, Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Recorded:
    """One table on record.

    Attributes:
        table: its name in `schemas/lake/returns.sql`.
        same: the columns by which a row repeats another.
        subject: the columns of what is answered; one row of each stands.
        day: the column that says when it happened.
    """

    table: str
    same: tuple[str, ...]
    subject: tuple[str, ...]
    day: str


KINDS: Mapping[str, Recorded] = {
    "worklist": Recorded(
        "followups",
        (
            "lead_id", "outcome_code", "visited_on", "visitors", "note", "referred_to", "method", "reason_not_included",
            "household_size", "difficulties", "income_amount",
        ),
        ("lead_id",),
        "visited_on",
    ),
    "referral": Recorded(
        "referral_results",
        ("lead_id", "department", "result_code", "closed_on", "handler", "granted", "note"),
        ("lead_id", "department"),
        "closed_on",
    ),
}  # fmt: skip
"""By the kind of list that came back."""


@contextmanager
def on_record(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> Iterator[None]:
    """The batch's declared tables of `returns`, filled with what is on record, in a schema of their own while the block runs.

    The connection's current schema has them by their names; they are dropped with everything else made in it.
    """
    connection.execute("CREATE SCHEMA kept; USE kept")
    try:
        connection.execute((SCHEMAS / "lake" / "returns.sql").read_text(encoding="utf-8"))
        for table in ("followups", "referral_results", "files"):
            path = home.lake(batch, "returns", table)
            if path.exists():
                connection.execute(f"INSERT INTO {table} BY NAME FROM read_parquet('{quoted(path)}')")
        yield
    finally:
        connection.execute("USE memory.main; DROP SCHEMA kept CASCADE")


def add(
    connection: "duckdb.DuckDBPyConnection",
    kind: Recorded,
    answers: Sequence[tuple[Any, str, int]],
    received_in: str,
    now: dt.datetime,
) -> int:
    """Add answers to what is on record, and say which stand.

    What came last stands: a town that corrects a date sends it again. Of answers that came together, the latest day's.

    Args:
        connection: inside `on_record`.
        kind: which table.
        answers: (answer, file, row number) of each.
        received_in: the batch in which they are read.
        now: when.

    Returns:
        how many are new; the others were on record already.
    """
    connection.execute(f"CREATE OR REPLACE TABLE fresh AS SELECT * EXCLUDE (superseded) FROM {kind.table} LIMIT 0")
    rows = [
        {**asdict(answer), "file": file, "row_no": row_no, "received_in": received_in, "received_at": now}
        for answer, file, row_no in answers
    ]
    insert(connection, "fresh", rows)
    same = " AND ".join(f"o.{name} IS NOT DISTINCT FROM f.{name}" for name in kind.same)
    connection.execute(f"""
        CREATE OR REPLACE TABLE added AS
        SELECT * FROM fresh AS f
        WHERE NOT EXISTS (SELECT 1 FROM {kind.table} AS o WHERE {same})
        QUALIFY row_number() OVER (PARTITION BY {", ".join(kind.same)} ORDER BY file, row_no) = 1
    """)
    connection.execute(f"INSERT INTO {kind.table} BY NAME SELECT *, false AS superseded FROM added")
    connection.execute(f"""
        CREATE OR REPLACE TABLE {kind.table} AS
        SELECT * REPLACE (
            row_number() OVER (
                PARTITION BY {", ".join(kind.subject)}
                ORDER BY received_at DESC, {kind.day} DESC NULLS LAST, file DESC, row_no DESC
            ) > 1 AS superseded
        ) FROM {kind.table}
    """)
    return int(connection.execute("SELECT count(*) FROM added").fetchall()[0][0])


def write(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Write the tables of `on_record` to the lake."""
    for kind in KINDS.values():
        write_parquet(
            connection, f"FROM {kind.table} ORDER BY lead_id, received_at, file, row_no", home.lake(batch, "returns", kind.table)
        )
    write_parquet(connection, "FROM files ORDER BY read_at, file", home.lake(batch, "returns", "files"))


def known_files(connection: "duckdb.DuckDBPyConnection", home: Home, batches: Sequence[str]) -> set[str]:
    """SHA-256 of every file that was read."""
    known: set[str] = set()
    for batch in batches:
        path = home.lake(batch, "returns", "files")
        if path.exists():
            known |= {row[0] for row in connection.execute(f"SELECT sha256 FROM read_parquet('{quoted(path)}')").fetchall()}
    return known


def insert(connection: "duckdb.DuckDBPyConnection", table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows by the names of their columns."""
    if not rows:
        return
    import polars as pl

    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    connection.register("given_rows", frame.to_arrow())
    connection.execute(f"INSERT INTO {table} BY NAME FROM given_rows")
    connection.unregister("given_rows")
