"""Citizen ids by GB 11643: area, birth date, sequence (odd for men), check digit; one for each true person, none twice.

Belongs here: giving out and checking whole columns of ids. Does not belong here: damage to ids (`defects`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[Any]

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"

SLOTS = 499
"""Sequence numbers of one area, day and sex: 001, 003 … 997 and 002, 004 … 998."""

HOME_AREAS = ("370211", "370284")
"""黄岛区, and 胶南市, which was merged into it in 2012."""

ELSEWHERE = (
    "370202",
    "370203",
    "370283",
    "371122",
    "371102",
    "370782",
    "371327",
    "232301",
    "220182",
    "411522",
    "513022",
    "652823",
)
OVERFLOW = (
    "370212",
    "370213",
    "370214",
    "370281",
    "370282",
    "370285",
    "371121",
    "371123",
    "370786",
    "370783",
    "371302",
    "371321",
)
"""Areas nobody here is born in: used where an area has too many births on one day."""


def give_out(rng: np.random.Generator, birth: pl.Series, sex: Array, elsewhere: float, chunk: int, chunks: int) -> list[str]:
    """One id for each person, valid and used once in the whole district.

    Args:
        rng: the chunk's random numbers.
        birth: birth dates.
        sex: 1 male, 2 female.
        elsewhere: share of persons born in other counties.
        chunk: this chunk's number; each chunk owns its own block of every day's sequence numbers, so that chunks
            can be made in any order or at once.
        chunks: how many there are.

    Returns:
        ids of 18 characters in the persons' order. Persons who follow each other with one birth date and area (twins)
        get neighbouring sequence numbers.
    """
    count = len(birth)
    block = max(1, SLOTS // chunks)
    home = np.where((birth.dt.year().to_numpy() < 2012) & (rng.random(count) < 0.55), 1, 0)
    away = 2 + rng.integers(0, len(ELSEWHERE), count)
    area = np.where(rng.random(count) < elsewhere, away, home)
    days = birth.dt.epoch(time_unit="d").to_numpy().astype(np.int64)
    sex = np.asarray(sex, dtype=np.int64)
    rank = _rank(area, days, sex)
    first_overflow = 2 + len(ELSEWHERE)
    while (late := rank >= block).any():
        area = np.where(late, np.where(area < first_overflow, first_overflow, area + 1), area)
        rank = np.where(late, _rank(np.where(late, area, -1), days, sex), rank)
    areas = pl.Series([*HOME_AREAS, *ELSEWHERE, *OVERFLOW])
    scatter = (days * 7919 + area * 104729) % SLOTS
    sequence = (chunk * block + rank + scatter) % SLOTS * 2 + np.where(sex == 1, 1, 2)
    frame = pl.DataFrame({"area": areas.gather(pl.Series(area)), "birth": birth, "sequence": sequence})
    bodies = frame.select(
        pl.col("area") + pl.col("birth").dt.strftime("%Y%m%d") + pl.col("sequence").cast(pl.String).str.zfill(3)
    ).to_series()
    return with_check_digit(bodies).to_list()


def with_check_digit(bodies: pl.Series) -> pl.Series:
    """The 17 digits of each id with the check digit behind them."""
    digits = np.frombuffer("".join(bodies.to_list()).encode("ascii"), dtype=np.uint8).reshape(-1, 17).astype(np.int64) - 48
    checks = (digits * np.array(WEIGHTS)).sum(axis=1) % 11
    return bodies + pl.Series(list(CHECKS)).gather(pl.Series(checks))


def is_valid(text: str) -> bool:
    """Whether the check digit of an id of 18 characters is right."""
    body = text[:17]
    if len(text) != 18 or not body.isdigit():
        return False
    return CHECKS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11] == text[17]


def _rank(area: Array, days: Array, sex: Array) -> Array:
    """How many before each person share area, birth date and sex."""
    frame = pl.DataFrame({"area": area, "days": days, "sex": sex})
    return frame.select((pl.int_range(pl.len()).over("area", "days", "sex")).alias("rank"))["rank"].to_numpy()
