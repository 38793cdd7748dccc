"""Reading a list that came back: CSV or XLSX, columns anywhere, cells merged → rows by the list's own column names.

Belongs here: finding the headings and getting each cell's text with its row number. Does not belong here: what an answer
means (`answers`), or anything a department sends (`pipelines.extracts`).

A returned list has some thousand rows at most, so rows are Python objects here.
"""

import csv
import datetime as dt
import io
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.errors import DataError
from pipelines.extracts.decode import detect, sha256, utf8_blocks
from pipelines.extracts.headings import folded
from pipelines.publish.archive import PASSWORD
from pipelines.publish.cells import unguarded
from pipelines.publish.worklist_policy import ListLayout

_SEARCHED_ROWS = 30
_NUMBER = re.compile(r"\s*[LlIi1][0-9A-Za-z\s-]{9,}")
"""What may be a lead number, however it was retyped (`answers.lead_number`)."""
_TABLES = (".csv", ".txt", ".tsv")
_BOOKS = (".xlsx", ".xlsm", ".xls")
_BIGGEST = 50 << 20
"""Bytes of a returned list, packed or not; the largest town's is under 1 MB."""


@dataclass(frozen=True)
class Row:
    """One row of a returned list: its number as a spreadsheet shows it, and the text of each known column."""

    row_no: int
    cells: dict[str, str]
    other_row: int = 0
    """Of a lead that is answered twice in one workbook, and not alike: the row of the other answer. 0: it is not."""


@dataclass
class Returned:
    """One file that came back.

    Attributes:
        file: its path below the folder, a zip's member as `a.zip/b.csv`.
        sha256: of the file itself, the zip for its members.
        kind: key of the layout whose headings it has.
        rows: its rows with anything in them, headings and what is above left out.
        columns: the layout's columns that it has.
    """

    file: str
    sha256: str
    kind: str
    rows: list[Row]
    columns: set[str] = field(default_factory=set)


def files_in(folder: Path) -> Iterator[Path]:
    """Every file that can be a returned list, in the order of names; not what this stage wrote itself, nor office leftovers."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in (*_TABLES, *_BOOKS, ".zip") and not _is_ours(path.name):
            yield path


def _is_ours(name: str) -> bool:
    return name.startswith((".", "~$", "._", "数据质量_")) or name.endswith("_未采用.csv") or name == "manifest.csv"


def read_file(path: Path, folder: Path, layouts: Mapping[str, ListLayout]) -> list[Returned]:
    """Read one file: one `Returned`, or one per member of a zip.

    Args:
        path: the file.
        folder: what its name is told relative to.
        layouts: the lists that can come back, by kind; the first whose headings fit is taken.

    Raises:
        DataError: it cannot be read, or no row has the headings.
    """
    name = path.relative_to(folder).as_posix()
    if path.stat().st_size > _BIGGEST:
        raise DataError("文件太大，不像走访清单。", where=name, todo="确认放对了文件。")
    digest = sha256(path)
    if path.suffix.lower() != ".zip":
        return [_returned(path, name, digest, layouts)]
    return list(_unpacked(path, name, digest, layouts))


def _unpacked(path: Path, name: str, digest: str, layouts: Mapping[str, ListLayout]) -> Iterator[Returned]:
    import tempfile

    import pyzipper

    try:
        with pyzipper.AESZipFile(path) as packed, tempfile.TemporaryDirectory() as scratch:
            packed.setpassword(os.environ.get(PASSWORD, "").encode())
            for member in packed.infolist():
                inside = Path(_member_name(member)).name
                if member.is_dir() or _is_ours(inside) or Path(inside).suffix.lower() not in (*_TABLES, *_BOOKS):
                    continue
                if member.file_size > _BIGGEST:
                    raise DataError("压缩包里的文件太大，不像走访清单。", where=name, todo="确认放对了文件。")
                target = Path(scratch) / f"one{Path(inside).suffix.lower()}"
                target.write_bytes(packed.read(member))
                yield _returned(target, f"{name}/{inside}", digest, layouts)
    except (RuntimeError, zipfile.BadZipFile, pyzipper.BadZipFile, OSError, NotImplementedError):
        raise DataError(
            "压缩包打不开，可能损坏，或密码不对。", where=name, todo=f"核对环境变量 {PASSWORD} 里的密码，或请镇街重新打包。"
        ) from None


def _member_name(member: Any) -> str:
    """A member's name; packers on Chinese Windows write it in GBK without saying so."""
    text: str = member.filename
    if not member.flag_bits & 0x800:
        try:
            return text.encode("cp437").decode("gb18030")
        except UnicodeError:
            return text
    return text


def _returned(path: Path, name: str, digest: str, layouts: Mapping[str, ListLayout]) -> Returned:
    tables = _book(path, name) if path.suffix.lower() in _BOOKS else [_table(path, name)]
    for kind, layout in layouts.items():
        headings = _headings(layout)
        rows: list[Row] = []
        columns: set[str] = set()
        forms: list[Row] = []
        for table in tables:
            found = _find_headings(table, headings)
            if found is None:
                forms += _forms(table, layout)
                continue
            index, places = found
            columns |= set(places)
            rows += [
                row
                for row in (_row(number, cells, places) for number, cells in enumerate(table[index + 1 :], start=index + 2))
                if row
            ]
        if columns or forms:
            return Returned(
                name, digest, kind, _joined(rows, forms, layout), columns | {name for row in forms for name in row.cells}
            )
    raise DataError("没有找到表头：要有“线索编号”和“核查结果码”两列。", where=name, todo="请镇街在原清单上回填，不要删改表头。")


def _headings(layout: ListLayout) -> dict[str, str]:
    """Folded heading → column; the list's own headings before variants."""
    known: dict[str, str] = {}
    for name, column in layout.columns.items():
        known[folded(column.heading)] = name
    for name, column in layout.columns.items():
        for variant in column.variants:
            known.setdefault(folded(variant), name)
    return known


def _find_headings(table: Sequence[Sequence[str]], headings: Mapping[str, str]) -> tuple[int, dict[str, int]] | None:
    """Index of the heading row and the position of each column; None if no row names the lead and an outcome."""
    for index, cells in enumerate(table[:_SEARCHED_ROWS]):
        places: dict[str, int] = {}
        for position, text in enumerate(cells):
            name = headings.get(folded(text)) if text else None
            if name:
                places.setdefault(name, position)
        if {"lead_id", "outcome"} <= set(places):
            return index, places
    return None


def _forms(table: Sequence[Sequence[str]], layout: ListLayout) -> list[Row]:
    """The visit forms of a sheet (`pipelines.publish.visit_forms`): labels are headings of the list, values stand right of them.

    A form begins where a lead number stands beside its label and ends where the next begins; its row is the one it begins in.
    """
    labels = {folded(column.heading): name for name, column in layout.columns.items()}
    found: list[Row] = []
    for number, cells in enumerate(table, start=1):
        for text, value in pairwise(cells):
            name = labels.get(folded(text)) if text else None
            if name == "lead_id" and _NUMBER.fullmatch(value):
                found.append(Row(number, {}))
            if name and found and value and folded(value) not in labels:
                found[-1].cells.setdefault(name, unguarded(value))
    return found


def _joined(rows: list[Row], forms: list[Row], layout: ListLayout) -> list[Row]:
    """One row per lead of a workbook that holds the list and the forms: filled in on either, or alike on both."""
    if not forms:
        return rows
    answers = list(layout.answers())

    def said(row: Row) -> dict[str, str]:
        return {name: row.cells[name] for name in answers if row.cells.get(name)}

    by_lead = {row.cells.get("lead_id", ""): row for row in forms}
    joined = []
    for row in rows:
        form = by_lead.pop(row.cells.get("lead_id", ""), None)
        if form is None or not said(form) or said(form) == said(row):
            joined.append(row)
        elif not said(row):
            joined.append(form)
        else:
            joined.append(Row(row.row_no, row.cells, form.row_no))
    return [*joined, *by_lead.values()]


def _row(number: int, cells: Sequence[str], places: Mapping[str, int]) -> Row | None:
    texts = {name: unguarded(cells[position]) for name, position in places.items() if position < len(cells)}
    filled = {name: text for name, text in texts.items() if text}
    return Row(number, filled) if filled else None


def _table(path: Path, name: str) -> list[list[str]]:
    """A text file's cells; the separator is the one that gives its fullest row the most cells."""
    text = b"".join(utf8_blocks(path, detect(path, name), name)).decode("utf-8")
    head = "\n".join(text.splitlines()[:_SEARCHED_ROWS])
    separator = max(",\t;|，", key=lambda one: max((line.count(one) for line in head.splitlines()), default=0))
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise DataError("CSV 的引号或分隔符乱了，读不下去。", where=name, todo="请镇街改交 XLSX，或重新导出。") from None


def _book(path: Path, name: str) -> list[list[list[str]]]:
    """Every visible sheet's cells as text, cells merged downwards filled downwards."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        return [_sheet(book.get_sheet_by_name(sheet)) for sheet in book.sheet_names]
    except python_calamine.PasswordError:
        raise DataError("工作簿有密码，打不开。", where=name, todo="请镇街去掉密码后重新交回。") from None
    except (python_calamine.CalamineError, OSError, ValueError):
        raise DataError("工作簿已损坏，打不开。", where=name, todo="请镇街用 WPS 或 Excel 打开后另存为新的 XLSX。") from None


def _sheet(sheet: Any) -> list[list[str]]:
    cells = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or []:
        if top < len(cells) and left < len(cells[top]):
            for row in range(top + 1, min(bottom + 1, len(cells))):
                if left < len(cells[row]):
                    cells[row][left] = cells[top][left]
    return cells


def _text(value: Any) -> str:
    """A cell's text: 3.0 is 3, a date its day."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value).strip()
