"""When somebody is looked at next: days off, hours, merged reasons."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.assess.leads.workdays import load_workdays
from pipelines.casework.clock import end_of, months_after, on_workday, workdays_between
from pipelines.casework.declared import CARE, load_levels
from pipelines.casework.visits import OpenLead, Watched, next_visit
from pipelines.month import SHANGHAI

D = dt.date
MONDAY = D(2026, 11, 2)


def watched(level="orange", since=MONDAY, last=None, **more):
    return Watched(level, since, since, last, **more)


def lead(due, level="orange", urgent=False, raised=dt.datetime(2026, 11, 2, 17, 30, tzinfo=SHANGHAI), number="L1"):
    return OpenLead(number, level, due, urgent, raised)


@pytest.mark.parametrize(
    ("level", "first", "then"),
    [
        ("red", D(2026, 11, 5), D(2026, 11, 12)),
        ("orange", D(2026, 11, 11), D(2026, 12, 7)),
        ("yellow", D(2026, 11, 30), D(2027, 2, 3)),
    ],
)
def test_each_level_has_its_first_contact_and_its_rhythm(level, first, then):
    assert next_visit(watched(level)).by == first
    assert next_visit(watched(level, last=D(2026, 11, 5))).by == then


def test_nobody_is_visited_for_nothing():
    assert next_visit(watched("none")) is None


def test_a_level_raised_after_the_last_visit_begins_anew():
    assert next_visit(watched("red", since=D(2026, 11, 9), last=D(2026, 11, 6))).by == D(2026, 11, 12)


def test_urgent_is_24_hours_of_the_clock_through_a_holiday():
    eve = dt.datetime(2026, 9, 30, 18, 0, tzinfo=SHANGHAI)  # the Wednesday before the National Day holidays
    due = next_visit(watched("red", since=eve.date(), leads=[lead(None, "red", True, eve)]))
    assert due.by_hour == dt.datetime(2026, 10, 1, 18, 0, tzinfo=SHANGHAI)
    assert due.by == D(2026, 10, 1)


def test_urgent_on_new_years_eve_is_due_on_new_years_day():
    eve = dt.datetime(2026, 12, 31, 23, 50, tzinfo=SHANGHAI)
    due = next_visit(watched("red", since=eve.date(), leads=[lead(None, "red", True, eve)]))
    assert due.by_hour == dt.datetime(2027, 1, 1, 23, 50, tzinfo=SHANGHAI)


def test_a_day_off_moves_before_for_red_and_after_for_the_others():
    assert next_visit(watched("red", last=D(2026, 9, 26), since=D(2026, 9, 1))).by == D(2026, 9, 30)  # 3 October
    assert next_visit(watched("orange", last=D(2026, 9, 3), since=D(2026, 9, 1))).by == D(2026, 10, 8)  # 3 October


def test_red_visited_on_the_eve_of_a_long_holiday_is_visited_within_it():
    assert next_visit(watched("red", last=D(2026, 9, 30), since=D(2026, 9, 1))).by == D(2026, 10, 7)


def test_a_worked_sunday_is_a_working_day():
    worked = next(day for year in load_workdays().years if year.year == 2026 for day in year.worked)
    assert on_workday(worked, before=True) == (worked, True)
    assert workdays_between(worked - dt.timedelta(days=1), worked) == 1


def test_a_year_without_calendar_counts_weekends_and_says_so():
    due = next_visit(watched("orange", since=D(2031, 1, 1)))
    assert due.calendar_known is False
    assert due.by == D(2031, 1, 10)


@pytest.mark.parametrize(("days", "one"), [(7, True), (8, False)])
def test_two_reasons_within_seven_days_are_one_visit(days, one):
    first = D(2026, 11, 11)  # what the level asks
    other = first + dt.timedelta(days=days)
    due = next_visit(watched("orange", leads=[lead(other)]))
    assert due.by == first
    assert (len(due.why) == 2) is one


def test_a_category_asks_for_its_own_rhythm_without_any_level():
    due = next_visit(watched("none", categories=["lone_elder"]))
    assert due.by == D(2026, 12, 2)
    assert "独居老人" in due.why[0]


@given(
    st.sampled_from(CARE), st.dates(D(2026, 1, 5), D(2026, 12, 20)), st.none() | st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(CARE[:3])), max_size=3), st.lists(st.sampled_from(sorted(load_levels().categories)), max_size=2),
)  # fmt: skip
def test_a_visit_is_never_later_than_any_reason_allows(level, since, visited, leads, categories):
    last = None if visited is None else since + dt.timedelta(days=visited)
    open_leads = [lead(since + dt.timedelta(days=days), one, number=f"L{n}") for n, (days, one) in enumerate(leads)]
    asked = watched(level, since, last, leads=open_leads, categories=categories)
    due = next_visit(asked)
    alone = [next_visit(watched("none", since, last, leads=[one])) for one in open_leads]
    alone += [next_visit(watched("none", since, last, categories=[one])) for one in categories]
    alone += [next_visit(watched(level, since, last))]
    days = [one.by for one in alone if one]
    if not days:
        assert due is None
    elif level == "red":
        assert due.by <= min(days)
    else:
        assert due.by == min(days)
    assert due is None or len(set(due.why)) == len(due.why)


@given(st.dates(D(2020, 1, 1), D(2035, 12, 31)), st.integers(1, 24))
def test_months_ahead_keep_the_day_or_take_the_months_last(day, months):
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + dt.timedelta(days=1)).day == 1


def test_a_deadline_in_days_runs_out_at_24_hours_of_its_day():
    assert end_of(D(2026, 12, 31)) == dt.datetime(2027, 1, 1, tzinfo=SHANGHAI)
