"""What a place that holds files can do, whatever it is.

Belongs here: the protocol, and choosing the module of a kind. Does not belong here: any client.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from pipelines.fetch.declared import S3, Sftp
from pipelines.storage import Home

BLOCK = 4 << 20
"""Bytes asked for at once."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as it lies at a place: its path there, its bytes, and when it was last written."""

    path: str
    size: int
    changed: dt.datetime | None


class FilePlace(Protocol):
    """A place that is connected."""

    where: str
    """The place as messages tell it."""
    whole_at_once: bool
    """A file appears there whole or not at all."""

    def find(self, pattern: str) -> list[RemoteFile]:
        """The files that fit a pattern, in the order of their paths."""

    def look(self, path: str) -> RemoteFile | None:
        """One file; None if it is not there."""

    def read(self, path: str, offset: int) -> Iterator[bytes]:
        """A file's bytes from `offset` on, block by block."""


def open_place(place: Sftp | S3, key: str, home: Home) -> AbstractContextManager[FilePlace]:
    """Connect to a place.

    Raises:
        DataError: it cannot be reached, or does not let us in.
    """
    if isinstance(place, Sftp):
        from pipelines.fetch.sftp import open_sftp

        return open_sftp(place, key, home)
    from pipelines.fetch.s3 import open_s3

    return open_s3(place, key, home)


def fixed_parts(pattern: str) -> int:
    """How many leading parts of a pattern are the same for every file: what follows is the file's name in the drop folder."""
    parts = PurePosixPath(pattern).parts
    wild = [number for number, part in enumerate(parts) if "*" in part or "?" in part]
    return min([*wild, len(parts) - 1])


def landing_name(path: str, pattern: str) -> str:
    """What a file is called below the place's folder in the drop folder; empty if its name would lead out of it."""
    parts = PurePosixPath(path).parts[fixed_parts(pattern) :]
    if not parts or any(part in ("..", "/", "") or "\0" in part or "\\" in part for part in parts):
        return ""
    return "/".join(parts)
