import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sample.ids import CHECKS, HOME_AREAS, WEIGHTS, give_out, is_valid

PEOPLE = st.lists(
    st.tuples(st.dates(dt.date(1925, 1, 1), dt.date(2026, 10, 31)), st.sampled_from([1, 2])), min_size=1, max_size=60
)


@settings(max_examples=30, deadline=None)
@given(PEOPLE, st.integers(0, 2**31))
def test_every_id_says_birth_date_and_sex_and_has_the_right_check_digit(people, seed):
    births, sexes = zip(*people, strict=True)
    found = give_out(np.random.default_rng(seed), pl.Series(births), np.array(sexes), 0.2, 0, 1)
    for text, birth, sex in zip(found, births, sexes, strict=True):
        assert text[6:14] == f"{birth:%Y%m%d}"
        assert int(text[16]) % 2 == sex % 2
        assert CHECKS[sum(int(digit) * weight for digit, weight in zip(text[:17], WEIGHTS, strict=True)) % 11] == text[17]
        assert is_valid(text)


@pytest.mark.parametrize("sex", [1, 2])
@pytest.mark.parametrize("day", range(1, 6))
def test_nobody_shares_an_id_even_where_hundreds_are_born_on_one_day(sex, day):
    births = pl.Series([dt.date(1966, 10, day)] * 1500)
    found = give_out(np.random.default_rng(1), births, np.full(1500, sex), 0.1, 0, 1)
    assert len(set(found)) == 1500
    assert all(text[14:17] != "000" for text in found)


def test_chunks_give_out_different_ids_for_the_same_birth_dates():
    births = pl.Series([dt.date(1966, 10, 1)] * 8)
    chunks = [give_out(np.random.default_rng(1), births, np.ones(8), 0.0, chunk, 50) for chunk in range(50)]
    assert len({text for chunk in chunks for text in chunk}) == 8 * 50


def test_twins_get_neighbouring_sequence_numbers():
    births = pl.Series([dt.date(2015, 3, 2)] * 2)
    one, other = give_out(np.random.default_rng(1), births, np.array([1, 1]), 0.0, 0, 1)
    assert one[:6] in HOME_AREAS
    assert int(other[14:17]) - int(one[14:17]) == 2


def test_a_wrong_check_digit_is_seen():
    assert is_valid("11010519491231002X")
    assert not is_valid("110105194912310021")
    assert not is_valid("11010519491231002")
    assert not is_valid("")
