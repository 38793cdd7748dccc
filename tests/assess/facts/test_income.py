"""Income, insurance, work and school. The batch is 2026-10."""

from decimal import Decimal

import pytest

from tests.builders.model_lake import Facts, ModelLake

ADULT = "1980-05-01"


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("income"))

    def known(who, born=ADULT):
        lake.person(who, born=born)
        lake.row("police_household", who, relation="户主")

    def taxed(who, month="2026-09", income=1000, payer="甲厂", kind="工资薪金", to="same"):
        known(who)
        lake.row(
            "tax_income",
            who,
            income=Decimal(income),
            period_from=month,
            period_to=month if to == "same" else to,
            payer=payer,
            income_kind=kind,
        )

    def insured(who, scheme, state, born=ADULT, **more):
        known(who, born)
        lake.row("social_insurance", who, scheme=scheme, insurance_state=state, **more)

    for month in ("2025-10", "2025-11", "2026-10", "2026-11"):
        taxed(f"税{month}", month)
    taxed("跨年申报", "2025-01", to="2025-11")
    taxed("只写起月", "2026-01", to=None)
    taxed("重发")
    taxed("重发")
    taxed("两家")
    taxed("两家", payer="乙厂")
    taxed("冲正")
    taxed("冲正", income=-400, month="2026-10")
    insured("职工退休", "职工养老", "领取待遇", "1955-01-01", month_benefit=Decimal(3000))
    insured("居民养老", "居民养老", "领取待遇", "1955-01-01", month_benefit=Decimal(200))
    insured("两养老", "职工养老", "领取待遇", "1955-01-01", month_benefit=Decimal(3000))
    insured("两养老", "居民养老", "领取待遇", "1955-01-01", month_benefit=Decimal(200))
    insured("内退", "职工养老", "领取待遇", "1972-01-01", month_benefit=Decimal(3000))
    insured("金额不明", "职工养老", "领取待遇", "1955-01-01")
    insured("失业金", "失业", "领取待遇", month_benefit=Decimal(1500))
    known("无记录")
    known("生日不明", None)
    for age, born in (("15岁", "2010-11-01"), ("16岁", "2010-10-31"), ("59岁", "1966-11-01"), ("60岁", "1966-10-31")):
        known(age, born)
    known("学生", "2008-01-01")
    lake.row("school_enrolment", "学生", school_state="在读", stage="高中")
    known("休学", "2008-01-01")
    lake.row("school_enrolment", "休学", school_state="休学", stage="高中")
    for who, grade, category in (("无劳力", "2", "肢体"), ("有劳力", "3", "肢体"), ("多重", "3", "多重")):
        known(who)
        lake.row("disabled_persons", who, grade=grade, category=[category], certificate_state="正常")

    insured("缴费", "职工养老", "缴费", base=Decimal(4500), last_paid_month="2026-10")
    insured("居民缴费", "居民养老", "缴费", base=Decimal(300))
    for month in ("2026-07", "2026-08"):
        insured(f"断缴{month}", "职工养老", "暂停缴费", last_paid_month=month)
        insured(f"终止{month}", "职工养老", "终止", last_paid_month=month)
    insured("断缴月不明", "职工养老", "暂停缴费")
    insured("居民断缴", "居民养老", "暂停缴费", last_paid_month="2025-01")
    for on in ("2025-10-31", "2025-11-01", "2026-10-31", "2026-11-01"):
        insured(f"失业{on}", "失业", "终止", unemployed_on=on)
    insured("老人断缴", "职工养老", "终止", "1950-01-01", last_paid_month="2010-01")
    known("毕业", "2003-01-01")
    lake.row("school_enrolment", "毕业", school_state="毕业", stage="本科")
    known("读研", "2003-01-01")
    lake.row("school_enrolment", "读研", school_state="毕业", stage="本科")
    lake.row("school_enrolment", "读研", school_state="在读", stage="研究生")

    lake.person("父", "1", ADULT)
    lake.person("母", "2", ADULT)
    lake.person("子", "1", "2015-01-01")
    lake.person("祖", "1", "1950-01-01")
    lake.register("全知户", 父="户主", 子="子", 祖="父亲")
    taxed("父", income=12000)
    insured("祖", "居民养老", "领取待遇", "1950-01-01", month_benefit=Decimal(100))
    lake.register("不全户", 母="户主", 缴费二="女")
    lake.person("缴费二", born=ADULT)
    lake.row(
        "tax_income", "缴费二", income=Decimal(60000), period_from="2026-09", period_to="2026-09", payer="丙", income_kind="工资"
    )
    return Facts(lake)


@pytest.mark.parametrize(
    ("who", "income"),
    [("税2025-10", 0), ("税2025-11", 1000), ("税2026-10", 1000), ("税2026-11", 0), ("跨年申报", 1000), ("只写起月", 1000)],
)
def test_tax_counts_by_the_month_its_period_ends_in(facts, who, income):
    assert facts[who]["tax_income_12m"] == income
    assert facts[who]["has_tax_row_12m"] is (income > 0)


def test_the_same_tax_row_sent_twice_is_one_income_two_payers_are_two(facts):
    assert facts["重发"]["tax_income_12m"] == 1000
    assert facts["两家"]["tax_income_12m"] == 2000
    assert facts["两家"]["tax_months_12m"] == 1


def test_a_correction_is_taken_off(facts):
    assert facts["冲正"]["tax_income_12m"] == 600


def test_a_pension_is_twelve_months_of_it_and_the_residents_pension_only_counts_against_relapse(facts):
    assert (facts["职工退休"]["income"], facts["职工退休"]["income_with_resident_pension"]) == (36000, 36000)
    assert (facts["居民养老"]["income"], facts["居民养老"]["income_with_resident_pension"]) == (0, 2400)
    assert (facts["两养老"]["income"], facts["两养老"]["income_with_resident_pension"]) == (36000, 38400)
    assert facts["居民养老"]["employee_pension"] is False
    assert facts["职工退休"]["employee_pension"] is True


def test_a_pension_whose_amount_is_missing_is_not_zero(facts):
    assert facts["金额不明"]["income"] is None
    assert facts["金额不明"]["income_known"] == 0


@pytest.mark.parametrize(
    ("who", "known"),
    [
        ("无记录", False), ("15岁", True), ("16岁", False), ("59岁", False), ("60岁", True), ("学生", True), ("休学", False), ("内退", True),
        ("无劳力", True), ("有劳力", False), ("多重", False), ("税2026-10", True), ("税2025-10", False), ("失业金", False), ("生日不明", False),
    ],
)  # fmt: skip
def test_the_income_of_16_to_59_is_unknown_without_school_disability_tax_or_pension(facts, who, known):
    assert (facts[who]["income"] is not None) is known
    assert facts[who]["income_known"] is not None


def test_a_households_income_is_the_sum_if_all_are_known(facts):
    assert (facts["子"]["household_income"], facts["子"]["household_income_with_resident_pension"]) == (12000, 13200)
    assert facts["子"]["member_income_unknown"] == 0


def test_else_it_is_unknown_and_what_is_known_is_a_lower_bound(facts):
    assert facts["母"]["household_income"] is None
    assert facts["母"]["household_income_known"] == 60000
    assert facts["母"]["member_income_unknown"] == 1


def test_who_pays_into_what(facts):
    assert (facts["缴费"]["employee_insurance_paying"], facts["缴费"]["any_insurance_paying"]) == (True, True)
    assert (facts["居民缴费"]["employee_insurance_paying"], facts["居民缴费"]["any_insurance_paying"]) == (False, True)
    assert (facts["缴费"]["employee_insurance_base"], facts["居民缴费"]["employee_insurance_base"]) == (4500, 0)
    assert facts["无记录"]["household_any_insurance_paying"] is False


@pytest.mark.parametrize(
    ("who", "lapsed"),
    [
        ("断缴2026-07", True),
        ("断缴2026-08", False),
        ("终止2026-07", True),
        ("终止2026-08", False),
        ("断缴月不明", None),
        ("居民断缴", False),
        ("缴费", False),
    ],
)
def test_insurance_has_lapsed_if_last_paid_at_least_three_months_before(facts, who, lapsed):
    assert facts[who]["employee_insurance_lapsed"] is lapsed
    assert facts[who]["lost_work"] is lapsed


@pytest.mark.parametrize(
    ("on", "counts"), [("2025-10-31", False), ("2025-11-01", True), ("2026-10-31", True), ("2026-11-01", False)]
)
def test_unemployment_registered_in_the_last_12_months(facts, on, counts):
    assert facts[f"失业{on}"]["unemployed_12m"] is counts
    assert facts[f"失业{on}"]["household_lost_work"] is counts


def test_only_those_of_16_to_59_lose_work(facts):
    assert facts["老人断缴"]["employee_insurance_lapsed"] is True
    assert facts["老人断缴"]["lost_work"] is False


def test_school_facts(facts):
    assert (facts["学生"]["in_school"], facts["学生"]["beyond_compulsory"], facts["学生"]["school_stage"]) == (True, True, "高中")
    assert (facts["休学"]["in_school"], facts["休学"]["beyond_compulsory"]) == (False, False)
    assert (facts["毕业"]["graduated"], facts["读研"]["graduated"]) == (True, False)
    assert (facts["读研"]["in_school"], facts["读研"]["beyond_compulsory"]) == (True, False)
    assert facts["子"]["member_in_school"] == 0
