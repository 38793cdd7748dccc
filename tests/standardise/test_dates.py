"""Dates: every form of interface.md, and what is no date."""

import datetime as dt
import zoneinfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.standardise.dates import may_be_short, read_dates, read_short_years

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


NUMERALS = "〇一二三四五六七八九"


def in_numerals(number):
    """12 as 十二, 20 as 二十, 7 as 七."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else NUMERALS[tens] + "十") + (NUMERALS[ones] if ones else "")


@given(st.dates(dt.date(1902, 1, 1), dt.date(2099, 12, 31)))
def test_a_day_in_chinese_numerals_is_read(day):
    year = "".join(NUMERALS[int(digit)] for digit in str(day.year))
    text = f"{year}年{in_numerals(day.month)}月{in_numerals(day.day)}日"
    assert read(text, text.replace("〇", "零"), text.replace("〇", "○")) == [day] * 3
    assert read(f"{year}年{in_numerals(day.month)}月") == [day.replace(day=1)]


def test_other_ways_with_numerals_are_read_and_no_other_text_becomes_a_date():
    assert read("二〇二六年元月廿一日", "二○二六年九月卅日") == [dt.date(2026, 1, 21), dt.date(2026, 9, 30)]
    assert read("二〇二六年十三月一日", "二〇二六年九月三十一日", "一二三", "三月三日") == [None] * 4


def test_the_day_before_the_year_is_certain_only_where_it_cannot_be_a_month():
    assert read("25/09/2026", "09/25/2026", "9/9/2026") == [dt.date(2026, 9, 25), dt.date(2026, 9, 25), dt.date(2026, 9, 9)]
    assert read("5/9/2026", "32/13/2026", "13/13/2026") == [None] * 3


def test_where_only_the_month_is_said_the_table_says_so():
    read_texts = read_dates(pa.array(["2026年9月", "202609", "2026-09-01", "46266", "x"], pa.string())).to_pylist()
    assert [row["month_only"] for row in read_texts] == [True, True, False, False, False]
    assert read_texts[3]["value"] == dt.date(2026, 9, 1)


def short(texts, *, birth=False, year=2026):
    table = read_short_years(read_dates(pa.array(texts, pa.string())), year, birth=birth).to_pylist()
    found = {row["raw"]: row["value"] for row in table}
    return [found[text] for text in texts]


FORM = [f"{year}-03-0{day}" for year in range(1931, 2026, 7) for day in (1, 2)]


@pytest.mark.parametrize(
    ("text", "birth", "beside", "expected"),
    [
        ("26/9/1", False, ["2019-01-01"] * 1, dt.date(2026, 9, 1)),
        ("26.09.01", False, [], dt.date(2026, 9, 1)),
        ("26年9月1日", False, [], dt.date(2026, 9, 1)),
        ("26年9月", False, [], dt.date(2026, 9, 1)),
        ("260901", False, [], dt.date(2026, 9, 1)),
        ("99-12-31", False, [], dt.date(1999, 12, 31)),
        ("60/9/1", False, [], None),  # 1960 or 2060: neither can be taken for granted
        ("26/9/1", True, FORM, dt.date(2026, 9, 1)),  # nobody in the column was born before 1931
        ("45/9/1", True, FORM, dt.date(1945, 9, 1)),
        ("26/9/1", True, [], None),  # 1926 or 2026
        ("45/9/1", True, [], dt.date(1945, 9, 1)),
        ("05/06/21", False, [], None),  # whose first number is the year?
        ("05/06/21", False, ["26/9/1"], dt.date(2005, 6, 21)),
        ("26/9/1", False, ["09/01/45"], None),  # the year stands last
        ("26/13/1", False, [], None),
        ("26/2/30", False, [], None),
    ],
)
def test_a_year_of_two_digits_is_read_where_one_century_fits_the_column(text, birth, beside, expected):
    assert may_be_short(pa.array([text], pa.string()))
    assert short([text, *dict.fromkeys(beside)], birth=birth)[0] == expected


def test_no_texts_give_an_empty_table():
    assert read() == []
