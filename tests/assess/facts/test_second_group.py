"""What the second group of sources says: boundaries, houses, deliveries that speak on, closed sources. The batch is 2026-10."""

import datetime as dt
from decimal import Decimal

import pytest

from pipelines.assess.facts.compute import AUTHORISATIONS
from tests.builders.model_lake import Facts, ModelLake

YUAN = Decimal


def on_roster(lake, *who, kind="低保"):
    lake.row("assistance_roster", *who, assistance_class=kind, from_month="2024-01", household_key=f"证{who[0]}")


def aided(lake, who, *grants):
    for cause, payer, on in grants:
        lake.row("temporary_aid", who, aid_type="支出型", cause=cause, payer=payer, paid_on=on)


def what_they_own(lake):
    """Houses, what banks hold, the housing fund: sources of authorised use."""

    def owns(who, title, *, use="住宅", how="单独", share=None, state="现势"):
        lake.row("real_estate", who, title_no=title, land_use=use, co_ownership=how, share=share, title_state=state)

    lake.register("共有户", 共有夫="户主", 共有妻="配偶")
    for who in ("共有夫", "共有妻"):
        owns(who, "同证", how="共同")
    on_roster(lake, "共有夫", "共有妻")
    for name, second in {
        "两套": {}, "车位": {"use": "车位"}, "历史": {"state": "历史"}, "八分之一": {"how": "按份", "share": YUAN("0.125")},
        "一半": {"how": "按份", "share": YUAN("0.5")}, "五十": {"how": "按份", "share": YUAN(50)}, "份额不明": {"how": "按份"},
    }.items():  # fmt: skip
        owns(name, f"{name}一")
        owns(name, f"{name}二", **second)
        on_roster(lake, name)
    lake.register("合份户", 合夫="户主", 合妻="配偶")
    owns("合夫", "合份一")
    for who in ("合夫", "合妻"):
        owns(who, "合份二", how="按份", share=YUAN("0.25"))
    on_roster(lake, "合夫", "合妻")
    owns("没有授权", "甲")
    owns("没有授权", "乙")
    owns("已授权", "丙")
    owns("过期授权", "丁")

    def checked(who, on, over="是", kind="银行"):
        lake.row("finance_check", who, institution_kind=kind, over_limit=over, snapshot_on=on)

    for who in ("超限", "又不超", "没有授权", "两家"):
        checked(who, "2026-05-01")
    checked("又不超", "2026-09-01", over="否")
    checked("两家", "2026-08-01", kind="证券")
    checked("两家", "2026-09-01", over="否", kind="保险")
    on_roster(lake, "超限", "又不超")
    on_roster(lake, "两家")
    for who, state, base, employer in (
        ("公积金", "正常", 3000, "甲"), ("公积金", "正常", 3000, "甲"), ("公积金", "正常", 2000, "乙"), ("封存", "封存", 9000, "甲"), ("没有授权", "正常", 9000, "甲"),
    ):  # fmt: skip
        lake.row("housing_fund", who, fund_state=state, base=YUAN(base), employer=employer)
    on_roster(lake, "公积金")
    on_roster(lake, "封存")


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("second"))

    def house(who, grade, finished=None, kind="危房"):
        lake.row("public_housing", who, housing_kind=kind, danger_grade=grade, finished=finished)

    for who, grade, finished in (("危C", "C", None), ("危D已竣工", "D", "是"), ("危B", "B", None), ("危D未竣工", "D", "否")):
        house(who, grade, finished)
    house("公租", None, kind="公租房")

    for who, left in (("剩零", 0), ("剩一", 1), ("剩二", 2), ("没写", None)):
        lake.row("employment", who, months_left=left, unemployed_on="2026-01-10")
    lake.register("失业户", 剩零="户主", 缴费妻="配偶")
    lake.row("social_insurance", "缴费妻", scheme="居民养老", insurance_state="缴费")
    lake.register("自缴户", 剩一="户主")
    lake.row("social_insurance", "剩一", scheme="职工养老", insurance_state="缴费")

    for who, term in (
        ("本学期", "2026-2027学年第一学期"), ("本学期秋", "2026年秋季"), ("本学期一", "2026-2027-1"), ("上学期", "2025-2026学年第二学期"),
        ("去年秋", "2025年秋季学期"), ("春", "2026春"), ("读不懂", "本期"),
    ):  # fmt: skip
        lake.row("school_aid", who, in_hardship="是", term=term, aid_kind="国家助学金")
    lake.row("school_aid", "不困难", in_hardship="否", term="2026-2027学年第一学期", aid_kind="国家奖学金")

    for who, cleared in (("在册职工", None), ("本月脱困", "2026-10-31"), ("下月脱困", "2026-11-01")):
        lake.row("union_hardship", who, filed_on="2025-01-01", cleared_on=cleared)
    for who, alone, ability in (("独居中度", "是", "中度"), ("独居轻度", "是", "轻度"), ("独居未评", "是", None)):
        lake.row("elder_services", who, lives_alone=alone, ability=ability, assessed_on="2026-01-01")
    lake.row("elder_services", "改评", lives_alone="是", ability="重度", assessed_on="2024-01-01")
    lake.row("elder_services", "改评", lives_alone="是", ability="轻度", assessed_on="2026-01-01")
    for year, amount in ((2026, 41000), (2026, 38000), (2025, 90000)):
        lake.row("medical_yearly", "年度", year=year, in_policy_burden=YUAN(amount), own_burden=YUAN(amount))
    lake.row("serious_illness", "精神", illness_kind="严重精神障碍")
    lake.row("serious_illness", "大病", illness_kind="大病")

    aided(lake, "重复", ("疾病", "甲镇", "2026-03-01"), ("疾病", "区局", "2026-09-01"))
    aided(lake, "同单位", ("疾病", "甲镇", "2026-03-01"), ("疾病", "甲镇", "2026-09-01"))
    aided(lake, "不同事由", ("疾病", "甲镇", "2026-03-01"), ("火灾", "区局", "2026-09-01"))
    aided(lake, "三次", ("疾病", "甲镇", "2024-03-01"), ("疾病", "区局", "2026-02-01"), ("疾病", "乙镇", "2026-05-01"))
    aided(lake, "以后", ("疾病", "甲镇", "2026-11-01"), ("疾病", "区局", "2026-09-01"))

    for who, status, on in (
        ("火化", "valid", "2026-09-30"),
        ("火化本月", "valid", "2026-10-01"),
        ("火化证号坏", "bad_check", "2026-09-30"),
    ):
        lake.row("funeral", who, death_date=on, cremated_on="2026-10-02", id_status=status)
    for who, start, paused in (
        ("护理费", "2024-01", None),
        ("护理费停", "2024-01", "2026-10"),
        ("护理费下月停", "2024-01", "2026-11"),
    ):
        lake.row("pensions", who, pension_kind="工伤护理费", month_amount=YUAN(2100), from_month=start, paused_month=paused)

    for who, item, kind, month in (
        ("工资", "财政供养工资", "salary", "2026-10"), ("八月工资", "财政供养工资", "salary", "2026-08"),
        ("七月工资", "财政供养工资", "salary", "2026-07"), ("粮补", "耕地地力保护补贴", "counted", "2026-10"), ("岗位", "公益性岗位补贴", "salary", "2026-10"),
        ("没有对照", None, None, "2026-10"),
    ):  # fmt: skip
        lake.row("benefit_card", who, item=item or "苹果奖补", item_as=item, item_class=kind, paid_month=month, amount=YUAN(100))
    lake.row("employment", "岗位", employment_form="公益性岗位")
    on_roster(lake, "岗位")
    on_roster(lake, "工资")

    what_they_own(lake)
    lake.home.root.mkdir(parents=True, exist_ok=True)
    (lake.home.root / AUTHORISATIONS).write_text(
        "编号,授权开始,授权结束\n已授权,2026-10-31,\n过期授权,2025-01-01,2026-10-30\n", encoding="utf-8"
    )
    return Facts(lake)


@pytest.mark.parametrize(("who", "grade"), [("危C", "C"), ("危D未竣工", "D"), ("危D已竣工", None), ("危B", None), ("公租", None)])
def test_a_house_of_grade_c_or_d_is_dangerous_until_it_is_rebuilt(facts, who, grade):
    one = facts[who]
    assert (one["dangerous_house"], one["household_house_danger_grade"]) == (grade is not None, grade)


def test_an_empty_cell_of_months_left_is_not_zero(facts):
    assert [facts[who]["unemployment_months_left"] for who in ("剩零", "剩一", "剩二", "没写")] == [0, 1, 2, None]
    assert facts["没写"]["household_benefit_months_left"] is None


def test_another_member_who_pays_insurance_is_not_the_one_whose_benefit_ends(facts):
    assert facts["剩零"]["household_other_insurance_paying"] is True
    assert facts["剩一"]["household_other_insurance_paying"] is False


@pytest.mark.parametrize(
    ("who", "hard"),
    [("本学期", True), ("本学期秋", True), ("本学期一", True), ("上学期", False), ("去年秋", False), ("春", False), ("读不懂", None), ("不困难", False)],
)  # fmt: skip
def test_hardship_is_of_this_term(facts, who, hard):
    assert facts[who]["student_in_hardship"] is hard


@pytest.mark.parametrize(("who", "listed"), [("在册职工", True), ("本月脱困", False), ("下月脱困", True)])
def test_a_worker_is_in_hardship_until_cleared(facts, who, listed):
    assert facts[who]["union_hardship"] is listed


@pytest.mark.parametrize(("who", "disabled"), [("独居中度", True), ("独居轻度", False), ("独居未评", None), ("改评", False)])
def test_who_is_unable_is_told_by_the_last_assessment(facts, who, disabled):
    assert facts[who]["lives_alone"] is True
    assert facts[who]["elder_disabled"] is disabled


def test_the_years_total_is_the_largest_of_the_year_and_not_the_sum(facts):
    assert facts["年度"]["medical_yearly_in_policy"] == 41000
    assert facts["年度"]["medical_burden_12m"] == 0


def test_only_severe_mental_disorder_is_one(facts):
    assert (facts["精神"]["severe_mental"], facts["大病"]["severe_mental"]) == (True, False)


@pytest.mark.parametrize(
    ("who", "earlier"),
    [("重复", "2026-03-01"), ("同单位", None), ("不同事由", None), ("三次", "2026-02-01"), ("以后", None)],
)
def test_aid_is_repeated_for_one_cause_from_two_payers(facts, who, earlier):
    assert facts[who]["aid_repeated_on"] == (earlier and dt.date.fromisoformat(earlier))


@pytest.mark.parametrize(("who", "before", "sure"), [("火化", True, True), ("火化本月", False, True), ("火化证号坏", True, None)])
def test_a_cremation_counts_from_the_month_after_and_for_sure_with_a_sound_id(facts, who, before, sure):
    assert facts[who]["cremated_before_month"] is before
    assert facts[who]["cremated_by_sound_id"] is sure
    assert facts[who]["alive"] is True, "a funeral row alone makes nobody dead"


@pytest.mark.parametrize(("who", "drawn"), [("护理费", True), ("护理费停", False), ("护理费下月停", True)])
def test_nursing_money_is_drawn_until_it_is_paused(facts, who, drawn):
    assert facts[who]["injury_nursing"] is drawn


@pytest.mark.parametrize(
    ("who", "salary"), [("工资", True), ("八月工资", True), ("七月工资", False), ("粮补", False), ("没有对照", False)]
)
def test_a_public_salary_is_an_item_of_that_class_in_three_months(facts, who, salary):
    assert facts[who]["public_salary_3m"] is salary


def test_a_public_welfare_post_is_told_by_the_employment_register(facts):
    assert (facts["岗位"]["household_public_salary"], facts["岗位"]["household_public_salary_no_post"]) == (True, False)
    assert facts["工资"]["household_public_salary_no_post"] is True


@pytest.mark.parametrize(
    ("who", "dwellings", "held"),
    [
        ("共有夫", 1, False), ("两套", 2, True), ("车位", 1, False), ("历史", 1, False), ("八分之一", 2, False), ("一半", 2, True),
        ("五十", 2, True), ("份额不明", 2, None), ("合夫", 2, True),
    ],
)  # fmt: skip
def test_dwellings_are_titles_in_force_and_held_by_half_at_least(facts, who, dwellings, held):
    assert (facts[who]["household_dwellings"], facts[who]["household_two_dwellings_held"]) == (dwellings, held)


@pytest.mark.parametrize(
    ("who", "on"), [("超限", dt.date(2026, 5, 1)), ("又不超", None), ("两家", dt.date(2026, 8, 1)), ("没有授权", None)]
)
def test_the_latest_answer_of_each_kind_of_institution_counts(facts, who, on):
    assert facts[who]["finance_over_on"] == on


def test_fund_bases_are_added_over_employers_and_a_row_sent_twice_is_one(facts):
    assert facts["公积金"]["member_housing_fund_base"] == 5000
    assert facts["封存"]["member_housing_fund_base"] == 0


CLOSED = ("housing_fund_base", "dwellings", "finance_over_on", "vehicles", "businesses", "business_capital")


@pytest.mark.parametrize(("who", "open_"), [("没有授权", False), ("过期授权", False), ("已授权", True)])
def test_a_closed_source_says_nothing_without_an_authorisation_that_holds_on_the_day(facts, who, open_):
    assert facts[who]["authorised"] is open_
    assert facts[who]["dwellings"] == (1 if open_ else None)
    if not open_:
        assert {facts[who][name] for name in CLOSED} == {None}


def test_rows_of_closed_sources_are_on_nobodys_record_without_an_authorisation(facts):
    records = facts.lake.read("assess", "fact_records")
    assert {row["source"] for row in records if row["person_id"] in ("没有授权", "过期授权")} == set()
    assert {row["source"] for row in records if row["person_id"] == "已授权"} == {"real_estate"}


# Rows about a household, and deliveries that speak on.


def struck(lake, *who, on="2026-10-05", **more):
    lake.row("disasters", *who, happened_on=on, disaster_kind="台风", house_damage="倒塌", **more)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("houses"), batch="2026-09")
    lake.register("走户", 走了的户主="户主", 留下的="配偶")
    lake.register("死户", 亡户主="户主", 亡妻="配偶")
    lake.register("独址户", 独址="户主")
    lake.register("同址甲户", 同址甲="户主")
    lake.register("同址乙户", 同址乙="户主")
    Facts(lake)
    for who, address in (("独址", "12号"), ("同址甲", "20号"), ("同址乙", "20号")):
        lake.people[who] |= {"town": "王台街道", "village": "一村", "address": address}
    later = lake.next_month("2026-10")
    later.register("走户", 留下的="配偶")
    later.register("死户", 亡妻="配偶")
    later.register("独址户", 独址="户主")
    later.register("同址甲户", 同址甲="户主")
    later.register("同址乙户", 同址乙="户主")
    later.died("亡户主", "2026-09-20")
    struck(later, "走了的户主")
    struck(later, "亡户主")
    struck(later, "不在户籍")
    for number, address in enumerate(("12号", "20号", "99号")):
        place = {"town": "王台街道", "village": "一村", "address": address}
        later.person(f"房{number}")
        later.people[f"房{number}"]["name"] = None
        struck(later, f"房{number}", **place)
    return Facts(later)


def test_a_row_counts_for_the_heads_household_though_the_head_is_dead(houses):
    assert houses["亡妻"]["household_disaster_on"] == dt.date(2026, 10, 5)


def test_with_the_head_in_no_register_any_more_it_counts_for_the_household_of_the_batch_before(houses):
    assert houses["留下的"]["household_disaster_on"] == dt.date(2026, 10, 5)


def test_a_head_in_no_register_stands_alone_and_so_does_the_row(houses):
    assert houses["不在户籍"]["household_disaster_on"] == dt.date(2026, 10, 5)


def test_a_row_that_names_only_a_house_counts_for_the_one_household_there(houses):
    assert houses["独址"]["household_disaster_on"] == dt.date(2026, 10, 5)
    rows = [
        row for row in houses.lake.read("assess", "fact_records") if row["person_id"] == "独址" and row["source"] == "disasters"
    ]
    assert len(rows) == 1, "and its row can be shown"


def test_two_families_at_one_address_are_not_told_apart_by_it(houses):
    assert houses["同址甲"]["household_disaster_on"] is None
    assert houses["同址乙"]["household_disaster_on"] is None


@pytest.mark.parametrize(("batch", "absence"), [("2026-05", False), ("2026-06", None)])
def test_a_quarters_delivery_speaks_on_and_after_four_months_only_for_whom_it_names(tmp_path, batch, absence):
    absent = ("disasters", "elder_services")
    lake = ModelLake(tmp_path, batch="2026-01")
    for who in ("独居", "别人"):
        lake.row("medical_settlement", who, settlement_id=who, settled_on="2026-01-05")
    lake.row("elder_services", "独居", lives_alone="是", ability="重度")
    Facts(lake)
    later = lake.next_month(batch, keep=("medical_settlement",))
    later.absent = absent
    facts = Facts(later)
    assert facts["独居"]["lives_alone"] is True
    assert facts["别人"]["lives_alone"] is absence
    assert {"source": "elder_services", "file": "甲.csv", "row_no": 2, "person_id": "独居"} in facts.lake.read(
        "assess", "fact_records"
    )
