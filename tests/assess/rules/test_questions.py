"""A row that may be somebody's, and that a clerk has still to place: not being listed is then not known, until it is decided."""

from decimal import Decimal

from pipelines.assess.explain.explain import explain_lead, explain_lead_html
from pipelines.assess.income.compute import compute_income
from pipelines.assess.leads.leads import raise_leads
from pipelines.assess.rules.findings import run_rules
from pipelines.progress import Silent
from tests.builders.facts_lake import FactsLake
from tests.builders.leads_lake import OCTOBER
from tests.builders.model_lake import Facts, ModelLake


def family(tmp_path, **more):
    lake = ModelLake(tmp_path, **more)
    lake.person("母", "2", "1985-01-01")
    lake.person("女", "2", "2016-01-01")
    lake.person("子", "1", "2014-01-01")
    lake.register("甲户", 母="户主", 女="女", 子="子")
    return lake


def ran(lake):
    """The lake's findings by rule and person, after facts and rules."""
    facts = Facts(lake)
    compute_income(lake.home, lake.batch, Silent())
    run_rules(lake.home, lake.batch, Silent())
    return facts, {(row["rule_id"], row["person_id"]): row for row in lake.read("assess", "findings")}


def test_a_child_who_may_be_on_the_school_roll_is_not_known_to_be_off_it(tmp_path):
    lake = family(tmp_path)
    lake.ask("school_enrolment", "女")
    facts = Facts(lake)
    assert (facts["女"]["in_school"], facts["子"]["in_school"]) == (None, False)
    assert (facts["女"]["asked_sources"], facts["子"]["asked_sources"]) == (["school_enrolment"], None)
    assert facts["母"]["household_asked_sources"] == ["school_enrolment"]


def test_out_of_school_is_true_of_the_one_and_waits_for_the_clerk_of_the_other(tmp_path):
    lake = family(tmp_path)
    lake.ask("school_enrolment", "女")
    _, findings = ran(lake)
    sure, open_ = findings["U20", "子"], findings["U20", "女"]
    assert (sure["outcome"], sure["level"]) == ("true", "red")
    assert (open_["outcome"], open_["level"], open_["missing"]) == ("unknown", "orange", ["in_school"])
    assert open_["reason"] == (
        "有记录可能是此人或户内成员的（教育 · 学籍 乙.csv 第2行），归属还没有判断，因此不能确定：在读；请先判断这条记录是谁的；数据截至 2026-10-31"
    )
    [waits] = [row for row in lake.read("assess", "waiting") if row["fact"] == "in_school"]
    assert (waits["person_id"], waits["source"], waits["rule_ids"]) == ("女", "school_enrolment", ["U20"])
    assert (waits["department"], "待判断清单" in waits["what"]) == ("区里", True)


def test_a_row_of_ones_own_answers_the_question(tmp_path):
    lake = family(tmp_path)
    lake.row("school_enrolment", "女", school_state="在读", stage="小学")
    lake.ask("school_enrolment", "女")
    facts, findings = ran(lake)
    assert facts["女"]["in_school"] is True
    assert ("U20", "女") not in findings


def test_a_question_about_another_source_changes_nothing(tmp_path):
    lake = family(tmp_path)
    lake.ask("marriage", "女")
    facts, findings = ran(lake)
    assert facts["女"]["in_school"] is False
    assert findings["U20", "女"]["outcome"] == "true"


def test_without_the_source_a_question_flags_nobody(tmp_path):
    lake = family(tmp_path, absent=("school_enrolment",))
    lake.ask("marriage", "女")
    assert not any(rule == "U20" for rule, _ in ran(lake)[1])


def test_what_would_need_the_row_to_be_true_is_not_raised_by_the_question(tmp_path):
    lake = family(tmp_path)
    lake.ask("grid_reports", "女")
    lake.ask("custody", "母")
    facts, findings = ran(lake)
    assert (facts["女"]["grid_report"], facts["母"]["in_custody"]) == (None, None)
    assert {rule for rule, _ in findings} == {"U20"}


def test_an_amount_stays_a_lower_bound_and_cover_is_asked_about(tmp_path):
    lake = family(tmp_path)
    lake.row("medical_settlement", "女", settlement_id="S1", settled_on="2026-09-01", total_cost=Decimal(90000))
    lake.ask("medical_settlement", "母")
    lake.ask("assistance_roster", "母")
    facts, findings = ran(lake)
    assert (facts["母"]["medical_burden_12m"], facts["母"]["member_medical_burden_12m"]) == (0, 90000)
    assert (facts["母"]["on_dibao"], facts["女"]["household_wholly_uncovered"]) == (None, None)
    finding = findings["U01", "女"]
    assert (finding["outcome"], finding["missing"]) == ("unknown", ["household_uncovered"])


def test_an_income_that_may_be_told_is_not_known(tmp_path):
    lake = family(tmp_path)
    lake.row("social_insurance", "母", scheme="职工养老", insurance_state="领取待遇", month_benefit=Decimal(100))
    assert Facts(lake)["母"]["income"] == 1200
    lake.ask("tax_income", "母")
    facts = Facts(lake)
    assert (facts["母"]["income"], facts["母"]["income_known"]) == (None, 1200)


def test_a_parent_who_may_hold_a_certificate_is_not_known_to_be_able(tmp_path):
    lake = family(tmp_path)
    assert Facts(lake)["女"]["mother_unable"] is False
    lake.ask("disabled_persons", "母")
    assert Facts(lake)["女"]["mother_unable"] is None


def test_that_a_vehicle_may_be_somebodys_is_not_kept_without_an_authorisation(tmp_path):
    lake = family(tmp_path)
    lake.person("乙", "1", "1960-01-01")
    lake.register("乙户", 乙="户主")
    lake.row("assistance_roster", "乙", assistance_class="低保", from_month="2026-01")
    lake.ask("vehicles", "母", "乙")
    facts = Facts(lake)
    assert (facts["母"]["asked_sources"], facts["乙"]["asked_sources"]) == (None, ["vehicles"])


def test_a_household_rule_rests_on_its_members_questions(tmp_path):
    lake = FactsLake(tmp_path)
    lost = {"household_lost_work": True, "household_any_insurance_paying": None}
    for household, asked in (("H1", ["social_insurance"]), ("H2", None), ("H3", ["marriage"])):
        lake.household(household, **lost, household_asked_sources=asked)
        lake.person(f"P{household}", household)
    run_rules(lake.write().home, lake.batch, Silent())
    findings = [row for row in lake.findings() if row["rule_id"] == "U14"]
    assert [(row["household_id"], row["outcome"], row["missing"]) for row in findings] == [
        ("H1", "unknown", ["household_any_insurance_paying"])
    ]


def test_facts_of_an_earlier_version_are_still_read(tmp_path):
    from pipelines.assess.rules.questions import find_asked

    with FactsLake(tmp_path).home.connect() as connection:
        connection.execute("CREATE TABLE person_fact (person_id VARCHAR); CREATE TABLE household_fact (household_id VARCHAR)")
        assert find_asked(connection) == set()


def test_the_page_of_the_lead_asks_the_clerk_first_and_no_department(tmp_path):
    lake = family(tmp_path)
    lake.row("school_enrolment", "子", school_state="在读", stage="初中")
    lake.ask("school_enrolment", "女")
    ran(lake)
    raise_leads(lake.home, lake.batch, Silent(), today=OCTOBER)
    [lead] = lake.read("assess", "leads")
    for page in (explain_lead(lake.home, lead["lead_id"]), explain_lead_html(lake.home, lead["lead_id"])):
        assert "尚不知道：在读。已有记录可能是此人的：请先在待判断清单中判断归属" in page
