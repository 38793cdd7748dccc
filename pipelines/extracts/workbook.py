"""Spreadsheets (XLSX, and the old XLS): the first sheet that has the headings, as text.

Belongs here: sheets, merged cells, and how a cell that is a number, date or truth value is written as text.
Does not belong here: repairing what a spreadsheet did to an id. It is marked by its notation and left so.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.cells import number_text
from pipelines.extracts.headings import SEARCHED_ROWS, Headings, Matcher
from pipelines.extracts.table import Batch, Table, cell

_ROWS_AT_A_TIME = 20_000
"""Python objects are what a batch of a workbook is made of: 20,000 rows of 20 cells are some 30 MB."""


def open_workbook(path: Path, where: str, contract: Contract, matcher: Matcher, told: Callable[[int], None]) -> Table:
    """Open a workbook on the first visible sheet that has the contract's headings.

    Raises:
        DataError: the file is damaged or locked by a password, or no sheet has the headings.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        hidden = {meta.name for meta in book.sheets_metadata if meta.visible != python_calamine.SheetVisibleEnum.Visible}
        names = sorted(book.sheet_names, key=lambda name: name in hidden)
        sheet, headings, others = _choose(book, names, where, matcher)
    except python_calamine.PasswordError:
        raise DataError("工作簿有密码，打不开。", where=where, todo="请部门去掉密码后重新提供。") from None
    except DataError:
        raise
    except (python_calamine.CalamineError, OSError, ValueError):
        raise DataError(
            "工作簿已损坏，打不开。", where=where, todo="请部门用 WPS 或 Excel 打开后另存为新的 XLSX 再提供。"
        ) from None
    told(path.stat().st_size)
    remarks = [f"还有 {len(others)} 个工作表也有表头，只读取了第一个"] if others else []
    kinds: list[str | None] = [None] * len(headings.texts)
    columns = contract.text_columns()
    for name, places in headings.places.items():
        for place in places:
            kinds[place.position] = columns[name].type
    return Table("xlsx", None, headings, _batches(sheet, headings, kinds), remarks)


def _choose(book: Any, names: Sequence[str], where: str, matcher: Matcher) -> tuple[Any, Headings, list[str]]:
    chosen: tuple[Any, Headings] | None = None
    others = []
    best: tuple[int, Any] = (-1, None)
    for name in names:
        sheet = book.get_sheet_by_name(name)
        rows = _first_rows(sheet)
        _, score = matcher.best_row(rows)
        if score > best[0]:
            best = (score, rows)
        try:
            headings = matcher.read(rows, where)
        except DataError:
            continue
        if chosen is None:
            chosen = sheet, headings
        else:
            others.append(name)
    if chosen is None:
        matcher.read(best[1] or [], where)  # raises, about the sheet that came nearest
        raise AssertionError
    return (*chosen, others)


def _first_rows(sheet: Any) -> list[list[str]]:
    """The first rows as text; a cell merged downwards is filled downwards, so that a two-row heading is whole in its last row.

    Sideways it is not: repeated, a heading would be taken for its neighbour's.
    """
    rows = [
        [value if isinstance(value, str) else _text(value, None) or "" for value in row]
        for row in sheet.to_python(skip_empty_area=False, nrows=SEARCHED_ROWS)
    ]
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        for below in range(top + 1, min(bottom, len(rows) - 1) + 1):
            rows[below][left] = rows[top][left]
    return rows


def _batches(sheet: Any, headings: Headings, kinds: Sequence[str | None]) -> Iterator[Batch]:
    """Rows below the headings; a cell merged downwards is filled downwards (one household number beside its members)."""
    width = len(headings.texts)
    names = [cell(position) for position in range(width)]
    fills = sorted(
        (top, left, bottom) for (top, left), (bottom, _) in sheet.merged_cell_ranges or [] if bottom > top and left < width
    )
    held: list[list[Any]] = []
    filling: dict[int, tuple[int, Any]] = {}
    row_index = -1
    first_row = headings.row + 1
    pending = iter(fills)
    upcoming = next(pending, None)
    for row in _every_row(sheet):
        row_index += 1
        values = list(row[:width]) + [None] * (width - len(row))
        while upcoming is not None and upcoming[0] <= row_index:
            top, left, bottom = upcoming
            if top == row_index and top >= headings.row:
                filling[left] = (bottom, values[left])
            upcoming = next(pending, None)
        for left, (bottom, value) in list(filling.items()):
            values[left] = value
            if row_index >= bottom:
                del filling[left]
        if row_index < headings.row:
            continue
        held.append(values)
        if len(held) >= _ROWS_AT_A_TIME:
            yield Batch(first_row, _frame(held, names, kinds))
            first_row += len(held)
            held = []
    if held:
        yield Batch(first_row, _frame(held, names, kinds))


def _every_row(sheet: Any) -> Iterator[list[Any]]:
    """All rows from the sheet's first one on; calamine leaves out the columns before the first filled one."""
    left: list[Any] = [None] * (sheet.start[1] if sheet.start else 0)
    for row in sheet.iter_rows():
        yield left + row if left else row


def _frame(rows: list[list[Any]], names: Sequence[str], kinds: Sequence[str | None]) -> Any:
    import polars as pl

    columns = {}
    for name, kind, values in zip(names, kinds, zip(*rows, strict=True), strict=True):
        columns[name] = pl.Series(
            name, [value if type(value) is str else _text(value, kind) for value in values], dtype=pl.String, strict=True
        )
    return pl.DataFrame(columns)


def _text(value: Any, kind: str | None) -> str | None:
    """A cell as text; dates as ISO, without a midnight that only says 'no time of day'."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        return number_text(value, kind)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)
