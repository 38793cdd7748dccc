"""What a caseworker's row says: to which lead, with which outcome, when, by whom; or why it cannot be taken.

Belongs here: reading the cells of one returned row. Does not belong here: getting cells out of a file (`sheets`), keeping
answers (`stage`).

A row is taken, or named with a reason that says what to do. Reasons never repeat what stands in a cell.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipelines.contracts import code_table
from pipelines.returns.sheets import Row

NOT_TAKEN, DOUBTFUL = "未采用", "已采用，请核对"

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
"""Crockford's base 32 has no O, I and L: whoever retypes an id and writes them meant 0 and 1."""
LEAD_NUMBER = re.compile(r"L[0-9A-Z]{11}")
_CODE = re.compile(r"([A-Z])[\s.\-]*([0-9OIL])(?![0-9A-Z])")
_MONTH_DAY = re.compile(r"(\d{1,2})[月./\-](\d{1,2})[日号]?")
_MOST_INCOME = 5_000_000
"""Yuan a year: more is no family of ours but a typing error."""
_MOST_PEOPLE = 30
"""More than this is no household but a typing error."""


@dataclass(frozen=True)
class Answer:
    """One answer to one lead, all values read."""

    lead_id: str
    outcome_code: str
    visited_on: dt.date | None
    visitors: str | None
    note: str | None
    referred_to: str | None
    method: str | None
    reason_not_included: str | None
    household_size: int | None
    difficulties: str | None
    income_amount: Decimal | None


@dataclass
class Judged:
    """What became of one row: an answer or none, and what the town should be told about it."""

    row_no: int
    lead_id: str = ""
    answer: Any = None
    """An `Answer`, or a `referred.Result`."""
    remarks: list[str] = field(default_factory=list)
    batch_said: str | None = None
    blank: bool = False
    """The lead is known and nothing is filled in: not visited yet."""


def lead_number(text: str) -> str:
    """A lead number as it was issued, however it was retyped: case, spaces, full width, O for 0, I or L for 1.

    >>> lead_number("l 7o1y-JTVB7TA6 ")
    'L701YJTVB7TA6'
    """
    plain = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())
    return "L" + plain[1:].translate(_LOOKALIKES) if plain[:1] in ("L", "1", "I") else plain.translate(_LOOKALIKES)


def outcome_codes(text: str, table: str = "outcome") -> list[str]:
    """The outcome codes that a cell names, each once: by code, label or variant.

    >>> outcome_codes("b1　协助申请低保或特困"), outcome_codes("收入超"), outcome_codes("B1、E6"), outcome_codes("待定")
    (['B1'], ['E1'], ['B1', 'E6'], [])
    """
    writings = code_table(table)
    whole = unicodedata.normalize("NFKC", text).strip()
    by_writing = {_folded(writing): value for writing, value in writings.items()}
    if found := by_writing.get(_folded(whole)):
        return [found]
    values = set(writings.values())
    codes = [letter + digit.translate(_LOOKALIKES) for letter, digit in _CODE.findall(whole.upper())]
    return list(dict.fromkeys(code for code in codes if code in values))


def _folded(text: str) -> str:
    return re.sub(r"[\s、，,。；;：:（）()]+", "", unicodedata.normalize("NFKC", text)).upper()


def read_days(texts: Iterable[str], not_before: dt.date) -> dict[str, dt.date | None]:
    """Dates as caseworkers write them; a month and day alone are of the first year in which they are not before `not_before`.

    Args:
        texts: distinct texts.
        not_before: the first day of the month before the lists went out.
    """
    import pyarrow as pa

    from pipelines.standardise.dates import read_dates

    wanted = sorted(set(texts))
    table = read_dates(pa.array(wanted, pa.string())).to_pydict()
    days: dict[str, dt.date | None] = dict(zip(table["raw"], table["value"], strict=True))
    for text in wanted:
        short = _MONTH_DAY.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", ""))
        if short:
            days[text] = _in_the_first_year(int(short[1]), int(short[2]), not_before)
    return days


def _in_the_first_year(month: int, day: int, not_before: dt.date) -> dt.date | None:
    for year in (not_before.year, not_before.year + 1):
        try:
            found = dt.date(year, month, day)
        except ValueError:
            return None
        if found >= not_before:
            return found
    return None


@dataclass(frozen=True)
class Context:
    """What a file's rows are read against.

    Attributes:
        answers: the names of the columns that caseworkers fill in.
        known: the numbers of the leads there are.
        near: an unknown number → the one lead whose number differs from it by one character.
        days: every date text of the file, read.
        today: a visit after it has not been.
    """

    answers: frozenset[str]
    known: frozenset[str]
    near: Mapping[str, str]
    days: Mapping[str, dt.date | None]
    today: dt.date


def judge(row: Row, context: Context) -> Judged:
    """Read one row: an answer, or the reason why it is none."""
    cells = row.cells
    given = lead_number(cells.get("lead_id", ""))
    judged = Judged(row.row_no, given if LEAD_NUMBER.fullmatch(given) else "", batch_said=cells.get("batch"))
    codes = outcome_codes(cells.get("outcome", ""))
    if not given:
        judged.remarks.append("这一行没有线索编号，请对照原清单补上。")
    elif given not in context.known:
        near = context.near.get(given)
        judged.remarks.append(
            f"没有这个线索编号；与 {near} 只差一个字符，请核对后改正。" if near else "没有这个线索编号，请对照原清单改正。"
        )
    elif row.other_row:
        judged.remarks.append(
            f"“清单”这一行和“走访表”第 {row.other_row} 行都填了，填得不一样；请留下对的，另一处清空或改成一样。"
        )
    elif not any(cells.get(name) for name in context.answers):
        judged.blank = True
        judged.remarks.append("没有填写核查结果，视为尚未核查。")
    elif not cells.get("outcome"):
        judged.remarks.append("填了内容，但没有填核查结果码，请从下拉列表里选。")
    elif not codes:
        judged.remarks.append("核查结果码看不懂，请从下拉列表里选。")
    elif len(codes) > 1:
        judged.remarks.append("填了不止一个核查结果码，一户只选一个最主要的，其余写进备注。")
    else:
        judged.answer = _answer(judged, cells, codes[0], context)
    return judged


def _answer(judged: Judged, cells: Mapping[str, str], code: str, context: Context) -> Answer:
    visited = context.days.get(cells["visited_on"]) if cells.get("visited_on") else None
    if cells.get("visited_on") and visited is None:
        judged.remarks.append("核查日期看不懂，按没有日期采用；请写成 2026-11-05 这样。")
    elif visited and visited > context.today:
        judged.remarks.append("核查日期在今天以后，按没有日期采用。")
        visited = None
    size = _people(cells.get("lives_with", ""))
    if cells.get("lives_with") and size is None:
        judged.remarks.append("实际共同生活人口不是人数，按没有填写采用。")
    visitors = "、".join(text for name in ("visitor_1", "visitor_2") if (text := cells.get(name)))
    return Answer(
        lead_id=judged.lead_id,
        outcome_code=code,
        visited_on=visited,
        visitors=visitors or None,
        note=cells.get("note"),
        referred_to=cells.get("department"),
        method=cells.get("method"),
        reason_not_included=cells.get("not_included"),
        household_size=size,
        difficulties=cells.get("difficulties"),
        income_amount=_income(judged, cells),
    )


def _income(judged: Judged, cells: Mapping[str, str]) -> Decimal | None:
    """The answer to the list's income question, in yuan."""
    text = cells.get("income_amount", "")
    if not text:
        return None
    amount = yuan(text)
    if amount is None:
        judged.remarks.append("收入答复看不懂，按没有填写采用；请只写近12个月的元数，没有写 0。")
    elif amount > _MOST_INCOME:
        judged.remarks.append("收入答复太大，不像一年的收入，按没有填写采用；请核对单位是元。")
        return None
    return amount


def yuan(text: str) -> Decimal | None:
    """An amount as a caseworker writes it, in yuan; None if it is none.

    >>> yuan("3,600元"), yuan("1.2万"), yuan("没有"), yuan("不清楚")
    (Decimal('3600'), Decimal('12000.0'), Decimal('0'), None)
    """
    plain = re.sub(r"[\s,，约]", "", unicodedata.normalize("NFKC", text))
    if plain in ("无", "没有", "没"):
        return Decimal(0)
    number = re.fullmatch(r"(\d+(?:\.\d{1,4})?)(万?)元?整?", plain)
    return Decimal(number[1]) * (10_000 if number[2] else 1) if number else None


def _people(text: str) -> int | None:
    number = re.fullmatch(r"(\d{1,2})\s*[人口]?", unicodedata.normalize("NFKC", text))
    return int(number[1]) if number and 0 < int(number[1]) <= _MOST_PEOPLE else None
