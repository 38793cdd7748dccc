"""The clerk's list as a file: XLSX and CSV out, either of them back in.

Belongs here: columns, drop-downs, the number that finds a question again, reading answers tolerantly. Does not belong here: which
questions are asked (`questions`).
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.contracts import Column, Contract
from pipelines.errors import DataError
from pipelines.storage import whole_or_absent

ANSWERS = ("是", "否", "不确定")

COLUMNS: dict[str, tuple[str, int]] = {
    "number": ("编号", 16),
    "question": ("第几题", 7),
    "reason": ("为什么问", 22),
    "source": ("记录来自", 18),
    "place": ("文件和行", 24),
    "rows": ("相同的行数", 8),
    "leads": ("相关线索数", 8),
    "name": ("记录：姓名", 11),
    "their_name": ("人选：姓名", 11),
    "identity": ("记录：证号、出生日期", 21),
    "their_identity": ("人选：证号、出生日期", 21),
    "sex": ("记录：性别", 7),
    "their_sex": ("人选：性别", 7),
    "phone": ("记录：电话", 14),
    "their_phone": ("人选：电话", 14),
    "village": ("记录：镇街、村居", 16),
    "their_village": ("人选：镇街、村居", 16),
    "address": ("记录：住址", 18),
    "their_address": ("人选：住址", 18),
    "household": ("记录：同户的人", 30),
    "their_household": ("人选：户籍上同户的人", 30),
    "their_records": ("人选：还有哪些部门的记录", 24),
    "compared": ("比较结果", 30),
    "answer": ("是不是同一个人", 10),
    "clerk": ("判断人", 10),
    "note": ("备注", 20),
}
"""Column → heading and width. Of one question each candidate has a row."""

_OPEN = ("answer", "clerk", "note")
_SAID = {
    "是": "是 是的 同一人 是同一人 同一个人 对 y yes √ ✓ 1",
    "否": "否 不是 不同 不是同一人 不同人 错 n no × x 0",
    "不确定": "不确定 不清楚 不知道 ? 待定 说不清",
}
_WRITINGS = {writing: answer for answer, writings in _SAID.items() for writing in writings.split()}
"""How an answer may be written → the answer."""
_GUIDE = (
    "每一题是一条记录：左边是记录，右边是可能的人选，一个人选一行。"
    "请判断记录和人选是不是同一个人，在“是不是同一个人”一列选 是、否 或 不确定。",
    "一题里最多一个“是”。都不是，就都选“否”。不填的行不算，下次再问。",
    "最要紧的排在最前面：最拿不准、牵涉记录和线索最多的。没有时间就只做前面的。",
    "可以打电话、查纸质档案核实。姓名、证号按您的权限遮盖；“比较结果”说的是遮盖之前的比较。",
    "列可以移动，行可以删，“编号”一列不要改。做完保存，交回来读入：zhudong review import 本文件 --clerk 您的姓名。",
    "判断会记下是谁、什么时候做的，以后每个批次都照它办，同一题不再问。",
)
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Answer:
    """One answered row: question and candidate, `是`, `否` or `不确定`, who said so; `wrong` says why it cannot be taken."""

    row_no: int
    identity_hash: int
    person_id: str
    answer: str
    clerk: str
    wrong: str = ""


def question_number(identity_hash: int, person_id: str) -> str:
    """What finds a question again: thirteen of Crockford's base 32, and the candidate.

    >>> question_number(255, "P00000000001")
    'Q000000000007Z-P00000000001'
    """
    digits = "".join(_DIGITS[(identity_hash >> (5 * place)) & 31] for place in range(12, -1, -1))
    return f"Q{digits}-{person_id}"


def question_of(number: str) -> tuple[int, str] | None:
    """The identity and the candidate of a question's number, typed again perhaps; None if it is none."""
    text = number.strip().upper().replace("－", "-").replace("—", "-").replace(" ", "")
    question, _, person = text.partition("-")
    if len(question) != 14 or question[0] != "Q" or len(person) != 12 or person[0] != "P" or set(question[1:]) - set(_DIGITS):
        return None
    value = 0
    for digit in question[1:]:
        value = value << 5 | _DIGITS.index(digit)
    return value, person


def write_sheet(path: Path, rows: Sequence[dict[str, str]], title: str, facts: Sequence[tuple[str, str]]) -> None:
    """Write the list twice: `path` with the suffixes .xlsx and .csv, each whole or not at all."""
    with whole_or_absent(path.with_suffix(".csv")) as new, new.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(heading for heading, _ in COLUMNS.values())
        writer.writerows([_guarded(row.get(name, "")) for name in COLUMNS] for row in rows)
    with whole_or_absent(path.with_suffix(".xlsx")) as new:
        _workbook(new, rows, title, facts)


def _guarded(text: str) -> str:
    """A cell that no spreadsheet runs."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t") else text


def _workbook(path: Path, rows: Sequence[dict[str, str]], title: str, facts: Sequence[tuple[str, str]]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet("待判断")
        plain = {"font_name": "宋体", "font_size": 11, "text_wrap": True, "valign": "vcenter", "border": 1, "num_format": "@"}
        heading = book.add_format({**plain, "bold": True, "bg_color": "#D9E2EC"})
        shades = [book.add_format({**plain, "bg_color": colour}) for colour in ("#FFFFFF", "#F3F6F9")]
        open_ = book.add_format({**plain, "locked": False, "bg_color": "#FBFEF9"})
        sheet.set_row(0, 34)
        for column, (text, width) in enumerate(COLUMNS.values()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, text, heading)
        for number, row in enumerate(rows, 1):
            sheet.set_row(number, 16 * min(max(_lines(row), 2), 8) + 4)
            for column, name in enumerate(COLUMNS):
                shade = open_ if name in _OPEN else shades[int(row["question"]) % 2]
                sheet.write_string(number, column, row.get(name, ""), shade)
        place = list(COLUMNS).index("answer")
        if rows:
            sheet.data_validation(1, place, len(rows), place, {
                "validate": "list", "source": list(ANSWERS), "error_title": "请从列表里选", "error_message": "是、否 或 不确定。",
            })  # fmt: skip
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, max(len(rows), 1), len(COLUMNS) - 1)
        sheet.set_landscape()
        sheet.set_paper(8)  # A3
        sheet.fit_to_pages(2, 0)
        sheet.repeat_rows(0)
        sheet.protect("", {"sort": True, "autofilter": True, "format_columns": True, "format_rows": True})
        guide = book.add_worksheet("填写说明")
        guide.set_column(0, 0, 14)
        guide.set_column(1, 1, 100)
        wrapped = book.add_format({"font_name": "宋体", "font_size": 12, "text_wrap": True, "valign": "top"})
        guide.write_string(0, 0, title, book.add_format({"font_name": "宋体", "font_size": 14, "bold": True}))
        for number, (name, value) in enumerate([*facts, *((str(n), step) for n, step in enumerate(_GUIDE, 1))], 2):
            guide.write_string(number, 0, name, wrapped)
            guide.write_string(number, 1, value, wrapped)


def _lines(row: dict[str, str]) -> int:
    return max(-(-2 * len(row.get(name, "")) // width) for name, (_, width) in COLUMNS.items() if name != "number")


def _contract() -> Contract:
    """The list as something that came back: the same tolerant reading as of any extract."""
    columns = {
        "question_number": Column(heading=["编号", "题目编号"], type="text", privacy="none", required=True),
        "answer": Column(heading=["是不是同一个人", "是否同一人", "判断", "结论"], type="text", privacy="none", required=True),
        "clerk": Column(heading=["判断人", "核对人"], type="text", privacy="none"),
    }
    return Contract(
        source="match_answers", number=127, title="待判断清单", department="区", group="linkage", columns=columns, identity=[]
    )


def read_sheet(path: Path) -> Iterator[Answer]:
    """The answered rows of a list; rows without an answer are left out.

    Raises:
        DataError: the file cannot be read or is no such list.
    """
    from pipelines.extracts.table import cell
    from pipelines.extracts.tables import open_table

    if not path.is_file():
        raise DataError("找不到文件。", where=path.name, todo="核对文件名。")
    table = open_table(path, path.name, _contract())
    positions = {name: cell(places[0].position) for name, places in table.headings.places.items()}
    for batch in table.batches:
        for number, row in enumerate(batch.frame.to_dicts(), batch.first_row):
            cells = {name: str(row.get(column) or "").strip().lstrip("'’‘").strip() for name, column in positions.items()}
            if cells["answer"]:
                yield _answer(number, cells)


def _answer(row_no: int, cells: dict[str, Any]) -> Answer:
    import unicodedata

    found = question_of(cells["question_number"])
    text = unicodedata.normalize("NFKC", cells["answer"]).strip("。.，,！! ").casefold()
    answer = _WRITINGS.get(text, "")
    wrong = "编号不对，请照原清单的编号填。" if found is None else "" if answer else "答案不认识，请填 是、否 或 不确定。"
    identity, person = found or (0, "")
    return Answer(row_no, identity, person, answer, cells.get("clerk", ""), wrong)


def write_not_taken(path: Path, answers: Iterable[Answer]) -> None:
    """Say row by row, beside the file, what was not taken and why."""
    with whole_or_absent(path) as new, new.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["行号", "原因"])
        writer.writerows((str(answer.row_no), answer.wrong) for answer in answers)
