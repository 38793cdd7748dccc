"""A source that did not come makes what only it can tell unknown, for everybody; never false, never zero."""

from decimal import Decimal

import pytest

from pipelines.assess.facts.compute import compute_facts
from pipelines.errors import DataError
from pipelines.progress import Silent
from pipelines.storage import Home
from tests.builders.model_lake import Facts, ModelLake

OPTIONAL = {
    "police_death": ["household_earner_died_6m"],
    "medical_enrolment": ["medical_enrolled"],
    "medical_settlement": [
        "medical_burden_12m", "medical_total_burden_12m", "medical_burden_before_12m", "medical_max_settlement_12m", "medical_burden_3m",
        "member_medical_burden_12m", "member_medical_total_burden_12m", "member_medical_burden_before_12m",
    ],
    "disabled_persons": [
        "has_valid_certificate", "certificate_on_record", "severe", "single_dibao_disability", "no_labour_disability", "father_unable",
        "member_valid_certificates",
    ],
    "tax_income": ["tax_income_12m", "has_tax_row_12m", "income", "household_income"],
    "assistance_roster": [
        "on_dibao", "on_any_roster", "dibao_tekun_numbers", "household_uncovered", "household_wholly_uncovered",
        "household_left_dibao_tekun_24m",
    ],
    "disability_subsidy": ["living_subsidy", "nursing_subsidy", "any_disability_subsidy"],
    "poverty_monitoring": ["in_poverty_monitoring", "household_in_poverty_monitoring", "household_monitored_risk_open"],
    "social_insurance": ["employee_pension", "unemployed_12m", "lost_work", "household_lost_work", "household_any_insurance_paying", "income"],
    "school_enrolment": ["in_school", "beyond_compulsory", "member_in_school"],
    "custody": ["in_custody", "custody_6m", "father_unable", "household_earner_in_custody"],
    "grid_reports": ["grid_report", "grid_report_urgent"],
}  # fmt: skip


def story(tmp_path, absent=()):
    lake = ModelLake(tmp_path, absent=absent)
    lake.person("父", "1", "1980-01-01")
    lake.person("孩", "2", "2007-01-01")
    lake.register("甲户", 父="户主", 孩="女")
    if "tax_income" not in absent:
        lake.row("tax_income", "父", income=Decimal(500), period_from="2026-09", period_to="2026-09")
    return Facts(lake)


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    return story(tmp_path_factory.mktemp("complete"))


@pytest.mark.parametrize("source", OPTIONAL)
def test_what_only_an_absent_source_tells_is_unknown(tmp_path, complete, source):
    facts = story(tmp_path, absent=(source,))
    for key in OPTIONAL[source]:
        assert facts["孩"][key] is None, key
    known = {key for key in OPTIONAL[source] if complete["孩"][key] is not None}
    assert known | {"income", "household_income"} >= set(OPTIONAL[source])


def test_without_the_tax_file_a_pension_is_still_a_lower_bound(tmp_path):
    lake = ModelLake(tmp_path, absent=("tax_income",))
    lake.person("老", born="1950-01-01")
    lake.register("甲户", 老="户主")
    lake.row("social_insurance", "老", scheme="职工养老", insurance_state="领取待遇", month_benefit=Decimal(100))
    facts = Facts(lake)
    assert (facts["老"]["income"], facts["老"]["household_income_known"]) == (None, 1200)


def test_without_school_rolls_a_young_adults_income_is_unknown_but_a_childs_is_not(tmp_path):
    lake = ModelLake(tmp_path, absent=("school_enrolment",))
    lake.person("十七", born="2009-01-01")
    lake.person("七岁", born="2019-01-01")
    lake.register("甲户", 十七="户主", 七岁="妹")
    facts = Facts(lake)
    assert (facts["十七"]["income"], facts["七岁"]["income"]) == (None, 0)


def test_without_households_the_officer_is_told_what_to_do(tmp_path):
    lake = ModelLake(tmp_path)
    lake.register("甲户", 甲="户主")
    lake.write()
    with pytest.raises(DataError, match="还没有组成家庭"):
        compute_facts(Home(tmp_path, memory="500MB", threads=1), lake.batch, Silent())
