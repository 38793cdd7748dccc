"""Money, whole numbers, telephones."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

money = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("written", "yuan"),
    [
        ("1234.5", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1，234.50", "1234.50"),
        ("１２３４．５", "1234.50"),
        ("1 234.50", "1234.50"),
        ("¥1,234.50", "1234.50"),
        ("￥1234.5元", "1234.50"),
        ("1234.5元整", "1234.50"),
        ("1.2万", "12000.00"),
        ("1.2万元", "12000.00"),
        ("1.15万元", "11500.00"),
        ("0.3亿元", "30000000.00"),
        ("(1,234.50)", "-1234.50"),
        ("（1234.5）", "-1234.50"),
        ("-12", "-12.00"),
        ("－12", "-12.00"),
        ("−12", "-12.00"),
        ("12-", "-12.00"),
        ("+12", "12.00"),
        (".5", "0.50"),
        ("12.", "12.00"),
        ("1.2E+04", "12000.00"),
        ("0", "0.00"),
        ("0.125", "0.13"),
        ("'12", "12.00"),
    ],
)
def test_money_is_yuan_however_it_is_written(say, written, yuan):
    assert say("money(t)", [written]) == [Decimal(yuan)]


@pytest.mark.parametrize(
    "written", ["十元", "1.2.3", "12元5角", "1/2", "abc", "12%", "--", "1e400", "99999999999999999999", "元", "1万2"]
)
def test_what_is_no_amount_is_none(say, written):
    assert say("money(t)", [written]) == [None]


@given(st.lists(money, min_size=1, max_size=20))
def test_an_amount_survives_every_writing(say, amounts):
    for writing in ("{:.2f}", "{:,.2f}", "{:.2f}元", "￥{:,.2f}"):
        assert say("money(t)", [writing.format(amount) for amount in amounts]) == amounts
    in_brackets = [f"({abs(amount):,.2f})" for amount in amounts]
    assert say("money(t)", in_brackets) == [-abs(amount) for amount in amounts]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("3", 3),
        ("3人", 3),
        ("３", 3),
        ("3.0", 3),
        ("2026年", 2026),
        ("2026年度", 2026),
        ("1,234", 1234),
        ("-2", -2),
        ("03", 3),
        ("12个月", 12),
    ],
)
def test_whole_numbers(say, written, number):
    assert say("whole_number(t)", [written]) == [number]


@pytest.mark.parametrize("written", ["3.7", "三", "", "3人2", "1/2", "9" * 19])
def test_what_is_no_whole_number_is_none_and_never_rounded(say, written):
    assert say("whole_number(t)", [written]) == [None]


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("13812345670", "13812345670"),
        ("+8613812345670", "13812345670"),
        ("+86 138-1234-5670", "13812345670"),
        ("0086-13812345670", "13812345670"),
        ("8613812345670", "13812345670"),
        ("138 1234 5670", "13812345670"),
        ("１３８１２３４５６７０", "13812345670"),
        ("13812345670.0", "13812345670"),
        ("13812345670（儿子）", "13812345670"),
        ("儿子13812345670", "13812345670"),
        ("13812345670、13912345671", "13812345670"),
        ("13812345670/0532-86881234", "13812345670"),
        ("13812345670 13912345671", "13812345670"),
        ("0532-86881234", "053286881234"),
        ("(0532)86881234", "053286881234"),
        ("053286881234", "053286881234"),
        ("010 6512 3456", "01065123456"),
        ("86881234", "86881234"),
    ],
)
def test_telephones_are_digits_only(say, written, digits):
    assert say("phone(t)", [written]) == [digits]


@pytest.mark.parametrize(
    "written",
    ["13800000000", "13800138000", "13812345678", "11111111111", "00000000", "00000000000", "12345678901", "1381234567",
     "138123456701", "无电话", "99999999999", "22222222", "110", "370211198503124516"],
)  # fmt: skip
def test_placeholders_and_other_numbers_are_no_telephone(say, written):
    assert say("phone(t)", [written]) == [None]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("86.5", "86.5"), ("86.55平方米", "86.55"), ("１２．５亩", "12.5"), ("1,024.5㎡", "1024.5"), ("5%", "0.05"), ("12.5％", "0.125"),
        ("1/8", "0.125"), ("八分之一", "0.125"), ("1/0", None), ("三分之", None), ("共有", None), ("0", "0"), ("-3.5", "-3.5"), ("23度", "23"),
    ],
)  # fmt: skip
def test_areas_rates_and_shares_are_numbers(say, text, value):
    [read] = say("decimal_number(t)", [text])
    assert read == (value and Decimal(value))
