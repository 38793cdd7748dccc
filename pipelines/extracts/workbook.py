"""Spreadsheets (XLSX, and the old XLS): every sheet that has the headings, as text.

Belongs here: sheets, merged cells, and how a cell that is a number, date or truth value is written as text.
Does not belong here: repairing what a spreadsheet did to an id. It is marked by its notation and left so.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.cells import number_text
from pipelines.extracts.headings import SEARCHED_ROWS, Headings, Matcher, shown
from pipelines.extracts.table import Batch, Table, cell

_ID = re.compile(r"\d{17}[\dXx]")

_ROWS_AT_A_TIME = 20_000
"""Python objects are what a batch of a workbook is made of: 20,000 rows of 20 cells are some 30 MB."""


def open_workbook(path: Path, where: str, contract: Contract, matcher: Matcher, told: Callable[[int], None]) -> list[Table]:
    """Open a workbook on every visible sheet that has the contract's headings; months or towns often have one each.

    Raises:
        DataError: the file is damaged or locked by a password, no sheet has the headings, or another sheet holds rows that
            would be lost: its headings differ, or it is hidden.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        hidden = {meta.name for meta in book.sheets_metadata if meta.visible != python_calamine.SheetVisibleEnum.Visible}
        names = sorted(book.sheet_names, key=lambda name: name in hidden)
        chosen, remarks = _choose(book, names, hidden, where, matcher)
    except python_calamine.PasswordError:
        raise DataError("工作簿有密码，打不开。", where=where, todo="请部门去掉密码后重新提供。") from None
    except DataError:
        raise
    except (python_calamine.CalamineError, OSError, ValueError):
        raise DataError(
            "工作簿已损坏，打不开。", where=where, todo="请部门用 WPS 或 Excel 打开后另存为新的 XLSX 再提供。"
        ) from None
    told(path.stat().st_size)
    columns = contract.text_columns()
    tables: list[Table] = []
    for name, sheet, headings in chosen:
        kinds: list[str | None] = [None] * len(headings.texts)
        for column, places in headings.places.items():
            for place in places:
                kinds[place.position] = columns[column].type
        several = name if len(chosen) > 1 else ""
        tables.append(Table("xlsx", None, headings, _batches(sheet, headings, kinds), [] if tables else remarks, several))
    return tables


def _choose(
    book: Any, names: Sequence[str], hidden: set[str], where: str, matcher: Matcher
) -> tuple[list[tuple[str, Any, Headings]], list[str]]:
    """The sheets to read with their names and headings, and what to tell of the others."""
    chosen: list[tuple[str, Any, Headings]] = []
    others: list[tuple[str, list[list[str]]]] = []
    for name in names:
        sheet = book.get_sheet_by_name(name)
        rows = _first_rows(sheet)
        try:
            headings = matcher.read(rows, where)
        except DataError:
            others.append((name, rows))
            continue
        if name in hidden and chosen:
            if sheet.height > headings.row:
                raise _hidden(where, name)
            continue
        chosen.append((name, sheet, headings))
    if not chosen:
        matcher.read(max((rows for _, rows in others), key=lambda rows: matcher.best_row(rows)[1], default=[]), where)
        raise AssertionError  # it raised, about the sheet that came nearest
    _check_alike(chosen, where)
    remarks = [f"{len(chosen)} 个工作表都有表头，全部读取：{'、'.join(name for name, *_ in chosen)}"] if len(chosen) > 1 else []
    for name, rows in others:
        if name in hidden:
            continue
        nearest = matcher.nearest(rows)
        if (nearest and matcher.names_people(nearest)) or any(_ID.fullmatch(text.strip()) for row in rows for text in row):
            raise _other_headings(where, name, nearest)
        if nearest:
            remarks.append(f"工作表“{name}”没有人员名单的表头，像是汇总，没有读取")
    return chosen, remarks


def _check_alike(chosen: Sequence[tuple[str, Any, Headings]], where: str) -> None:
    """Stop a workbook whose sheets do not have the same columns: nobody knows what the missing ones would have said."""
    first, _, wanted = chosen[0]
    for name, _, headings in chosen[1:]:
        if headings.places.keys() != wanted.places.keys():
            differing = sorted(
                {shown(sheet.texts[sheet.places[column][0].position], sheet.places[column][0].position)
                 for sheet, other in ((headings, wanted), (wanted, headings))
                 for column in sheet.places.keys() - other.places.keys()}
            )  # fmt: skip
            raise DataError(
                f"工作表“{first}”和“{name}”的表头不一样（{'、'.join(differing)}），没有读取。",
                where=f"{where}/{name} 第 {headings.row} 行",
                todo="请部门把各工作表的列统一；不该读的工作表，从文件里删掉或另存为别的文件。",
            )


def _other_headings(where: str, name: str, nearest: Headings | None) -> DataError:
    row = nearest.row if nearest else 1
    return DataError(
        f"工作表“{name}”里像是人员名单，但没有必需的表头，没有读取。",
        where=f"{where}/{name} 第 {row} 行",
        todo="请部门给这个工作表补上与其他工作表相同的表头；不该读的，从文件里删掉。",
    )


def _hidden(where: str, name: str) -> DataError:
    return DataError(
        f"隐藏的工作表“{name}”里也有名单，不知道要不要读，没有读取。",
        where=f"{where}/{name}",
        todo="在 WPS 或 Excel 里取消隐藏：要读的留着，不要的删掉，保存后重新放入。",
    )


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
