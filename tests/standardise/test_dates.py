"""Dates: every form of interface.md, and what is no date."""

import datetime as dt
import zoneinfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.standardise.dates import read_dates

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


def read(*texts):
    return [row["value"] for row in read_dates(pa.array(texts, pa.string())).to_pylist()]


def milliseconds(day):
    return str(round(dt.datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp() * 1000))


def as_text(day):
    """Every way of writing a day."""
    serial = (day - dt.date(1899, 12, 30)).days
    return [
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y年%m月%d日}",
        f"{day.year} 年 {day.month} 月 {day.day} 日",
        f"{day:%Y-%m-%d} 10:20:30",
        f"{day:%Y-%m-%d}T00:00:00",
        f"{day:%Y-%m-%d} 00:00:00.000",
        f"{day.year}/{day.month}/{day.day} 0:00",
        f"{day:%Y%m%d}102030",
        f"{day:%Y%m%d}.0",
        "".join(chr(ord(character) + 0xFEE0) for character in f"{day:%Y-%m-%d}"),
        f"'{day:%Y-%m-%d}\t",
        *([str(serial), f"{serial}.5", f"{serial}.0"] if serial >= 10_000 else []),
        milliseconds(day),
    ]


@given(st.dates(dt.date(1902, 1, 1), dt.date(2099, 12, 31)))
def test_a_day_is_the_same_day_however_it_is_written(day):
    texts = as_text(day)
    assert dict(zip(texts, read(*texts), strict=True)) == dict.fromkeys(texts, day)


@given(st.integers(1900, 2099), st.integers(1, 12))
def test_a_month_is_its_first_day(year, month):
    texts = [
        f"{year}{month:02}",
        f"{year}-{month:02}",
        f"{year}年{month}月",
        f"{year}/{month}",
        f"{year}{month:02}.0",
        f"{year}年{month}月份",
    ]
    assert read(*texts) == [dt.date(year, month, 1)] * len(texts)


@pytest.mark.parametrize(
    "text",
    ["长期", "1900-01-00", "2021-02-30", "2021-13-01", "20210230", "20211305", "202113", "2021", "85", "0", "3/5/2021", "21-3-5",
     "9999-12-31", "1700-01-01", "无固定期限", "2021-3-5-7", "1.5万", "-5", "99999999", "00000000"],
)  # fmt: skip
def test_what_is_no_date_is_none(text):
    assert read(text) == [None]


def test_milliseconds_are_the_day_in_shanghai_even_in_the_summer_times_of_the_eighties():
    assert read("515520000000") == [dt.date(1986, 5, 4)]  # 00:00 at +08:00 is 01:00 that day, clocks having gone forward
    assert read(milliseconds(dt.date(1988, 7, 1))) == [dt.date(1988, 7, 1)]


def test_milliseconds_of_the_first_days_are_read_and_other_short_numbers_are_not():
    assert read("-28800000", "57600000", "2649600000") == [dt.date(1970, 1, 1), dt.date(1970, 1, 2), dt.date(1970, 2, 1)]
    assert read("57600001", "2649600001") == [None, None]


def test_a_moment_in_universal_time_is_the_next_day_here():
    assert read("2021-03-04T16:00:00Z", "2021-03-04T16:00:00.000Z", "2021-03-04T15:59:00Z") == [
        dt.date(2021, 3, 5),
        dt.date(2021, 3, 5),
        dt.date(2021, 3, 4),
    ]


def test_no_texts_give_an_empty_table():
    assert read() == []
