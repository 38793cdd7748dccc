from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts import load_contracts
from pipelines.extracts.cells import (
    TRIMMED_AFTER,
    TRIMMED_BEFORE,
    empties,
    number_text,
    scaled,
    trim,
    untrimmed,
    unwrap_formulas,
)
from pipelines.extracts.nothing import everywhere, words_of

EMPTY = everywhere()


def cleaned(*texts):
    return empties(trim(pl.DataFrame({"c0": pl.Series(texts, dtype=pl.String)})), {}, EMPTY)["c0"].to_list()


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


@pytest.mark.parametrize("nothing", [*sorted(EMPTY), "  ", "\u3000无\u00a0", "'-", "\ufeff"])
def test_texts_that_say_nothing_become_null(nothing):
    assert cleaned(nothing) == [None]


def test_texts_longer_than_all_that_say_nothing_stay():
    long = ["不详不详", "370211199001011234", None]
    frame = pl.DataFrame({"c0": long, "c1": ["无", "不详", "#N/A"], "extra": [True, False, True]})
    assert empties(frame, {}, EMPTY).equals(
        pl.DataFrame({"c0": long, "c1": pl.Series([None] * 3, dtype=pl.String), "extra": [True, False, True]})
    )
    assert empties(frame.select("c0"), {}, EMPTY).equals(frame.select("c0"))


@pytest.mark.parametrize(
    ("source", "column", "word", "is_nothing"),
    [
        ("medical_settlement", "total_cost", "0", False),
        ("police_household", "sex", "0", False),
        ("police_household", "phone", "0", True),
        ("police_household", "name", "NaN", True),
        ("police_household", "id_number", "Null", True),
        ("police_household", "id_number", "Ｎ／Ａ", True),
        ("police_household", "household_no", "0", True),
        ("poverty_monitoring", "resident_medical", "0", False),
        ("poverty_monitoring", "resident_medical", "无", True),
    ],
)
def test_a_zero_and_a_code_are_values_where_the_column_knows_them(source, column, word, is_nothing):
    contract = load_contracts()[source]
    assert (word in words_of(contract)[column]) is is_nothing


def test_an_apostrophe_goes_in_front_only():
    assert cleaned("'370211", "O'", "无锡", "-1") == ["370211", "O'", "无锡", "-1"]


@given(st.lists(st.text(alphabet=TRIMMED_BEFORE + "张·，0" + chr(0x4E00), max_size=6), max_size=30), st.sampled_from([",", "|"]))
def test_every_cell_with_something_to_trim_is_found_in_a_block(cells, separator):
    text = separator.join(cells).encode()
    found = set(untrimmed(text, separator.encode()).tolist())
    start = 0
    for cell in cells:
        end = start + len(cell.encode())
        if cell and (cell[0] in TRIMMED_BEFORE or cell[-1] in TRIMMED_BEFORE):
            assert found & set(range(start, end))
        start = end + 1


def test_characters_to_be_trimmed_within_a_cell_do_not_count_unless_asked_for():
    text = "张 三,2026-10-01 00:00,O'N\u3000x,无".encode()
    assert untrimmed(text, b",").tolist() == []
    assert len(untrimmed(text)) == 4
    assert untrimmed(text, b",", never="无").tolist() == []
    assert untrimmed("张三 ,李四".encode(), b",").tolist() == [6]
    assert untrimmed("张三 ,李四".encode(), b",", never=" ").tolist() == []


@given(st.lists(st.sampled_from(["张三", " 张三", "'3702", "李四\u3000", None, "a b"]), max_size=40))
def test_trimming_only_the_rows_that_need_it_is_trimming_all(cells):
    frame = pl.DataFrame({"c0": pl.Series(cells, dtype=pl.String), "c1": pl.Series(cells[::-1], dtype=pl.String)})
    rows = [
        n
        for n, pair in enumerate(frame.rows())
        if any(cell and (cell[0] in TRIMMED_BEFORE or cell[-1] == "\u3000") for cell in pair)
    ]
    assert trim(frame, pl.Series(rows, dtype=pl.Int64)).equals(trim(frame))


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
