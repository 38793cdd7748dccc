"""What a file is, told by its first bytes; its name decides only between CSV and nothing.

Belongs here: signatures. Does not belong here: opening what was recognised (`delimited`, `workbook`, `columnar`, `find`).
"""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pipelines.errors import DataError

Kind = Literal["csv", "xlsx", "xls", "parquet", "zip"]

TABLES = frozenset({".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".et", ".parquet", ".zip"})
"""Extensions of files that are read."""

PACKED = frozenset({".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz"})
"""Archives that may hold tables but are not read: leaving them out in silence would lose them."""

_BOMB_BYTES, _BOMB_RATIO = 512 << 20, 200
"""A zip or XLSX that unpacks to more than half a gigabyte and two hundred times its size is none: CSV packs at 5 to 30."""

_WEB_PAGE = re.compile(
    rb"^\s*(<!doctype\s+html|<html|<head|<table|<meta|<\?xml[^>]*\?>\s*(<\?mso-application|<workbook|<html))", re.IGNORECASE
)


def kind_of(path: Path, where: str) -> Kind:
    """What kind of file this is.

    Raises:
        DataError: it is empty, a web page or e-mail under a spreadsheet's name, or nothing that holds a table.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise DataError("文件是空的，一个字节也没有。", where=where, todo="请部门重新提供；确实没有数据时，提供只有表头的文件。")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _workbook_or_zip(path, where)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    if _WEB_PAGE.match(plain) or plain[:13].lower() == b"mime-version:":
        raise DataError(
            "文件名像表格，内容其实是网页（有的系统导出的 .xls 是这样）。",
            where=where,
            todo="用 WPS 或 Excel 打开后，另存为 XLSX 或 CSV，再放进来。",
        )
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".et", ".parquet", ".zip") and b"\0" in head:
        raise DataError("文件已损坏，或不是扩展名所说的格式。", where=where, todo="请部门重新导出并重新传送。")
    return "csv"


def _workbook_or_zip(path: Path, where: str) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {info.filename for info in members}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise DataError(
            "压缩文件（或 XLSX）不完整，打不开。", where=where, todo="传送可能中断了，请重新复制或请部门重新提供整个文件。"
        ) from None
    check_unpacked_size(path, where, members)
    return "xlsx" if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names) else "zip"


def check_unpacked_size(path: Path, where: str, members: Iterable[zipfile.ZipInfo]) -> None:
    """Refuse what unpacks to far more than tables do, before any of it is unpacked.

    Raises:
        DataError: it does.
    """
    if sum(info.file_size for info in members) > max(_BOMB_BYTES, _BOMB_RATIO * path.stat().st_size):
        raise DataError("压缩包解开后大得不正常，没有解压。", where=where, todo="确认来源；确实有这么多数据时，解压后再放进来。")
