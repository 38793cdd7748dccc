"""Assistance households: spouses brought together, then those in custody leave."""

import pytest

from tests.builders.model_lake import ModelLake
from tests.households.test_register import built, together


@pytest.fixture
def lake(tmp_path):
    lake = ModelLake(tmp_path)
    lake.person("夫", "1", "1980-01-01")
    lake.person("妻", "2", "1981-01-01")
    return lake


def married(lake, man="夫", woman="妻", on="2010-05-01", kind="结婚"):
    lake.row("marriage", man, woman, register_type=kind, registered_on=on)


def test_the_spouse_who_is_not_head_moves_to_the_other(lake):
    lake.register("夫户", 夫="户主")
    lake.register("娘家", 岳父="户主", 妻="女")
    married(lake)
    assert together(built(lake), "assistance") == {frozenset({"夫", "妻"}), frozenset({"岳父"})}
    assert together(lake, "register") == {frozenset({"夫"}), frozenset({"岳父", "妻"})}


def test_the_husband_moves_where_only_the_wife_is_head(lake):
    lake.register("婆家", 公公="户主", 夫="子")
    lake.register("妻户", 妻="户主")
    married(lake)
    assert together(built(lake), "assistance") == {frozenset({"夫", "妻"}), frozenset({"公公"})}


@pytest.mark.parametrize("relation", ["户主", "其他亲属"])
def test_where_both_are_head_or_neither_is_the_wife_moves(lake, relation):
    lake.register("夫户", 夫=relation, 公公="父亲")
    lake.register("妻户", 妻=relation, 岳父="父亲")
    married(lake)
    assert together(built(lake), "assistance") == {frozenset({"夫", "妻", "公公"}), frozenset({"岳父"})}


def test_only_the_spouse_moves_children_stay(lake):
    lake.register("夫户", 夫="户主")
    lake.register("妻户", 妻="户主", 女儿="女")
    married(lake)
    assert together(built(lake), "assistance") == {frozenset({"夫", "妻"}), frozenset({"女儿"})}


def test_a_spouse_in_no_register_moves_in(lake):
    lake.register("夫户", 夫="户主")
    married(lake)
    assert together(built(lake), "assistance") == {frozenset({"夫", "妻"})}
    assert {
        m["relation"] for m in lake.read("households", "members") if m["person_id"] == "妻" and m["kind"] == "assistance"
    } == {"配偶"}


def test_a_divorce_after_the_marriage_keeps_them_apart(lake):
    lake.register("夫户", 夫="户主")
    lake.register("妻户", 妻="户主")
    married(lake)
    married(lake, on="2020-01-01", kind="离婚")
    assert len(together(built(lake), "assistance")) == 2


def test_a_marriage_counts_only_if_it_is_the_latest_of_both(lake):
    lake.person("新妻", "2", "1985-01-01")
    lake.register("夫户", 夫="户主")
    lake.register("妻户", 妻="户主")
    lake.register("新户", 新妻="户主")
    married(lake)
    married(lake, woman="新妻", on="2022-01-01")
    assert together(built(lake), "assistance") == {frozenset({"夫", "新妻"}), frozenset({"妻"})}


def test_a_copy_of_a_certificate_is_no_new_marriage(lake):
    lake.register("夫户", 夫="户主")
    lake.register("妻户", 妻="户主")
    married(lake)
    married(lake, on="2020-01-01", kind="离婚")
    married(lake, on="2024-01-01", kind="补领")
    assert len(together(built(lake), "assistance")) == 2


def test_a_marriage_after_the_batch_is_not_known_yet(lake):
    lake.register("夫户", 夫="户主")
    lake.register("妻户", 妻="户主")
    married(lake, on="2026-11-01")
    assert len(together(built(lake), "assistance")) == 2


def test_the_same_marriage_sent_twice_is_one(lake):
    lake.register("夫户", 夫="户主")
    lake.register("妻户", 妻="户主")
    married(lake)
    married(lake)
    assert len(together(built(lake), "assistance")) == 1


def test_a_marriage_record_that_was_not_linked_to_the_registered_spouse_tears_no_household_apart(lake):
    lake.register("夫户", 夫="户主", 妻="配偶", 女="女")
    lake.person("路人", "2", name="妻")
    married(lake, woman="路人")
    built(lake)
    assert together(lake, "assistance") == {frozenset({"夫", "妻", "女"}), frozenset({"路人"})}
    assert {(i["kind"], i["person_id"]) for i in lake.read("households", "issues")} == {("spouse_not_linked", "路人")}


def test_a_spouse_of_another_name_in_no_register_is_believed(lake):
    lake.register("夫户", 夫="户主", 妻="配偶")
    lake.person("新妻", "2")
    married(lake, woman="新妻")
    assert frozenset({"夫", "妻", "新妻"}) in together(built(lake), "assistance")


def test_the_dead_bring_nobody_together(lake):
    lake.register("夫户", 夫="户主", 公公="父亲")
    lake.register("妻户", 妻="户主")
    married(lake)
    lake.died("夫", "2026-08-01")
    assert together(built(lake), "assistance") == {frozenset({"公公"}), frozenset({"妻"})}


@pytest.mark.parametrize(
    ("begun", "ended", "inside"),
    [
        ("2026-10-31", None, True),
        ("2026-11-01", None, False),
        ("2025-01-01", "2026-10-31", True),
        ("2025-01-01", "2026-10-30", False),
    ],
)
def test_custody_holds_on_the_last_day_of_the_month_if_begun_and_not_ended_before_it(lake, begun, ended, inside):
    lake.register("夫户", 夫="户主", 妻="配偶")
    lake.row("custody", "夫", custody_type="服刑", from_date=begun, to_date=ended)
    expected = {frozenset({"妻"})} if inside else {frozenset({"夫", "妻"})}
    assert together(built(lake), "assistance") == expected
    assert together(lake, "register") == {frozenset({"夫", "妻"})}


def test_spouses_are_brought_together_before_custody_takes_one_away(lake):
    lake.register("夫户", 夫="户主", 公公="父亲")
    lake.register("妻户", 妻="其他亲属", 岳父="户主")
    married(lake)
    lake.row("custody", "夫", custody_type="服刑", from_date="2026-01-01")
    assert together(built(lake), "assistance") == {frozenset({"公公", "妻"}), frozenset({"岳父"})}


def test_the_last_one_in_custody_leaves_a_household_without_members_that_still_has_a_place(lake):
    lake.register("夫户", town="张家楼街道", 夫="户主")
    lake.row("custody", "夫", custody_type="强制隔离戒毒", from_date="2026-01-01")
    assert together(built(lake), "assistance") == set()
    [left] = lake.read("households", "left_household")
    [empty] = [h for h in lake.read("households", "households") if h["kind"] == "assistance"]
    assert left["household_id"] == empty["household_id"]
    assert (left["reason"], empty["member_count"], empty["town"]) == ("custody", 0, "张家楼街道")


def test_the_dead_whose_register_row_is_gone_left_the_household_of_the_spouse(lake):
    lake.register("妻户", 妻="户主", 女儿="女")
    married(lake)
    lake.died("夫", "2026-08-01")
    built(lake)
    [left] = lake.read("households", "left_household")
    [home_of_the_wife] = {
        m["household_id"] for m in lake.read("households", "members") if (m["kind"], m["person_id"]) == ("assistance", "妻")
    }
    assert left["household_id"] == home_of_the_wife


def test_every_living_person_of_the_batch_is_in_exactly_one_household_of_each_kind_or_in_custody(lake):
    lake.register("夫户", 夫="户主", 妻="配偶", 公公="父亲")
    lake.person("岳父", "1", "1950-01-01")
    lake.row("custody", "公公", custody_type="服刑", from_date="2026-01-01")
    lake.row("grid_reports", "岳父", reported_on="2026-10-01")
    built(lake)
    members = lake.read("households", "members")
    assert sorted(m["person_id"] for m in members if m["kind"] == "register") == sorted(["夫", "妻", "公公", "岳父"])
    assert sorted(m["person_id"] for m in members if m["kind"] == "assistance") == sorted(["夫", "妻", "岳父"])
