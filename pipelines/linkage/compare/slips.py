"""Damaged id numbers: the few valid ids that one slip could have made them from.

Belongs here: the id's check sum used to mend it. Does not belong here: what is a valid id (`pipelines.standardise`).

GB 11643's check digit leaves, for a wrong digit at a given place, exactly one digit that would be right: an 18-digit id with
one slip has about 18 + 17 possible originals, not 170. Each is looked up by an exact join: the search costs the same whatever
the population, and no key has to be kept for the register's side.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1], dtype=np.int64)
"""GB 11643-1999: Σ weight·digit ≡ 1 (mod 11), the check character X being ten."""
_INVERSE = np.array([pow(int(w), -1, 11) for w in _WEIGHTS], dtype=np.int64)


def repairs(ids: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Every valid id that is one slip away: a digit wrong, lost or added, or two neighbours exchanged.

    Args:
        ids: damaged ids of 17 to 19 characters; others give nothing.

    Returns:
        the place in `ids` each repair belongs to, and the repaired ids, without repetition.
    """
    places: list[NDArray[np.int64]] = []
    mended: list[NDArray[np.int64]] = []
    text = np.asarray(ids, dtype="<U20")
    length = np.strings.str_len(text)
    for width, mend in ((17, _inserted), (18, _changed), (19, _removed)):
        chosen = np.flatnonzero(length == width)
        if not chosen.size:
            continue
        digits = _digits(text[chosen], width)
        plain = (digits >= 0).all(axis=1)
        which, found = mend(digits[plain])
        sound = _sound(found)
        places.append(chosen[plain][which[sound]])
        mended.append(found[sound])
    if not places:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype="<U18")
    where, what = np.concatenate(places), _text(np.concatenate(mended))
    if not len(where):
        return where, what
    order = np.lexsort((what, where))
    where, what = where[order], what[order]
    first = np.concatenate([[True], (where[1:] != where[:-1]) | (what[1:] != what[:-1])])
    return where[first], what[first]


def _digits(text: NDArray[np.str_], width: int) -> NDArray[np.int64]:
    """Digits as numbers; X only at the end is ten; what is neither is -1."""
    codes = np.ascontiguousarray(text.astype(f"<U{width}")).view(np.uint32).reshape(len(text), width).astype(np.int64)
    digits = np.where((codes >= 48) & (codes <= 57), codes - 48, -1)
    digits[:, -1] = np.where(codes[:, -1] == ord("X"), 10, digits[:, -1])
    return digits


def _text(digits: NDArray[np.int64]) -> NDArray[np.str_]:
    codes = np.where(digits == 10, ord("X"), digits + 48).astype(np.uint32)
    return np.ascontiguousarray(codes).view("<U18").reshape(len(codes))


def _sound(digits: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether check sum, digits and the rough form of the birth date hold."""
    if not len(digits):
        return np.zeros(0, dtype=bool)
    year = digits[:, 6] * 1000 + digits[:, 7] * 100 + digits[:, 8] * 10 + digits[:, 9]
    month = digits[:, 10] * 10 + digits[:, 11]
    day = digits[:, 12] * 10 + digits[:, 13]
    return np.asarray(
        ((digits @ _WEIGHTS) % 11 == 1)
        & (digits[:, :17] <= 9).all(axis=1)
        & (digits >= 0).all(axis=1)
        & (year >= 1890) & (year <= 2060) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    )  # fmt: skip


def _changed(digits: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One digit other, or two neighbours exchanged."""
    rows = np.arange(len(digits))
    missing = (1 - digits @ _WEIGHTS) % 11
    which, found = [], []
    for place in range(18):
        other = digits.copy()
        other[:, place] = (digits[:, place] + missing * _INVERSE[place]) % 11
        changed = other[:, place] != digits[:, place]
        which.append(rows[changed])
        found.append(other[changed])
        if place < 17:
            swapped = digits.copy()
            swapped[:, [place, place + 1]] = digits[:, [place + 1, place]]
            changed = digits[:, place] != digits[:, place + 1]
            which.append(rows[changed])
            found.append(swapped[changed])
    return np.concatenate(which), np.concatenate(found)


def _inserted(digits: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lost digit put back at each place; the check sum says which digit it was."""
    rows = np.arange(len(digits))
    which, found = [], []
    for place in range(18):
        other = np.insert(digits, place, 0, axis=1)
        missing = (1 - other @ _WEIGHTS) % 11
        other[:, place] = missing * _INVERSE[place] % 11
        which.append(rows)
        found.append(other)
    return np.concatenate(which), np.concatenate(found)


def _removed(digits: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The added digit taken out at each place."""
    rows = np.arange(len(digits))
    return (
        np.concatenate([rows] * 19),
        np.concatenate([np.delete(digits, place, axis=1) for place in range(19)]),
    )
