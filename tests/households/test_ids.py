"""Household ids last across batches, and what changed is on record."""

import re

import pytest

from tests.builders.model_lake import ModelLake
from tests.households.test_register import built


@pytest.fixture
def lake(tmp_path):
    lake = ModelLake(tmp_path)
    lake.person("夫", "1", "1980-01-01")
    lake.person("妻", "2", "1981-01-01")
    lake.register("夫户", 夫="户主", 公公="父亲", 婆婆="母亲")
    lake.register("妻户", 妻="户主", 女="女")
    return built(lake)


def household_of(lake, who, kind="assistance"):
    [found] = [m["household_id"] for m in lake.read("households", "members") if (m["kind"], m["person_id"]) == (kind, who)]
    return found


def changes(lake, kind="assistance"):
    return {(c["person_id"], c["reason"]) for c in lake.read("households", "changes") if c["kind"] == kind}


def test_ids_are_opaque_and_register_and_assistance_differ(lake):
    ids = [h["household_id"] for h in lake.read("households", "households")]
    assert len(set(ids)) == len(ids) == 4
    assert all(re.fullmatch(r"H[0-9A-HJKMNP-TV-Z]{11}", one) for one in ids)


def test_the_first_batch_has_no_changes(lake):
    assert lake.read("households", "changes") == []


def test_nothing_new_changes_no_id(lake):
    later = built(lake.next_month("2026-11", keep=("police_household",)))
    assert later.read("households", "changes") == []
    assert {h["household_id"] for h in later.read("households", "households")} == {
        h["household_id"] for h in lake.read("households", "households")
    }


def test_the_same_batch_built_again_gives_the_same_ids(lake):
    before = sorted(map(str, lake.read("households", "members")))
    assert sorted(map(str, built(lake).read("households", "members"))) == before


def test_a_new_household_number_and_a_new_head_keep_the_id(lake):
    later = lake.next_month("2026-11")
    later.register("换号", 公公="户主", 夫="子", 婆婆="配偶")
    later.register("妻户", 妻="户主", 女="女")
    assert household_of(built(later), "夫") == household_of(lake, "夫")


def test_after_a_marriage_the_larger_part_keeps_its_id_and_who_moved_is_on_record(lake):
    later = lake.next_month("2026-11", keep=("police_household",))
    later.row("marriage", "夫", "妻", register_type="结婚", registered_on="2026-11-05")
    built(later)
    assert household_of(later, "妻") == household_of(lake, "夫")
    assert household_of(later, "女") == household_of(lake, "女")
    assert changes(later) == {("妻", "joined_spouse")}
    assert changes(later, "register") == set()


def test_a_household_that_splits_leaves_its_id_with_the_larger_part(lake):
    later = lake.next_month("2026-11")
    later.register("夫户", 夫="户主")
    later.register("老人户", 公公="户主", 婆婆="配偶")
    later.register("妻户", 妻="户主", 女="女")
    built(later)
    assert household_of(later, "公公") == household_of(lake, "公公")
    assert household_of(later, "夫") not in {h["household_id"] for h in lake.read("households", "households")}
    assert changes(later) == {("夫", "moved")}


def test_who_came_died_went_to_custody_or_is_gone_is_told_apart(lake):
    later = lake.next_month("2026-11")
    later.register("夫户", 夫="户主", 公公="父亲", 新生儿="子")
    later.register("妻户", 妻="户主")
    later.died("公公", "2026-11-03")
    later.row("custody", "妻", custody_type="服刑", from_date="2026-11-01")
    built(later)
    assert changes(later) == {("新生儿", "came"), ("公公", "died"), ("妻", "custody"), ("婆婆", "gone"), ("女", "gone")}


def test_the_dead_without_any_row_left_the_household_of_the_batch_before(lake):
    later = lake.next_month("2026-11")
    later.register("夫户", 夫="户主", 婆婆="母亲")
    later.register("妻户", 妻="户主", 女="女")
    later.died("公公", "2026-10-28")
    built(later)
    [left] = later.read("households", "left_household")
    assert left["household_id"] == household_of(later, "夫") == household_of(lake, "公公")


def test_a_death_told_once_is_remembered_in_the_months_after(lake):
    second = lake.next_month("2026-11", keep=("police_household",))
    second.died("公公", "2026-10-28")
    built(second)
    third = second.next_month("2026-12")
    third.register("夫户", 夫="户主", 婆婆="母亲")
    built(third)
    [left] = third.read("households", "left_household")
    assert (left["person_id"], left["household_id"]) == ("公公", household_of(third, "夫"))
