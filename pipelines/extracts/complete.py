"""Whether the drop folder's files are whole, before any is opened.

Belongs here: a sender's marks beside the files (`<file>.done`, a list of SHA-256), and waiting until what was put there a moment
ago stands still. Does not belong here: what a mark looks like (`pipelines.fetch.complete`: it is the same at both ends).
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pipelines.errors import DataError
from pipelines.extracts.find import dropped
from pipelines.fetch.complete import DONE, MANIFESTS, read_manifest, without_done
from pipelines.fetch.transfer import digest_of

SETTLE_SECONDS = 10.0
"""How long a file must lie unchanged before a run that a person starts reads it (`ZHUDONG_SETTLE`, in seconds)."""


def awaited(folder: Path) -> int:
    """How many of a source's files are not whole yet by their senders' marks; only names and lists are looked at."""
    waiting = 0
    for inside, files in _folders(folder):
        waiting += len(without_done(_with_marks(inside, files)))
        for manifest in _manifests(inside):
            try:
                waiting += sum(not (inside / name).is_file() for name in read_manifest(manifest.read_text(encoding="utf-8")))
            except (ValueError, OSError):
                waiting += 1  # the list itself is still being written, or is none: reading says which
    return waiting


def check_marks(folder: Path) -> None:
    """Hold a source's files against their senders' marks, where there are any.

    Raises:
        DataError: a file lacks its `.done` while others have one; a list names a file that is not there, or another content.
    """
    for inside, files in _folders(folder):
        where = f"{'/'.join(folder.parts[-2:])}/{inside.relative_to(folder)}".removesuffix("/.")
        waiting = without_done(_with_marks(inside, files))
        if waiting:
            raise DataError(
                f"有 {len(waiting)} 个文件旁边没有 {DONE} 标记，可能还没有传完，没有读取。",
                where=f"{where}/{waiting[0]}",
                todo=f"等传完、有了 {DONE} 标记再运行；这些文件本来就没有标记的，删去这个文件夹里所有的 {DONE} 文件。",
            )
        for manifest in _manifests(inside):
            _check_manifest(manifest, files, where)


def _folders(folder: Path) -> Iterator[tuple[Path, dict[str, Path]]]:
    """A source's folder and those in it, each with its own files that would be read."""
    if folder.is_dir():
        for inside in [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]:
            yield inside, {path.name: path for path in dropped(inside) if path.parent == inside}


def _with_marks(inside: Path, files: Mapping[str, Path]) -> list[str]:
    return [*files, *(path.name for path in inside.glob(f"*{DONE}"))]


def _manifests(inside: Path) -> list[Path]:
    return [inside / name for name in MANIFESTS if (inside / name).is_file()]


def _check_manifest(manifest: Path, files: Mapping[str, Path], where: str) -> None:
    try:
        listed = read_manifest(manifest.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise DataError(
            "文件清单读不懂。",
            where=f"{where}/{manifest.name}",
            todo="清单应由 sha256sum 生成：每行一个校验值、两个空格、文件名。",
        ) from None
    for name, digest in listed.items():
        path = manifest.parent / name
        if not path.is_file():
            raise DataError("清单里的文件没有到。", where=f"{where}/{name}", todo="等文件传完，或请部门补上后重新运行。")
        if digest_of(path) != digest:
            raise DataError("文件与清单里的校验值不符，没有读取。", where=f"{where}/{name}", todo="可能没有传完；请重新复制。")
    extra = sorted(set(files) - set(listed))
    if extra:
        raise DataError("文件不在清单里，没有读取。", where=f"{where}/{extra[0]}", todo="请部门把它写进清单，或移走它。")


def wait_until_still(folders: Iterable[Path], told: Callable[[str], None]) -> None:
    """Wait until no file of these folders was written for a while. Files that have lain there longer cost nothing.

    Raises:
        DataError: a file was written to meanwhile.
    """
    seconds = float(os.environ.get("ZHUDONG_SETTLE", SETTLE_SECONDS))
    every = list(folders)
    before = _states(every)
    # A time ahead of this machine's clock says nothing of when the file was written: it waits the whole time, once.
    age = max(0.0, min((time.time() - changed / 1e9 for _, changed in before.values()), default=seconds))
    if age >= seconds:
        return
    told(f"有刚放进来的文件，等 {seconds - age:.0f} 秒看它们是否还在变化。")
    time.sleep(seconds - age)
    moved = [path for path, state in _states(every).items() if before.get(path) != state]
    if moved:
        raise DataError(
            f"有 {len(moved)} 个文件还在变化，没有读取。",
            where="/".join(moved[0].parts[-3:-1]),
            todo="等文件传完、不再变化后重新运行。",
        )


def _states(folders: list[Path]) -> dict[Path, tuple[int, int]]:
    return {path: (state.st_size, state.st_mtime_ns) for folder in folders for path in dropped(folder) if (state := path.stat())}
