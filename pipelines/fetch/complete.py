"""Which files are whole.

Belongs here: the marks by which a sender says that a file is whole (`<file>.done`, a list of SHA-256), names of files still being
written, and when size and time count as standing still. The drop folder's files are told whole by the same marks.
Does not belong here: carrying them over, or opening them.
"""

import datetime as dt
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.declared import Delivery
from pipelines.fetch.place import FilePlace, RemoteFile
from pipelines.fetch.transfer import Carried
from pipelines.progress import Reporter

UNFINISHED = frozenset({".tmp", ".part", ".partial", ".crdownload", ".filepart"})
"""Endings that programs give to a file while they write it."""
DONE = ".done"
MANIFESTS = ("SHA256SUMS", "sha256sums.txt", "SHA256SUMS.txt")
"""What a list of SHA-256 is called in the drop folder."""

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")
_MANIFEST_BYTES = 16 << 20
_LONG_AGO = dt.timedelta(days=1)


def is_unfinished(name: str) -> bool:
    """Whether a name says that the file is still being written, or is no data at all (hidden files, an editor's locks)."""
    path = PurePosixPath(name)
    return path.suffix.lower() in UNFINISHED or any(part.startswith((".", "~$")) for part in path.parts if part != ".")


def is_mark(name: str) -> bool:
    """Whether a file is only a mark for others."""
    return name.endswith(DONE) or PurePosixPath(name).name in MANIFESTS


def without_done(names: Iterable[str]) -> list[str]:
    """Of a folder's files those that lack their `.done`, where any of them has one; none if nobody uses such marks."""
    every = set(names)
    if not any(name.endswith(DONE) for name in every):
        return []
    return sorted(name for name in every if not is_mark(name) and name + DONE not in every)


def read_manifest(text: str) -> Mapping[str, str]:
    """File name → SHA-256, as `sha256sum` writes them.

    Raises:
        ValueError: a line is something else.
    """
    listed = {}
    for line in text.removeprefix("\ufeff").splitlines():
        if line.strip():
            found = _LINE.fullmatch(line.rstrip())
            if not found:
                raise ValueError
            listed[found[2].removeprefix("./")] = found[1].lower()
    return listed


def lies_long(changed: dt.datetime | None) -> bool:
    """Whether a file was last written so long ago that no difference between two machines' clocks could matter."""
    return changed is not None and dt.datetime.now(dt.UTC) - changed > _LONG_AGO


def announced(place: FilePlace, delivery: Delivery, found: dict[str, RemoteFile], pattern: str) -> dict[str, str]:
    """What digests the sender says the files have.

    Raises:
        DataError: the sender's marks say that not all is there yet.
    """
    if delivery.complete == "done":
        waiting = [remote.path for remote in found.values() if place.look(remote.path + DONE) is None]
        if waiting:
            raise _not_yet(f"有 {len(waiting)} 个文件旁边还没有 {DONE} 标记。", f"{place.where} {waiting[0]}")
    expected: dict[str, str] = {}
    if delivery.complete == "manifest":
        names = {remote.path: name for name, remote in found.items()}
        for folder in sorted({str(PurePosixPath(path).parent) for path in names}):
            expected |= _listed(place, delivery, folder, names, pattern)
    return expected


def _listed(place: FilePlace, delivery: Delivery, folder: str, names: dict[str, str], pattern: str) -> dict[str, str]:
    path = str(PurePosixPath(folder) / delivery.manifest)
    where = f"{place.where} {path}"
    manifest = place.look(path)
    if manifest is None:
        raise _not_yet(f"还没有清单 {delivery.manifest}。", where)
    if manifest.size > _MANIFEST_BYTES:
        raise DataError("清单大得不正常，没有读取。", where=where, todo="核对 sources.yaml 里的 manifest。")
    try:
        listed = read_manifest(b"".join(place.read(path, 0)).decode("utf-8"))
    except ValueError:
        raise DataError("清单读不懂。", where=where, todo="请对方用 sha256sum 生成：每行一个校验值、两个空格、文件名。") from None
    here = {PurePosixPath(remote).name: name for remote, name in names.items() if str(PurePosixPath(remote).parent) == folder}
    absent = [name for name in listed if PurePosixPath(name).match(PurePosixPath(pattern).name) and name not in here]
    extra = [name for name in here if name not in listed]
    if absent or extra:
        raise _not_yet(f"清单与文件对不上：清单里有而没有到的 {len(absent)} 个，到了而清单里没有的 {len(extra)} 个。", where)
    return {here[name]: digest for name, digest in listed.items() if name in here}


def _not_yet(what: str, where: str) -> DataError:
    return DataError(f"对方还没有传完：{what}", where=where, todo="等对方传完后重新运行；一直这样就与对方核对约定。")


def let_settle(place: FilePlace, carried: dict[str, Carried], until: float, reporter: Reporter) -> None:
    """Look again at files that were written lately, when they have had time to change.

    Raises:
        DataError: one did; none of the delivery is taken.
    """
    fresh = [copy for copy in carried.values() if not lies_long(copy.remote.changed)]
    wait = until - time.monotonic()
    if fresh and wait > 0:
        reporter.note(f"有 {len(fresh)} 个文件是新近写的，等 {wait:.0f} 秒看它们是否还在变化。")
        time.sleep(wait)
    for copy in fresh:
        if place.look(copy.remote.path) != copy.remote:
            copy.discard()
            raise failures.changed(f"{place.where} {copy.remote.path}")
