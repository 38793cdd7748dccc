from collections import Counter

import numpy as np
import polars as pl
import pytest

from pipelines.sample import sources
from pipelines.sample.households import Plan, share_of_chunk
from pipelines.sample.true_families import families


@pytest.fixture(scope="module")
def register(world):
    return sources.all_sources(world)["police_household"]


def test_every_household_has_one_head(register):
    heads = register.group_by("household_no").agg((pl.col("relation") == "户主").sum().alias("heads"), pl.len())
    small = heads.filter(pl.col("len") <= 15)
    assert small["heads"].unique().to_list() == [1]


def test_there_is_a_collective_household_of_many_in_which_nobody_is_related(register):
    sizes = register.group_by("household_no").len()
    large = sizes.filter(pl.col("len") > 15)
    assert len(large) >= 1
    assert large["len"].min() >= 40
    assert register.filter(pl.col("household_no").is_in(large["household_no"].implode()))["relation"].unique().to_list() == [
        "非亲属"
    ]


def test_parents_are_older_than_their_children_and_of_the_right_sex(world):
    people = world.people
    for parent, sex in (("father", 1), ("mother", 2)):
        children = np.flatnonzero(people[parent] >= 0)
        of = people[parent][children]
        assert (people["sex"][of] == sex).all()
        assert ((people["birth"][children] - people["birth"][of]) / 365.25 > 14).all()


def test_spouses_name_each_other_and_are_man_and_woman(world):
    people = world.people
    married = np.flatnonzero(people["spouse"] >= 0)
    assert (people["spouse"][people["spouse"][married]] == married).all()
    assert (people["sex"][married] != people["sex"][people["spouse"][married]]).all()


def test_some_couples_are_registered_apart_and_come_together_in_the_assistance_household(world):
    people = world.people
    truth = families(world, sources.all_sources(world), None)
    apart = np.flatnonzero((truth.spouse >= 0) & (people["hh"] != people["hh"][truth.spouse]) & (truth.unit >= 0))
    apart = apart[truth.unit[truth.spouse[apart]] >= 0]
    assert len(apart) > 50
    assert (truth.unit[apart] == truth.unit[truth.spouse[apart]]).all()


def test_only_the_wife_moves_where_both_are_heads(world):
    truth = families(world, sources.all_sources(world), None)
    people = world.people
    heads = np.flatnonzero((truth.spouse >= 0) & truth.head & truth.head[truth.spouse] & (truth.unit >= 0) & (people["sex"] == 2))
    assert len(heads) > 20
    living = heads[truth.unit[truth.spouse[heads]] >= 0]
    assert (truth.unit[living] == truth.register[truth.spouse[living]]).all()


def test_twins_share_birth_date_and_parents(world):
    people = world.people
    children = np.flatnonzero(people["father"] >= 0)
    pairs = Counter(zip(people["father"][children].tolist(), people["birth"][children].tolist(), strict=True))
    assert sum(count == 2 for count in pairs.values()) >= 5


def test_children_bear_their_fathers_surname_mostly(world):
    people = world.people
    children = np.flatnonzero((people["father"] >= 0) & ~people["dotted"])
    assert (people["surname"][children] == people["surname"][people["father"][children]]).mean() > 0.98


def test_the_district_is_as_large_as_asked_for_and_its_chunks_share_it():
    plan = Plan(1_234_567, 1, ("2026-10",))
    assert sum(share_of_chunk(plan.persons, chunk, plan.chunks) for chunk in range(plan.chunks)) == plan.persons
    assert plan.chunks > 25


def test_people_live_in_towns_of_both_kinds_and_a_family_in_one_place(world):
    people = world.people
    assert 0.1 < people["rural"][~people["outsider"]].mean() < 0.6
    home = {}
    for family, apart, town, address in zip(people["family"], people["apart"], people["town"], people["address"], strict=True):
        assert home.setdefault((family, apart), (town, address)) == (town, address)
