"""The ledger: every file that was ever read into a batch, with its SHA-256, size, counts and what became of it.

Belongs here: the ledger's lines, and deciding from it which files are new, corrected, known, repeated or gone.
Does not belong here: reading them.

States: `current`, its rows lie in the lake; `replaced`, a corrected file of the same name came; `duplicate`, the same
content lies there already under another name, so its rows were not loaded again. A file that has gone from the drop
folder stays `current`: what was read once stays, until a file of its name replaces it (one with headings only empties it).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipelines.extracts.find import Found
from pipelines.storage import whole_or_absent

State = Literal["current", "replaced", "duplicate"]


@dataclass
class Line:
    """One line of the ledger; the fields are the columns of `files` in `schemas/lake/extracts.sql`."""

    batch: str
    source: str
    file: str
    sha256: str
    bytes: int
    read_at: dt.datetime
    encoding: str | None = None
    format: str | None = None
    heading_row: int | None = None
    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    unknown_headings: list[str] = field(default_factory=list)
    state: State = "current"


def read_ledger(path: Path) -> list[Line]:
    """The ledger's lines, oldest first; none if there is no ledger yet."""
    import polars as pl

    if not path.exists():
        return []
    return [Line(**line) for line in pl.read_parquet(path).iter_rows(named=True)]


def write_ledger(lines: Sequence[Line], path: Path) -> None:
    """Write the ledger, whole or not at all."""
    import polars as pl

    with whole_or_absent(path) as new:
        pl.DataFrame([asdict(line) for line in lines], schema=_columns(), orient="row").write_parquet(new, compression="zstd")


def _columns() -> dict[str, Any]:
    import polars as pl

    numbers = dict.fromkeys(("rows_read", "accepted", "rejected", "skipped"), pl.Int64)
    return {
        **dict.fromkeys(("batch", "source", "file", "sha256"), pl.String),
        "bytes": pl.Int64,
        "read_at": pl.Datetime("us", "UTC"),
        "encoding": pl.String,
        "format": pl.String,
        "heading_row": pl.Int32,
        **numbers,
        "unknown_headings": pl.List(pl.String),
        "state": pl.String,
    }


@dataclass(frozen=True)
class Plan:
    """What to do with a source's files.

    `read` are to be read; `keep` are lines whose rows are taken over as they lie in the lake; `replaced` are lines whose
    rows go; `duplicates` are files that repeat another's content, with its name; `gone` are kept though not in the folder.
    """

    read: list[tuple[Found, str]]
    keep: list[Line]
    replaced: list[Line]
    duplicates: list[tuple[Found, str, str]]
    gone: list[str]


def plan(found: Sequence[tuple[Found, str]], lines: Sequence[Line], *, rows_are_good: bool) -> Plan:
    """Compare a folder with the ledger.

    Args:
        found: the folder's files with their SHA-256.
        lines: the ledger.
        rows_are_good: the rows in the lake were read by today's contract and are the ledger's; else all are read again.
    """
    current = {line.file: line for line in lines if line.state == "current"}
    names = {file.name for file, _ in found}
    holder: dict[str, str] = {}
    for file, digest in found:  # a name that has the content already keeps it
        if file.name in current and current[file.name].sha256 == digest:
            holder.setdefault(digest, file.name)
    for line in current.values():
        if line.file not in names:
            holder.setdefault(line.sha256, line.file)
    read, keep, replaced, duplicates = [], [], [], []
    for file, digest in found:
        if holder.setdefault(digest, file.name) != file.name:
            duplicates.append((file, digest, holder[digest]))
            if file.name in current:
                replaced.append(current[file.name])
            continue
        earlier = current.get(file.name)
        if earlier is not None and earlier.sha256 == digest and rows_are_good:
            keep.append(earlier)
            continue
        if earlier is not None:
            replaced.append(earlier)
        read.append((file, digest))
    gone = [line for line in current.values() if line.file not in names]
    return Plan(read, keep + gone, replaced, duplicates, [line.file for line in gone])


def known_duplicates(lines: Sequence[Line]) -> Mapping[str, str]:
    """Name → SHA-256 of the files on record as repeating another's content."""
    return {line.file: line.sha256 for line in lines if line.state == "duplicate"}
