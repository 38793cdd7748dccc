"""Codes, sets of codes, sex, towns, villages."""

import pytest

from pipelines.contracts import code_table
from pipelines.standardise.characters import rows
from pipelines.standardise.codes import read_code, read_set, read_sex, read_town, read_village


@pytest.mark.parametrize(
    ("written", "table", "value"),
    [
        ("一级", "disability_grade", "1"),
        ("1", "disability_grade", "1"),
        ("1级", "disability_grade", "1"),
        ("Ⅰ", "disability_grade", "1"),
        ("Ⅱ级", "disability_grade", "2"),
        ("壹级", "disability_grade", "1"),
        ("１", "disability_grade", "1"),
        (" 三 级 ", "disability_grade", "3"),
        ("4.0", "disability_grade", "4"),
        ("310", "medical_scheme", "310"),
        ("城乡居民基本医疗保险", "medical_scheme", "390"),
        ("390-居民", "medical_scheme", "390"),
        ("是", "yes_no", "是"),
        ("√", "yes_no", "是"),
        ("y", "yes_no", "是"),
        ("低边", "assistance_class", "低保边缘"),
        ("二子", "relation", "次子"),
        ("02", "relation", "户主"),
        ("吊销,未注销", "business_state", "吊销"),
    ],
)
def test_every_writing_of_a_code_gives_its_value(written, table, value):
    assert read_code(written, table) == value


@pytest.mark.parametrize(
    ("written", "table"), [("五级", "disability_grade"), ("", "yes_no"), ("8", "medical_scheme"), ("甲", "relation")]
)
def test_an_unknown_code_is_none(written, table):
    assert read_code(written, table) is None


@pytest.mark.parametrize("separator", ["、", ",", "，", ";", "；", "/", " ", "　", "|", "和", ""])
def test_several_codes_in_one_cell_are_told_apart_whatever_stands_between(separator):
    assert read_set(separator.join(["肢体", "智力"]), "disability_category") == (["智力", "肢体"], True)


@pytest.mark.parametrize(
    ("written", "values", "understood"),
    [
        ("肢体", ["肢体"], True),
        ("4,5", ["智力", "肢体"], True),
        ("多重（肢体、智力）", ["多重", "智力", "肢体"], True),
        ("肢体残疾、智力残疾", ["智力", "肢体"], True),
        ("肢体、肢体", ["肢体"], True),
        ("肢体、别的", ["肢体"], False),
        ("别的", None, False),
    ],
)
def test_sets_keep_what_is_known_and_say_when_something_was_not(written, values, understood):
    assert read_set(written, "disability_category") == (values, understood)


@pytest.mark.parametrize(
    ("written", "code"),
    [("男", "1"), ("女", "2"), ("1", "1"), ("2", "2"), ("男性", "1"), ("F", "2"), ("１", "1"), ("1.0", "1"), ("1-男", "1")],
)
def test_sex_by_the_standard(written, code):
    assert read_sex(written, zero_one=False) == (code, True)


def test_zero_and_one_are_female_and_male_only_where_the_contract_says_so():
    assert [read_sex(text, zero_one=True) for text in "01"] == [("2", True), ("1", True)]
    assert [read_sex(text, zero_one=False) for text in "01"] == [(None, True), ("1", True)]
    assert read_sex("女", zero_one=True) == ("2", True)


def test_an_unsaid_sex_is_none_without_a_complaint_and_nonsense_with_one():
    assert read_sex("未说明", zero_one=False) == (None, True)
    assert read_sex("甲", zero_one=False) == (None, False)


@pytest.mark.parametrize(
    "written",
    [
        "王台镇",
        "王台街道",
        "王台",
        "王台街道办事处",
        "黄岛区王台镇",
        "青岛市黄岛区王台街道",
        " 王台 镇 ",
        "青岛西海岸新区王台街道办",
    ],
)
def test_a_renamed_town_is_todays_town_in_every_writing(written):
    assert read_town(written) == ("王台街道", True)


def test_a_town_that_is_not_in_the_list_keeps_its_name_and_is_said():
    assert read_town("城关街道办事处") == ("城关街道", False)


def test_every_writing_of_every_town_gives_one_town():
    towns = rows("towns")
    assert len(towns) == 23
    writings = [w for row in towns for w in {row["value"], row["label"], *row["variants"].split("|")}]
    assert len(writings) == len(set(writings))
    assert set(code_table("towns").values()) == {row["value"] for row in towns}
    assert {row["kind"] for row in towns} == {"urban", "rural"}
    for row in towns:
        assert {read_town(w) for w in (row["value"], *row["variants"].split("|"))} == {(row["value"], True)}


@pytest.mark.parametrize(
    "written",
    [
        "徐家村",
        "徐家村委会",
        "徐家村民委员会",
        "徐家社区",
        "徐家社区居委会",
        "徐家社区居民委员会",
        "徐家",
        "徐家 村",
        "王台镇徐家村",
        "徐家村（社区）",
        "徐家村村委会",
    ],
)
def test_a_village_is_the_same_village_whatever_its_committee_is_called(written):
    assert read_village(written)[0] == "徐家"


def test_a_town_said_before_the_village_is_read_too():
    assert read_village("黄岛区王台镇徐家村") == ("徐家", "王台街道")
    assert read_village("徐家村") == ("徐家", None)


@pytest.mark.parametrize("name", ["新村", "大村", "李村"])
def test_a_village_keeps_two_characters(name):
    assert {read_village(writing)[0] for writing in (name, f"{name}社区", f"{name}村委会")} == {name}


def test_every_code_of_every_table_is_read_back():
    tables = {
        "assistance_class",
        "certificate_state",
        "disability_category",
        "disability_grade",
        "marital_status",
        "relation",
        "yes_no",
    }
    for table in tables:
        for writing, value in code_table(table).items():
            assert read_code(writing, table) == value, (table, writing)
