"""What changes between batches: people move, marry, part, lose and find work, join and leave rosters.

Belongs here: the changes of each later month, at the rates of `schemas/sample/changes.yaml`. Does not belong here: what is
dated from the start (births, deaths, settlements: `households`, `lives`, `events`) and corrections of defects (`defects`).
"""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from pipelines.sample import places
from pipelines.sample.days import FAR, NEVER, last_day
from pipelines.sample.events import registrations
from pipelines.sample.households import HEAD, SPOUSE, Plan
from pipelines.sample.lives import CATEGORIES, EMPLOYED, FARMER, JOBLESS, REGISTERED_UNEMPLOYED
from pipelines.storage import SCHEMAS

Array = npt.NDArray[Any]
Columns = dict[str, Array]


@functools.cache
def rates() -> dict[str, float]:
    """`changes.yaml`."""
    loaded: dict[str, float] = yaml.safe_load((SCHEMAS / "sample" / "changes.yaml").read_text(encoding="utf-8"))
    return loaded


def change(people: Columns, plan: Plan, number: int, rng: np.random.Generator) -> tuple[Columns, pl.DataFrame]:
    """The people one month later.

    Args:
        people: the people as of batch `number` - 1; left as they are.
        plan: the months.
        number: the batch that begins, 1 the second.
        rng: this chunk's random numbers of this month.

    Returns:
        the people as of batch `number`, and the month's marriage registrations.
    """
    people = {key: column.copy() for key, column in people.items()}
    month = plan.months()[number]
    living = (people["death"] == NEVER) | (people["death"] > last_day(month - 1))
    _move(people, rng)
    _work(people, living, month, rng)
    _aid(people, living, month, rng)
    wed = _marry(people, living, month, rng)
    parted = _part(people, living, month, rng)
    year = month // 12
    people["enrol_year"] = np.where(people["enrol_year"] == plan.months()[number - 1] // 12, year, people["enrol_year"])
    return people, pl.concat([wed, parted])


def _chosen(rng: np.random.Generator, rate: str, eligible: Array) -> Array:
    return np.flatnonzero((rng.random(len(eligible)) < rates()[rate]) & eligible)


def _move(people: Columns, rng: np.random.Generator) -> None:
    """Whole families, to a town of the same kind, so that nobody's disposable income is in doubt; and new numbers."""
    families = int(people["family"].max()) + 1
    moving = (rng.random(families) < rates()["families_moved"])[people["family"]] & ~people["outsider"] & ~people["collective"]
    another = places.towns_of_like_kind(rng, families)
    town = another[people["rural"].astype(int), people["family"]]
    village = (rng.random(families * 2)[people["family"] * 2 + people["apart"]] * places.fewest_villages()).astype(np.int64)
    address = places.addresses(rng, families)[people["family"] * 2 + people["apart"]]
    people["town"] = np.where(moving, town, people["town"])
    people["village"] = np.where(moving, village, people["village"])
    people["address"] = np.where(moving, address, people["address"])
    at = _chosen(rng, "phone_changed", np.array([phone is not None for phone in people["phone"]]))
    people["phone"][at] = places.numbers(rng, len(at))


def _work(people: Columns, living: Array, month: int, rng: np.random.Generator) -> None:
    lost = _chosen(rng, "job_lost", living & (people["job"] == EMPLOYED) & (people["case"] < 0))
    people["job"][lost] = REGISTERED_UNEMPLOYED
    people["unemployed_on"][lost] = last_day(month) - rng.integers(0, 20, len(lost))
    people["job_end"][lost] = month - 1
    age = (last_day(month) - people["birth"]) / 365.2425
    idle = (
        living & (people["job"] == JOBLESS) & (age > 20) & (age < 58) & (people["school"] == 0) & (people["pension_scheme"] == 0)
    )
    idle &= (people["custody_from"] == NEVER) & (people["case"] < 0) & (people["dis_cat"] == 0)
    found = _chosen(rng, "job_found", idle)
    people["job"][found], people["taxed"][found] = EMPLOYED, True
    people["job_start"][found], people["job_end"][found] = month, FAR
    out = np.bincount(people["family"], people["job"] == REGISTERED_UNEMPLOYED, minlength=int(people["family"].max()) + 1) > 0
    people["job"][(people["job"] == FARMER) & out[people["family"]]] = JOBLESS  # as in lives: never both in one family


def _aid(people: Columns, living: Array, month: int, rng: np.random.Generator) -> None:
    families = int(people["family"].max()) + 1
    plain = (people["case"] < 0) & ~people["collective"] & ~people["outsider"]
    draw = rng.random(families)[people["family"]]
    leaves = plain & (people["roster"] > 0) & (people["roster_to"] == FAR) & (draw < rates()["roster_left"])
    people["roster_to"][leaves] = month - 1
    need = np.bincount(people["family"], (people["dis_cat"] > 0) | (people["grave"] > 0), minlength=families) > 0
    joins = plain & (people["roster"] == 0) & need[people["family"]] & (draw > 1 - rates()["roster_joined"])
    people["roster"][joins] = 1
    people["roster_from"][joins], people["roster_to"][joins] = month, FAR
    fresh = _chosen(rng, "certificate_new", plain & living & (people["dis_cat"] == 0) & (people["custody_from"] == NEVER))
    people["dis_cat"][fresh] = rng.choice([4, 4, 2, 6], len(fresh))
    people["dis_text"][fresh] = np.array(CATEGORIES, dtype=object)[people["dis_cat"][fresh]]
    people["cert_issued"][fresh], people["cert_to"][fresh] = last_day(month) - 10, last_day(month) + 3600
    people["cert_state"][fresh] = "正常"
    cleared = (rng.random(families) < rates()["risk_cleared"])[people["family"]] & plain
    people["risk_cleared"] |= cleared & (people["monitored"] > 0)
    free = living & (people["custody_from"] == NEVER)
    people["report"][_chosen(rng, "report", free)] = month
    people["enrol_state"][_chosen(rng, "enrolment_stopped", plain & free & (people["enrol_state"] == "正常参保"))] = "暂停参保"


def _marry(people: Columns, living: Array, month: int, rng: np.random.Generator) -> pl.DataFrame:
    """Men and women who live alone; each keeps their own household number, as happens for years."""
    age = (last_day(month) - people["birth"]) / 365.2425
    free = living & (people["case"] < 0) & (people["spouse"] < 0) & (people["former"] < 0) & (people["slot"] == HEAD)
    free &= (age > 22) & (age < 50) & ~people["outsider"] & ~people["collective"] & (people["custody_from"] == NEVER)
    size = np.bincount(people["family"])
    free &= size[people["family"]] == 1
    men = _chosen(rng, "married", free & (people["sex"] == 1))
    women = np.flatnonzero(free & (people["sex"] == 2))
    pairs = []
    taken = np.zeros(len(age), dtype=bool)
    for man in men:
        fits = women[~taken[women] & (np.abs(age[women] - age[man]) < 5) & (people["rural"][women] == people["rural"][man])]
        if len(fits):
            woman = int(fits[int(rng.integers(0, len(fits)))])
            taken[woman] = True
            pairs.append((int(man), woman))
    couples = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    people["spouse"][couples[:, 0]], people["spouse"][couples[:, 1]] = couples[:, 1], couples[:, 0]
    return registrations(couples[:, 0], couples[:, 1], "结婚", last_day(month) - rng.integers(0, 28, len(couples)))


def _part(people: Columns, living: Array, month: int, rng: np.random.Generator) -> pl.DataFrame:
    spouse = people["spouse"]
    partner = np.maximum(spouse, 0)
    couple = living & (spouse >= 0) & living[partner] & (people["case"] < 0) & (people["slot"] == HEAD) & (people["sex"] == 1)
    couple &= (
        (people["slot"][partner] == SPOUSE) & ~people["apart"][partner] & (people["roster"] == 0) & (people["monitored"] == 0)
    )
    couple &= (people["hh"][partner] == people["hh"]) & (people["sex"][partner] == 2)
    crowded = np.bincount(people["family"], people["apart"], minlength=int(people["family"].max()) + 1) > 0
    couple &= ~crowded[people["family"]]
    men = _chosen(rng, "divorced", couple)
    women = spouse[men]
    people["spouse"][men], people["spouse"][women] = -1, -1
    people["former"][men], people["former"][women] = women, men
    people["hh"][women] = people["family"][women] * 2 + 1
    people["apart"][women], people["divorced"][women] = True, True
    people["relation"][women] = "户主"
    return registrations(men, women, "离婚", last_day(month) - rng.integers(0, 28, len(men)))
