"""The ledger: every file that was ever read into a batch, with its SHA-256, size, counts and what became of it.

Belongs here: the ledger's lines, and deciding from it which files are new, corrected, known, repeated or gone.
Does not belong here: reading them.

States: `current`, its rows lie in the lake; `replaced`, a corrected file of the same name came; `duplicate`, the same
content lies there already under another name, so its rows were not loaded again. A file that has gone from the drop
folder stays `current`: what was read once stays, until a file of its name replaces it (one with headings only empties it).
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Literal

from pipelines.extracts.find import Found
from pipelines.lake_tables import frame
from pipelines.month import SHANGHAI
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
    sheet: str | None = None

    @property
    def name(self) -> str:
        """The file's name in the folder: without the sheet, where several sheets of a workbook are read."""
        return self.file.removesuffix(f"/{self.sheet}") if self.sheet else self.file


def read_ledger(path: Path) -> list[Line]:
    """The ledger's lines, oldest first; none if there is no ledger yet."""
    import polars as pl

    if not path.exists():
        return []
    return [Line(**line) for line in pl.read_parquet(path).iter_rows(named=True)]


def write_ledger(lines: Sequence[Line], path: Path) -> None:
    """Write the ledger, whole or not at all."""
    with whole_or_absent(path) as new:
        frame("extracts", "files", map(astuple, lines)).write_parquet(new, compression="zstd")


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


def plan(
    found: Sequence[tuple[Found, str]], lines: Sequence[Line], *, rows_are_good: bool, withdrawn: Collection[str] = ()
) -> Plan:
    """Compare a folder with the ledger.

    Args:
        found: the folder's files with their SHA-256.
        lines: the ledger.
        rows_are_good: the rows in the lake were read by today's contract and are the ledger's; else all are read again.
        withdrawn: contents that are not to be counted, by the officer's answer: another file takes their place.
    """
    found = [(file, digest) for file, digest in found if digest not in withdrawn]
    dropped = [line for line in lines if line.state == "current" and line.sha256 in withdrawn]
    current: dict[str, list[Line]] = {}
    for line in lines:
        if line.state == "current" and line.sha256 not in withdrawn:
            current.setdefault(line.name, []).append(line)
    names = {file.name for file, _ in found}
    holder: dict[str, str] = {}
    for file, digest in found:  # a name that has the content already keeps it
        if file.name in current and current[file.name][0].sha256 == digest:
            holder.setdefault(digest, file.name)
    for name, held in current.items():
        if name not in names:
            holder.setdefault(held[0].sha256, name)
    read, keep, replaced, duplicates = [], [], list(dropped), []
    for file, digest in found:
        earlier = current.get(file.name, [])
        if holder.setdefault(digest, file.name) != file.name:
            duplicates.append((file, digest, holder[digest]))
            replaced += earlier
        elif earlier and earlier[0].sha256 == digest and rows_are_good:
            keep += earlier
        else:
            replaced += earlier
            read.append((file, digest))
    gone = [name for name in current if name not in names]
    return Plan(read, keep + [line for name in gone for line in current[name]], replaced, duplicates, gone)


def known_duplicates(lines: Sequence[Line]) -> Mapping[str, str]:
    """Name → SHA-256 of the files on record as repeating another's content."""
    return {line.file: line.sha256 for line in lines if line.state == "duplicate"}


def kept_from(lines: Sequence[Line]) -> str:
    """What of a ledger's files is kept, and when it was read, in words."""
    current = [line for line in lines if line.state == "current"]
    first, last = min(line.read_at for line in current), max(line.read_at for line in current)
    times = [f"{time.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for time in (first, last)]
    when = times[0] if times[0] == times[1] else f"{times[0]} 至 {times[1]}"
    rows = sum(line.accepted for line in current)
    return f"沿用 {when} 读入的 {len({line.name for line in current})} 个文件、{rows:,} 行"
