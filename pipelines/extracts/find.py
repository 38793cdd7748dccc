"""Which files a source has in a batch, inside archives too.

Belongs here: walking the drop folder, looking into zips, giving a file's bytes to whoever reads them.
Does not belong here: what the bytes mean.
"""

import contextlib
import hashlib
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.decode import BLOCK, sha256
from pipelines.extracts.formats import PACKED, TABLES, check_unpacked_size, kind_of
from pipelines.fetch.complete import UNFINISHED, is_mark

_NOT_DATA = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True)
class Found:
    """One file of a source.

    `name` is its path below the source's folder, a member of a zip `a.zip/b.csv`; `where` the same from the batch on, for
    messages; `size` its bytes, unpacked; `changed` when it was last written, in nanoseconds.
    """

    name: str
    where: str
    path: Path
    size: int
    changed: int
    member: str | None = None

    def sha256(self, told: Callable[[int], None] = lambda _: None) -> str:
        """The SHA-256 of its bytes, unpacked.

        Raises:
            DataError: it cannot be opened, or stands in a zip that is damaged.
        """
        if self.member is None:
            try:
                return sha256(self.path, told)
            except OSError:
                raise DataError(
                    "文件打不开，可能没有读取权限，或正被别的程序占用。",
                    where=self.where,
                    todo="关闭占用它的程序，检查权限后重新运行。",
                ) from None
        digest = hashlib.sha256()
        for block in self._unpacked():
            digest.update(block)
            told(len(block))
        return digest.hexdigest()

    @contextlib.contextmanager
    def opened(self, scratch: Path | None = None) -> Iterator[Path]:
        """A path with its bytes: its own, or an unpacked copy in `scratch` that goes when the block ends.

        Raises:
            DataError: somebody wrote to the file meanwhile, so that what was read is not what its digest says.
        """
        if self.member is None:
            yield self.path
            self._unchanged()
            return
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="unpacked-", dir=scratch) as folder:
            if shutil.disk_usage(folder).free < self.size:
                raise DataError("磁盘空间不足，压缩包解不开。", where=self.where, todo="清理磁盘后重新运行。")
            copy = Path(folder) / f"member{PurePosixPath(self.name).suffix}"  # never the member's own path: it may hold ..
            with copy.open("wb") as file:
                for block in self._unpacked():
                    file.write(block)
            yield copy
        self._unchanged()

    def _unchanged(self) -> None:
        now = self.path.stat() if self.path.exists() else None
        if now is None or now.st_mtime_ns != self.changed or (self.member is None and now.st_size != self.size):
            raise DataError("读取时文件被改动了，没有写入。", where=self.where, todo="等文件传完、不再改动后重新运行。")

    def _unpacked(self) -> Iterator[bytes]:
        assert self.member is not None
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                while block := file.read(BLOCK):
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
            raise _damaged(self.where) from None


def source_folder(drop: Path, batch: str, source: str) -> Path:
    """Where a source's files of a batch are put."""
    return drop / batch / source


def find_files(folder: Path, note: Callable[[str], None] = lambda _: None) -> list[Found]:
    """Every table of a source's folder, in the order of their names; `note` hears of files that are left out.

    Raises:
        DataError: an archive cannot be opened, or is of a kind that is not read.
    """
    if not folder.is_dir():
        return []
    found: list[Found] = []
    place = "/".join(folder.parts[-2:])
    for path in sorted(folder.rglob("*")):
        name = unicodedata.normalize("NFC", path.relative_to(folder).as_posix())
        if not path.is_file() or not _is_data(f"{place}/{name}", note):
            continue
        if path.suffix.lower() == ".zip" and kind_of(path, f"{place}/{name}") == "zip":
            found.extend(_members(path, name, place, note))
        else:
            found.append(Found(name, f"{place}/{name}", path, path.stat().st_size, path.stat().st_mtime_ns))
    return sorted(found, key=lambda file: file.name)


def missing_sources(drop: Path, batch: str, contracts: Mapping[str, Contract] | Iterable[Contract]) -> list[str]:
    """Keys of the sources that have no file in a batch, in the contracts' order; an unreadable file is not missing."""
    every = contracts.values() if isinstance(contracts, Mapping) else contracts
    return [contract.source for contract in every if not _has_file(source_folder(drop, batch, contract.source))]


def dropped(folder: Path) -> Iterator[Path]:
    """The files of a source's folder that would be read or refused, archives unopened, in the order of their paths."""
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _is_data(path.relative_to(folder).as_posix(), lambda _: None, strict=False):
                yield path


def _has_file(folder: Path) -> bool:
    return any(True for _ in dropped(folder))


def _is_data(name: str, note: Callable[[str], None], *, strict: bool = True) -> bool:
    parts = PurePosixPath(name).parts
    suffix = PurePosixPath(name).suffix.lower()
    if any(part.startswith((".", "~$")) or part.lower() in _NOT_DATA for part in parts) or suffix in UNFINISHED or is_mark(name):
        return False
    if suffix in PACKED:
        if strict:
            raise DataError(
                f"{suffix} 压缩包不能直接读取。", where=name, todo="先解压，再把里面的 CSV 或 XLSX 放进来；或改用 zip。"
            )
        return True
    if suffix not in TABLES:
        note(f"{name} 不是表格文件，没有读取。")
        return False
    return True


def _members(path: Path, name: str, place: str, note: Callable[[str], None]) -> Iterator[Found]:
    where = f"{place}/{name}"
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError):
        raise _damaged(where) from None
    check_unpacked_size(path, where, members)
    seen: dict[str, int] = {}
    for info in members:
        label = _member_name(info)
        if not _is_data(f"{where}/{label}", note):
            continue
        if info.flag_bits & 1:
            raise DataError("压缩包有密码，打不开。", where=where, todo="请先解压，或请部门去掉密码后重新提供。")
        if label.lower().endswith(".zip"):
            raise DataError("压缩包里还有压缩包。", where=f"{where}/{label}", todo="先把外面一层解开，再放进来。")
        seen[label] = seen.get(label, 0) + 1
        again = "" if seen[label] == 1 else f"（第{seen[label]}个）"
        yield Found(
            f"{name}/{label}{again}", f"{where}/{label}{again}", path, info.file_size, path.stat().st_mtime_ns, info.filename
        )


def _member_name(info: zipfile.ZipInfo) -> str:
    """A member's name as whoever packed it saw it.

    Without the UTF-8 flag zipfile reads names as code page 437; Chinese Windows writes GBK there, macOS UTF-8.
    A name that climbs out of the folder loses its .. (it is only ever a label, never a path that is written to).
    """
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeEncodeError):
            octets = name.encode("cp437")
            for codec in ("utf-8", "gb18030"):
                try:
                    name = octets.decode(codec)
                    break
                except UnicodeDecodeError:
                    continue
    parts = [part for part in unicodedata.normalize("NFC", name).replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts)


def _damaged(where: str) -> DataError:
    return DataError(
        "压缩包不完整或已损坏，没有读取。", where=where, todo="传送可能中断了，请重新复制或请部门重新提供整个压缩包。"
    )
