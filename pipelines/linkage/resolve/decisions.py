"""What clerks decided: it outranks the model and is never asked twice.

Belongs here: the decisions file of the home folder. Does not belong here: the review list (`review.questions`).

The key of a decision is the record's `identity_hash`: the same row next month, in another file and at another place, is the same
question. Source, file and row are kept beside it for people.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipelines.storage import Home, quoted, whole_or_absent


@dataclass(frozen=True)
class Decision:
    """One answer: whether a record is a person's."""

    identity_hash: int
    person_id: str
    same: bool
    decided_by: str
    decided_at: datetime
    source: str = ""
    file: str = ""
    row_no: int = 0
    member_no: int = 0


_COLUMNS = (
    "identity_hash UBIGINT, person_id VARCHAR, same BOOLEAN, decided_by VARCHAR, decided_at TIMESTAMPTZ, "
    "source VARCHAR, file VARCHAR, row_no INTEGER, member_no TINYINT"
)


def decisions_file(home: Home) -> Path:
    """Where the decisions lie."""
    return home.root / "decisions" / "match.parquet"


def read_decisions(home: Home) -> list[Decision]:
    """Every decision in force: the latest about a record and a person, and the latest of several persons called the same."""
    path = decisions_file(home)
    if not path.exists():
        return []
    with home.connect() as connection:
        rows = connection.execute(f"""
            SELECT identity_hash, person_id, same, decided_by, decided_at, source, file, row_no, member_no
            FROM read_parquet('{quoted(path)}')
            QUALIFY row_number() OVER (PARTITION BY identity_hash, person_id ORDER BY decided_at DESC, same DESC) = 1
                AND (NOT same OR row_number() OVER (PARTITION BY identity_hash, same ORDER BY decided_at DESC, person_id) = 1)
            ORDER BY identity_hash, person_id""").fetchall()
    return [Decision(*row) for row in rows]


def record_decisions(home: Home, rows: Iterable[Decision]) -> int:
    """Add decisions to the file; earlier ones stay on record, the latest is in force.

    Returns:
        how many decisions the file now holds.
    """
    path = decisions_file(home)
    new = [tuple(asdict(row).values()) for row in rows]
    with home.connect() as connection:
        order = "identity_hash, person_id, same, decided_by, decided_at, source, file, row_no, member_no"
        connection.execute(f"CREATE TABLE decision ({_COLUMNS})")
        if path.exists():
            connection.execute(f"INSERT INTO decision SELECT {order} FROM read_parquet('{quoted(path)}')")
        if new:
            connection.executemany(f"INSERT INTO decision ({order}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", new)
        with whole_or_absent(path) as target:
            written = connection.execute(
                "COPY (SELECT DISTINCT * FROM decision ORDER BY decided_at, identity_hash, person_id) "
                f"TO '{quoted(target)}' (FORMAT parquet)"
            ).fetchall()
    return int(written[0][0])


def load_decisions(connection: "object", home: Home) -> int:
    """Make the table `decision` (profile, person_id, same) of the decisions in force; return their number."""
    decisions = read_decisions(home)
    connection.execute("CREATE OR REPLACE TABLE decision (profile UBIGINT, person_id VARCHAR, same BOOLEAN)")  # type: ignore[attr-defined]
    if decisions:
        connection.executemany(  # type: ignore[attr-defined]
            "INSERT INTO decision VALUES (?, ?, ?)", [(d.identity_hash, d.person_id, d.same) for d in decisions]
        )
    return len(decisions)
