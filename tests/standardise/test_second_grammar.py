"""What the second group's contracts ask of reading: ages, wordings that a table explains, rows that name a house. The batch is 2026-10."""

from decimal import Decimal

import polars as pl
import pytest

from pipelines.contracts import Contract, load_contracts

CONTRACTS = load_contracts()


@pytest.mark.parametrize(
    ("age", "died", "years"),
    [
        ("64", "2026-03-01", (1961, 1962)), ("64岁", "2025-12-31", (1960, 1961)), ("0", "2026-10-05", (2025, 2026)), ("64", None, (None, None)),
        ("131", "2026-03-01", (None, None)), ("六十", "2026-03-01", (None, None)), ("64", "2027-01-01", (None, None)),
    ],
)  # fmt: skip
def test_an_age_leaves_two_years_of_birth_possible_and_never_says_a_birthday(standardised, age, died, years):
    [row], _ = standardised(
        CONTRACTS["funeral"], [{"name": "王小明", "age": age, "death_date": died, "cremated_on": "2026-10-06"}]
    )
    assert (row["age_born_from"], row["age_born_to"]) == years
    assert row["birth_date"] is None


def test_an_age_without_a_day_of_its_own_is_of_the_batchs_last_day(standardised):
    aged = {"heading": "年龄", "type": "age", "privacy": "identity"}
    contract = CONTRACTS["veterans"].model_dump()
    contract["columns"] = {"name": {"heading": "姓名", "type": "name", "privacy": "identity"}, "age": aged}
    [row], _ = standardised(
        Contract.model_validate(contract | {"identity": {"name": "name"}, "expect": {}}), [{"name": "王小明", "age": "30"}]
    )
    assert (row["age_born_from"], row["age_born_to"]) == (1995, 1996)


def test_a_wording_is_what_its_table_says_and_an_unknown_one_is_listed_once_with_rows_and_sum(standardised):
    rows = [
        {"name": "甲甲", "item": item, "amount": amount}
        for item, amount in (
            ("工资统发", "100"),
            ("粮食直补", "20"),
            ("苹果奖补", "30"),
            ("苹果奖补", "12.5"),
            ("海参补贴", "1"),
            (None, "5"),
        )
    ]
    read, counts = standardised(CONTRACTS["benefit_card"], rows)
    assert [(row["item"], row["item_as"], row["item_class"]) for row in read] == [
        ("工资统发", "财政供养工资", "salary"), ("粮食直补", "耕地地力保护补贴", "counted"), ("苹果奖补", None, None),
        ("苹果奖补", None, None), ("海参补贴", None, None), (None, None, None),
    ]  # fmt: skip
    assert read[2]["warnings"] == ["item:not_mapped"]
    listed = pl.read_parquet(standardised.home.lake("2026-10", "unmapped", "benefit_card"))
    assert listed.select("column_name", "text", "rows", "amount").rows() == [
        ("item", "海参补贴", 1, Decimal("1.00")), ("item", "苹果奖补", 2, Decimal("42.50")),
    ]  # fmt: skip
    assert counts["unmapped"] == 2


def test_a_row_about_a_household_may_name_only_its_house(standardised):
    rows = [{"name": None, "id_number": None, "address": "王台街道徐村12号", "happened_on": "2026-10-01"}]
    [row], counts = standardised(CONTRACTS["disasters"], rows)
    assert (row["name"], row["id_status"], row["town"], row["village"], row["address"]) == (
        None,
        "missing",
        "王台街道",
        "徐村",
        "12号",
    )
    assert counts["records"] == 1
