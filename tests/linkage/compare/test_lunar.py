"""The lunar writing of a birth date."""

import datetime as dt

import numpy as np
import pytest

from pipelines.linkage.compare.lunar import lunar_number


def number_of(day):
    return int(lunar_number(np.array([(dt.date.fromisoformat(day) - dt.date(1970, 1, 1)).days]))[0])


@pytest.mark.parametrize(
    ("solar", "lunar"),
    [
        ("1965-04-03", 19650302),
        ("1949-10-01", 19490810),
        ("2000-02-05", 20000101),  # New Year's day
        ("2000-02-04", 19991229),  # the day before belongs to the old year
        ("1995-10-01", 19950807),
        ("1995-09-25", 19950801),  # the leap eighth month counts as the eighth
    ],
)
def test_a_solar_day_has_its_lunar_number(solar, lunar):
    assert number_of(solar) == lunar


def test_the_table_agrees_with_the_calendar_it_was_built_from():
    from lunar_python import Solar

    for year in range(1905, 2030, 7):
        for month, day in ((1, 31), (5, 17), (8, 2), (12, 30)):
            lunar = Solar.fromYmd(year, month, day).getLunar()
            stated = lunar.getYear() * 10000 + abs(lunar.getMonth()) * 100 + lunar.getDay()
            assert number_of(f"{year}-{month:02d}-{day:02d}") == stated


def test_beyond_the_table_there_is_no_lunar_date():
    assert number_of("1890-01-01") == 0
