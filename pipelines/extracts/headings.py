"""Which row holds the headings, and which column of the contract each of them is.

Belongs here: folding a heading to what is compared, scoring rows, matching, units in brackets.
Does not belong here: how rows are got out of a file (`delimited`, `workbook`, `columnar`).
"""

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.contracts import Column, Contract
from pipelines.errors import DataError

SEARCHED_ROWS = 40
"""Rows looked through for the headings; the longest preamble known (a statistics return with notes) has eleven."""

_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|\{[^{}]*\}|<[^<>]*>|《[^《》]*》")
_NOISE = re.compile(r"[\s\u200b-\u200f\u2028-\u202e\u2060\ufeff*:'\"]+")
_BRACKETS = re.compile(r"[()\[\]【】〔〕{}<>《》]")
_PERSONAL = re.compile(r"\d{6}")
_SCALES = {"万元": 10_000, "千元": 1_000, "百万元": 1_000_000, "亿元": 100_000_000}
"""Units that stand in a money heading's brackets, in yuan."""


def folded(heading: str) -> str:
    """A heading as it is compared: NFKC, lower case, without spaces, line breaks, required-marks and brackets' content."""
    text = _plain(heading)
    while (shorter := _IN_BRACKETS.sub("", text)) != text:
        text = shorter
    return _plain(text)


def _plain(text: str) -> str:
    """NFKC, lower case and without noise, until nothing changes: removing a mark can bring together what NFKC joins."""
    while (plainer := _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()) != text:
        text = plainer
    return text


def spelled(heading: str) -> str:
    """As `folded`, but what stands in brackets is kept: 其他家庭成员姓名（1） and 村（社区） say something there."""
    return _plain(_BRACKETS.sub("", _plain(heading)))


def scale(heading: str) -> int:
    """Yuan per unit that a money heading states in brackets: 10,000 for （万元）, else 1."""
    text = _NOISE.sub("", unicodedata.normalize("NFKC", heading))
    for inside in _IN_BRACKETS.findall(text):
        for unit in sorted(_SCALES, key=len, reverse=True):
            if unit in inside:
                return _SCALES[unit]
    return 1


def shown(heading: str, position: int) -> str:
    """A heading as a message may show it; where it looks like data rather than a heading, only its place."""
    text = _NOISE.sub("", unicodedata.normalize("NFKC", heading))
    return f"（第{position + 1}列）" if len(text) > 24 or _PERSONAL.search(text) else text


@dataclass(frozen=True)
class Place:
    """One column of a file that feeds a column of the contract."""

    position: int
    scale: int = 1


@dataclass(frozen=True)
class Headings:
    """What a heading row says.

    `row` counts from 1; `places` gives for each canonical column its places in the file, the first to be asked first;
    `texts` are the headings as written, by position, those of two levels joined where that is how they were matched;
    `unknown`, `repeated`, `variants` are fit for messages. `levels` are the two rows of joined headings as written.
    """

    row: int
    places: dict[str, list[Place]]
    texts: list[str]
    unknown: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    levels: list[list[str]] = field(default_factory=list)

    def written(self, position: int) -> list[str]:
        """What stands over a column of the file, in each row of the headings."""
        texts = [self.texts[position], *(level[position] for level in self.levels if position < len(level))]
        return [text.strip() for text in texts if text.strip()]


class Matcher:
    """The headings of one contract, ready to be looked for."""

    def __init__(self, contract: Contract) -> None:
        self._columns: dict[str, Column] = contract.text_columns()
        people = contract.members().values()
        self._people = {fields[key].removesuffix(".id") for fields in people for key in ("name", "id_number") if key in fields}
        self._spelled: dict[str, tuple[str, int]] = {}
        self._folded: dict[str, tuple[str, int] | None] = {}
        self._asked: dict[str, tuple[str, int] | None] = {}  # of one file's first rows, which are looked at several times
        for name, column in self._columns.items():
            for rank, heading in enumerate(column.heading):
                self._spelled.setdefault(spelled(heading), (name, rank))
                key = folded(heading)
                held = self._folded.setdefault(key, (name, rank))
                if held is not None and held[0] != name:
                    self._folded[key] = None  # two columns differ only within brackets: brackets decide

    def column(self, heading: str) -> tuple[str, int] | None:
        """The canonical column a heading stands for and which of its variants it is; None if it is unknown."""
        if heading not in self._asked:
            self._asked[heading] = self._spelled.get(spelled(heading)) or self._folded.get(folded(heading))
        return self._asked[heading]

    def score(self, row: Sequence[str | None]) -> int:
        """How many columns of the contract a row's cells name."""
        return len({match[0] for cell in row if cell and (match := self.column(cell))})

    def best_row(self, rows: Sequence[Sequence[str | None]]) -> tuple[int, int]:
        """Index and score of the row that looks most like the headings, alone or below another; the first of equals."""
        index, score, _ = self._best(rows[:SEARCHED_ROWS])
        return index, score

    def _best(self, rows: Sequence[Sequence[str | None]]) -> tuple[int, int, list[str] | None]:
        """Index, score, and the joined texts where two rows of headings say more than any single one."""
        scores = [self.score(row) for row in rows]
        best = max(range(len(scores)), key=lambda index: (scores[index], -index), default=0)
        found: tuple[int, int, list[str] | None] = (best, scores[best] if scores else 0, None)
        # the best row is one of the two, unless no single row says anything
        for lower in (best, best + 1) if found[1] > 1 else range(1, len(rows)):
            if 0 < lower < len(rows):
                joined = self._joined(rows[lower - 1], rows[lower])
                if (score := self.score(joined)) > found[1]:
                    found = lower, score, joined
        return found

    def _joined(self, upper: Sequence[str | None], lower: Sequence[str | None]) -> list[str]:
        """Headings of two levels as one row: 户主 over 姓名 is 户主姓名, if the contract knows that; else whichever it knows.

        A group's heading stands over its first column only and holds for those to the right that have none.
        """
        joined, group = [], ""
        several = {text for text, count in Counter((text or "").strip() for text in lower).items() if count > 1}
        for position in range(max(len(upper), len(lower))):
            above = (upper[position] or "").strip() if position < len(upper) else ""
            below = (lower[position] or "").strip() if position < len(lower) else ""
            group = above or (group if below else "")
            ways: tuple[str, ...] = (below, above)
            if below and group and group != below:
                # of two 姓名 the one below 监护人 is the guardian's, and the 身份证号 beside it nobody's that is asked for
                others = (group,) if below == "姓名" else ()
                ways = (group + below, *(others if below in several and self.column(group) else (below, above)))
            joined.append(next((text for text in ways if text and self.column(text)), group + below if below else above))
        return joined

    def read(self, rows: Sequence[Sequence[str | None]], where: str) -> Headings:
        """Find the heading row among a file's first rows and match it.

        Args:
            rows: the first rows as a spreadsheet shows them, blank ones included.
            where: the file, for messages.

        Raises:
            DataError: no row has headings, or a required heading is missing; names it and the headings that were found.
        """
        index, score, joined = self._best(rows[:SEARCHED_ROWS])
        if score < 2:
            expected = "、".join(column.heading[0] for column in self._columns.values() if column.required)
            raise DataError(
                f"前 {min(len(rows), SEARCHED_ROWS)} 行里没有找到表头。",
                where=where,
                todo=f"确认文件放对了文件夹，并且有一行表头，至少包括：{expected}。",
            )
        headings = self._match(index + 1, joined or [cell or "" for cell in rows[index]])
        if joined:
            levels = [[cell or "" for cell in row] for row in rows[index - 1 : index + 1]]
            headings = dataclasses.replace(headings, levels=levels)
        missing = self.missing(headings)
        if missing:
            names = "；".join("或".join(f"“{heading}”" for heading in column.heading) for column in missing)
            found = "、".join(shown(text, position) for position, text in enumerate(headings.texts) if text.strip())
            raise DataError(
                f"缺少必需的表头：{names}。找到的表头有：{found}。",
                where=f"{where} 第 {index + 1} 行",
                todo="请部门补上这一列后重新提供；如果只是换了叫法，把新叫法加到该数据源合同的 heading 里。",
            )
        return headings

    def names_people(self, headings: Headings) -> bool:
        """Whether some column is of persons' names or ids."""
        return not self._people.isdisjoint(headings.places)

    def missing(self, headings: Headings) -> list[Column]:
        """The columns that must be there and are not."""
        return [column for name, column in self._columns.items() if column.required and name not in headings.places]

    def nearest(self, rows: Sequence[Sequence[str | None]]) -> Headings | None:
        """What the row most like the headings says, required headings missing or not; None if no row is like them at all."""
        index, score, joined = self._best(rows[:SEARCHED_ROWS])
        return self._match(index + 1, joined or [cell or "" for cell in rows[index]]) if score >= 2 else None

    def _match(self, row: int, texts: list[str]) -> Headings:
        found: dict[str, list[tuple[int, Place]]] = {}
        written: dict[str, set[str]] = {}
        unknown, repeated = [], []
        for position, text in enumerate(texts):
            if not text.strip():
                continue
            match = self.column(text)
            if match is None:
                unknown.append(shown(text, position))
                continue
            name, rank = match
            if spelled(text) in written.setdefault(name, set()):
                repeated.append(shown(text, position))
                continue
            written[name].add(spelled(text))
            factor = scale(text) if self._columns[name].type == "money" else 1
            found.setdefault(name, []).append((rank, Place(position, factor)))
        places = {
            name: [place for _, place in sorted(found[name], key=lambda item: (item[0], item[1].position))]
            for name in self._columns
            if name in found
        }
        variants = [shown(texts[place.position], place.position) for several in places.values() for place in several[1:]]
        return Headings(row, places, texts, unknown, repeated, variants)
