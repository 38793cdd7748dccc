"""Rows that found nobody: whom they fit is not known to be unlisted, and the finding names the row."""

import json

from pipelines.assess.income.compute import compute_income
from pipelines.assess.rules.findings import run_rules
from pipelines.progress import Silent
from tests.builders.model_lake import Facts, ModelLake


def written(name, **more):
    """A row's own words about who it is of, as the standardised table holds them."""
    from pipelines.standardise.names import read_names

    (row,) = read_names([name]).to_pylist()
    return {"name": name, **{key: row[key] for key in ("name_key", "name_pinyin", "surname")}, **more}


def district(tmp_path):
    """Two pupils of one household, neither on the school roll."""
    lake = ModelLake(tmp_path)
    for who, sex, born, name in (
        ("母", "2", "1985-01-01", "刘桂芳"), ("女", "2", "2014-05-05", "陈雨欣"), ("子", "1", "2012-02-01", "陈子涵")
    ):  # fmt: skip
        lake.person(who, sex, born, name)
    for who, relation in (("母", "户主"), ("女", "女"), ("子", "子")):
        lake.row(
            "police_household", who, household_key="甲户", relation=relation, town="王台街道", village="一村",
            **written(lake.people[who]["name"]),
        )  # fmt: skip
        lake.people[who]["provisional"] = False
    return lake


def nobodys(lake, source, name, **said):
    """A row that linkage left with a provisional person of its own."""
    lake.row(source, f"无{name}", id_status="missing", birth_date_from_id=False, **written(name), **said)


def out_of_school(lake):
    facts = Facts(lake)
    compute_income(lake.home, lake.batch, Silent())
    run_rules(lake.home, lake.batch, Silent())
    findings = {row["person_id"]: row for row in lake.read("assess", "findings") if row["rule_id"] == "U20"}
    return facts, findings


def test_without_such_a_row_both_are_out_of_school(tmp_path):
    _, findings = out_of_school(district(tmp_path))
    assert {who: row["outcome"] for who, row in findings.items()} == {"女": "true", "子": "true"}


def test_a_row_of_the_same_birthday_and_surname_leaves_it_open_and_is_named(tmp_path):
    lake = district(tmp_path)
    nobodys(lake, "school_enrolment", "陈怡然", birth_date="2014-05-05", school_state="在读")  # her name at school
    facts, findings = out_of_school(lake)
    assert (facts["女"]["in_school"], facts["女"]["asked_sources"]) == (None, ["school_enrolment"])
    assert {who: row["outcome"] for who, row in findings.items()} == {"女": "unknown", "子": "true"}
    assert "教育 · 学籍 甲.csv 第2行" in findings["女"]["reason"]
    assert ["school_enrolment", "甲.csv", 2] in json.loads(findings["女"]["inputs"])["records"]


def test_a_like_name_alone_leaves_it_open_unless_what_both_say_is_another(tmp_path):
    lake = district(tmp_path)
    nobodys(lake, "school_enrolment", "陈子菡", school_state="在读")  # sounds the same, and says nothing else
    nobodys(lake, "school_enrolment", "陈雨新", birth_date="1999-09-09", school_state="在读")
    _, findings = out_of_school(lake)
    assert {who: row["outcome"] for who, row in findings.items()} == {"女": "true", "子": "unknown"}


def test_the_same_home_leaves_it_open_for_a_child_of_that_surname(tmp_path):
    lake = district(tmp_path)
    for row in lake.rows["police_household"]:
        row["address"] = "5号"
    for who in ("女", "子"):
        lake.people[who] |= {"village": "一村", "address": "5号", "town": "王台街道"}
    nobodys(lake, "disabled_persons", "陈小小", village="一村", address="5号", certificate_state="正常")
    facts, _ = out_of_school(lake)
    assert facts["女"]["has_valid_certificate"] is None


def test_somebody_with_an_id_of_their_own_is_nobody_else(tmp_path):
    lake = district(tmp_path)
    nobodys(lake, "school_enrolment", "陈怡然", birth_date="2014-05-05", school_state="在读")
    lake.people["无陈怡然"] |= {"id_status": "valid", "id_number": "370211201405050021"}
    _, findings = out_of_school(lake)
    assert findings["女"]["outcome"] == "true"


def test_who_has_a_row_of_their_own_is_not_asked_about(tmp_path):
    lake = district(tmp_path)
    lake.row("school_enrolment", "女", school_state="休学")
    nobodys(lake, "school_enrolment", "陈怡然", birth_date="2014-05-05", school_state="在读")
    facts, _ = out_of_school(lake)
    assert facts["女"]["asked_sources"] is None
