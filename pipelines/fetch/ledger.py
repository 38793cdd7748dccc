"""The ledger of what was fetched: from where, when, of which size, time and digest.

Belongs here: its columns as declared in `schemas/lake/fetch.sql`, reading and writing it. Does not belong here: fetching.

States: `current`, it lies in the drop folder; `replaced`, another content of the same name was fetched later; `withdrawn`, it is
no longer where it was fetched from, and what was fetched stays.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal

from pipelines.lake_tables import frame
from pipelines.storage import Home, whole_or_absent

State = Literal["current", "replaced", "withdrawn"]


@dataclass
class Fetched:
    """One line; the fields are the columns of `fetched` in `schemas/lake/fetch.sql`."""

    batch: str
    source: str
    place: str
    kind: str
    remote: str
    remote_bytes: int | None
    remote_changed: dt.datetime | None
    file: str
    sha256: str
    bytes: int
    rows: int | None
    resumed_from: int
    asked_at: dt.datetime
    fetched_at: dt.datetime
    state: State = "current"


def fetched_path(home: Home, batch: str) -> Path:
    """Where a batch's ledger lies: beside the lake, in which a folder says that a batch was run."""
    return home.root / "fetched" / f"{batch}.parquet"


def read_fetched(home: Home, batch: str) -> list[Fetched]:
    """A batch's lines, oldest first."""
    import polars as pl

    path = fetched_path(home, batch)
    return [Fetched(**line) for line in pl.read_parquet(path).iter_rows(named=True)] if path.exists() else []


def write_fetched(lines: Sequence[Fetched], home: Home, batch: str) -> None:
    """Write a batch's ledger, whole or not at all."""
    with whole_or_absent(fetched_path(home, batch)) as new:
        frame("fetch", "fetched", map(astuple, lines)).write_parquet(new, compression="zstd")
