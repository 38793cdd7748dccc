"""Parents, spouses and guardians: kept apart from households, kept for the dead and those in custody."""

import pytest

from tests.builders.model_lake import ModelLake
from tests.households.test_register import built


@pytest.fixture
def lake(tmp_path):
    lake = ModelLake(tmp_path)
    lake.person("父", "1", "1980-01-01")
    lake.person("母", "2", "1981-01-01")
    lake.person("孩", "1", "2015-01-01")
    return lake


def parents(lake, who="孩"):
    return {
        (e["role"], e["other_person_id"])
        for e in lake.read("households", "edges")
        if (e["person_id"], e["kind"]) == (who, "parent")
    }


BOTH = {("father", "父"), ("mother", "母")}


@pytest.mark.parametrize("relation", ["子", "长子", "次子", "三子", "女", "长女", "次女"])
def test_the_heads_children_have_the_head_and_the_heads_spouse_as_parents(lake, relation):
    lake.register("甲户", 父="户主", 母="配偶", 孩=relation)
    assert parents(built(lake)) == BOTH


def test_father_and_mother_go_by_sex_whoever_heads_the_household(lake):
    lake.register("甲户", 母="户主", 父="夫", 孩="子")
    assert parents(built(lake)) == BOTH


def test_a_parent_whose_sex_is_not_known_is_told_by_the_other(lake):
    lake.people["母"].pop("sex")
    lake.register("甲户", 父="户主", 母="配偶", 孩="子")
    assert parents(built(lake)) == BOTH


def test_the_heads_own_father_and_mother_are_the_heads_parents(lake):
    lake.person("祖父", "1", "1950-01-01")
    lake.person("祖母", "2", "1951-01-01")
    lake.register("甲户", 父="户主", 祖父="父亲", 祖母="母亲")
    assert parents(built(lake), "父") == {("father", "祖父"), ("mother", "祖母")}


def test_grandchildren_have_no_parents_from_the_register(lake):
    lake.register("甲户", 父="户主", 母="配偶", 孩="孙子")
    assert parents(built(lake)) == set()


def test_the_heads_spouse_registered_elsewhere_is_found_by_the_marriage_record(lake):
    lake.register("甲户", 父="户主", 孩="子")
    lake.register("乙户", 母="户主")
    lake.row("marriage", "父", "母", register_type="结婚", registered_on="2010-01-01", row_no=7)
    assert parents(built(lake)) == BOTH
    [edge] = [e for e in lake.read("households", "edges") if (e["person_id"], e["role"]) == ("孩", "mother")]
    assert (edge["basis"], edge["source"], edge["file"], edge["row_no"]) == ("marriage", "marriage", "甲.csv", 7)


def test_the_dead_and_those_in_custody_remain_parents(lake):
    lake.register("甲户", 父="户主", 母="配偶", 孩="子")
    lake.died("父", "2026-05-01")
    lake.row("custody", "母", custody_type="服刑", from_date="2026-01-01")
    assert parents(built(lake)) == BOTH


def test_the_dead_parent_is_known_by_the_marriage_record_when_the_register_row_is_gone(lake):
    lake.register("甲户", 母="户主", 孩="子")
    lake.row("marriage", "父", "母", register_type="结婚", registered_on="2010-01-01")
    lake.died("父", "2026-05-01")
    assert parents(built(lake)) == BOTH


def test_the_dead_parent_is_known_by_an_earlier_batch_when_all_rows_are_gone(lake):
    lake.register("甲户", 父="户主", 母="配偶", 孩="子")
    built(lake)
    later = lake.next_month("2026-11")
    later.died("父", "2026-10-20", row=False)
    later.register("甲户", 母="户主", 孩="子")
    built(later)
    assert parents(later) == BOTH
    [edge] = [e for e in later.read("households", "edges") if (e["person_id"], e["role"]) == ("孩", "father")]
    assert edge["basis"] == "earlier_batch"


def test_parents_known_from_an_earlier_batch_are_kept_when_a_grandparent_becomes_head(lake):
    lake.register("甲户", 父="户主", 母="配偶", 孩="子")
    built(lake)
    later = lake.next_month("2026-11")
    later.person("祖父", "1", "1950-01-01")
    later.register("甲户", 祖父="户主", 孩="孙子")
    later.died("父", "2026-10-20")
    later.row("custody", "母", custody_type="服刑", from_date="2026-10-01")
    built(later)
    assert parents(later) == BOTH


def test_what_the_register_says_now_goes_before_what_an_earlier_batch_said(lake):
    lake.person("继母", "2", "1988-01-01")
    lake.register("甲户", 父="户主", 母="配偶", 孩="子")
    built(lake)
    later = lake.next_month("2026-11")
    later.register("甲户", 父="户主", 继母="配偶", 孩="子")
    built(later)
    assert parents(later) == {("father", "父"), ("mother", "继母")}


def test_earlier_edges_follow_persons_that_were_joined(lake):
    lake.register("甲户", 父="户主", 孩="子")
    built(lake)
    later = lake.next_month("2026-11")
    later.person("父二", "1", "1980-01-01")
    del later.people["父"]
    later.aliases.append({"old_person_id": "父", "person_id": "父二", "batch": "2026-11", "reason": ""})
    later.register("乙户", 孩="户主")
    built(later)
    assert parents(later) == {("father", "父二")}


def test_children_in_a_collective_household_have_no_parents_from_it(lake):
    lake.register("集体", 父="户主", 母="配偶", 孩="子")
    assert parents(built(lake, collective_size=2)) == set()


def test_spouses_stand_in_both_directions(lake):
    lake.register("甲户", 父="户主", 母="配偶")
    pairs = {(e["person_id"], e["other_person_id"]) for e in built(lake).read("households", "edges") if e["kind"] == "spouse"}
    assert pairs == {("父", "母"), ("母", "父")}


def test_a_marriage_record_goes_before_the_register(lake):
    lake.person("新妻", "2", "1990-01-01")
    lake.register("甲户", 父="户主", 母="配偶")
    lake.row("marriage", "父", "新妻", register_type="结婚", registered_on="2024-01-01")
    spouses = {
        e["other_person_id"] for e in built(lake).read("households", "edges") if (e["kind"], e["person_id"]) == ("spouse", "父")
    }
    assert spouses == {"新妻"}


def test_a_guardian_is_found_by_name_in_the_household(lake):
    lake.register("甲户", 父="户主", 母="配偶", 孩="子")
    lake.row("disabled_persons", "孩", guardian="母")
    guardians = {
        (e["person_id"], e["other_person_id"]) for e in built(lake).read("households", "edges") if e["kind"] == "guardian"
    }
    assert guardians == {("孩", "母")}


def test_a_guardian_elsewhere_is_not_guessed_by_name(lake):
    lake.register("甲户", 父="户主", 孩="子")
    lake.register("乙户", 母="户主")
    lake.row("disabled_persons", "孩", guardian="母")
    assert not [e for e in built(lake).read("households", "edges") if e["kind"] == "guardian"]
