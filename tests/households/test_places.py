"""Where a household lives: the lead goes there, a copy to the register's town."""

import pytest

from tests.builders.model_lake import ModelLake
from tests.households.test_register import built


@pytest.fixture
def lake(tmp_path):
    lake = ModelLake(tmp_path)
    lake.register("甲户", town="王台街道", village="一村", 父="户主", 儿="子")
    return lake


def place(lake):
    [household] = [h for h in built(lake).read("households", "households") if h["kind"] == "assistance"]
    return household["town"], household["village"], household["register_town"]


def test_a_household_lives_where_it_is_registered_if_nobody_says_otherwise(lake):
    assert place(lake) == ("王台街道", "一村", None)


def test_it_lives_where_another_department_knows_a_member(lake):
    lake.row("disabled_persons", "儿", town="张家楼街道", village="二村")
    assert place(lake) == ("张家楼街道", "二村", "王台街道")


def test_one_department_that_agrees_with_the_register_settles_it(lake):
    lake.row("disabled_persons", "儿", town="张家楼街道", village="二村")
    lake.row("assistance_roster", "父", "儿", town="王台街道", village="一村", from_month="2025-01")
    assert place(lake) == ("王台街道", "一村", None)


def test_departments_that_name_different_towns_settle_nothing(lake):
    lake.row("disabled_persons", "儿", town="张家楼街道")
    lake.row("poverty_monitoring", "父", town="泊里镇")
    assert place(lake) == ("王台街道", "一村", None)


def test_a_spouse_who_moved_in_does_not_move_the_household(lake):
    lake.person("妻", "2", "1985-01-01")
    lake.person("父", "1", "1980-01-01")
    lake.register("乙户", town="泊里镇", 妻="户主")
    lake.row("marriage", "父", "妻", register_type="结婚", registered_on="2020-01-01")
    assert place(lake) == ("王台街道", "一村", None)


def test_where_the_heads_row_names_no_town_the_others_of_the_number_do(tmp_path):
    lake = ModelLake(tmp_path)
    lake.register("甲户", town=None, 父="户主")
    lake.register("甲户", town="泊里镇", 儿="子", 女="女")
    assert place(lake)[0] == "泊里镇"


def test_members_who_name_two_towns_name_none(tmp_path):
    lake = ModelLake(tmp_path)
    lake.register("甲户", town=None, 父="户主")
    lake.register("甲户", town="泊里镇", 儿="子")
    lake.register("甲户", town="王台街道", 女="女")
    assert place(lake)[0] is None
