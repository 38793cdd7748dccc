"""Carrying one file over, so that an interrupted transfer goes on where it stopped.

Belongs here: the unfinished copy beside the file's place, what it is a copy of, going on with it, the digest.
Does not belong here: which files (`stage`), how bytes are asked for (the module of the place).

The unfinished copy's name begins with a dot: nobody who reads the drop folder takes it for a file. Beside it stands which
file, of which size and time, it is a copy of; if that is another one by now, the copy begins again. So it does if its last bytes
are not the ones that lie there (a disk that lost power may hold zeros).
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.place import BLOCK, FilePlace, RemoteFile

_OVERLAP = 64 << 10
"""How much of an unfinished copy's end is compared before going on."""
_SPARE = 16 << 20
"""Room that is left on the disk."""


@dataclass(frozen=True)
class Carried:
    """A file carried over whole, not yet in its place.

    `part` is where it lies; `resumed_from` how many bytes an earlier, interrupted transfer had brought already.
    """

    remote: RemoteFile
    part: Path
    target: Path
    sha256: str
    resumed_from: int

    def adopt(self) -> None:
        """Put the file into its place; the same content leaves what lies there untouched, its time too."""
        if self.target.exists() and self.target.stat().st_size == self.remote.size and digest_of(self.target) == self.sha256:
            self.part.unlink()
        else:
            os.replace(self.part, self.target)
        _note(self.part).unlink(missing_ok=True)

    def discard(self) -> None:
        """Throw the copy away."""
        self.part.unlink(missing_ok=True)
        _note(self.part).unlink(missing_ok=True)


def carry(place: FilePlace, remote: RemoteFile, target: Path, told: Callable[[int], None] = lambda _: None) -> Carried:
    """Bring a file over, going on with an unfinished copy of the same file.

    Args:
        place: where it lies.
        remote: the file, as it was listed.
        target: where it will lie.
        told: hears of bytes.

    Raises:
        DataError: it could not be brought over whole; the unfinished copy stays, to go on with.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    sha256, resumed_from = _go_on(place, remote, part, told)
    return Carried(remote, part, target, sha256, resumed_from)


def part_of(target: Path) -> Path:
    """Where a file's unfinished copy lies. Its name is a hash: a dot more could make a long name too long."""
    return target.parent / f".{hashlib.sha256(target.name.encode()).hexdigest()[:16]}.part"


def _note(part: Path) -> Path:
    return part.with_suffix(".part-of")


def _identity(remote: RemoteFile) -> str:
    return json.dumps([remote.path, remote.size, remote.changed and remote.changed.isoformat()], ensure_ascii=False)


def _go_on(place: FilePlace, remote: RemoteFile, part: Path, told: Callable[[int], None]) -> tuple[str, int]:
    """The digest, and how much had been there before."""
    where = f"{place.where} {remote.path}"
    held = _held(place, remote, part)
    if shutil.disk_usage(part.parent).free < remote.size - held + _SPARE:
        raise failures.disk_full(str(part.parent))
    digest = hashlib.sha256()
    try:
        if not held:
            part.unlink(missing_ok=True)
            _note(part).write_text(_identity(remote), encoding="utf-8")
        with part.open("r+b" if held else "wb") as file:
            while block := file.read(BLOCK) if held else b"":
                digest.update(block)
                told(len(block))
            size = held
            if size < remote.size:
                for block in place.read(remote.path, held):
                    file.write(block)
                    digest.update(block)
                    size += len(block)
                    told(len(block))
                    if size > remote.size:
                        break
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise DataError("取回的文件写不进收件文件夹。", where=str(part.parent), todo="检查这个文件夹的权限和磁盘。") from None
        Carried(remote, part, part, "", 0).discard()  # it would only keep the disk full
        raise failures.disk_full(str(part.parent)) from None
    now = place.look(remote.path)
    if now is None:
        raise failures.vanished(where)
    if now != remote or size > remote.size:
        Carried(remote, part, part, "", 0).discard()
        raise failures.changed(where)
    if size < remote.size:
        raise failures.cut_off(where)
    return digest.hexdigest(), held


def _held(place: FilePlace, remote: RemoteFile, part: Path) -> int:
    """How many bytes of this very file lie in the unfinished copy; 0 if they cannot be trusted."""
    with contextlib.suppress(OSError):
        size = part.stat().st_size
        if 0 < size <= remote.size and _note(part).read_text(encoding="utf-8") == _identity(remote):
            start = max(0, size - _OVERLAP)
            with part.open("rb") as file:
                file.seek(start)
                end = file.read()
            blocks, there = place.read(remote.path, start), b""
            for block in blocks:
                there += block
                if len(there) >= len(end):
                    break
            return size if there[: len(end)] == end else 0
    return 0


def digest_of(path: Path) -> str:
    """A file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
