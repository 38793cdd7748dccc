"""The XLSX of a list: text cells, drop-downs, locked facts and open answers, ready to print and to fill in.

Belongs here: how a sheet looks and behaves. Does not belong here: what stands in it (`worklists`, `referral`).

Every cell is written as a string (never through xlsxwriter's `write`, which would make a formula of `=…`), and rows are
streamed to the file (`constant_memory`), so that a list's size does not count.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.publish.worklist_policy import ListColumn, ListLayout

SHEET = "清单"
GUIDE = "填写说明"

_FONT = {"font_name": "宋体", "font_size": 12}
_CELL = {**_FONT, "text_wrap": True, "valign": "vcenter", "border": 1, "border_color": "#B0B0B0", "num_format": "@"}
_WIDER = 1.17
"""How much wider a character of 12 points is than the 11-point one in which Excel counts a column's width."""
_LEVELS = {"红": "#F8CBAD", "橙": "#FFE699", "黄": "#FFF9DB"}


@dataclass
class Guide:
    """The second sheet: what the list is, how many leads there are, how to fill it in, the codes.

    Attributes:
        title: such as 王台街道 走访清单.
        facts: lines of two: 批次, 条数 and the like.
        steps: how to fill it in, one sentence each.
        codes: heading of a column with codes → its choices in order.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    steps: Sequence[str]
    codes: dict[str, Sequence[str]] = field(default_factory=dict)


@contextmanager
def open_workbook(path: Path, title: str, footer: str) -> Iterator[Any]:
    """A workbook to add sheets to; written when the block ends."""
    import xlsxwriter

    # A column's width counts digits of the workbook's own font: 宋体 is there, or something of its width, wherever the list goes.
    own = {"font_name": "宋体", "font_size": 11}
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "default_format_properties": own}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": title, "comments": footer})
        yield book


def write_workbook(
    path: Path, layout: ListLayout, rows: Iterable[Sequence[str]], guide: Guide, *, batch: str, shade: str | None = None
) -> None:
    """Write one list as a workbook of its own; see `add_list`."""
    with open_workbook(path, guide.title, layout.footer) as book:
        add_list(book, layout, rows, guide, batch=batch, shade=shade)


def add_list(
    book: Any, layout: ListLayout, rows: Iterable[Sequence[str]], guide: Guide, *, batch: str, shade: str | None = None
) -> None:
    """Add the list and its guide to a workbook.

    Args:
        book: from `open_workbook`.
        layout: its columns and print setting.
        rows: the cells' text in the order of the columns; answers are empty.
        guide: the second sheet.
        batch: stands in the footer.
        shade: the column whose word (红, 橙, 黄) colours its cell.
    """
    sheet = book.add_worksheet(SHEET)
    names = list(layout.columns)
    written = _write_rows(book, sheet, layout, rows, names.index(shade) if shade else None)
    _write_guide(book, guide)
    _prepare_page(sheet, layout, guide.title, batch, written)
    _prepare_answers(sheet, layout, guide, written)
    sheet.protect(
        "", {"sort": True, "autofilter": True, "format_columns": True, "format_rows": True, "select_locked_cells": True}
    )


def _write_rows(book: Any, sheet: Any, layout: ListLayout, rows: Iterable[Sequence[str]], shade: int | None) -> int:
    heading = {**_FONT, "bold": True, "text_wrap": True, "align": "center", "valign": "vcenter", "border": 1}
    known = book.add_format({**heading, "bg_color": "#D9E2EC"})
    asked = book.add_format({**heading, "bg_color": "#E2EFDA"})
    locked = book.add_format({**_CELL, "locked": True})
    small = book.add_format({**_CELL, "locked": True, "align": "center"})
    open_ = book.add_format({**_CELL, "locked": False, "bg_color": "#FBFEF9"})
    shades = {
        word: book.add_format({**_CELL, "locked": True, "align": "center", "bold": True, "bg_color": colour})
        for word, colour in _LEVELS.items()
    }
    columns = list(layout.columns.values())
    sheet.set_row(0, 48)
    formats = []
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        sheet.write_string(0, number, column.heading, asked if column.answer else known)
        formats.append(open_ if column.answer else small if column.width <= 12 else locked)
    last = 0
    for last, row in enumerate(rows, start=1):
        height = _lines(row, columns) * 16 + 4
        sheet.set_row(last, min(height, 405))
        for number, text in enumerate(row):
            cell = shades.get(text, formats[number]) if number == shade else formats[number]
            if text:
                sheet.write_string(last, number, text, cell)
            else:
                sheet.write_blank(last, number, None, cell)
    return last


def _lines(row: Sequence[str], columns: Sequence[ListColumn]) -> int:
    """How many lines the fullest cell needs. LibreOffice and WPS do not always fit rows of a protected sheet themselves."""
    most = 1
    for text, column in zip(row, columns, strict=True):
        if len(text) * 2.5 <= column.width:
            continue
        wide = len(text) + sum(1 for character in text if character > "\u2e7f")
        most = max(most, math.ceil(wide * _WIDER / max(column.width - 1, 1) + 0.2))
    return most


def _prepare_page(sheet: Any, layout: ListLayout, title: str, batch: str, rows: int) -> None:
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(rows, 1), len(layout.columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_print_scale(layout.print.scale)
    sheet.print_across()  # the two halves of a row lie beside each other in the pile
    sheet.repeat_rows(0)
    sheet.repeat_columns(0)
    sheet.print_area(0, 0, max(rows, 1), len(layout.columns) - 1)
    if layout.print.break_before:
        sheet.set_v_pagebreaks([list(layout.columns).index(layout.print.break_before)])
    sheet.set_header(f'&C&"宋体,Bold"&14 {title.replace("&", "&&")}')
    sheet.set_footer(f"&L{layout.footer}&C批次 {batch}&R第 &P 页 共 &N 页")


def _prepare_answers(sheet: Any, layout: ListLayout, guide: Guide, rows: int) -> None:
    for number, column in enumerate(layout.columns.values()):
        if not column.answer or not rows:
            continue
        choices: str | list[str] | None = column.choices or None
        if column.heading in guide.codes:
            choices = f"={code_range(guide, column.heading)}"
        check: dict[str, Any] = {"validate": "list", "source": choices} if choices else {"validate": "any"}
        if column.hint:
            check |= {"input_title": column.heading, "input_message": column.hint}
        if choices:
            check |= {
                "error_title": "请从下拉列表里选",
                "error_message": "这里填列表里的代码。",
                "error_type": "information" if column.several else "stop",
            }
            check["show_error"] = not column.several
        if choices or column.hint:
            sheet.data_validation(1, number, rows, number, check)


def code_range(guide: Guide, heading: str) -> str:
    """Where the guide sheet lists the choices of a column with codes."""
    letter = chr(ord("A") + list(guide.codes).index(heading) * 2)
    first = _first_code_row(guide)
    return f"'{GUIDE}'!${letter}${first + 1}:${letter}${first + len(guide.codes[heading])}"


def _first_code_row(guide: Guide) -> int:
    """The row (0 the first) of the guide sheet in which the codes begin."""
    return len(guide.facts) + len(guide.steps) + 6


def _write_guide(book: Any, guide: Guide) -> None:
    sheet = book.add_worksheet(GUIDE)
    title = book.add_format({**_FONT, "bold": True, "font_size": 18})
    head = book.add_format({**_FONT, "bold": True, "bottom": 1})
    text = book.add_format({**_FONT, "text_wrap": True, "valign": "top", "num_format": "@"})
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 60)
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, guide.title, title)
    row = 2
    for name, value in guide.facts:
        sheet.write_string(row, 0, name, text)
        sheet.write_string(row, 1, value, text)
        row += 1
    row += 1
    sheet.write_string(row, 0, "怎么填", head)
    for number, step in enumerate(guide.steps, start=1):
        row += 1
        sheet.merge_range(row, 0, row, 1, f"{number}. {step}", text)
        sheet.set_row(row, 17 * (1 + len(step) * 2 // 84))
    row = _first_code_row(guide)
    for number, heading in enumerate(guide.codes):
        sheet.write_string(row - 1, number * 2, f"{heading}（下拉列表）", head)
    for step_down in range(max((len(choices) for choices in guide.codes.values()), default=0)):
        for number, listed in enumerate(guide.codes.values()):
            if step_down < len(listed):
                sheet.write_string(row + step_down, number * 2, listed[step_down], text)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 1)
    sheet.protect()
