"""Working days: weekends, and what the State Council arranges each year."""

import datetime as dt

import pytest
from chinese_calendar import is_workday
from hypothesis import given
from hypothesis import strategies as st

from pipelines.assess.leads.workdays import add_workdays, load_workdays
from pipelines.errors import DeclarationError

CALENDAR = load_workdays()
KNOWN = st.dates(dt.date(2021, 1, 1), dt.date(2026, 12, 31))


@given(KNOWN)
def test_every_day_of_the_declared_years_is_as_an_independent_calendar_has_it(day):
    assert CALENDAR.is_workday(day) == is_workday(day)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-02", 3, "2026-11-05"),  # a plain week
        ("2026-11-05", 3, "2026-11-10"),  # over a weekend
        ("2026-09-30", 3, "2026-10-10"),  # over the National Day week; Saturday 10 October is worked
        ("2026-02-13", 1, "2026-02-14"),  # a worked Saturday before Spring Festival
        ("2026-02-14", 1, "2026-02-24"),
        ("2026-10-31", 0, "2026-10-31"),
    ],
)
def test_working_days_are_counted_from_the_day_after(start, days, due):
    assert add_workdays(dt.date.fromisoformat(start), days) == (dt.date.fromisoformat(due), True)


def test_a_year_that_is_not_declared_is_counted_by_weekends_and_says_so():
    assert add_workdays(dt.date(2026, 12, 30), 1) == (dt.date(2026, 12, 31), True)
    due, known = add_workdays(dt.date(2026, 12, 30), 2)
    assert due == dt.date(2027, 1, 1)
    assert known is False


@given(KNOWN, st.integers(0, 40), st.integers(0, 40))
def test_counting_in_two_steps_is_counting_in_one(start, first, second):
    assert add_workdays(add_workdays(start, first)[0], second)[0] == add_workdays(start, first + second)[0]


@pytest.mark.parametrize(("kind", "day"), [("holidays", "2026-01-03"), ("worked", "2026-01-05"), ("holidays", "2025-01-01")])
def test_a_day_in_the_wrong_list_or_year_is_refused_with_its_line(tmp_path, kind, day):
    lists = {"holidays": [], "worked": [], kind: [day]}
    path = tmp_path / "workdays.yaml"
    path.write_text(
        "calendar: workdays\ntitle: 假日\nyears:\n  - year: 2026\n    document: 某号\n"
        + "".join(f"    {name}: [{', '.join(days)}]\n" for name, days in lists.items()),
        encoding="utf-8",
    )
    with pytest.raises(DeclarationError) as refused:
        load_workdays(path)
    assert f"workdays.yaml 第 {6 if kind == 'holidays' else 7} 行" in str(refused.value)
