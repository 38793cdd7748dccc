"""The truth of households: who lives with whom and who is whose parent, from the clean rows, by the rules' own words.

Belongs here: register household, spouses, assistance household, parents, as rules.md defines them, computed on true persons.
Does not belong here: rules (`truth`). Nothing here may import the program's own households or rules: the two must be able to
disagree.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.days import NEVER
from pipelines.sample.month import Month

Array = npt.NDArray[Any]

COLLECTIVE_SIZE = 15
"""household.collective_size: a 户号 with more rows is a 集体户."""

CHILD_RELATIONS = ("子", "长子", "次子", "三子", "四子", "女", "长女", "次女", "三女", "四女")


@dataclass
class Families:
    """Everybody's place, one array element per person of the chunk.

    Household numbers: a 户号's own number; a person who stands alone has `alone + row number`.
    """

    register: Array
    """Number of the 户号 whose row the person has, -1 without a row."""
    collective: Array
    head: Array
    dead: Array
    death_day: Array
    spouse: Array
    father: Array
    mother: Array
    unit: Array
    """Assistance household; -1 for the dead and those in custody."""
    left: Array
    """Assistance household, or the one the dead or held person left."""
    in_custody: Array
    custody_months: Array
    """Whether the custody that holds now is of six months or more."""
    alone: int


def days(series: pl.Series) -> Array:
    """Dates as days since 1970; null as NEVER."""
    return series.to_physical().cast(pl.Int64).fill_null(NEVER).to_numpy()


def families(month: Month, rows: dict[str, pl.DataFrame], earlier: "Families | None") -> Families:
    """The families of one chunk in one month; `earlier` is the month before, whose parents are not forgotten."""
    people = month.people
    count = len(people["birth"])
    register = np.full(count, -1)
    relation = np.full(count, "", dtype=object)
    police = rows["police_household"].unique("who_0", keep="first", maintain_order=True)
    who = police["who_0"].to_numpy()
    register[who] = people["hh"][who]
    relation[who] = police["relation"].to_numpy()
    sizes = np.bincount(people["hh"][rows["police_household"]["who_0"].to_numpy()], minlength=int(people["hh"].max()) + 2)
    collective = (register >= 0) & (sizes[register] > COLLECTIVE_SIZE)
    head = (relation == "户主") & ~collective

    dead, death_day = np.zeros(count, dtype=bool), np.full(count, NEVER)
    deaths = rows["police_death"].filter(pl.col("cancel_reason") == "死亡")
    dead[deaths["who_0"].to_numpy()] = True
    death_day[deaths["who_0"].to_numpy()] = days(deaths["death_date"])

    spouse = _spouses(rows["marriage"], register, relation, collective, count)
    father, mother = _parents(people["sex"], register, relation, collective, spouse)
    if earlier is not None:
        father = np.where(father >= 0, father, earlier.father)
        mother = np.where(mother >= 0, mother, earlier.mother)
    in_custody, long_enough = _custody(month, rows["custody"], count)

    alone = int(people["hh"].max()) + 2
    own = np.where((register >= 0) & ~collective, register, alone + np.arange(count))
    unit = own.copy()
    one = np.flatnonzero((spouse >= 0) & ~dead & (np.arange(count) < spouse))
    one = one[~dead[spouse[one]]]
    other = spouse[one]
    # The one who is not head moves to the other; if both are or neither is, the wife moves to the husband.
    other_moves = np.where(head[one] != head[other], head[one], people["sex"][other] == 2)
    mover, stays = np.where(other_moves, other, one), np.where(other_moves, one, other)
    unit[mover] = own[stays]
    left = unit.copy()
    unit = np.where(dead | in_custody, -1, unit)
    return Families(
        register, collective, head, dead, death_day, spouse, father, mother, unit, left, in_custody, long_enough, alone
    )


def _spouses(marriage: pl.DataFrame, register: Array, relation: Array, collective: Array, count: int) -> Array:
    """The latest registration of both, if it is a wedding and with each other; else 户主 and 配偶 of one 户号."""
    registered = marriage.filter(pl.col("register_type") != "补领").select("who_0", "who_1", "register_type", "registered_on")
    both = pl.concat(
        [
            registered.rename({"who_0": "who", "who_1": "with"}),
            registered.select(pl.col("who_1").alias("who"), pl.col("who_0").alias("with"), "register_type", "registered_on"),
        ]
    )
    latest = both.sort("registered_on", maintain_order=True).group_by("who", maintain_order=True).last()
    wed = latest.filter(pl.col("register_type") == "结婚")
    partner = np.full(count, -1)
    partner[wed["who"].to_numpy()] = wed["with"].to_numpy()
    mutual = (partner >= 0) & (partner[np.maximum(partner, 0)] == np.arange(count))
    spouse = np.where(mutual, partner, -1)
    heads = np.flatnonzero((relation == "户主") & ~collective & (spouse < 0))
    others = np.flatnonzero((relation == "配偶") & ~collective & (spouse < 0))
    at = np.full(int(register.max()) + 1, -1)
    at[register[heads]] = heads
    partner = at[register[others]]
    others, partner = others[partner >= 0], partner[partner >= 0]
    spouse[others], spouse[partner] = partner, others
    return spouse


def _parents(sex: Array, register: Array, relation: Array, collective: Array, spouse: Array) -> tuple[Array, Array]:
    """The head's children have the head and the head's spouse; the head has their 父亲 and 母亲."""
    count = len(register)
    size = int(register.max()) + 2
    head_of, father_of, mother_of = (np.full(size, -1) for _ in range(3))
    for column, wanted in ((head_of, "户主"), (father_of, "父亲"), (mother_of, "母亲")):
        where = np.flatnonzero((relation == wanted) & ~collective)
        column[register[where]] = where
    father, mother = np.full(count, -1), np.full(count, -1)
    children = np.flatnonzero(np.isin(relation, CHILD_RELATIONS) & ~collective)
    head = head_of[register[children]]
    for parent in (head, np.where(head >= 0, spouse[head], -1)):
        known = parent >= 0
        man = known & (sex[parent] == 1)
        father[children[man]] = parent[man]
        mother[children[known & ~man]] = parent[known & ~man]
    heads = np.flatnonzero((relation == "户主") & ~collective)
    father[heads] = father_of[register[heads]]
    mother[heads] = mother_of[register[heads]]
    return father, mother


def _custody(month: Month, custody: pl.DataFrame, count: int) -> tuple[Array, Array]:
    today = pl.Series([month.today]).cast(pl.Int32).cast(pl.Date)[0]
    holds = custody.filter((pl.col("from_date") <= today) & (pl.col("to_date").is_null() | (pl.col("to_date") >= today)))
    held, long_enough = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    held[holds["who_0"].to_numpy()] = True
    half_year = holds.filter(pl.col("to_date").fill_null(today) >= pl.col("from_date").dt.offset_by("6mo"))
    long_enough[half_year["who_0"].to_numpy()] = True
    return held, long_enough


def register_and_assistance(month: Month, family: Families) -> pl.DataFrame:
    """Who is in which household: kind, unit, who."""
    living = np.flatnonzero((family.register >= 0) & ~family.dead)
    own = np.where(family.collective, family.alone + np.arange(len(family.dead)), family.register)
    members = np.flatnonzero((family.unit >= 0) & (month.people["birth"] <= month.today))
    return pl.concat(
        [
            pl.DataFrame({"unit": own[living], "who": living}).with_columns(kind=pl.lit("register")),
            pl.DataFrame({"unit": family.unit[members], "who": members}).with_columns(kind=pl.lit("assistance")),
        ]
    )
