"""The worked cases of the income design, reckoned by hand. dibao 1,115 and disposable income 30,000; the batch is 2025-10, while
the centre's basic pension is not counted."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.assess.income.compute import compute_income
from pipelines.households import build_households
from pipelines.parameters import load_parameters
from pipelines.progress import Silent
from tests.builders.model_lake import Facts, ModelLake

BATCH = "2025-10"


class Incomes:
    """What was reckoned: `of("甲")` is the household's row, `rows("甲")` the statements of one person by class."""

    def __init__(self, lake, parameters=None):
        self.facts = Facts(lake)
        self.counts = compute_income(lake.home, lake.batch, Silent(), parameters=parameters)
        self.households = {row["household_id"]: row for row in lake.read("assess", "household_income")}
        self.statements = lake.read("assess", "income_statement")

    def of(self, who):
        return self.households[self.facts[who]["household_id"]]

    def rows(self, who):
        return {row["class"]: row for row in self.statements if row["person_id"] == who}


def with_values(**values):
    """The declared parameters with other values: `income__job_cost=0.3`."""
    parameters = dict(load_parameters())
    for name, value in values.items():
        key = name.replace("__", ".")
        changed = [
            one.model_copy(update={"value": None if value is None else Decimal(str(value))}) for one in parameters[key].values
        ]
        parameters[key] = parameters[key].model_copy(update={"values": changed})
    return parameters


def family(lake, **members):
    """One household; the first is its head, the second the spouse if grown, the others children."""
    for who, (sex, born) in members.items():
        lake.person(who, sex, born)
    head, *others = members
    relations = {who: "子" if members[who][1] > "2000" else "配偶" for who in others}
    lake.register("户", **{head: "户主"}, **relations)


def state(lake, *answers):
    """Answers that came back: (who, class, yuan in 12 months)."""
    path = lake.home.lake(lake.batch, "returns", "income_answers")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "person_id": who,
            "class": number,
            "amount": float(amount),
            "stated_on": dt.date(2025, 10, 20),
            "file": "走访.xlsx",
            "row_no": 5 + n,
        }
        for n, (who, number, amount) in enumerate(answers)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)


def elders(root, *, absent=()):
    """Two elders with land let; their son lives with wife and child elsewhere, where he moved in the month before."""
    before = ModelLake(root, "2025-09")
    for who, sex, born in (("父", "1", "1955-01-01"), ("母", "2", "1957-01-01"), ("儿", "1", "1985-01-01")):
        before.person(who, sex, born)
    before.register("老户", 父="户主", 母="配偶", 儿="子")
    before.write()
    build_households(before.home, before.batch, Silent())
    lake = before.next_month(BATCH)
    lake.absent = absent
    lake.person("媳", "2", "1986-01-01")
    lake.person("孙", "1", "2015-01-01")
    lake.register("老户", 父="户主", 母="配偶")
    lake.register("新户", 儿="户主", 媳="配偶", 孙="子")
    for who in ("父", "母"):
        lake.row(
            "pensions", who, pension_kind="居民养老", month_amount=Decimal(180), basic_part=Decimal(150), from_month="2015-01"
        )
    lake.row("land_subsidies", "父", land_area=Decimal(2), let_area=Decimal(2), rent=Decimal(1600), year=2025, amount=Decimal(0))
    return lake


def test_two_elders_and_a_son_of_5000_a_month(tmp_path):
    lake = elders(tmp_path)
    lake.row(
        "tax_income", "儿", income=Decimal(60000), period_from="2025-10", period_to="2025-10", payer="店", income_kind="经营所得"
    )
    state(lake, ("媳", 2, 0))
    income = Incomes(lake)
    assert [income.rows(who)[9]["low"] for who in ("父", "母")] == [360, 360]
    assert income.rows("父")[6]["high"] == 1600
    assert income.rows("父")[11]["low"] + income.rows("母")[11]["low"] == 3310
    home = income.of("父")
    assert (home["low"], home["high"], home["open_classes"]) == (5630, 5630, 0)
    assert home["per_head_high"] == Decimal("234.58")
    assert home["next_question"] is None


def test_the_same_with_a_son_of_whom_nothing_is_known_asks_what_his_household_earns_a_month(tmp_path):
    home = Incomes(elders(tmp_path)).of("父")
    assert (home["low"], home["high"], home["open"]) == (2320, None, "[11]")
    assert home["question_class"] == 11
    assert home["question_true_below"] == home["question_false_from"] == 24440  # 2,036.67 a month
    assert "15,565" in home["next_question"]
    assert "低于24,440元" in home["next_question"]


def test_a_wage_with_gaps_and_a_wife_who_shows_nothing(tmp_path):
    lake = ModelLake(tmp_path, BATCH)
    family(lake, 夫=("1", "1980-01-01"), 妻=("2", "1985-01-01"), 女=("2", "2012-01-01"))
    months = ["2024-11", "2024-12", "2025-01", "2025-02", "2025-04", "2025-05", "2025-06", "2025-07", "2025-09", "2025-10"]
    for month in months:
        lake.row("tax_income", "夫", income=Decimal(3000), period_from=month, period_to=month, payer="厂", income_kind="工资薪金")
    lake.row("school_enrolment", "女", school_state="在读", stage="初中")
    income = Incomes(lake)
    assert (income.rows("夫")[1]["low"], income.rows("夫")[1]["high"]) == (20850, 25020)
    assert (income.rows("妻")[2]["low"], income.rows("妻")[2]["high"], income.rows("妻")[2]["basis"]) == (0, None, "unknown")
    home = income.of("夫")
    assert (home["question_person_id"], home["question_class"]) == ("妻", 2)
    assert (home["question_true_below"], home["question_false_from"]) == (15120, 19290)
    assert home["next_question"].startswith("配偶近12个月打零工")


def test_rigid_expense_is_deducted_by_ratio_less_what_has_been_paid_for_it(tmp_path):
    lake = ModelLake(tmp_path, BATCH)
    family(lake, 夫=("1", "1980-01-01"), 妻=("2", "1985-01-01"), 生=("2", "2008-01-01"))
    lake.row(
        "tax_income", "夫", income=Decimal(60000), period_from="2025-10", period_to="2025-10", payer="店", income_kind="经营所得"
    )
    state(lake, ("妻", 2, 0))
    lake.row("school_enrolment", "生", school_state="在读", stage="高中")
    lake.row("school_aid", "生", stage="高中", term="2025-2026-1", aid_kind="无", amount=Decimal(0), tuition=Decimal(5000))
    lake.row(
        "medical_settlement", "夫", settlement_id="甲1", settled_on="2025-06-01", total_cost=Decimal(40000),
        pooled_fund=Decimal(18000), self_paid=Decimal(4000),
    )  # fmt: skip
    lake.row("charity", "夫", cause="重病", amount=Decimal(3000), paid_on="2025-07-01")
    home = Incomes(lake, with_values(education__fee_secondary=4800)).of("夫")
    assert (home["low"], home["high"]) == (60000, 60000)
    assert (home["deduction_low"], home["deduction_high"]) == (21800, 21800)
    assert (home["low"] - home["deduction_high"]) / 36 == pytest.approx(Decimal("1061.11"), abs=Decimal("0.01"))


def test_without_a_public_fee_schooling_is_not_deducted_and_the_household_says_so(tmp_path):
    lake = ModelLake(tmp_path, BATCH)
    family(lake, 母=("2", "1980-01-01"), 生=("2", "2008-01-01"))
    lake.row(
        "tax_income", "母", income=Decimal(60000), period_from="2025-10", period_to="2025-10", payer="店", income_kind="经营所得"
    )
    lake.row("school_enrolment", "生", school_state="在读", stage="高中")
    lake.row("school_aid", "生", stage="高中", term="2025-2026-1", aid_kind="无", amount=Decimal(0), tuition=Decimal(5000))
    home = Incomes(lake).of("母")
    assert home["deduction_high"] == 0
    assert home["not_deducted"] == ["教育支出没有扣减：公办收费标准没有值"]


@pytest.mark.parametrize(("absent", "high"), [((), 0), (("pensions", "social_insurance"), None)])
def test_somebody_of_70_without_a_row_earns_nothing_only_if_the_pension_office_sent_its_rows(tmp_path, absent, high):
    lake = ModelLake(tmp_path, BATCH, absent)
    family(lake, 老=("1", "1955-01-01"))
    home = Incomes(lake).of("老")
    assert (home["low"], home["high"], home["undelivered"]) == (0, high, high is None)


def test_a_salary_on_the_benefit_card_is_open_for_the_months_that_the_delivery_does_not_hold(tmp_path):
    lake = ModelLake(tmp_path, BATCH)
    family(lake, 师=("1", "1980-01-01"), 新=("2", "1985-01-01"))
    salary = {"item": "工资统发", "item_as": "财政供养工资", "item_class": "salary", "amount": Decimal(1000), "payer": "财政局"}
    for who, month in (("师", "2025-08"), ("师", "2025-09"), ("师", "2025-10"), ("新", "2025-10")):
        lake.row("benefit_card", who, paid_month=month, **salary)
    income = Incomes(lake)
    assert (income.rows("师")[1]["low"], income.rows("师")[1]["high"]) == (2085, 8340)  # 3 and 12 months, 69.5 % of each
    assert (income.rows("新")[1]["low"], income.rows("新")[1]["high"]) == (695, 695)  # was not paid before, though others were


def test_insurance_without_a_wage_row_means_the_minimum_wage_less_what_does_not_count_of_a_wage(tmp_path):
    lake = ModelLake(tmp_path, BATCH)
    family(lake, 职=("1", "1980-01-01"), 酬=("2", "1985-01-01"))
    for who in ("职", "酬"):
        lake.row("social_insurance", who, scheme="职工养老", insurance_state="缴费", last_paid_month="2025-10")
        lake.row("employment", who, employment_form="单位", employer="厂", employed_on="2020-01-01")
    lake.row(
        "tax_income",
        "酬",
        income=Decimal(5000),
        period_from="2025-10",
        period_to="2025-10",
        payer="社",
        income_kind="劳务报酬所得",
    )
    income = Incomes(lake)
    assert (income.rows("职")[1]["low"], income.rows("职")[1]["high"]) == (18348, None)  # 12 × 2,200 × 69.5 %
    assert (income.rows("酬")[1]["low"], income.rows("酬")[1]["high"]) == (0, None)  # paid by fees
    assert income.rows("酬")[2]["low"] == 4000


def test_each_month_of_a_residents_pension_is_held_against_the_exemption_of_that_month(tmp_path):
    lake = ModelLake(tmp_path, "2026-02")
    family(lake, 老=("1", "1950-01-01"), 伴=("2", "1952-01-01"))
    given = {"pension_kind": "居民养老", "month_amount": Decimal(200), "from_month": "2015-01"}
    lake.row("pensions", "老", basic_part=Decimal(150), **given)
    lake.row("pensions", "伴", **given)
    income = Incomes(lake)
    # ten months of 2025 are exempt; of January and February 2026 no document says anything
    assert (income.rows("老")[9]["low"], income.rows("老")[9]["high"]) == (12 * 50, 10 * 50 + 2 * 200)
    assert (income.rows("伴")[9]["low"], income.rows("伴")[9]["high"]) == (10 * 57, 10 * 57 + 2 * 200)


def test_without_a_known_rate_a_wage_is_anything_up_to_what_was_paid(tmp_path):
    lake = ModelLake(tmp_path, BATCH)
    family(lake, 职=("1", "1980-01-01"))
    lake.row("tax_income", "职", income=Decimal(9000), period_from=BATCH, period_to=BATCH, payer="厂", income_kind="工资薪金")
    wages = Incomes(lake, with_values(income__job_cost=None)).rows("职")[1]
    assert (wages["low"], wages["high"]) == (0, 9000)
