"""How alike two names are: one small level per pair of distinct names.

Belongs here: what one writing of a name has to do with another (sound, shape, lost characters, order, truncation).
Does not belong here: how a name is cleaned (`pipelines.standardise`), and what a level weighs (`decide.weights`).

Names of up to four characters, nearly all, are compared as arrays of code points: a few nanoseconds a pair. Longer names
(minorities' names written in characters) go through rapidfuzz, once per distinct pair.
"""

import csv
import functools
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.storage import SCHEMAS

MISSING, EQUAL, SOUND, SHAPE, LOST, SWAPPED, PART, HIDDEN, ONE_CHARACTER, GIVEN, SURNAME, NOTHING = range(12)
"""Levels from none given to nothing alike. PART: a long name cut off, or another transliteration of it.
HIDDEN: all but one character lost or masked, and that one agrees."""

LEVELS = (
    "缺失", "相同", "同音", "形近", "缺字", "颠倒", "截断或音译不同", "只有一字可见", "一字不同", "名同姓不同",
    "只有姓相同", "不同",
)  # fmt: skip

_LOST = "?？*＊□■◻○●﹖_�"
"""What stands where a character was lost or masked."""

_COMPOUND = [
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "司徒",
    "司空",
    "夏侯",
    "轩辕",
    "长孙",
    "宇文",
    "端木",
    "南宫",
    "东郭",
    "西门",
    "呼延",
    "淳于",
    "单于",
    "太史",
    "申屠",
    "公羊",
    "澹台",
    "公冶",
    "宗政",
    "濮阳",
    "赫连",
    "钟离",
    "闻人",
    "百里",
    "拓跋",
    "独孤",
    "第五",
]

_SHORT = 4
_CODES = 0x32400


@functools.cache
def _readings() -> NDArray[np.int16]:
    """For each code point up to four toneless syllables as numbers; 0 is none."""
    from pypinyin.pinyin_dict import pinyin_dict

    table = np.zeros((_CODES, 4), dtype=np.int16)
    numbers: dict[str, int] = {}
    toneless: dict[str, str] = {}
    for code, readings in pinyin_dict.items():
        if code >= _CODES:
            continue
        syllables: dict[str, None] = {}
        for reading in readings.split(","):
            if reading not in toneless:
                plain = unicodedata.normalize("NFD", reading)
                toneless[reading] = "".join(
                    "v" if c == "\u0308" else c for c in plain if c == "\u0308" or not unicodedata.combining(c)
                )
            syllables[toneless[reading]] = None
        for place, syllable in enumerate(list(syllables)[:4]):
            table[code, place] = numbers.setdefault(syllable, len(numbers) + 1)
    return table


@functools.cache
def _shapes() -> NDArray[np.int32]:
    """For each code point up to four numbers of shapes shared with look-alikes; 0 is none."""
    table = np.zeros((_CODES, 4), dtype=np.int32)
    numbers: dict[str, int] = {}
    with (SCHEMAS / "linkage" / "character_shapes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for place, shape in enumerate(row["shapes"].split(" ")[:4]):
                table[ord(row["character"]), place] = numbers.setdefault(shape, len(numbers) + 1)
    return table


@functools.cache
def _lost() -> NDArray[np.bool_]:
    table = np.zeros(_CODES, dtype=bool)
    table[[ord(c) for c in _LOST]] = True
    table[0xE000:0xF900] = True  # a private-use code point that no table explained: the character is lost
    return table


def _share(table: NDArray[Any], a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Where two arrays of code points have an entry of the table in common."""
    left, right = table[a], table[b]
    found = np.zeros(a.shape, dtype=bool)
    for i in range(table.shape[1]):
        for j in range(table.shape[1]):
            found |= (left[..., i] == right[..., j]) & (left[..., i] > 0)
    return found


def name_levels(left: Sequence[str], right: Sequence[str]) -> NDArray[np.int8]:
    """The level of each pair of names.

    Args:
        left: name keys (folded, without dots), n of them.
        right: likewise.

    Returns:
        n levels.
    """
    levels = np.full(len(left), NOTHING, dtype=np.int8)
    if not len(left):
        return levels
    wide_l, wide_r = np.asarray(left, dtype="<U24"), np.asarray(right, dtype="<U24")
    length_l, length_r = np.strings.str_len(wide_l), np.strings.str_len(wide_r)
    short = (length_l <= _SHORT) & (length_r <= _SHORT)
    if short.any():
        a = _codes(wide_l[short])
        b = _codes(wide_r[short])
        levels[short] = _short_levels(a, b, length_l[short], length_r[short])
    for place in np.flatnonzero(~short):
        levels[place] = _long_level(str(wide_l[place]), str(wide_r[place]))
    levels[wide_l == wide_r] = EQUAL
    levels[(length_l == 0) | (length_r == 0)] = MISSING
    return levels


def _codes(names: NDArray[np.str_]) -> NDArray[np.uint32]:
    cut = np.ascontiguousarray(names.astype(f"<U{_SHORT}"))
    codes = cut.view(np.uint32).reshape(len(cut), _SHORT)
    return np.where(codes < _CODES, codes, 0)


def _short_levels(
    a: NDArray[np.uint32], b: NDArray[np.uint32], length_a: NDArray[np.int64], length_b: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Levels of names of at most four characters, strongest last written."""
    there = (a > 0) | (b > 0)
    same = (a == b) & there
    lost = (_lost()[a] | _lost()[b]) & there
    different = there & ~same
    count = different.sum(axis=1)
    equal_length = length_a == length_b
    surname = _surname_lengths(a)
    positions = np.arange(_SHORT)
    surname_same = (same | (positions >= surname[:, None])).all(axis=1) & (_surname_lengths(b) == surname)
    given_same = (same | ~there | (positions < 1)).all(axis=1) & (length_a >= 3)
    levels = np.full(len(a), NOTHING, dtype=np.int8)
    levels[surname_same] = SURNAME
    levels[given_same & equal_length] = GIVEN
    levels[equal_length & (count == 1) & surname_same & (length_a - surname >= 2)] = ONE_CHARACTER
    levels[equal_length & (np.sort(a, axis=1) == np.sort(b, axis=1)).all(axis=1)] = SWAPPED
    levels[_one_missing(a, b, length_a, length_b) | _one_missing(b, a, length_b, length_a)] = LOST
    visible = same & ~lost
    fits = equal_length & lost.any(axis=1) & (visible | lost | ~there).all(axis=1)
    levels[fits & (visible.sum(axis=1) == 1)] = HIDDEN
    levels[fits & (visible.sum(axis=1) >= 2)] = LOST
    rows = np.flatnonzero(equal_length & (count == 1) & (length_a >= 2))
    alike = _share(_shapes(), a[rows], b[rows])
    levels[rows[(same[rows] | alike | ~there[rows]).all(axis=1)]] = SHAPE
    rows = np.flatnonzero(equal_length)
    for place in range(_SHORT):  # most pairs fall out at the first character
        heard = _share(_readings(), a[rows, place], b[rows, place])
        rows = rows[same[rows, place] | heard | ~there[rows, place]]
    levels[rows] = SOUND
    return levels


def _surname_lengths(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    compound = np.array([ord(s[0]) * _CODES + ord(s[1]) for s in _COMPOUND], dtype=np.int64)
    first_two = codes[:, 0].astype(np.int64) * _CODES + codes[:, 1]
    return np.where(np.isin(first_two, compound) & (codes[:, 2] > 0), 2, 1)


def _one_missing(
    long: NDArray[np.uint32], short: NDArray[np.uint32], length_long: NDArray[np.int64], length_short: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Where the short name is the long one (of three or more) with one character gone."""
    found = np.zeros(len(long), dtype=bool)
    for gone in range(_SHORT):
        rest = np.delete(long, gone, axis=1)
        found |= (rest == short[:, : _SHORT - 1]).all(axis=1)
    return np.asarray(found & (length_long == length_short + 1) & (length_long >= 3))


def _long_level(a: str, b: str) -> int:
    """The level of two names of which one has more than four characters."""
    from rapidfuzz.distance import Levenshtein

    if not a or not b:
        return MISSING
    shorter, longer = sorted((a, b), key=len)
    if len(a) == len(b) and (a in b + b or sorted(a) == sorted(b)):
        return SWAPPED
    if len(a) == len(b) and all(x == y or x in _LOST or y in _LOST for x, y in zip(a, b, strict=True)):
        return LOST
    heard_a, heard_b = _heard(shorter), _heard(longer)
    if heard_a == heard_b:
        return SOUND
    if len(shorter) >= 4 and heard_b[: len(heard_a)] == heard_a:
        return PART
    if Levenshtein.normalized_similarity(heard_a, heard_b) >= 0.7:
        return PART
    if len(shorter) >= 5 and Levenshtein.normalized_similarity(heard_a, heard_b[: len(heard_a)]) >= 0.75:
        return PART
    return SURNAME if a[:2] == b[:2] else NOTHING


def _heard(name: str) -> str:
    """A name as the sequence of its syllables, one character for each; what has no reading stands for itself."""
    table = _readings()
    syllables = []
    for character in name:
        code = ord(character)
        number = int(table[code, 0]) if code < _CODES else 0
        syllables.append(chr(0xE000 + number) if number else character)
    return "".join(syllables)
