"""How one value is spoilt: an id mistyped, a name misheard, a birthday by the moon.

Belongs here: one function per defect, from the true text and a random number to the wrong text, or None where the defect
cannot happen to this text. Does not belong here: which rows it happens to (`defects`).
"""

import datetime as dt
import functools
from collections.abc import Callable

import yaml

from pipelines.sample.names import load
from pipelines.storage import SCHEMAS

DOTS = ("•", "・", "．", ".", "‧", "", " ")
_MASKED, _PLACEHOLDER = "********", "9" * 18

Spoil = Callable[[str, int], str | None]


def id_typo(text: str, luck: int) -> str | None:
    """One digit mistyped."""
    place = luck % 17
    wrong = str((int(text[place]) + 1 + luck // 17 % 9) % 10)
    return text[:place] + wrong + text[place + 1 :]


def id_transposed(text: str, luck: int) -> str | None:
    """Two neighbouring digits in the wrong order."""
    for place in (luck % 16, *range(6, 16)):
        if text[place] != text[place + 1]:
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return None


def id_digit_lost(text: str, luck: int) -> str | None:
    """One digit left out."""
    place = luck % 17
    return text[:place] + text[place + 1 :]


def id_fifteen(text: str, _luck: int) -> str | None:
    """The id of before 1999: no century, no check digit."""
    return text[:6] + text[8:17] if text[6:8] == "19" and len(text) == 18 else None


def id_zeros(text: str, _luck: int) -> str | None:
    """What a spreadsheet leaves of a long number: fifteen digits and zeros."""
    return text[:15] + "0" * (len(text) - 15) if text.isdigit() else None


def id_scientific(text: str, _luck: int) -> str | None:
    """A long number as a spreadsheet shows it."""
    return f"{text[0]}.{text[1:6]}E+{len(text) - 1}" if text.isdigit() else None


def id_masked(text: str, _luck: int) -> str | None:
    """First six and last four, the rest hidden."""
    return text[:6] + _MASKED + text[14:]


def id_written(text: str, luck: int) -> str | None:
    """Readable, but not as it should be: apostrophe, tab, spaces, full width, small x."""
    full = "".join(chr(ord(digit) + 0xFEE0) for digit in text)
    return (
        f"'{text}",
        f"{text}\t",
        f"{text[:6]} {text[6:14]} {text[14:]}",
        full,
        text.lower() if text[-1] == "X" else f" {text}",
    )[luck % 5]


def id_placeholder(_text: str, _luck: int) -> str | None:
    """The nines of a system that demands a number."""
    return _PLACEHOLDER


@functools.cache
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Same sound, look-alike and traditional writing of each character that names are made of."""
    from opencc import OpenCC
    from pypinyin import Style, lazy_pinyin

    table = load()
    chars = sorted({char for sex in (1, 2) for char in table.chars[sex].texts} | set("".join(table.surnames.texts)))
    by_sound: dict[str, list[str]] = {}
    for char in chars:
        by_sound.setdefault(lazy_pinyin(char, style=Style.TONE3)[0], []).append(char)
    sound = {}
    for alike in by_sound.values():
        for place, char in enumerate(alike):
            if len(alike) > 1:
                sound[char] = "".join(alike[place + 1 :] + alike[:place])
    spec = yaml.safe_load((SCHEMAS / "sample" / "defects.yaml").read_text(encoding="utf-8"))
    look = {}
    for pair in spec["lookalikes"].split():
        look[pair[0]] = pair[1]
    converter = OpenCC("s2t")
    traditional = {char: old for char in chars if (old := converter.convert(char)) != char and len(old) == 1}
    return sound, look, traditional


def _replace(text: str, luck: int, table: dict[str, str], first: int = 1) -> str | None:
    places = [place for place in range(first, len(text)) if text[place] in table]
    if not places:
        return None
    place = places[luck % len(places)]
    others = table[text[place]]
    return text[:place] + others[luck // 7 % len(others)] + text[place + 1 :]


def name_homophone(text: str, luck: int) -> str | None:
    """Written as it sounds."""
    return None if "·" in text else _replace(text, luck, _tables()[0])


def name_lookalike(text: str, luck: int) -> str | None:
    """A character that looks like it."""
    return None if "·" in text else _replace(text, luck, _tables()[1])


def name_variant(text: str, luck: int) -> str | None:
    """The traditional writing of one character, surname included."""
    return _replace(text, luck, _tables()[2], first=0)


def name_lost(text: str, luck: int) -> str | None:
    """One character of the given name that the program could not show."""
    place = 1 + luck % (len(text) - 1)
    return text[:place] + "?□*"[luck // 11 % 3] + text[place + 1 :]


def name_short(text: str, luck: int) -> str | None:
    """One character of a given name of two left out."""
    return text[0] + text[1 + luck % 2] if len(text) == 3 else None


def name_swapped(text: str, _luck: int) -> str | None:
    """The two characters of the given name in the wrong order."""
    return text[0] + text[2] + text[1] if len(text) == 3 and text[1] != text[2] else None


def name_spaces(text: str, luck: int) -> str | None:
    """Spaces within, around, full width, or one that cannot be seen."""
    return (f"{text[0]} {text[1:]}", f"{text[0]}\u3000{text[1:]}", f" {text} ", f"{text}\u00a0", " ".join(text))[luck % 5]


def name_rare_lost(text: str, luck: int) -> str | None:
    """A rare character shown as a question mark."""
    rare = {char for sex in (1, 2) for char in load().rare[sex].texts}
    return "".join("?□"[luck % 2] if char in rare else char for char in text)


def name_dots(text: str, luck: int) -> str | None:
    """Another dot, a space, or none."""
    return text.replace("·", DOTS[luck % len(DOTS)])


def name_dotted_cut(text: str, _luck: int) -> str | None:
    """Cut at eight characters, as old systems do."""
    return text[:8] if len(text) > 8 else None


def name_dotted_spelt(text: str, _luck: int) -> str | None:
    """The same name transliterated otherwise."""
    for one, other in (
        ("阿布都", "阿不都"),
        ("阿不都", "阿布都"),
        ("买买提", "麦麦提"),
        ("麦麦提", "买买提"),
        ("古丽", "姑丽"),
        ("吐尔逊", "图尔荪"),
        ("依明", "伊明"),
    ):
        if one in text:
            return text.replace(one, other, 1)
    return None


@functools.cache
def _lunar_months(year: int) -> list[tuple[int, int, int]]:
    """The lunar months that touch a year, latest first: first day (proleptic ordinal), lunar year, month."""
    from lunar_python import LunarYear

    months = LunarYear.fromYear(year).getMonths()
    # The library gives the Julian day that begins at the day's noon; ordinal 1 is Julian day 1721426 by that count.
    known = [(int(month.getFirstJulianDay()) - 1721425, month.getYear(), abs(month.getMonth())) for month in months]
    return sorted(known, reverse=True)


def birth_lunar(day: dt.date) -> dt.date | None:
    """The lunar month and day of a birthday, written as if they were of the common calendar."""
    first, year, month = next(known for known in _lunar_months(day.year) if known[0] <= day.toordinal())
    try:
        return dt.date(year, month, day.toordinal() - first + 1)
    except ValueError:  # the 30th of the second month
        return None


def birth_swapped(day: dt.date) -> dt.date | None:
    """Day and month in the wrong order."""
    return dt.date(day.year, day.day, day.month) if day.day <= 12 and day.day != day.month else None


ID_DEFECTS: dict[str, Spoil] = {
    "id_typo": id_typo,
    "id_transposed": id_transposed,
    "id_digit_lost": id_digit_lost,
    "id_fifteen": id_fifteen,
    "id_zeros": id_zeros,
    "id_scientific": id_scientific,
    "id_masked": id_masked,
    "id_placeholder": id_placeholder,
    "id_written": id_written,
}
NAME_DEFECTS: dict[str, Spoil] = {
    "name_homophone": name_homophone,
    "name_lookalike": name_lookalike,
    "name_variant": name_variant,
    "name_lost": name_lost,
    "name_short": name_short,
    "name_swapped": name_swapped,
    "name_spaces": name_spaces,
    "name_rare_lost": name_rare_lost,
    "name_dots": name_dots,
    "name_dotted_cut": name_dotted_cut,
    "name_dotted_spelt": name_dotted_spelt,
}
