"""Names and citizen ids of the true persons.

Belongs here: surnames through the father, given names, former names, one valid id each, and the few people for whom the
register itself is wrong (two with one id, one with two). Does not belong here: mistakes of departments (`defects`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample import ids, names, places
from pipelines.sample.days import dates, none_where

Array = npt.NDArray[Any]
Columns = dict[str, Array]

BORN_ELSEWHERE = 0.12
OF_THE_VILLAGE = 0.5
"""Share of men in a village named after a family who are of that family: why namesakes live next door to each other."""


def give_names(people: Columns, rng: np.random.Generator) -> None:
    """Surnames through the father, given names by sex and decade; ethnicity; former and minority names."""
    count = len(people["sex"])
    surname = names.load().surnames.draw(rng, count).to_numpy()
    local = places.village_surnames(people)
    stayed = rng.random(count) < np.where(people["sex"] == 1, OF_THE_VILLAGE, OF_THE_VILLAGE / 4)
    surname = np.where(stayed & people["rural"] & (local != ""), local, surname)
    for _ in range(3):  # grandfather → father → child
        father = people["father"]
        surname = np.where(father >= 0, surname[father], surname)
    lone_mother = (people["father"] < 0) & (people["mother"] >= 0)
    surname = np.where(lone_mother & (rng.random(count) < 0.15), surname[people["mother"]], surname)
    year = (people["birth"] / 365.2425).astype(np.int64) + 1970
    given = names.given_names(rng, people["sex"], year).to_numpy()
    given = _generation_names(people, given, year, rng)
    full = pl.Series(surname.tolist(), dtype=pl.String) + pl.Series(given.tolist(), dtype=pl.String)
    name = full.to_numpy().astype(object)
    dotted = np.flatnonzero(people["dotted"])
    for one in (1, 2):
        where = dotted[people["sex"][dotted] == one]
        name[where] = names.load().dotted[one].draw(rng, len(where)).to_numpy()
    people["surname"] = surname.astype(object)
    people["name"] = name
    older = names.given_names(rng, people["sex"], year).to_numpy()
    renamed = (rng.random(count) < 0.015) & ~people["dotted"]
    former = (pl.Series(surname.tolist(), dtype=pl.String) + pl.Series(older.tolist(), dtype=pl.String)).to_numpy()
    people["renamed"] = renamed
    people["former_name"] = none_where(~renamed, former)
    rare = "[" + "".join(char for sex in (1, 2) for char in names.load().rare[sex].texts) + "]"
    people["rare_name"] = full.str.contains(rare).to_numpy()
    people["ethnicity"] = np.where(
        people["dotted"],
        "维吾尔族",
        np.where(rng.random(count) < 0.985, "汉族", rng.choice(["满族", "回族", "朝鲜族", "蒙古族"], count)),
    ).astype(object)


def _generation_names(people: Columns, given: Array, year: Array, rng: np.random.Generator) -> Array:
    """Brothers and sisters who share the first character of their given names, as half of the families had it."""
    father = people["father"]
    eldest = np.full(len(father), -1)
    children = np.flatnonzero(father >= 0)[::-1]
    eldest[father[children]] = children
    first = np.where(father >= 0, eldest[father], -1)
    family_has = (people["family"] * 2654435761 % 100) < np.where(year < 2005, 50, 20)
    two = np.array([len(name) == 2 for name in given])
    alike = (first >= 0) & (first != np.arange(len(father))) & two & two[first] & family_has & (rng.random(len(father)) < 0.9)
    shared = pl.Series(given.tolist(), dtype=pl.String)
    joined = (shared.gather(pl.Series(np.maximum(first, 0))).str.slice(0, 1) + shared.str.slice(1)).to_numpy()
    return np.where(alike, joined, given)


def give_numbers(people: Columns, rates: dict[str, float], block: tuple[int, int], rng: np.random.Generator) -> None:
    """Citizen ids; a few people have two valid ones, a few share one with a stranger of the same sex and birth date.

    Args:
        people: gets id, shares_id, has_second_id, second_id.
        rates: `persons` of `defects.yaml`.
        block: this chunk's number and how many there are.
        rng: random numbers.
    """
    count = len(people["birth"])
    lone = np.flatnonzero(people["case"] < 0)
    second = rng.choice(lone, max(1, round(rates["second_id"] * count)), replace=False)
    pairs = max(1, round(rates["shared_id"] * count)) if rates["shared_id"] else 0
    grown = lone[(people["birth"][lone] < 0) & (people["birth"][lone] > -12_000) & ~people["outsider"][lone]]
    one = rng.choice(grown, pairs, replace=False)
    other = _stranger_of_like_age(people, grown, one)
    people["birth"][other] = people["birth"][one]
    birth = np.concatenate([people["birth"], people["birth"][second]])
    sex = np.concatenate([people["sex"], people["sex"][second]])
    given = np.array(ids.give_out(rng, dates(birth), sex, BORN_ELSEWHERE, *block), dtype=object)
    people["id"] = given[:count]
    people["id"][other] = people["id"][one]
    people["shares_id"] = np.isin(np.arange(count), np.concatenate([one, other]))
    people["has_second_id"] = np.isin(np.arange(count), second) & ~people["shares_id"]
    people["second_id"] = np.full(count, None, dtype=object)
    people["second_id"][second] = given[count:]


def _stranger_of_like_age(people: Columns, among: Array, ones: Array) -> Array:
    """For each of `ones`, somebody of the same sex and another family born nearest to them."""
    found: list[int] = []
    for one in ones:
        fits = among[(people["sex"][among] == people["sex"][one]) & (people["family"][among] != people["family"][one])]
        fits = fits[~np.isin(fits, [*ones, *found])]
        found.append(int(fits[np.argmin(np.abs(people["birth"][fits] - people["birth"][one]))]))
    return np.array(found, dtype=np.int64)
