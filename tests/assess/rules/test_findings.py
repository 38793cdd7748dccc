"""Facts held against rules: what a finding holds, who is left out, what is said about rules that did not run."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from pipelines.assess.rules import findings
from pipelines.assess.rules.findings import run_rules
from pipelines.assess.rules.places import towns
from pipelines.errors import DataError
from pipelines.parameters import load_parameters
from pipelines.progress import Silent
from tests.builders.facts_lake import FactsLake, declared


@pytest.fixture
def lake(tmp_path):
    lake = FactsLake(tmp_path)
    lake.person("P1", medical_burden_12m=43210.50)
    lake.record("P1", "medical_settlement", "医保.csv", 7)
    lake.record("P1", "tax_income", "个税.csv", 9)
    return lake


def run(lake):
    counts = run_rules(lake.write().home, lake.batch, Silent())
    return lake, counts


class Told(Silent):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.mark.parametrize("empty", [False, True])
def test_each_table_is_as_declared_even_when_nobody_is_found(lake, empty):
    if empty:
        lake.persons.clear()
        lake.households.clear()
    run(lake)
    for table in ("findings", "rules", "parameters", "waiting"):
        assert list(lake.types(table).items()) == list(declared("assess.sql", table).items())


def test_a_finding_says_what_it_rests_on_and_can_be_replayed(lake):
    lake, counts = run(lake)
    (finding,) = lake.findings("U01")
    assert finding["reason"].startswith("近12个月政策范围内个人负担 43,210.50 元，高于 30,000 元")
    assert (finding["level"], finding["outcome"], finding["direction"]) == ("red", "true", "under")
    assert (finding["person_id"], finding["household_id"], finding["missing"]) == ("P1", "H1", [])
    inputs = json.loads(finding["inputs"])
    assert inputs["facts"] == {"medical_burden_12m": 43210.50, "household_uncovered": True}
    assert inputs["parameters"]["med_alert.absolute"]["value"] == "30000"
    assert inputs["parameters"]["med_alert.absolute"]["from"] == "2021-01-01"
    assert inputs["parameters"]["med_alert.absolute"]["document"]
    assert inputs["records"] == [["medical_settlement", "医保.csv", 7]]  # not the tax row: U01 does not read it
    assert len(finding["finding_id"]) == 12
    assert finding["finding_id"][0] == "F"
    assert counts["outcome_true"] == len(lake.findings())


def test_the_same_facts_give_the_same_findings_to_the_letter(lake):
    first = run(lake)[0].findings()
    assert run(lake)[0].findings() == first


def test_somebody_dead_has_no_finding_but_those_about_the_dead(tmp_path):
    lake = FactsLake(tmp_path)
    lake.person("P1", alive=False, medical_burden_12m=99999, dead_before_month=True, on_any_roster=True, death_date="2026-07-02",
                household_id=None, left_household_id="H9")  # fmt: skip
    lake.household("H9")
    findings = run(lake)[0].findings()
    assert [(row["rule_id"], row["person_id"], row["household_id"]) for row in findings] == [("O01", "P1", "H9")]


def test_a_households_finding_names_no_person_and_reads_the_rows_of_all_members(tmp_path):
    lake = FactsLake(tmp_path)
    lake.household("H1", member_valid_certificates=2, household_size=2)
    for number, person in enumerate(("P1", "P2")):
        lake.person(person)
        lake.record(person, "disabled_persons", "残联.csv", 5 + number)
    lake.person("P3", "H2")
    lake.record("P3", "disabled_persons", "残联.csv", 9)
    (finding,) = run(lake)[0].findings("U06")
    assert (finding["person_id"], finding["household_id"]) == (None, "H1")
    assert json.loads(finding["inputs"])["records"] == [["disabled_persons", "残联.csv", 5], ["disabled_persons", "残联.csv", 6]]


def test_a_childs_finding_reads_the_parents_rows(tmp_path):
    lake = FactsLake(tmp_path)
    lake.person("父", "H2")
    lake.person(
        "童", age=8, father_id="父", mother_id=None, father_dead=True, mother_dead=False, father_unable=False, mother_unable=True
    )
    lake.record("父", "police_death", "死亡.csv", 3)
    (finding,) = run(lake)[0].findings("U10")
    assert ["police_death", "死亡.csv", 3] in json.loads(finding["inputs"])["records"]


def test_an_unknown_finding_is_one_level_lower_says_what_is_missing_and_waits_for_a_department(tmp_path):
    lake = FactsLake(tmp_path)
    lake.person("P1", has_valid_certificate=True, disability_grade=3, disability_category=["多重"])
    lake, counts = run(lake)
    (finding,) = lake.findings("U05")
    assert (finding["outcome"], finding["level"], finding["missing"]) == ("unknown", "yellow", ["disability_category"])
    assert "不能确定" in finding["reason"]
    (waiting,) = [row for row in lake.read("waiting") if row["fact"] == "disability_category"]
    assert (waiting["source"], waiting["department"], waiting["person_id"]) == ("disabled_persons", "残联", "P1")
    assert waiting["rule_ids"] == ["U05"]
    assert counts["outcome_unknown"] == 1


def test_what_is_missing_of_a_household_is_asked_for_the_members_it_is_missing_of(tmp_path):
    lake = FactsLake(tmp_path)
    lake.household(
        "H1", member_medical_total_burden_12m=50000, household_size=2, household_income_known=10000, member_income_unknown=1
    )
    lake.person("P1", income=10000)
    lake.person("P2", income=None)
    lake = run(lake)[0]
    assert lake.findings("U21")[0]["missing"] == ["household_income"]
    assert [(row["person_id"], row["fact"]) for row in lake.read("waiting")] == [("P2", "household_income")]


def test_a_second_look_finds_who_left_assistance_and_is_at_risk_again(tmp_path):
    lake = FactsLake(tmp_path)
    for number, (left, burden) in enumerate([(True, 40000), (True, 100), (False, 40000)]):
        lake.household(f"H{number}", household_left_dibao_tekun_24m=left, household_left_dibao_tekun_month=dt.date(2025, 3, 1))
        lake.person(f"P{number}", f"H{number}", medical_burden_12m=burden)
    (finding,) = run(lake)[0].findings("U18")
    assert finding["household_id"] == "H0"
    assert "U01" in json.loads(finding["inputs"])["facts"]["household_under_findings"]


def test_an_unknown_finding_is_no_second_risk(tmp_path):
    lake = FactsLake(tmp_path)
    lake.household("H1", household_left_dibao_tekun_24m=True)
    lake.person("P1", has_valid_certificate=True, disability_grade=3, disability_category=["多重"])
    assert [row["rule_id"] for row in run(lake)[0].findings()] == ["U05"]


def test_town_and_country_are_measured_by_their_own_values(tmp_path):
    lake = FactsLake(tmp_path)
    for number, population in enumerate(("urban", "rural")):
        lake.household(f"H{number}", household_population=population)
        lake.person(f"P{number}", f"H{number}", population=population, medical_burden_12m=20000)
    lake.household("H2", household_population=None)
    lake.person("P2", "H2", population=None, medical_burden_12m=99000)
    lake.household("H3", household_population=None)
    lake.person("P3", "H3", population=None, medical_burden_12m=20000)
    ran, counts = run(lake)
    found = {row["person_id"]: row for row in ran.findings("U02")}
    assert set(found) == {"P1", "P2", "P3"}
    assert (found["P2"]["outcome"], found["P2"]["missing"]) == ("true", [])  # more than either value: it does not matter which
    assert (found["P3"]["outcome"], found["P3"]["level"], found["P3"]["missing"]) == ("unknown", "yellow", ["population"])
    assert "按农村的标准成立，按城镇的标准不成立" in found["P3"]["reason"]
    assert counts["place_not_known"] == 1
    [waits] = [row for row in ran.read("waiting") if row["fact"] == "population"]
    assert (waits["person_id"], waits["what"]) == ("P3", "户籍或居住在哪个镇街")


def test_a_town_with_a_value_of_its_own_is_measured_by_it(tmp_path, monkeypatch):
    declared = load_parameters()
    line = declared["disposable_income"]
    own = line.values[0].model_copy(update={"area": towns()["王台街道"], "population": "any", "value": Decimal(100000)})
    town = {**declared, "disposable_income": line.model_copy(update={"values": [*line.values, own]})}
    monkeypatch.setattr(findings, "load_parameters", lambda: town)
    lake = FactsLake(tmp_path)
    for number, place in enumerate(("王台街道", "黄岛街道")):
        lake.household(f"H{number}", household_town=place)
        lake.person(f"P{number}", f"H{number}", medical_burden_12m=40000)
    (found,) = run(lake)[0].findings("U02")
    assert found["person_id"] == "P1"  # half of 65,000, not of 100,000


def test_a_rule_without_a_value_on_the_day_is_not_run_and_says_so_once_by_name(tmp_path):
    lake = FactsLake(tmp_path, "2023-10")
    lake.person("P1", medical_burden_12m=99000)
    told = Told()
    counts = run_rules(lake.write().home, lake.batch, told)
    rules = {row["rule_id"]: row for row in lake.read("rules")}
    assert rules["U01"]["ran"] is True
    assert rules["U02"]["ran"] is False
    assert "disposable_income" in rules["U02"]["not_run_reason"]
    assert len([note for note in told.notes if "U02" in note]) == 1
    assert [row["rule_id"] for row in lake.findings()] == ["U01"]
    assert counts["rules_run"] + counts["rules_not_run"] == len(rules)
    used = {(row["key"], row["valid_from"]): row["used"] for row in lake.read("parameters")}
    assert used["dibao.standard", dt.date(2021, 7, 1)] is True
    assert used["dibao.standard", dt.date(2024, 1, 1)] is False


def test_a_rule_before_its_days_is_not_run(tmp_path):
    lake = FactsLake(tmp_path, "2020-10")
    lake.person("P1", medical_burden_12m=99000)
    run(lake)
    assert "有效期" in {row["rule_id"]: row for row in lake.read("rules")}["U01"]["not_run_reason"]
    assert lake.findings("U01") == []


def test_the_version_of_a_rule_changes_with_its_parameter_values_only(tmp_path):
    versions = []
    for batch in ("2023-12", "2024-01", "2024-02"):
        lake = FactsLake(tmp_path, batch)
        run(lake)
        versions.append({row["rule_id"]: row["rule_version"] for row in lake.read("rules")})
    assert versions[0]["O06"] != versions[1]["O06"] == versions[2]["O06"]  # the standard rose in 2024-01
    assert versions[0]["U01"] == versions[1]["U01"]


def test_a_fact_of_an_authorised_source_never_reaches_a_finding_about_somebody_without_authorisation(tmp_path):
    """Even if the facts were wrong: the guard is in the query, not only in the facts."""
    lake = FactsLake(tmp_path)
    for number, authorised in enumerate((True, False, None)):
        lake.household(f"H{number}", household_on_dibao=True, household_owns_vehicle=True, member_vehicles=1, household_owns_business=True,
                       household_uncovered=False, household_wholly_uncovered=False)  # fmt: skip
        lake.person(f"P{number}", f"H{number}", authorised=authorised, vehicles=1, businesses=1)
    findings = run(lake)[0].findings()
    assert {(row["rule_id"], row["household_id"]) for row in findings} == {("O04", "H0"), ("O05", "H0")}


def test_without_facts_the_officer_is_told_to_run_the_batch_first(tmp_path):
    with pytest.raises(DataError, match="zhudong run"):
        run_rules(FactsLake(tmp_path).home, "2026-10", Silent())


def test_no_finding_holds_a_name_or_an_id_number(lake):
    text = json.dumps(run(lake)[0].findings(), ensure_ascii=False, default=str)
    assert "id_number" not in text
    assert '"name"' not in text


def test_a_condition_that_cannot_be_computed_for_somebody_is_told_without_the_value(lake, monkeypatch):
    from pipelines.assess.rules import run as running

    query = running.rule_query

    def broken(each, catalogue, day):
        made = query(each, catalogue, day)
        return made.replace("(medical_burden_12m > ", "(('四万三' || medical_burden_12m::VARCHAR)::DECIMAL(18, 2) > ", 1)

    monkeypatch.setattr(running, "rule_query", broken)
    with pytest.raises(DataError) as told:
        run(lake)
    assert "U01" in str(told.value)
    assert "四万三" not in str(told.value)
    assert told.value.__suppress_context__
