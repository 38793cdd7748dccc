"""Levels: up at once, down one step a visit."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from pipelines.casework.answering import Visit, record_visit
from pipelines.casework.clock import day_of, now
from pipelines.casework.files import belonging, history, read_file
from pipelines.casework.levels import set_level
from pipelines.casework.store import TakenError
from pipelines.casework.tables import case_file, visit_due
from pipelines.errors import DataError
from tests.casework.conftest import DISTRICT, TOWN, VILLAGE, household


def visited(store, number, code="H1", **more):
    file = read_file(store, number, DISTRICT)
    day = more.pop("visited_on", day_of(now()))
    given = Visit(visited_on=day, method="入户", visitors=("甲", "乙"), outcome_code=code, **more)
    return record_visit(store, number, file["version"], given, TOWN)


def level(store, number):
    return read_file(store, number, DISTRICT)["care_level"]


def judge(store, number, to, actor=VILLAGE, reason="看过了"):
    set_level(store, read_file(store, number, actor), to, reason, actor)


def since_long_ago(store, number):
    with store.write() as connection:
        connection.execute(
            update(case_file).where(case_file.c.file_no == number).values(level_since=day_of(now()) - dt.timedelta(days=30))
        )


def test_a_lead_raises_and_a_visitor_raises_at_once(store):
    number = household(store, level="orange")
    assert level(store, number) == "orange"
    judge(store, number, "red", reason="危险")
    assert level(store, number) == "red"
    assert [due["level"] for due in belonging(store, number)["due"]] == ["red"]


def test_after_a_visit_a_level_goes_down_one_step_and_not_two(store):
    number = household(store, level="red")
    since_long_ago(store, number)
    visited(store, number)
    with pytest.raises(DataError, match="一次走访只能降一级"):
        judge(store, number, "yellow")
    judge(store, number, "orange")
    assert level(store, number) == "orange"
    with pytest.raises(DataError, match="还没有走访"):
        judge(store, number, "yellow", DISTRICT)


def test_without_a_visit_a_level_does_not_go_down(lite):
    number = household(lite)
    judge(lite, number, "red", DISTRICT)
    with pytest.raises(DataError, match="还没有走访"):
        judge(lite, number, "orange")


def test_it_does_not_go_below_an_open_lead_nor_while_an_urgent_one_is_open(lite):
    number = household(lite, level="orange")
    judge(lite, number, "red", DISTRICT)
    with pytest.raises(DataError, match="还没有走访"):
        judge(lite, number, "orange", VILLAGE)
    urgent = household(lite, "H00000000002", level="red", urgent=True)
    with pytest.raises(DataError, match="急难"):
        judge(lite, urgent, "orange")


def test_who_raised_it_today_does_not_lower_it_today(lite):
    number = household(lite)
    judge(lite, number, "orange", VILLAGE)
    visited(lite, number)
    with pytest.raises(DataError, match="您今天定的"):
        judge(lite, number, "yellow", VILLAGE)
    judge(lite, number, "yellow", DISTRICT)


def test_a_reason_is_asked_for_and_the_same_level_is_no_change(lite):
    number = household(lite)
    with pytest.raises(DataError, match="理由"):
        judge(lite, number, "red", reason=" ")
    judge(lite, number, "red")
    with pytest.raises(DataError, match="没有变"):
        judge(lite, number, "red")
    with pytest.raises(DataError, match="没有这个等级"):
        judge(lite, number, "violet")


def test_three_quiet_visits_at_yellow_end_the_watch(lite):
    number = household(lite, level="yellow", raised_days_ago=20)
    today = day_of(now())
    for n in (10, 5, 0):
        assert level(lite, number) == "yellow"
        visited(lite, number, visited_on=today - dt.timedelta(days=n))
    assert level(lite, number) == "none"
    with lite.read() as connection:
        assert connection.execute(select(visit_due)).all() == []


def test_death_or_departure_closes_the_visits(lite):
    number = household(lite, level="red")
    visited(lite, number, "G1")
    assert belonging(lite, number)["due"] == []
    assert read_file(lite, number, DISTRICT)["closed_on"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"code": "Z9"}, "结果码"),
        ({"visited_on": dt.date(2999, 1, 1)}, "今天以后"),
        ({"visited_on": dt.date(2020, 1, 1)}, "早于线索"),
        ({"code": "B4"}, "转办部门"),
        ({"lives_with": 99}, "人口"),
    ],
)
def test_a_visit_that_cannot_be_is_refused_and_nothing_is_written(lite, wrong, told):
    number = household(lite, level="red")
    before = read_file(lite, number, DISTRICT)
    with pytest.raises(DataError, match=told):
        visited(lite, number, **wrong)
    assert read_file(lite, number, DISTRICT) == before
    assert belonging(lite, number)["visits"] == []


def test_one_visitor_is_not_enough_at_home_but_is_on_the_telephone(lite):
    number = household(lite, level="red")
    version = read_file(lite, number, DISTRICT)["version"]
    alone = Visit(visited_on=day_of(now()), method="入户", visitors=("甲", ""), outcome_code="H1")
    with pytest.raises(DataError, match="核查人"):
        record_visit(lite, number, version, alone, TOWN)
    record_visit(lite, number, version, Visit(day_of(now()), "电话", ("甲",), "H1"), TOWN)


def test_the_same_form_twice_is_one_visit_and_another_form_on_an_old_page_is_refused(store):
    number = household(store, level="red")
    version = read_file(store, number, DISTRICT)["version"]
    form = Visit(day_of(now()), "入户", ("甲", "乙"), "B1", key="form-1")
    first = record_visit(store, number, version, form, TOWN)
    assert record_visit(store, number, version, form, TOWN) == first
    with pytest.raises(TakenError):
        record_visit(store, number, version, Visit(day_of(now()), "入户", ("丙", "丁"), "H1", key="form-2"), TOWN)
    assert len(belonging(store, number)["visits"]) == 1


def test_an_answer_that_needs_a_department_reports_a_transfer_to_each(lite):
    number = household(lite, level="red")
    visited(lite, number, "B4", departments="医保局、教育局")
    told = {(one["department"], one["state"]) for one in belonging(lite, number)["transfers"]}
    assert told == {("教育", "已上报"), ("医保", "已上报")}
    kinds = [event["kind"] for event in history(lite, read_file(lite, number, DISTRICT), DISTRICT)]
    assert {"走访", "转办", "线索", "建档"} - set(kinds) == {"线索"}


def test_what_is_restricted_is_for_the_district_and_the_adviser(lite):
    from pipelines.casework.files import add_event, set_adviser

    number = household(lite)
    with lite.write() as connection:
        add_event(connection, number, DISTRICT, "精神健康", "只给责任人看", key="r", restricted=True)
    seen = lambda actor: "只给责任人看" in [event["text"] for event in history(lite, read_file(lite, number, actor), actor)]  # noqa: E731
    assert (seen(DISTRICT), seen(TOWN), seen(VILLAGE)) == (True, False, False)
    set_adviser(lite, read_file(lite, number, TOWN), VILLAGE.name, TOWN)
    assert (seen(TOWN), seen(VILLAGE)) == (False, True)
