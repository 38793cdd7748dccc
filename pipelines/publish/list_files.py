"""The files of a folder of lists: CSV, manifest, and the folder that is whole or absent.

Belongs here: what worklists and referral lists have in common as files. Does not belong here: what stands in them.
"""

import csv
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import DataError
from pipelines.publish.cells import number_proof
from pipelines.publish.worklist_policy import ListLayout

if TYPE_CHECKING:
    import polars as pl

MANIFEST = "manifest.csv"


def file_word(text: str) -> str:
    """A place's name as it may stand in a file name on any system."""
    return re.sub(r'[\\/:*?"<>|\s_.]+', "-", text)[:40]


def write_csv(path: Path, layout: ListLayout, part: "pl.DataFrame") -> Path:
    """UTF-8 with BOM and CRLF: what Excel and WPS open right at a double click."""
    import polars as pl

    columns = [
        pl.lit("").alias(column.heading)
        if column.answer
        else pl.col(name).alias(column.heading)
        if column.count
        else number_proof(pl.col(name)).alias(column.heading)
        for name, column in layout.columns.items()
    ]
    part.select(columns).write_csv(path, include_bom=True, line_terminator="\r\n")
    return path


def write_manifest(path: Path, files: list[tuple[str, int, str]]) -> None:
    """Name, rows and SHA-256 of every file."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)  # its line ending is CRLF
        writer.writerow(("file", "rows", "sha256"))
        writer.writerows(sorted(files))


def sha256(path: Path) -> str:
    """Of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder` to write to; put it in its place if the block succeeds, remove it if not."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    old = folder.with_name(f".{folder.name}.old")
    if old.exists() and not folder.exists():
        old.rename(folder)  # a run was killed between the two renames below
    for left_over in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(left_over)
    new = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    new.mkdir()
    try:
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except Exception as error:
        # xlsxwriter and Polars wrap the system's error; its words stay.
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error):
            raise DataError(
                "磁盘空间不足，清单没有写完，原有的清单没有改变。", where=folder.name, todo="清理磁盘后重新运行同一批次。"
            ) from None
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
