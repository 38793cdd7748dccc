"""Register households: the living persons of one 户号."""

import pytest

from pipelines.errors import DataError
from pipelines.households import build_households
from pipelines.progress import Silent
from pipelines.storage import Home
from tests.builders.model_lake import ModelLake


def together(lake: ModelLake, kind: str = "register") -> set[frozenset[str]]:
    """Who is with whom."""
    households: dict[str, set[str]] = {}
    for member in lake.read("households", "members"):
        if member["kind"] == kind:
            households.setdefault(member["household_id"], set()).add(member["person_id"])
    return {frozenset(members) for members in households.values()}


def built(lake: ModelLake, **options) -> ModelLake:
    lake.write()
    build_households(lake.home, lake.batch, Silent(), **options)
    return lake


@pytest.fixture
def lake(tmp_path):
    return ModelLake(tmp_path)


def test_the_living_persons_of_one_household_number_are_a_household(lake):
    lake.register("甲户", 父="户主", 母="配偶", 儿="子")
    lake.register("乙户", 邻="户主")
    assert together(built(lake)) == {frozenset({"父", "母", "儿"}), frozenset({"邻"})}


def test_the_dead_are_no_members_but_the_household_they_left_is_known(lake):
    lake.register("甲户", 父="户主", 母="配偶")
    lake.died("父", "2026-09-01")
    assert together(built(lake)) == {frozenset({"母"})}
    [left] = lake.read("households", "left_household")
    [member] = [m for m in lake.read("households", "members") if m["kind"] == "assistance"]
    assert (left["person_id"], left["reason"], left["household_id"]) == ("父", "dead", member["household_id"])


def test_leaving_the_register_for_the_army_or_abroad_is_not_death(lake):
    lake.register("甲户", 父="户主", 儿="子")
    lake.row("police_death", "儿", cancelled_on="2026-09-01", cancel_reason="参军")
    assert together(built(lake)) == {frozenset({"父", "儿"})}


def test_in_a_collective_household_each_stands_alone(lake):
    for number in range(4):
        lake.register("集体户", **{f"工{number}": "户主" if number == 0 else "非亲属"})
    assert len(together(built(lake, collective_size=3))) == 4
    assert all(h["collective"] for h in lake.read("households", "households"))


def test_as_many_rows_as_the_size_allows_are_still_a_family(lake):
    for number in range(3):
        lake.register("大户", **{f"人{number}": "户主" if number == 0 else "子"})
    assert len(together(built(lake, collective_size=3))) == 1


def test_by_default_more_than_fifteen_rows_are_a_collective_household(lake):
    for number in range(15):
        lake.register("十五", **{f"甲{number}": "非亲属"})
    for number in range(16):
        lake.register("十六", **{f"乙{number}": "非亲属"})
    assert sorted(map(len, together(built(lake)))) == [1] * 16 + [15]


def test_a_person_in_no_register_stands_alone(lake):
    lake.person("外来", "1", "1990-01-01")
    lake.row("grid_reports", "外来", reported_on="2026-10-02", town="张家楼街道")
    assert together(built(lake)) == {frozenset({"外来"})}
    [place] = {h["town"] for h in lake.read("households", "households")}
    assert place == "张家楼街道"


def test_a_row_without_a_household_number_stands_alone(lake):
    lake.register(None, 甲="户主", 乙="户主")
    assert together(built(lake)) == {frozenset({"甲"}), frozenset({"乙"})}


def test_one_registered_twice_belongs_to_the_row_read_first_and_is_listed(lake):
    lake.register("甲户", 父="户主")
    lake.register("乙户", 邻="户主")
    lake.row("police_household", "父", household_key="乙户", relation="非亲属", row_no=9)
    assert together(built(lake)) == {frozenset({"父"}), frozenset({"邻"})}
    [issue] = lake.read("households", "issues")
    assert (issue["kind"], issue["person_id"], issue["row_no"], issue["source"]) == (
        "registered_twice",
        "父",
        9,
        "police_household",
    )


def test_a_household_with_two_heads_or_none_is_listed_and_has_one_head_all_the_same(lake):
    lake.register("二主", 甲="户主", 乙="户主")
    lake.register("无主", 丙="子")
    built(lake)
    assert {(i["kind"], i["person_id"]) for i in lake.read("households", "issues")} == {("two_heads", "乙"), ("no_head", "丙")}
    assert {h["head_person_id"] for h in lake.read("households", "households")} == {"甲", "丙"}


def test_when_the_head_has_died_the_spouse_heads_the_household(lake):
    lake.person("长子", "1", "1970-01-01")
    lake.register("甲户", 父="户主", 长子="长子", 母="配偶")
    lake.died("父", "2026-09-01")
    built(lake)
    assert {h["head_person_id"] for h in lake.read("households", "households")} == {"母"}


def test_without_linkage_the_officer_is_told_what_to_do(tmp_path):
    with pytest.raises(DataError, match="还没有匹配人员"):
        build_households(Home(tmp_path, memory="500MB", threads=1), "2026-10", Silent())
