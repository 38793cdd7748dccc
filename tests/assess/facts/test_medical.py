"""Medical facts: one test per sentence of rules.md, Facts: Medical, and of its windows. The batch is 2026-10."""

from decimal import Decimal

import pytest

from tests.builders.model_lake import Facts, ModelLake

BILL = {
    "total_cost": Decimal(1000), "pooled_fund": Decimal(300), "serious_illness": Decimal(100), "medical_aid": Decimal(50),
    "own_account": Decimal(70), "cash": Decimal(480), "self_paid": Decimal(150),
}  # fmt: skip
REFUND = {key: -amount for key, amount in BILL.items()}


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("medical"))

    def settled(who, on="2026-10-15", number=None, **money):
        lake.row("medical_settlement", who, settlement_id=number or f"{who}-{on}", settled_on=on, **(money or BILL))

    lake.register("甲户", 无="户主", 单="子", 缺项="子")
    settled("单")
    settled("缺项", total_cost=Decimal(1000), pooled_fund=Decimal(300))
    settled("重发")
    settled("重发")
    settled("重发改一字", number="x1")
    settled("重发改一字", number="x1", **{**BILL, "total_cost": Decimal(1001)})
    settled("全退", number="t1")
    settled("全退", on="2026-10-20", number="t1", **REFUND)
    settled("部分退", number="p1")
    settled("部分退", number="p1", on="2026-10-20", total_cost=Decimal(-400), pooled_fund=Decimal(0))
    settled("隔年退", number="o1", on="2025-08-15")
    settled("隔年退", number="o1", on="2026-10-20", **REFUND)
    settled("隔年退", number="o2")
    settled("孤退", number="o3", **REFUND)
    settled("孤退", number="o4")
    settled("跨月退", number="m1", on="2026-02-10")
    settled("跨月退", number="m1", on="2026-10-05", **REFUND)
    for on in (
        "2025-09-30",
        "2025-10-01",
        "2025-10-31",
        "2025-11-01",
        "2026-07-31",
        "2026-08-01",
        "2026-09-30",
        "2026-10-31",
        "2026-11-01",
    ):
        settled(f"于{on}", on=on)
    settled("两次", number="d1", total_cost=Decimal(500), pooled_fund=Decimal(0))
    settled("两次", number="d2", on="2026-03-01", total_cost=Decimal(800), pooled_fund=Decimal(0))
    settled("无号", number=None)
    lake.rows["medical_settlement"][-1]["settlement_id"] = None
    settled("无号", on="2026-09-01")
    lake.rows["medical_settlement"][-1]["settlement_id"] = None
    settled("错连", number="w1")
    settled("错连成别人", number="w1", on="2026-10-20", **REFUND)
    lake.row("medical_enrolment", "参保", enrolment_state="正常参保", paid_year=2026)
    lake.row("medical_enrolment", "预缴", enrolment_state="正常参保", paid_year=2027)
    lake.row("medical_enrolment", "去年", enrolment_state="正常参保", paid_year=2025)
    lake.row("medical_enrolment", "暂停", enrolment_state="暂停参保", paid_year=2026)
    lake.row("medical_enrolment", "未写年", enrolment_state="正常参保")
    lake.row("medical_enrolment", "转保", enrolment_state="终止参保", paid_year=2026)
    lake.row("medical_enrolment", "转保", enrolment_state="正常参保", paid_year=2026)
    return Facts(lake)


def test_in_policy_burden_is_cost_less_funds_aid_and_what_is_outside_the_catalogue(facts):
    assert facts["单"]["medical_burden_12m"] == 1000 - 300 - 100 - 50 - 150


def test_total_burden_keeps_what_is_outside_the_catalogue_and_ones_own_account(facts):
    assert facts["单"]["medical_total_burden_12m"] == 1000 - 300 - 100 - 50


def test_an_empty_amount_is_no_payment(facts):
    assert facts["缺项"]["medical_burden_12m"] == facts["缺项"]["medical_total_burden_12m"] == 700


def test_who_has_no_settlement_has_no_burden(facts):
    assert (
        facts["无"]["medical_burden_12m"],
        facts["无"]["medical_max_settlement_12m"],
        facts["无"]["medical_settlements_12m"],
    ) == (0, 0, 0)


def test_exact_repeats_count_once(facts):
    assert (facts["重发"]["medical_burden_12m"], facts["重发"]["medical_settlements_12m"]) == (400, 1)


def test_a_row_of_the_same_number_that_differs_is_added(facts):
    assert facts["重发改一字"]["medical_burden_12m"] == 400 + 401


def test_a_bill_refunded_in_full_is_as_if_it_had_never_been(facts):
    same = [key for key in facts["无"] if key.startswith("medical_") and key != "medical_max_settlement_on"]
    assert {key: facts["全退"][key] for key in same} == {key: facts["无"][key] for key in same}


def test_a_part_refunded_is_taken_off(facts):
    assert facts["部分退"]["medical_burden_12m"] == facts["部分退"]["medical_max_settlement_12m"] == 0
    assert facts["部分退"]["medical_total_burden_12m"] == 150


def test_a_refund_belongs_to_the_month_of_its_bill(facts):
    assert facts["跨月退"]["medical_burden_12m"] == facts["跨月退"]["medical_burden_months_4_12"] == 0
    assert facts["隔年退"]["medical_burden_12m"] == 400


def test_a_refund_whose_bill_is_not_in_the_extract_lowers_no_other_bill(facts):
    assert facts["孤退"]["medical_burden_12m"] == 400


def test_a_refund_finds_its_bill_even_when_it_was_linked_to_somebody_else(facts):
    assert facts["错连"]["medical_burden_12m"] == 0
    assert facts["错连成别人"]["medical_burden_12m"] == 0


def test_rows_without_a_number_are_bills_of_their_own(facts):
    assert (facts["无号"]["medical_burden_12m"], facts["无号"]["medical_settlements_12m"]) == (800, 2)


@pytest.mark.parametrize(
    ("on", "last_12", "before_12", "last_3", "months_4_12"),
    [
        ("2025-09-30", 0, 0, 0, 0),
        ("2025-10-01", 0, 400, 0, 0),
        ("2025-10-31", 0, 400, 0, 0),
        ("2025-11-01", 400, 400, 0, 400),
        ("2026-07-31", 400, 400, 0, 400),
        ("2026-08-01", 400, 400, 400, 0),
        ("2026-09-30", 400, 400, 400, 0),
        ("2026-10-31", 400, 0, 400, 0),
        ("2026-11-01", 0, 0, 0, 0),
    ],
)
def test_windows_are_calendar_months_by_the_day_of_settlement(facts, on, last_12, before_12, last_3, months_4_12):
    one = facts[f"于{on}"]
    assert (one["medical_burden_12m"], one["medical_burden_before_12m"]) == (last_12, before_12)
    assert (one["medical_burden_3m"], one["medical_burden_months_4_12"]) == (last_3, months_4_12)


def test_the_largest_single_settlement_of_the_last_12_months_and_its_day(facts):
    assert facts["两次"]["medical_max_settlement_12m"] == 800
    assert str(facts["两次"]["medical_max_settlement_on"]) == "2026-03-01"
    assert facts["于2025-10-31"]["medical_max_settlement_12m"] == 0


def test_a_households_burden_is_the_sum_over_its_members(facts):
    assert facts["无"]["member_medical_burden_12m"] == 400 + 700
    assert facts["无"]["member_medical_total_burden_12m"] == 550 + 700
    assert facts["无"]["member_medical_burden_before_12m"] == 0


@pytest.mark.parametrize(
    ("who", "enrolled"),
    [("参保", True), ("预缴", True), ("去年", False), ("暂停", False), ("未写年", None), ("转保", True), ("无", False)],
)
def test_enrolment_is_active_if_paid_for_this_year_or_later(facts, who, enrolled):
    assert facts[who]["medical_enrolled"] is enrolled


def test_the_rows_behind_the_facts_are_those_of_the_windows(facts):
    rows = {r["person_id"] for r in facts.lake.read("assess", "fact_records") if r["source"] == "medical_settlement"}
    assert {"于2025-10-01", "于2026-10-31"} <= rows
    assert not {"于2025-09-30", "于2026-11-01"} & rows
