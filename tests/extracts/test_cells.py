from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extracts.cells import (
    EMPTY,
    TRIMMED_AFTER,
    TRIMMED_BEFORE,
    empties,
    number_text,
    scaled,
    trim,
    trimmed_characters,
    unwrap_formulas,
)


def cleaned(*texts):
    return empties(trim(pl.DataFrame({"c0": pl.Series(texts, dtype=pl.String)})))["c0"].to_list()


@given(
    st.lists(
        st.tuples(
            st.text(alphabet=TRIMMED_BEFORE, max_size=3),
            st.text(alphabet="张三A1", min_size=1, max_size=3),
            st.text(alphabet=TRIMMED_AFTER, max_size=3),
        ),
        max_size=4,
    )
)
def test_invisible_characters_around_a_text_go_and_the_text_stays(cells):
    frame = pl.DataFrame({"c0": pl.Series(["".join(cell) for cell in cells], dtype=pl.String)})
    texts = [text for _, text, _ in cells]
    assert trim(frame)["c0"].to_list() == texts
    assert trim(frame, trimmed_characters("".join(map("".join, cells)).encode()))["c0"].to_list() == texts


@pytest.mark.parametrize("nothing", [*EMPTY, "  ", "\u3000无\u00a0", "'-", "\ufeff"])
def test_texts_that_say_nothing_become_null(nothing):
    assert cleaned(nothing) == [None]


def test_an_apostrophe_goes_in_front_only():
    assert cleaned("'370211", "O'", "无锡", "-1") == ["370211", "O'", "无锡", "-1"]


@given(st.text(max_size=50))
def test_a_block_is_searched_for_exactly_the_characters_that_are_trimmed(text):
    assert trimmed_characters(text.encode("utf-8", "surrogatepass")) == [c for c in TRIMMED_BEFORE if c in text]


def test_a_text_wrapped_as_a_formula_is_unwrapped():
    frame = pl.DataFrame({"c0": ['="370211"', "=1+1", '="']})
    assert unwrap_formulas(frame)["c0"].to_list() == ["370211", "=1+1", '="']


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_ten_thousands_become_yuan_exactly(amount):
    written = f"{amount:f}"
    (yuan,) = pl.DataFrame({"c0": [written]}).select(scaled(pl.col("c0"), 10_000))["c0"]
    assert Decimal(yuan) == amount * 10_000


@pytest.mark.parametrize(
    ("written", "yuan"),
    [
        ("1.15", "11500"),
        ("１，２３４.5", "12345000"),
        ("0", "0"),
        ("约3", "约3"),
        (None, None),
        ("3万元", "3万元"),
        ("+2", "20000"),
        ("10", "100000"),
    ],
)
def test_what_is_no_plain_amount_is_left_as_it_is(written, yuan):
    frame = pl.DataFrame({"c0": pl.Series([written], dtype=pl.String)})
    assert frame.select(scaled(pl.col("c0"), 10_000))["c0"].to_list() == [yuan]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (370211199001011234.0, "id_number", "3.70211199001011E+17"),
        (370211900101123.0, "id_number", "3.70211900101123E+14"),
        (37021119900101123441.0, "disability_certificate", "3.70211199001011E+19"),
        (6222021234567890123.0, "text", "6.22202123456789E+18"),
        (100023.0, "text", "100023"),
        (13800138000.0, "phone", "13800138000"),
        (0.1 + 0.2, "money", "0.3"),
        (1234.5, "money", "1234.5"),
        (0.00001, "money", "0.00001"),
        (12, "text", "12"),
    ],
)
def test_a_number_is_written_so_that_it_can_never_pass_for_an_id(value, kind, text):
    assert number_text(value, kind) == text
