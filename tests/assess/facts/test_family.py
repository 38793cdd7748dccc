"""Custody, parents, marriage, deaths, lists: facts about persons and what their households make of them. The batch is 2026-10."""

from decimal import Decimal

import pytest

from pipelines.lake_tables import lake_table
from tests.builders.model_lake import Facts, ModelLake

S_OR_D = ("father_unable", "mother_unable", "father_dead", "mother_dead")


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("family"))

    def family(name, mother=True, born="2015-01-01"):
        lake.person(f"{name}父", "1", "1980-01-01")
        lake.person(f"{name}孩", "1", born)
        members = {f"{name}父": "户主"}
        if mother:
            lake.person(f"{name}母", "2", "1981-01-01")
            members[f"{name}母"] = "配偶"
        lake.register(f"{name}户", **members, **{f"{name}孩": "子"})

    def certified(who, grade="2", category="肢体"):
        lake.row("disabled_persons", who, grade=grade, category=[category], certificate_state="正常")

    def held(who, since, until=None):
        lake.row("custody", who, custody_type="服刑", from_date=since, to_date=until)

    family("常")
    family("无母", mother=False)
    family("残")
    certified("残父")
    certified("残母", "4", "多重")
    family("亡")
    lake.died("亡父", "2026-06-01")
    certified("亡父")
    for name, since, until in (
        ("满半年", "2026-04-30", None), ("差一天", "2026-05-01", None), ("刑期长", "2026-10-01", "2027-04-01"), ("刑期短", "2026-10-01", "2027-03-31"),
        ("已释放", "2020-01-01", "2026-10-30"),
    ):  # fmt: skip
        family(name)
        held(f"{name}父", since, until)
    lake.person("独居老人", "1", "1950-01-01")
    lake.register("老人户", 独居老人="户主")
    lake.person("失独老人", "1", "1950-01-01")
    lake.person("失独子", "1", "1980-01-01")
    lake.register("失独户", 失独老人="户主", 失独子="子")
    lake.died("失独子", "2026-09-01")

    for name, on in (("四月亡", "2026-04-30"), ("五月亡", "2026-05-01"), ("本月亡", "2026-10-31")):
        family(name)
        lake.died(f"{name}父", on)
    family("老人亡")
    lake.person("老人亡父", born="1966-05-01")
    lake.died("老人亡父", "2026-06-01")
    family("童亡")
    lake.died("童亡孩", "2026-06-01")
    lake.person("寡妇", "2", "1980-01-01")
    lake.register("寡妇户", 寡妇="户主")
    lake.person("亡夫", "1", "1978-01-01")
    lake.row("marriage", "亡夫", "寡妇", register_type="结婚", registered_on="2005-01-01")
    lake.died("亡夫", "2026-08-01")
    lake.person("分户寡妇", "2", "1980-01-01")
    lake.register("分户", 分户寡妇="户主")
    lake.person("独户亡夫", "1", "1978-01-01")
    lake.register("独户", 独户亡夫="户主")
    lake.row("marriage", "独户亡夫", "分户寡妇", register_type="结婚", registered_on="2005-01-01")
    lake.died("独户亡夫", "2026-08-01")

    for name, ages in (("老养残", ("1990-01-01", "1960-01-01", "1955-01-01")), ("有壮年", ("1990-01-01", "1960-01-01", "1985-01-01")),
                       ("残者老", ("1950-01-01", "1960-01-01", "1955-01-01")), ("残者小", ("2012-01-01", "1960-01-01", "1955-01-01"))):  # fmt: skip
        names = [f"{name}{number}" for number in range(3)]
        for who, born in zip(names, ages, strict=True):
            lake.person(who, born=born)
        lake.register(name, **{names[1]: "户主", names[2]: "其他亲属", names[0]: "其他亲属"})
        certified(names[0])
    lake.person("独残", born="1990-01-01")
    lake.register("独残户", 独残="户主")
    certified("独残")
    lake.person("残生日不明", born=None)
    lake.person("配老人", born="1950-01-01")
    lake.person("配老人二", born="1950-01-01")
    lake.register("不明户", 配老人="户主", 配老人二="配偶", 残生日不明="其他亲属")
    certified("配老人")

    for who, risk, kind, income, household in (
        ("脱贫甲", None, None, 9000, "脱贫户"), ("脱贫乙", None, None, 7000, "脱贫户"), ("监测", "否", "边缘易致贫户", 8000, "一般农户"),
        ("已消除", "是", "脱贫不稳定户", 12000, "一般农户"), ("无类别", "否", None, None, "脱贫户"),
    ):  # fmt: skip
        lake.row("poverty_monitoring", who, risk_cleared=risk, monitored_class=kind, household_type=household,
                 income_per_head=None if income is None else Decimal(income), labour="丧失劳动力" if who == "监测" else "普通劳动力")  # fmt: skip
    lake.register("脱贫", 脱贫甲="户主", 脱贫乙="子", 未列名="女")
    lake.register("监测户", 监测="户主")
    lake.person("监测", born="1980-01-01")
    lake.person("未列名", born="1990-01-01")

    for on, who, difficulty in (
        ("2026-09-30", "上月报", "急难"),
        ("2026-10-01", "月初报", "大病"),
        ("2026-10-31", "月末报", "急难"),
        ("2026-11-01", "下月报", "急难"),
    ):
        lake.row("grid_reports", who, reported_on=on, difficulty=difficulty)
    lake.row("grid_reports", "月末报", reported_on="2026-10-31", difficulty="其他")
    for who, born in (("六岁", "2020-09-01"), ("五岁", "2020-09-02"), ("十五岁", "2010-09-02"), ("十六岁", "2010-09-01")):
        lake.person(who, born=born)
        lake.row("police_household", who, relation="户主", household_key=who, town="泊里镇" if who == "六岁" else "王台街道")

    lake.row("marriage", "离夫", "离妻", register_type="离婚", registered_on="2026-03-01")
    lake.row("marriage", "离夫", "离妻", register_type="补领", registered_on="2026-05-01")
    lake.row("assistance_roster", "离夫", "离妻", assistance_class="低保", from_month="2024-01")
    lake.row("marriage", "新夫", "新妻", register_type="结婚", registered_on="2026-03-01")
    lake.row("assistance_roster", "新夫", assistance_class="低保", from_month="2024-01")
    return Facts(lake)


def test_every_declared_fact_is_there_in_its_order(facts):
    assert list(next(iter(facts.persons.values()))) == list(lake_table("facts", "person_fact"))
    assert list(next(iter(facts.households.values()))) == list(lake_table("facts", "household_fact"))
    assert len(set(lake_table("facts", "person_fact")) & set(lake_table("facts", "household_fact"))) == 1


def test_there_is_one_row_per_person_and_per_household_with_members(facts):
    members = [m for m in facts.lake.read("households", "members") if m["kind"] == "assistance"]
    assert {m["household_id"] for m in members} == set(facts.households)
    assert facts.counts["persons"] == len(facts.persons) == len(facts.lake.people)


def test_parents_in_neither_state_are_known_not_to_be(facts):
    assert [facts["常孩"][key] for key in S_OR_D] == [False] * 4
    assert facts["常孩"]["with_a_parent"] is True


def test_of_a_parent_who_is_not_known_nothing_is_known(facts):
    assert [facts["无母孩"][key] for key in S_OR_D] == [False, None, False, None]


def test_a_parents_disability_counts_by_the_parents_predicate_and_may_be_unknown(facts):
    assert (facts["残孩"]["father_unable"], facts["残孩"]["mother_unable"]) == (True, None)


def test_a_dead_parent_is_dead_and_no_longer_unable(facts):
    assert (facts["亡孩"]["father_dead"], facts["亡孩"]["father_unable"]) == (True, False)


@pytest.mark.parametrize(
    ("name", "six_months"), [("满半年", True), ("差一天", False), ("刑期长", True), ("刑期短", False), ("已释放", False)]
)
def test_custody_makes_a_parent_unable_if_it_is_of_six_months_from_start_to_end_or_to_now(facts, name, six_months):
    assert facts[f"{name}父"]["custody_6m"] is six_months
    assert facts[f"{name}孩"]["father_unable"] is six_months
    assert facts[f"{name}父"]["in_custody"] is (name != "已释放")


def test_who_is_in_custody_or_dead_is_in_no_household_but_left_one(facts):
    for who, reason in (("满半年父", "custody"), ("亡父", "dead")):
        one = facts[who]
        assert (one["household_id"], one["left_reason"]) == (None, reason)
        assert one["left_household_id"] == facts[who.replace("父", "孩")]["household_id"]
    assert facts["满半年孩"]["household_size"] == 2


def test_living_children_are_those_known(facts):
    assert facts["独居老人"]["living_child_known"] is False
    assert facts["失独老人"]["living_child_known"] is False
    assert facts["常父"]["living_child_known"] is True


def test_dead_before_the_month(facts):
    assert [facts[who]["dead_before_month"] for who in ("亡父", "本月亡父", "常父")] == [True, False, False]


@pytest.mark.parametrize(
    ("who", "died"),
    [
        ("四月亡孩", False),
        ("五月亡孩", True),
        ("本月亡孩", True),
        ("老人亡孩", False),
        ("童亡父", False),
        ("寡妇", True),
        ("常孩", False),
    ],
)
def test_an_earner_died_if_of_16_to_59_and_in_the_last_6_months(facts, who, died):
    assert facts[who]["household_earner_died_6m"] is died
    assert (facts[who]["household_earner_death_date"] is not None) is died


def test_a_death_in_ones_own_register_household_is_not_the_spouses_while_the_row_is_there(facts):
    assert facts["分户寡妇"]["household_earner_died_6m"] is False


def test_an_earner_taken_into_custody(facts):
    assert facts["满半年孩"]["household_earner_in_custody"] is True
    assert str(facts["满半年孩"]["household_earner_custody_from"]) == "2026-04-30"
    assert facts["常孩"]["household_earner_in_custody"] is False


@pytest.mark.parametrize(
    ("who", "cared_for"),
    [("老养残0", True), ("有壮年0", False), ("残者老0", True), ("残者小0", False), ("独残", False), ("残生日不明", None)],
)
def test_elders_care_for_a_disabled_adult_if_every_other_member_is_60_or_older(facts, who, cared_for):
    assert facts[who]["household_elders_care_for_disabled"] is cared_for


def test_counts_of_members(facts):
    one = facts["老养残0"]
    assert (one["household_size"], one["member_elders"], one["member_children"], one["member_16_59"]) == (3, 2, 0, 1)
    assert (one["member_severe"], one["member_severe_adults"], one["member_valid_certificates"]) == (1, 1, 1)
    assert facts["残者小0"]["member_disabled_children"] == 1


def test_a_vulnerable_member_is_a_child_an_elder_or_one_with_a_certificate(facts):
    assert facts["常孩"]["household_vulnerable_member"] is True
    assert facts["独残"]["household_vulnerable_member"] is True
    assert facts["寡妇"]["household_vulnerable_member"] is False


def test_a_household_is_listed_if_any_member_is_and_the_lowest_income_counts(facts):
    assert (facts["未列名"]["in_poverty_monitoring"], facts["未列名"]["household_in_poverty_monitoring"]) == (False, True)
    assert facts["未列名"]["household_income_per_head"] == 7000
    assert facts["未列名"]["household_poverty_type"] == "脱贫户"


@pytest.mark.parametrize(
    ("who", "risk_open", "monitored_open"),
    [("脱贫甲", False, False), ("监测", True, True), ("已消除", False, False), ("无类别", True, False), ("常孩", False, False)],
)
def test_risk_is_open_where_it_is_written_not_cleared(facts, who, risk_open, monitored_open):
    assert facts[who]["monitoring_risk_open"] is risk_open
    assert facts[who]["household_monitored_risk_open"] is monitored_open


def test_who_can_work(facts):
    assert facts["监测"]["member_able_to_work"] == 0
    assert facts["常孩"]["member_able_to_work"] == 2


@pytest.mark.parametrize(("who", "counts"), [("上月报", False), ("月初报", True), ("月末报", True), ("下月报", False)])
def test_a_grid_report_counts_in_its_month(facts, who, counts):
    assert facts[who]["grid_report"] is counts


def test_an_urgent_report_goes_before_another_of_the_same_day(facts):
    assert (facts["月末报"]["grid_report_urgent"], facts["月末报"]["grid_report_difficulty"]) == (True, "急难")
    assert facts["月初报"]["grid_report_urgent"] is False


@pytest.mark.parametrize(("who", "age"), [("六岁", 6), ("五岁", 5), ("十五岁", 15), ("十六岁", 16)])
def test_school_age_is_told_on_the_last_1_september(facts, who, age):
    assert facts[who]["age_on_1_september"] == age


def test_the_kind_of_the_register_town_is_the_population(facts):
    assert (facts["六岁"]["population"], facts["六岁"]["household_population"], facts["五岁"]["population"]) == (
        "rural",
        "rural",
        "urban",
    )


def test_a_change_of_marriage_and_whether_both_stand_on_one_dibao_row(facts):
    assert (facts["离夫"]["marriage_change"], facts["离夫"]["partner_on_same_dibao"]) == ("离婚", True)
    assert (facts["新夫"]["marriage_change"], facts["新夫"]["partner_on_same_dibao"]) == ("结婚", False)
    assert facts["新妻"]["partner_on_same_dibao"] is None
    assert (facts["新夫"]["spouse_id"], facts["离夫"]["spouse_id"]) == ("新妻", None)
