"""Cover, subsidies and authorised use. The batch is 2026-10."""

from decimal import Decimal

import pytest

from pipelines.assess.facts.compute import AUTHORISATIONS, compute_facts
from pipelines.errors import DataError
from pipelines.progress import Silent
from tests.builders.model_lake import Facts, ModelLake


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("cover"))

    def on_roster(*who, kind="低保", since="2024-01", until=None, number=None, **more):
        lake.row(
            "assistance_roster", *who, assistance_class=kind, from_month=since, to_month=until,
            household_key=number or f"证{who[0]}{kind}{since}", **more,
        )  # fmt: skip

    for number, kind in enumerate(("低保", "特困", "低保边缘", "刚性支出")):
        lake.register(f"户{number}", **{f"{kind}户主": "户主", f"{kind}成员": "子"})
        on_roster(f"{kind}户主", kind=kind)
    lake.register("空户", 空="户主")
    on_roster("列名户主", "列名成员")
    on_roster("本月起", since="2026-10")
    on_roster("下月起", since="2026-11")
    on_roster("本月止", until="2026-10")
    on_roster("上月止", until="2026-09")
    on_roster("两年前止", until="2024-10")
    on_roster("超过两年", until="2024-09")
    on_roster("低边上月止", kind="低保边缘", until="2026-09")
    on_roster("起始不明", since=None)
    on_roster("一证两行", number="同证")
    on_roster("一证两行", number="同证", since="2025-01")
    on_roster("两证", number="甲证")
    on_roster("两证", number="乙证", kind="特困")
    on_roster("低保低边两证", number="丙证")
    on_roster("低保低边两证", number="丁证", kind="低保边缘")
    on_roster("一止一在", number="戊证", until="2026-09")
    on_roster("一止一在", number="己证")
    on_roster("低边年底止", kind="低保边缘", until="2026-12")
    lake.register("金额户", 金额="户主", 金额妻="配偶")
    on_roster("金额", "金额妻", month_amount=Decimal("1500.50"), insured_persons=2)

    def subsidised(who, kind="重度残疾人护理补贴", since="2024-01", stop=None):
        lake.row("disability_subsidy", who, subsidy_type=kind, from_month=since, stop_month=stop)

    subsidised("护理")
    subsidised("生活", "困难残疾人生活补贴")
    subsidised("补贴下月停", stop="2026-11")
    subsidised("补贴本月停", stop="2026-10")
    subsidised("补贴下月起", since="2026-11")

    for who in ("低保户主", "低保成员", "空", "已授权", "过期授权", "未来授权", "户授权"):
        lake.row("vehicles", who, plate=f"鲁B{who}", vehicle_type="小型轿车", vehicle_state="正常")
        lake.row("business_registration", who, business_type="有限责任公司", business_state="存续", capital=Decimal(100000))
    for who, kind, state in (
        ("低边车主", "普通二轮摩托车", "正常"), ("低边车主", "残疾人专用车", "正常"), ("低边车主", "小型轿车", "注销"),
        ("低边车主", "小型轿车", "逾期未检验"),
    ):  # fmt: skip
        lake.row("vehicles", who, plate=kind + state, vehicle_type=kind, vehicle_state=state)
    on_roster("低边车主", kind="低保边缘")
    lake.row("vehicles", "一车两行", plate="鲁B1", vehicle_type="小型轿车", vehicle_state="正常")
    lake.row("vehicles", "一车两行", plate="鲁B1", vehicle_type="小型轿车", vehicle_state="正常")
    on_roster("一车两行")
    for kind, state in (("农民专业合作社", "存续"), ("个体工商户", "注销"), ("个体工商户", "吊销"), ("个体工商户", "在业")):
        lake.row("business_registration", "店主", business_type=kind, business_state=state, capital=Decimal(5000))
    on_roster("店主")
    lake.home.root.mkdir(parents=True, exist_ok=True)
    lake.write()
    facts = Facts(lake)
    household = facts["户授权"]["household_id"]
    (lake.home.root / AUTHORISATIONS).write_text(
        "编号,授权开始,授权结束\n已授权,2026-10-31,\n过期授权,2025-01-01,2026-10-30\n未来授权,2026-11-01,\n"
        f"{household},2026-01-01,2026-10-31\n",
        encoding="utf-8",
    )
    return Facts(lake)


@pytest.mark.parametrize("kind", ["低保", "特困", "低保边缘", "刚性支出"])
def test_a_household_is_covered_if_any_member_is_on_an_active_row(facts, kind):
    flag = {"低保": "dibao", "特困": "tekun", "低保边缘": "edge", "刚性支出": "rigid"}[kind]
    assert facts[f"{kind}户主"][f"on_{flag}"] is True
    assert facts[f"{kind}成员"][f"on_{flag}"] is False
    assert facts[f"{kind}成员"][f"household_on_{flag}"] is True
    assert facts["空"][f"household_on_{flag}"] is False


@pytest.mark.parametrize(
    ("kind", "uncovered", "wholly"),
    [("低保", False, False), ("特困", False, False), ("低保边缘", True, False), ("刚性支出", True, False), (None, True, True)],
)
def test_uncovered_is_by_neither_dibao_nor_tekun_and_wholly_by_none_of_the_four(facts, kind, uncovered, wholly):
    one = facts[f"{kind}成员" if kind else "空"]
    assert (one["household_uncovered"], one["household_wholly_uncovered"]) == (uncovered, wholly)


def test_a_person_is_on_a_row_as_head_or_as_a_listed_member(facts):
    assert facts["列名户主"]["on_dibao"] is facts["列名成员"]["on_dibao"] is True


@pytest.mark.parametrize(
    ("who", "active"), [("本月起", True), ("下月起", False), ("本月止", True), ("上月止", False), ("起始不明", None)]
)
def test_a_row_is_active_from_its_first_to_its_last_month(facts, who, active):
    assert facts[who]["on_dibao"] is active
    assert facts[who]["on_any_roster"] is active
    assert facts[who]["on_tekun"] is False


def test_two_rows_are_two_payments_only_under_different_numbers(facts):
    assert facts["一证两行"]["dibao_tekun_numbers"] == 1
    assert facts["两证"]["dibao_tekun_numbers"] == 2
    assert facts["低保低边两证"]["dibao_tekun_numbers"] == 1
    assert facts["一止一在"]["dibao_tekun_numbers"] == 1
    assert facts["空"]["dibao_tekun_numbers"] == 0


@pytest.mark.parametrize(
    ("who", "left"),
    [
        ("上月止", True),
        ("两年前止", True),
        ("超过两年", False),
        ("本月止", False),
        ("低边上月止", False),
        ("一止一在", True),
        ("空", False),
    ],
)
def test_dibao_or_tekun_that_ended_in_the_last_24_months(facts, who, left):
    assert facts[who]["left_dibao_tekun_24m"] is left
    assert facts[who]["household_left_dibao_tekun_24m"] is left
    assert (facts[who]["left_dibao_tekun_month"] is not None) is left


def test_the_months_amount_of_a_row_counts_once_however_many_stand_on_it(facts):
    assert facts["金额"]["household_dibao_month_amount"] == Decimal("1500.50")
    assert (facts["金额妻"]["dibao_month_amount"], facts["金额妻"]["dibao_insured_persons"]) == (Decimal("1500.50"), 2)
    assert facts["金额"]["member_on_dibao"] == 2


def test_when_cover_by_edge_or_rigid_will_end(facts):
    assert str(facts["低边年底止"]["edge_rigid_to_month"]) == "2026-12-01"
    assert facts["低保边缘户主"]["household_edge_rigid_to_month"] is None


@pytest.mark.parametrize(
    ("who", "living", "nursing"),
    [
        ("护理", False, True),
        ("生活", True, False),
        ("补贴下月停", False, True),
        ("补贴本月停", False, False),
        ("补贴下月起", False, False),
        ("空", False, False),
    ],
)
def test_a_subsidy_is_active_until_the_month_before_it_stops(facts, who, living, nursing):
    assert (facts[who]["living_subsidy"], facts[who]["nursing_subsidy"]) == (living, nursing)
    assert facts[who]["any_disability_subsidy"] is (living or nursing)


def test_members_of_households_on_the_roster_are_authorised(facts):
    assert facts["低保户主"]["authorised"] is facts["低保成员"]["authorised"] is True
    assert (facts["低保成员"]["vehicles"], facts["低保成员"]["businesses"]) == (1, 1)
    assert facts["低保成员"]["member_vehicles"] == 2


def test_nothing_is_known_of_the_property_of_those_who_are_not(facts):
    assert facts["空"]["authorised"] is False
    for key in (
        "vehicles",
        "businesses",
        "business_capital",
        "member_vehicles",
        "household_owns_vehicle",
        "household_owns_business",
    ):
        assert facts["空"][key] is None


@pytest.mark.parametrize(("who", "authorised"), [("已授权", True), ("过期授权", False), ("未来授权", False), ("户授权", True)])
def test_an_authorisation_on_record_opens_it_while_it_holds(facts, who, authorised):
    assert facts[who]["authorised"] is authorised
    assert facts[who]["vehicles"] == (1 if authorised else None)


def test_rows_of_authorised_sources_stand_behind_facts_of_the_authorised_only(facts):
    behind = {
        r["person_id"] for r in facts.lake.read("assess", "fact_records") if r["source"] in ("vehicles", "business_registration")
    }
    assert {"低保户主", "已授权", "户授权"} <= behind
    assert not {"空", "过期授权", "未来授权"} & behind


def test_motorcycles_cars_for_the_disabled_and_cars_out_of_use_are_no_property(facts):
    assert facts["低边车主"]["vehicles"] == 0
    assert facts["低边车主"]["household_owns_vehicle"] is False
    assert facts["一车两行"]["vehicles"] == 1


def test_cooperatives_and_closed_businesses_do_not_count(facts):
    assert (facts["店主"]["businesses"], facts["店主"]["business_capital"]) == (1, 5000)


def test_an_authorisation_list_that_cannot_be_read_is_told_without_its_content(tmp_path):
    lake = ModelLake(tmp_path)
    lake.register("甲户", 甲="户主")
    Facts(lake)
    (lake.home.root / AUTHORISATIONS).write_text("姓名,日期\n王某,昨天\n", encoding="utf-8")
    with pytest.raises(DataError) as told:
        compute_facts(lake.home, lake.batch, Silent())
    assert "王某" not in str(told.value)
    assert "表头应为" in str(told.value)


def test_an_authorisation_that_names_nobody_is_told(tmp_path):
    notes = []

    class Told(Silent):
        def note(self, text):
            notes.append(text)

    lake = ModelLake(tmp_path)
    lake.register("甲户", 甲="户主")
    Facts(lake)
    (lake.home.root / AUTHORISATIONS).write_text("编号,授权开始,授权结束\n甲,2026-01-01,\n乙,2026-01-01,\n", encoding="utf-8")
    compute_facts(lake.home, lake.batch, Told())
    [note] = notes
    assert "有 1 行的编号找不到人或家庭" in note
    assert "乙" not in note


def test_any_source_can_be_closed_by_its_contract(tmp_path, monkeypatch):
    from pipelines.assess.facts import compute as module

    contracts = module.load_contracts()
    closed = {**contracts, "tax_income": contracts["tax_income"].model_copy(update={"use": "authorised"})}
    monkeypatch.setattr(module, "load_contracts", lambda: closed)
    lake = ModelLake(tmp_path)
    for who in ("甲", "乙"):
        lake.person(who, born="1980-01-01")
        lake.register(f"{who}户", **{who: "户主"})
        lake.row("tax_income", who, income=Decimal(100), period_from="2026-09", period_to="2026-09")
    lake.row("assistance_roster", "甲", assistance_class="低保", from_month="2025-01")
    facts = Facts(lake)
    assert (facts["甲"]["tax_income_12m"], facts["甲"]["income"]) == (100, 100)
    assert (facts["乙"]["tax_income_12m"], facts["乙"]["income"], facts["乙"]["has_tax_row_12m"]) == (None, None, None)
    assert facts["乙"]["household_income"] is None
