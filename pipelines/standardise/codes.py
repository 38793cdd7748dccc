"""Codes: a cell's writing → the value of its code table; several codes in one cell; sex; names of towns and villages.

Belongs here: looking up distinct texts in the tables of `schemas/codes`. Does not belong here: what a code means for a rule.
"""

import functools
import re
import unicodedata

from pipelines.contracts import code_table
from pipelines.standardise.characters import rows

_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff'\"`‘’“”]+")
_CODE_AND_LABEL = re.compile(r"([0-9A-Z]{1,4})[-.:、=_)]?(\D.*)", re.IGNORECASE)
_BETWEEN = re.compile(r"[、,;/|+&()\[\]\s。和及]+")
_OFFICE = re.compile(r"(?:街道办事处|街道办|镇人民政府|镇政府|乡人民政府|乡政府)$")
_COMMITTEE = re.compile(r"(?:社区居民委员会|社区居委会|村民委员会|居民委员会|村委会|村委|居委会|居委|社区居民小组|党群服务中心)$")
_BRACKETS = re.compile(r"\([^()]*\)")
_SETTLEMENT = re.compile(r"(?:社区|村)$")
_LEAST = 2
"""What is left of a village's name when its kind is cut off: 新村 and 大村 are names, 新 and 大 are not."""


def plain(text: str) -> str:
    """A code's text without what does not matter: NFKC, no spaces, quotes or invisible characters."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def read_code(text: str, table: str) -> str | None:
    """The value that a cell's text stands for in a code table, or None."""
    writings = _writings(table)
    clean = plain(text)
    if clean in writings:
        return writings[clean]
    if clean.upper() in writings:
        return writings[clean.upper()]
    if clean.endswith(".0") and clean[:-2] in writings:  # a spreadsheet's number
        return writings[clean[:-2]]
    both = _CODE_AND_LABEL.fullmatch(clean)  # `10-未婚`: the label counts, the code may be the sender's own
    return writings.get(both.group(2)) if both else None


def read_set(text: str, table: str) -> tuple[list[str] | None, bool]:
    """The values of several codes in one cell, sorted (None where none was understood), and whether all of it was understood."""
    values: set[str] = set()
    understood = True
    whole = read_code(text, table)
    if whole is not None:
        return [whole], True
    for part in filter(None, _BETWEEN.split(unicodedata.normalize("NFKC", text))):
        value = read_code(part, table)
        if value is not None:
            values.add(value)
            continue
        found, rest = _run_together(plain(part), table)
        values |= found
        understood = understood and not rest
    return sorted(values) or None, understood


def read_sex(text: str, *, zero_one: bool) -> tuple[str | None, bool]:
    """GB/T 2261.1: 1 male, 2 female; None for 0 and 9 (unknown, not said), and whether the text was understood.

    Args:
        text: the cell.
        zero_one: the source writes 0 for female and 1 for male.
    """
    clean = plain(text).removesuffix(".0")
    if zero_one and clean in ("0", "1"):
        return ("2" if clean == "0" else "1"), True
    value = read_code(text, "sex")
    return (value if value in ("1", "2") else None), value is not None


def read_town(text: str) -> tuple[str | None, bool]:
    """Today's name of a town, and whether it is one of `towns.csv`; an unknown one keeps its cleaned name."""
    clean = plain(text)
    for writing in (clean, _without_district(clean)):
        value = _writings("towns").get(writing)
        if value:
            return value, True
    clean = _without_district(clean)
    return (_OFFICE.sub(lambda office: "街道" if office.group()[0] == "街" else office.group()[0], clean) or None), False


def read_village(text: str) -> tuple[str | None, str | None]:
    """A village's or community's name without its kind, so that two writings of it are equal, and the town said before it."""
    clean = _without_district(_BRACKETS.sub("", plain(text)))
    town = next((w for w in town_writings() if clean.startswith(w) and len(clean) >= len(w) + _LEAST), "")
    clean = clean[len(town) :]
    clean = _COMMITTEE.sub("", clean)
    shorter = _SETTLEMENT.sub("", clean)
    return (shorter if len(shorter) >= _LEAST else clean) or None, _writings("towns").get(town)


@functools.cache
def district() -> str:
    """What an address here may begin with, province to district, as a pattern; short names (山东, 青岛) only before a district.

    Only this district's own (that of the towns in `towns.csv`), so that an address elsewhere keeps saying where it is.
    """
    home = next(row["area"][:6] for row in rows("towns"))

    def names(code: str, *, short: bool) -> str:
        row = next(row for row in rows("areas") if row["code"] == code)
        found = {row["name"], *(row["variants"].split("|") if short else ())} - {""}
        return "|".join(re.escape(name) for name in sorted(found, key=len, reverse=True))

    province, city = home[:2], home[:4]
    loose = f"(?:{names(province, short=True)})?(?:{names(city, short=True)})?(?:{names(home, short=True)})"
    return f"^(?:{loose}|(?:{names(province, short=False)})?(?:{names(city, short=False)})?)"


@functools.cache
def _district() -> re.Pattern[str]:
    return re.compile(district())


def _without_district(text: str) -> str:
    return _district().sub("", text, count=1)


@functools.cache
def town_writings() -> list[str]:
    """Writings of towns that can only be a town, longest first: those that say what they are (王台镇, not 王台)."""
    return sorted((w for w in _writings("towns") if w[-1] in "镇乡道处府办"), key=len, reverse=True)


@functools.cache
def _writings(table: str) -> dict[str, str]:
    return {plain(writing): value for writing, value in code_table(table).items()}


def _run_together(text: str, table: str) -> tuple[set[str], str]:
    """Labels written without anything between them (肢体智力), longest first; what is left was not understood."""
    found: set[str] = set()
    for writing, value in sorted(_writings(table).items(), key=lambda item: -len(item[0])):
        if len(writing) >= _LEAST and writing in text:
            found.add(value)
            text = text.replace(writing, "")
    return found, text.replace("残疾", "")
