"""Names as they are given: by sex and decade of birth, at frequencies that make namesakes as common as they are.

Belongs here: the frequency table `schemas/sample/names.csv` (its README says where the figures are from) and drawing
from it. Does not belong here: misspelling (`defects`).
"""

import csv
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.storage import SCHEMAS

Array = npt.NDArray[Any]

DECADES = tuple(range(1920, 2030, 10))


@dataclass(frozen=True)
class Weighted:
    """Texts with their share of all draws (`cumulated` up to 1)."""

    texts: pl.Series
    cumulated: Array

    def draw(self, rng: np.random.Generator, count: int) -> pl.Series:
        """`count` texts, drawn by their shares."""
        places = np.searchsorted(self.cumulated, rng.random(count), side="right")
        return self.texts.gather(pl.Series(np.minimum(places, len(self.texts) - 1)))


@dataclass(frozen=True)
class Names:
    """The frequency table."""

    surnames: Weighted
    given: dict[tuple[int, int], Weighted]
    """By sex and decade: well-known given names."""
    first: dict[tuple[int, int], Weighted]
    second: dict[tuple[int, int], Weighted]
    """By sex and decade: the characters that names of the time are composed of."""
    chars: dict[int, Weighted]
    rare: dict[int, Weighted]
    dotted: dict[int, Weighted]
    single: dict[int, float]
    """By decade: the share of given names of one character."""


def _weighted(pairs: list[tuple[str, float]]) -> Weighted:
    weights = np.array([weight for _, weight in pairs])
    return Weighted(pl.Series([text for text, _ in pairs]), np.cumsum(weights) / weights.sum())


@functools.cache
def load() -> Names:
    """The table of `schemas/sample/names.csv`."""
    rows: dict[str, list[tuple[str, str, str, float]]] = {}
    with (SCHEMAS / "sample" / "names.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["part"], []).append((row["text"], row["sex"], row["decade"], float(row["weight"])))

    def by_sex(part: str) -> dict[int, Weighted]:
        return {sex: _weighted([(text, weight) for text, of, _, weight in rows[part] if of == str(sex)]) for sex in (1, 2)}

    given, first, second = {}, {}, {}
    for sex in (1, 2):
        general = [(text, weight) for text, of, _, weight in rows["char"] if of == str(sex)]
        heavy = sum(weight for _, weight in general)
        for decade in DECADES:
            names = [(text, weight) for text, of, at, weight in rows["given"] if of == str(sex) and at == str(decade)]
            given[sex, decade] = _weighted(names)
            two = [(text, weight) for text, weight in names if len(text) == 2]
            scale = 1.2 * heavy / sum(weight for _, weight in two)
            first[sex, decade] = _weighted([*general, *((text[0], weight * scale) for text, weight in two)])
            second[sex, decade] = _weighted([*general, *((text[1], weight * scale) for text, weight in two)])
    single = {int(decade): share / 100 for _, _, decade, share in rows["single_share"]}
    surnames = _weighted([(text, weight) for text, _, _, weight in rows["surname"]])
    return Names(surnames, given, first, second, by_sex("char"), by_sex("rare"), by_sex("dotted"), single)


def given_names(rng: np.random.Generator, sex: Array, birth_year: Array) -> pl.Series:
    """A given name for each person.

    Args:
        rng: random numbers.
        sex: 1 male, 2 female.
        birth_year: year of birth.

    Returns:
        given names in the persons' order: a fifth to a third well-known ones (more among the old), the rest composed.
    """
    table = load()
    result = np.empty(len(sex), dtype=object)
    decades = np.clip(birth_year // 10 * 10, DECADES[0], DECADES[-1])
    for decade in DECADES:
        for one in (1, 2):
            where = np.flatnonzero((decades == decade) & (sex == one))
            if not len(where):
                continue
            count = len(where)
            known = table.given[one, decade].draw(rng, count).to_numpy()
            lone = table.chars[one].draw(rng, count).to_numpy()
            pair = (table.first[one, decade].draw(rng, count) + table.second[one, decade].draw(rng, count)).to_numpy()
            odd = (table.first[one, decade].draw(rng, count) + table.rare[one].draw(rng, count)).to_numpy()
            choice = rng.random(count)
            share = 0.3 if decade < 1960 else 0.2
            names = np.where(rng.random(count) < table.single[decade], lone, pair)
            names = np.where(choice < share, known, names)
            result[where] = np.where(choice > 0.997, odd, names)
    return pl.Series(result.tolist(), dtype=pl.String)
