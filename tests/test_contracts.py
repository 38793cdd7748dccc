"""Contracts: a mistake is refused with its file and what to do; a seventeenth source is one YAML file."""

import json
from pathlib import Path

import pytest

from pipelines.contracts import code_table, json_schema, load_contract, load_contracts
from pipelines.errors import DeclarationError
from pipelines.storage import SCHEMAS

FIRST_GROUP = [
    "police_household", "police_death", "disabled_persons", "medical_enrolment", "medical_settlement", "tax_income",
    "assistance_roster", "disability_subsidy", "marriage", "poverty_monitoring", "social_insurance", "school_enrolment",
    "custody", "vehicles", "business_registration", "grid_reports",
]  # fmt: skip

NEW = (Path(__file__).parent / "heating_subsidy.yaml").read_text(encoding="utf-8")


def test_the_sources_of_the_first_group_are_all_declared():
    contracts = load_contracts()
    assert set(FIRST_GROUP) <= set(contracts)
    assert {key for key, c in contracts.items() if c.required} == {
        "police_household", "disabled_persons", "medical_settlement", "assistance_roster",
    }  # fmt: skip
    assert {key for key in FIRST_GROUP if contracts[key].use == "authorised"} == {"vehicles", "business_registration"}


def test_numbered_columns_of_a_wide_roster_are_declared_once_and_stand_for_six():
    roster = load_contracts()["assistance_roster"]
    assert roster.text_columns()["member_name_6"].heading == ["其他家庭成员姓名6"]
    assert sorted(roster.members()) == [0, 1, 2, 3, 4, 5, 6]
    assert roster.members()[3]["id_number"] == "member_id_3"
    assert "month_amount" in roster.attributes()
    assert "head_name" not in roster.attributes()


def test_a_marriage_row_holds_a_man_and_a_woman():
    marriage = load_contracts()["marriage"]
    assert marriage.fixed_sex() == {0: "1", 1: "2"}


def test_every_code_table_maps_its_own_values_and_labels_and_no_writing_twice():
    for path in (SCHEMAS / "codes").glob("*.csv"):
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        if header[:3] == ["value", "label", "variants"]:
            assert all(code_table(path.stem).values())
    assert code_table("disability_grade")["Ⅰ"] == "1"


def test_the_json_schema_beside_the_contracts_is_the_models():
    written = json.loads((SCHEMAS / "sources" / "contract.schema.json").read_text(encoding="utf-8"))
    assert written == json_schema(), "写回：zhudong 的 contracts.json_schema()"


def test_a_new_source_is_one_file(tmp_path):
    (tmp_path / "heating_subsidy.yaml").write_text(NEW, encoding="utf-8")
    contract = load_contracts(tmp_path)["heating_subsidy"]
    assert contract.columns["name"].heading == ["姓名"]


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (("type: money", "type: yuan"), "columns → amount → type"),
        (("identity: {name: name,", "identity: {name: full_name,"), "不在 columns 里"),
        (("number: 99", "number: 99\nfrequncy: month"), "frequncy"),
        (("heading: 补贴金额,", "heading: 补贴金额, codes: no_such_table,"), "代码表"),
        (("source: heating_subsidy", "source: heating"), "不一致"),
        (("group: housing", "group: [housing"), "不是有效的 YAML"),
        (("heading: 补贴金额,", "heading: 补贴金额, map: benefit_item,"), "map 只用于类型 text"),
        (("heading: 补贴金额, type: money", "heading: 补贴金额, type: text, map: no_such_table"), "代码表"),
        (("heading: 补贴金额, type: money", "heading: 补贴金额, type: age, age_on: name"), "不是 columns 里的日期列"),
        (("number: 99", "number: 99\nsubject: village"), "subject"),
        (("number: 99", "number: 99\nstale_after: 0"), "stale_after"),
    ],
)
def test_a_mistake_in_a_contract_is_refused_with_its_place(tmp_path, spoilt, said):
    path = tmp_path / "heating_subsidy.yaml"
    path.write_text(NEW.replace(*spoilt), encoding="utf-8")
    with pytest.raises(DeclarationError) as refused:
        load_contract(path)
    assert "heating_subsidy.yaml" in str(refused.value)
    assert said in str(refused.value)


def test_a_number_used_twice_is_refused_because_record_ids_hold_it(tmp_path):
    for name in ("heating_subsidy", "cooling_subsidy"):
        (tmp_path / f"{name}.yaml").write_text(NEW.replace("heating_subsidy", name), encoding="utf-8")
    with pytest.raises(DeclarationError, match="99"):
        load_contracts(tmp_path)
