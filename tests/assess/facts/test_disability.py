"""Disability facts: which certificate counts, and each policy's predicate. The batch is 2026-10, so as_of is 2026-10-31."""

import itertools

import pytest

from tests.builders.model_lake import Facts, ModelLake

CATEGORIES = ["视力", "听力", "言语", "肢体", "智力", "精神"]
MIND = {"智力", "精神"}


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("disability"))

    def certified(who, grade="2", category=("肢体",), state="正常", **more):
        lake.row("disabled_persons", who, grade=grade, category=list(category), certificate_state=state, **more)

    for grade, category in itertools.product("1234", [*CATEGORIES, "多重"]):
        certified(f"{grade}{category}", grade, [category])
    certified("3肢体智力", "3", ["智力", "肢体"])
    certified("3肢体听力", "3", ["听力", "肢体"])
    certified("3多重智力", "3", ["多重", "智力"])
    certified("级别不明", None)
    certified("长期")
    certified("今天到期", valid_to="2026-10-31")
    certified("昨天到期", valid_to="2026-10-30")
    for state in ("注销", "冻结", "过期"):
        certified(state, state=state)
    certified("状态不明", state=None)
    certified("看证号", None, [], certificate_category="5", certificate_grade="3")
    certified("换证", "3", ["肢体"], state="注销", issued_on="2015-01-01")
    certified("换证", "2", ["肢体"], issued_on="2025-01-01")
    lake.row("police_household", "无证", household_key="甲", relation="户主")
    return Facts(lake)


@pytest.mark.parametrize(
    ("who", "counts"),
    [
        ("长期", True), ("今天到期", True), ("昨天到期", False), ("注销", False), ("冻结", False), ("过期", False),
        ("状态不明", None), ("换证", True), ("无证", False),
    ],
)  # fmt: skip
def test_a_certificate_counts_if_in_order_and_not_past_its_last_day(facts, who, counts):
    assert facts[who]["has_valid_certificate"] is counts


def test_one_that_does_not_count_is_still_on_record_but_has_no_grade(facts):
    assert facts["注销"]["certificate_on_record"] is True
    assert facts["注销"]["disability_grade"] is None
    assert facts["注销"]["severe"] is False
    assert facts["无证"]["certificate_on_record"] is False


@pytest.mark.parametrize(("grade", "category"), itertools.product("1234", CATEGORIES))
def test_each_predicate_follows_grade_and_category(facts, grade, category):
    one, number = facts[f"{grade}{category}"], int(grade)
    assert one["severe"] is (number <= 2)
    assert one["single_dibao_disability"] is (number <= 2 or (number == 3 and category in MIND))
    assert one["no_labour_disability"] is (
        (number <= 3 and category in MIND) or (number <= 2 and category == "肢体") or (number == 1 and category == "视力")
    )
    assert one["parent_unable_disability"] is (number <= 2 or category in MIND)


@pytest.mark.parametrize(
    ("grade", "single_dibao", "no_labour", "parent_unable"),
    [("1", True, None, True), ("2", True, None, True), ("3", None, None, None), ("4", False, False, None)],
)
def test_where_only_multiple_is_written_what_depends_on_the_parts_is_unknown(
    facts, grade, single_dibao, no_labour, parent_unable
):
    one = facts[f"{grade}多重"]
    assert (one["single_dibao_disability"], one["no_labour_disability"], one["parent_unable_disability"]) == (
        single_dibao,
        no_labour,
        parent_unable,
    )
    assert one["severe"] is (int(grade) <= 2)


def test_categories_are_a_set_and_one_that_counts_is_enough(facts):
    assert facts["3肢体智力"]["single_dibao_disability"] is True
    assert facts["3肢体听力"]["single_dibao_disability"] is False
    assert facts["3多重智力"]["single_dibao_disability"] is True


def test_an_unknown_grade_leaves_the_predicates_unknown(facts):
    assert [facts["级别不明"][key] for key in ("severe", "single_dibao_disability", "parent_unable_disability")] == [None] * 3
    assert facts["级别不明"]["has_valid_certificate"] is True


def test_what_the_columns_leave_out_the_certificate_number_says(facts):
    assert (facts["看证号"]["disability_grade"], facts["看证号"]["disability_category"]) == (3, ["智力"])
    assert facts["看证号"]["single_dibao_disability"] is True


def test_of_two_certificates_the_one_that_counts_speaks(facts):
    assert facts["换证"]["disability_grade"] == 2


@pytest.fixture(scope="module")
def two_months(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("two_months"))
    for who, grade in (("不变", "3"), ("加重", "3"), ("减轻", "2")):
        lake.row("disabled_persons", who, grade=grade, category=["肢体"], certificate_state="正常")
    lake.row("disabled_persons", "恢复", grade="2", category=["肢体"], certificate_state="冻结")
    first = Facts(lake)
    later = lake.next_month("2026-11")
    for who, grade in (("不变", "3"), ("加重", "2"), ("减轻", "3"), ("新办", "4"), ("恢复", "2")):
        later.row("disabled_persons", who, grade=grade, category=["肢体"], certificate_state="正常")
    later.row("police_household", "无证", household_key="甲", relation="户主")
    return first, Facts(later)


def test_in_the_first_batch_nobody_knows_what_is_new(two_months):
    first, _ = two_months
    assert {one["certificate_new"] for one in first.persons.values()} == {None}


def test_a_certificate_is_new_if_it_did_not_count_in_the_batch_before(two_months):
    _, second = two_months
    assert {who for who in second.persons if second[who]["certificate_new"]} == {"新办", "恢复"}


def test_a_disability_is_worse_if_the_grade_number_fell(two_months):
    _, second = two_months
    assert {who for who in second.persons if second[who]["disability_worse"]} == {"加重"}
    assert second["加重"]["previous_disability_grade"] == 3
    assert second["无证"]["disability_worse"] is False
