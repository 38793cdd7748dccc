"""What must hold of facts whatever the records are: on random villages, each of some forty households."""

import datetime as dt
import random
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.builders.model_lake import Facts, ModelLake

VILLAGES = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
"""A seed cannot be shrunk to a smaller village, so nothing is tried."""
SEEDS = st.integers(0, 10**6)
NOT_SHIFTED = {"person_id", "household_id", "left_household_id", "register_household_id", "father_id", "mother_id", "spouse_id",
               "household_head_id", "age_on_1_september"}  # fmt: skip
"""Ids, and the one fact that hangs on the calendar: 1 September stays where it is."""


def on(rng: random.Random, years: float, shift: int) -> dt.date:
    """A day of the last so many years before November 2026, `shift` months later; never past the 28th, so that it can move."""
    number = 2026 * 12 + 9 - rng.randrange(int(years * 12)) + shift
    return dt.date(number // 12, number % 12 + 1, rng.randint(1, 28))


def month(rng: random.Random, years: float, shift: int) -> dt.date:
    return on(rng, years, shift).replace(day=1)


def village(root, seed, shift=0):
    """Forty households with everything the departments may say of them, in the batch 2026-10 + `shift` months."""
    rng = random.Random(seed)
    lake = ModelLake(root, f"2026-{10 + shift}")
    for number in range(40):
        size = rng.choice([1, 1, 2, 3, 4, 5])
        relations = ["户主", "配偶", "子", "女", "父亲"][:size]
        members = [f"{number}-{place}" for place in range(size)]
        for who, sex in zip(members, "12121", strict=False):
            lake.person(who, sex, str(on(rng, 90, shift)))
        lake.register(f"户{number}", town=rng.choice(["王台街道", "泊里镇"]), **dict(zip(members, relations, strict=True)))
        for who in members:
            records(lake, rng, who, shift)
        if size > 1 and rng.random() < 0.3:
            lake.row(
                "marriage", members[0], members[1], register_type=rng.choice(["结婚", "离婚"]), registered_on=on(rng, 20, shift)
            )
        if rng.random() < 0.4:
            lake.row("assistance_roster", *members, assistance_class=rng.choice(["低保", "特困", "低保边缘", "刚性支出"]), household_key=f"证{number}",
                     from_month=month(rng, 5, shift), to_month=rng.choice([None, month(rng, 3, shift)]), month_amount=Decimal(rng.randrange(2000)))  # fmt: skip
    return lake


def records(lake, rng, who, shift):
    """What the departments may say of one person."""

    def chance(share):
        return rng.random() < share

    def money(most):
        return Decimal(rng.randrange(most * 100)) / 100

    def some_day(years):
        return on(rng, years, shift)

    for bill in range(rng.choice([0, 0, 1, 2])):
        lake.row("medical_settlement", who, settlement_id=f"{who}#{bill}", settled_on=some_day(1.5), total_cost=money(90000) + 20000,
                 pooled_fund=money(20000), serious_illness=money(5000), medical_aid=money(1000), self_paid=money(9000))  # fmt: skip
    for _ in range(rng.choice([0, 0, 3])):
        period = month(rng, 1.5, shift)
        lake.row("tax_income", who, income=money(9000), period_from=period, period_to=period, payer=f"厂{rng.randrange(99)}")
    said = {
        "disabled_persons": (0.2, lambda: {
            "grade": rng.choice("1234"), "category": [rng.choice(["肢体", "智力", "多重", "视力"])],
            "certificate_state": rng.choice(["正常", "正常", "注销"]), "valid_to": rng.choice([None, some_day(2)]),
        }),
        "social_insurance": (0.4, lambda: {
            "scheme": rng.choice(["职工养老", "居民养老"]), "insurance_state": rng.choice(["缴费", "领取待遇", "终止"]),
            "month_benefit": money(4000), "base": money(9000), "last_paid_month": month(rng, 1, shift),
        }),
        "disability_subsidy": (0.1, lambda: {
            "subsidy_type": "重度残疾人护理补贴", "from_month": month(rng, 2, shift), "stop_month": month(rng, 1, shift),
        }),
        "poverty_monitoring": (0.1, lambda: {
            "risk_cleared": rng.choice("是否"), "monitored_class": "边缘易致贫户", "income_per_head": money(20000),
        }),
        "school_enrolment": (0.2, lambda: {"school_state": "在读", "stage": "初中"}),
        "custody": (0.05, lambda: {"custody_type": "服刑", "from_date": some_day(2), "to_date": rng.choice([None, some_day(1)])}),
        "vehicles": (0.1, lambda: {"plate": who, "vehicle_type": "小型轿车", "vehicle_state": "正常"}),
        "grid_reports": (0.1, lambda: {"reported_on": some_day(0.5), "difficulty": "大病"}),
    }  # fmt: skip
    for source, (share, values) in said.items():
        if chance(share):
            lake.row(source, who, **values())
    if chance(0.05):
        lake.died(who, str(some_day(1)))


def computed(lake):
    """Facts by person, with the household's; ids left out."""
    facts = Facts(lake)
    return {who: {key: value for key, value in facts[who].items() if key not in NOT_SHIFTED} for who in facts.persons}


@VILLAGES
@given(SEEDS)
def test_a_record_about_somebody_else_changes_no_fact(tmp_path_factory, seed):
    before = computed(village(tmp_path_factory.mktemp("a"), seed))
    lake = village(tmp_path_factory.mktemp("b"), seed)
    rng = random.Random(seed + 1)
    lake.person("外人", "1", "1980-02-02")
    lake.register("外人户", 外人="户主")
    for _ in range(5):
        records(lake, rng, "外人", 0)
    lake.row("assistance_roster", "外人", assistance_class="低保", household_key="外人证", from_month="2020-01")
    after = computed(lake)
    del after["外人"]
    assert after == before


@VILLAGES
@given(SEEDS)
def test_refunding_a_bill_in_full_equals_never_having_had_it(tmp_path_factory, seed):
    money = ("total_cost", "pooled_fund", "serious_illness", "medical_aid", "self_paid")
    without = village(tmp_path_factory.mktemp("a"), seed)
    refunded = village(tmp_path_factory.mktemp("b"), seed)
    bills = [row["settlement_id"] for row in without.rows["medical_settlement"]]
    gone = set(random.Random(seed).sample(bills, len(bills) // 3))
    without.rows["medical_settlement"] = [row for row in without.rows["medical_settlement"] if row["settlement_id"] not in gone]
    for row in [row for row in refunded.rows["medical_settlement"] if row["settlement_id"] in gone]:
        back = {key: -row[key] for key in money}
        refunded.row("medical_settlement", row["name"], settlement_id=row["settlement_id"], settled_on="2026-10-28", **back)
    assert gone
    assert computed(refunded) == computed(without)


@VILLAGES
@given(SEEDS)
def test_shifting_every_date_by_a_month_and_the_batch_with_it_changes_nothing(tmp_path_factory, seed):
    def moved(value):
        return (
            value.replace(year=value.year + value.month // 12, month=value.month % 12 + 1)
            if isinstance(value, dt.date)
            else value
        )

    now = computed(village(tmp_path_factory.mktemp("a"), seed))
    then = computed(village(tmp_path_factory.mktemp("b"), seed, shift=1))
    assert then == {who: {key: moved(value) for key, value in facts.items()} for who, facts in now.items()}


@VILLAGES
@given(SEEDS)
def test_the_order_of_rows_in_the_lake_changes_nothing(tmp_path_factory, seed):
    straight, mixed = village(tmp_path_factory.mktemp("a"), seed), village(tmp_path_factory.mktemp("b"), seed)
    rng = random.Random(seed)
    for rows in mixed.rows.values():
        rng.shuffle(rows)
    rng.shuffle(mixed.identities)
    assert computed(mixed) == computed(straight)
