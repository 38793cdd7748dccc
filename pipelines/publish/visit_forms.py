"""The sheets a caseworker takes along: an overview of the town's households, and one A4 page a household to talk by and fill in.

Belongs here: how the two sheets look and print. Does not belong here: what stands in them (`worklists`, `visit_sheet.sql`), the
wide table (`workbook`).

A form's labels are the list's headings, so that what is filled in here comes back as a row of the list
(`pipelines.returns.sheets`). Every form has the same height, which an A4 page holds, and ends with a page break; a text that
would not fit is cut with a word about where the rest stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.publish.worklist_policy import WorklistPolicy

_FONT = {"font_name": "宋体", "font_size": 10.5, "num_format": "@"}
_COLUMNS, _WIDTH = 8, 10.6
_LEVELS = {"红": "#F8CBAD", "橙": "#FFE699", "黄": "#FFF9DB"}
_PER_LINE = 36
"""Chinese characters that a text over seven columns holds in one line; measured in LibreOffice, two of them kept in hand."""
_REST = "……（全文见“清单”）"

OVERVIEW = {
    "number": ("序号", 5), "level": ("级别", 5), "due_date": ("建议时限", 11), "grid": ("网格", 15), "village": ("村居", 10),
    "head": ("户主", 7), "headline": ("疑似情况", 30), "lead_id": ("线索编号", 15), "done": ("已访", 5),
}  # fmt: skip
"""The overview's columns: heading and width in characters."""


@dataclass(frozen=True)
class Forms:
    """What the two sheets are about.

    Attributes:
        title: such as 2026-10 王台街道 走访清单.
        overview, sheet: the names of the two sheets.
        batch: the month.
        footer: stands below every page.
        reasons: how many of a household's reasons a form shows.
        codes: the outcome codes as the drop-down shows them.
        code_range: where the workbook lists them, for the drop-down.
    """

    title: str
    overview: str
    sheet: str
    batch: str
    footer: str
    reasons: int
    codes: Sequence[str]
    code_range: str


def whole_yuan(text: str) -> str:
    """Amounts without fen.

    >>> whole_yuan("个人负担 60,871.55 元，高于 30,000 元")
    '个人负担 60,872 元，高于 30,000 元'
    """
    return re.sub(r"([\d,]+\.\d+)(?= ?元)", lambda amount: f"{float(amount[1].replace(',', '')):,.0f}", text)


def fitted(text: str, lines: int) -> str:
    """A text cut to so many lines of a form, with a word about the rest."""
    held: list[str] = []
    used = 0
    for part in text.split("\n"):
        needed = max(1, -(-_width(part) // (_PER_LINE * 2)))
        if used + needed > lines:
            room = (lines - used) * _PER_LINE - len(_REST)
            return "\n".join([*held, part[: max(room, 0)] + _REST])
        held.append(part)
        used += needed
    return "\n".join(held)


def _width(text: str) -> int:
    """Half-width characters that a text takes."""
    return len(text) + sum(character > "\u2e7f" for character in text)


def write_overview(book: Any, forms: Forms, rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a household, in walking order within each level; prints on as many A4 pages as it needs, one page wide."""
    sheet = book.add_worksheet(forms.overview)
    heading = book.add_format({**_FONT, "bold": True, "border": 1, "align": "center", "valign": "vcenter", "bg_color": "#D9E2EC"})
    text = book.add_format({**_FONT, "border": 1, "valign": "vcenter", "text_wrap": True})
    shades = {
        word: book.add_format({**_FONT, "border": 1, "align": "center", "bold": True, "bg_color": c})
        for word, c in _LEVELS.items()
    }
    for column, (title, width) in enumerate(OVERVIEW.values()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, heading)
    for number, row in enumerate(rows, start=1):
        cells = {**row, "number": str(number), "done": "□"}
        sheet.set_row(number, 15 * max(1, -(-_width(cells["headline"]) // 28), -(-_width(cells["grid"]) // 13)))
        for column, name in enumerate(OVERVIEW):
            value = str(cells[name] or "")
            sheet.write_string(number, column, value, shades.get(value, text) if name == "level" else text)
    sheet.set_paper(9)
    sheet.set_portrait()
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 0)
    sheet.set_header(f'&C&"宋体,Bold"&14 {forms.title.replace("&", "&&")}')
    sheet.set_footer(f"&L{forms.footer}&C批次 {forms.batch}&R第 &P 页 共 &N 页")
    sheet.protect("", {"format_columns": True, "format_rows": True})


def write_forms(book: Any, forms: Forms, policy: WorklistPolicy, rows: Sequence[Mapping[str, Any]]) -> None:
    """One page a household, in the overview's order."""
    sheet = book.add_worksheet(forms.sheet)
    sheet.set_column(0, _COLUMNS - 1, _WIDTH)
    draw = _Drawing(book, sheet, policy)
    cuts = []
    for number, row in enumerate(rows, start=1):
        for height, cells in _form(forms, number, len(rows), row):
            draw.row(height, cells)
        cuts.append(draw.next)
    sheet.set_h_pagebreaks(cuts[:-1])
    sheet.fit_to_pages(1, 0)  # where the font is a wider one; the height stays open, or the cuts would not count
    sheet.set_paper(9)
    sheet.set_portrait()
    sheet.set_margins(left=0.5, right=0.4, top=0.45, bottom=0.55)
    sheet.set_footer(f"&L{forms.footer}&C批次 {forms.batch}&R第 &P 页 共 &N 页")
    sheet.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True})
    draw.offer(forms)


@dataclass(frozen=True)
class _Cell:
    """One cell over `span` columns. `answer` names the list's column that is filled in here."""

    text: str
    span: int = 1
    look: str = "text"
    answer: str = ""


class _Drawing:
    """Writes rows of cells from left to right and remembers where which answer stands."""

    def __init__(self, book: Any, sheet: Any, policy: WorklistPolicy) -> None:
        base = {**_FONT, "border": 1, "valign": "vcenter", "text_wrap": True, "locked": True}
        self._looks = {
            "text": book.add_format(base),
            "top": book.add_format({**base, "valign": "top"}),
            "label": book.add_format({**base, "bold": True, "align": "center", "bg_color": "#EEF2F6"}),
            "title": book.add_format({**base, "bold": True, "font_size": 16, "align": "center", "border": 0}),
            "code": book.add_format({**base, "bold": True, "font_name": "Consolas", "font_size": 14, "align": "center"}),
            "tick": book.add_format({**base, "font_size": 9.5, "valign": "top"}),
            "plain": book.add_format({**base, "border": 0}),
            "answer": book.add_format({**base, "locked": False, "bg_color": "#FBFEF9"}),
            **{word: book.add_format({**base, "bold": True, "align": "center", "bg_color": c}) for word, c in _LEVELS.items()},
        }
        self._sheet = sheet
        self._policy = policy
        self._answers: dict[str, list[tuple[int, int]]] = {}
        self.next = 0

    def row(self, height: float, cells: Sequence[_Cell]) -> None:
        """Write one row; the cells' spans make eight columns."""
        self._sheet.set_row(self.next, height)
        column = 0
        for cell in cells:
            look, text = self._looks["answer" if cell.answer else cell.look], cell.text
            if cell.span > 1:
                self._sheet.merge_range(self.next, column, self.next, column + cell.span - 1, "", look)
            if text:
                self._sheet.write_string(self.next, column, text, look)
            else:
                self._sheet.write_blank(self.next, column, None, look)
            if cell.answer:
                self._answers.setdefault(cell.answer, []).append((self.next, column))
            column += cell.span
        assert column == _COLUMNS
        self.next += 1

    def offer(self, forms: Forms) -> None:
        """Drop-downs of the answers that have choices, each kind once over all its cells."""
        for name, places in self._answers.items():
            column = self._policy.columns[name]
            source: Any = f"={forms.code_range}" if column.codes else column.choices
            check: dict[str, Any] = {"validate": "list", "source": source} if source else {"validate": "any"}
            check["show_error"] = not column.several
            if column.hint:
                check |= {"input_title": column.heading[:32], "input_message": column.hint}
            if source or column.hint:
                more = [(row, at, row, at) for row, at in places]
                row, at = places[0]
                self._sheet.data_validation(row, at, row, at, {**check, "other_cells": more[1:]} if more[1:] else check)


def _form(forms: Forms, number: int, of: int, row: Mapping[str, Any]) -> Iterator[tuple[float, list[_Cell]]]:
    """The rows of one household's form: height in points, cells. The heights add up to less than an A4 page."""

    def pair(label: str, value: Any, span: int, look: str = "text") -> list[_Cell]:
        return [_Cell(label, look="label"), _Cell(str(value or ""), span, look)]

    def ask(label: str, name: str, span: int) -> list[_Cell]:
        return [_Cell(label, look="label"), _Cell("", span, answer=name)]

    def whole(label: str, text: str, lines: int) -> tuple[float, list[_Cell]]:
        return 14.5 * lines + 4, [_Cell(label, look="label"), _Cell(fitted(text, lines), 7, "top")]

    why = [whole_yuan(sentence) for sentence in row["why"]]
    if len(why) > forms.reasons:
        why = [*why[: forms.reasons], f"另有 {len(why) - forms.reasons} 项，见“清单”。"]
    numbered = "\n".join(f"{place}. {sentence}" if len(why) > 1 else sentence for place, sentence in enumerate(why, start=1))
    yield 27, [_Cell(f"{forms.sheet}　{row['town']}　{number}／{of}", 8, "title")]
    yield (
        22,
        [
            *pair("线索编号", row["lead_id"], 3, "code"),
            *pair("预警级别", row["level"], 1, row["level"]),
            *pair("建议时限", row["due_date"], 1),
        ],
    )
    yield 18, [*pair("镇街", row["town"], 1), *pair("村居", row["village"], 1), *pair("网格", row["grid"], 3)]
    phone = pair("联系电话", row["phone"], 1)
    yield 18, [*pair("户主", row["head"], 1), *pair("家庭人口", row["members"], 1), *phone, *pair("批次", row["batch"], 1)]
    yield 18, pair("住址", row["address"], 7)
    yield whole("家里有谁", row["who"], 2)
    yield whole("为什么来", numbered, 9)
    yield whole("要问什么", row["questions"], 4)
    asked = [_Cell("收入要问", look="label"), _Cell(fitted(row["income_question"], 3), 4, "top")]
    yield 14.5 * 3 + 4, [*asked, *ask("收入答复（元）", "income_amount", 2)]
    yield whole("看哪些材料", row["papers"], 2)
    yield whole("已享政策", row["benefits"], 1)
    yield whole("可能适用", row["programmes"], 2)
    yield 16, [_Cell("以下由走访人填写：先在下面打勾，再在“核查结果码”里选同一个码", 8, "label")]
    half = -(-len(forms.codes) // 2)
    ticks = ["\n".join(f"□{code}" for code in part) for part in (forms.codes[:half], forms.codes[half:])]
    yield 13.5 * half + 6, [_Cell(text, _COLUMNS // 2, "tick") for text in ticks]
    yield 20, [*ask("核查结果码", "outcome", 3), *ask("核查日期", "visited_on", 1), *ask("核查方式", "method", 1)]
    yield 28, [*ask("实际共同生活人口", "lives_with", 1), *ask("主要困难", "difficulties", 2), *ask("转办部门", "department", 2)]
    yield 20, ask("不纳入原因", "not_included", 7)
    yield 34, ask("备注", "note", 7)
    yield 20, [*ask("核查人1", "visitor_1", 3), *ask("核查人2", "visitor_2", 3)]
    yield (
        24,
        [
            _Cell(
                "住户签字：　　　　　　　　　　　　（线索是疑似，不是认定；是否享受以申请、审核为准）　　　年　　月　　日",
                8,
                "plain",
            )
        ],
    )
