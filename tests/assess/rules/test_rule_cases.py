"""Every case in every rule file, run through the query that runs over the district."""

import pytest

from pipelines.assess.rules.cases import rules_new, rules_test, run_cases
from pipelines.assess.rules.catalogue import load_catalogue
from pipelines.assess.rules.load import load_rule, load_rules
from pipelines.errors import UsageError
from pipelines.parameters import load_parameters
from pipelines.storage import SCHEMAS

PARAMETERS = load_parameters()
CATALOGUE = load_catalogue(parameters=PARAMETERS)
RULES = load_rules(parameters=PARAMETERS, catalogue=CATALOGUE)


class Told:
    """A reporter that remembers."""

    def __init__(self):
        self.notes = []

    def start(self, title, total=None):
        self.title, self.total = title, total

    def advance(self, amount=1):
        self.total -= amount

    def note(self, text):
        self.notes.append(text)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_all_cases_of_a_rule_come_out_as_its_file_expects(rule):
    assert [
        (came.place, came.case.name, came.differences) for came in run_cases(rule, PARAMETERS, CATALOGUE) if came.differences
    ] == []


def test_the_thirty_rules_of_the_page_and_at_least_twelve_more_are_declared():
    page = {f"U{number:02}" for number in range(1, 23)} | {f"O{number:02}" for number in range(1, 9)}
    assert page <= set(RULES)
    assert len(set(RULES) - page) >= 12


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_sentence_says_its_source_and_its_date(rule):
    for sentence in (rule.declared.reason, rule.declared.reason_unknown):
        if sentence is not None:
            assert sentence.endswith("；数据截至 {as_of}")
            assert "（" in sentence
    assert not any(word in rule.declared.reason for word in ("应享受", "符合条件", "有资格"))  # a lead never says entitled


def test_every_threshold_of_a_rule_is_tried_on_both_sides():
    for rule_id, rule in RULES.items():
        at = [case.expect for case in rule.declared.cases if case.boundary]
        if any(sign in rule.declared.screen for sign in (" > ", " < ", ">=", "<=")):
            assert {"true", "none"} <= set(at), rule_id


def test_a_failing_case_is_told_with_file_line_case_expected_and_got(tmp_path):
    text = (SCHEMAS / "rules" / "U11_orphan.yaml").read_text(encoding="utf-8")
    (tmp_path / "U11_orphan.yaml").write_text(
        text.replace(
            "name: 满十八岁, age: 18, boundary: true, expect: none", 'name: 满十八岁, age: 18, boundary: true, expect: "true"'
        ),
        encoding="utf-8",
    )
    told = Told()
    assert rules_test(told, tmp_path) is False
    line = next(number for number, row in enumerate(text.split("\n"), 1) if "满十八岁" in row)
    assert told.notes == [
        f"✗ U11_orphan.yaml 第 {line} 行 用例“满十八岁”：期望 true，得到 none",
        "1 条规则，6 个用例，1 个不符。",
    ]
    assert told.total == 0


def test_wrong_level_missing_and_sentence_of_a_case_are_told_as_well(tmp_path):
    text = (SCHEMAS / "rules" / "U19_single_person_dibao.yaml").read_text(encoding="utf-8")
    text = text.replace("missing: [disability_category], level: yellow", "missing: [on_dibao], level: orange, reason: 别的话")
    (tmp_path / "U19_single_person_dibao.yaml").write_text(text, encoding="utf-8")
    told = Told()
    assert rules_test(told, tmp_path) is False
    assert "期望缺 on_dibao，得到缺 disability_category" in told.notes[0]
    assert "期望级别 orange，得到 yellow" in told.notes[0]
    assert "期望说明“别的话”" in told.notes[0]


@pytest.mark.parametrize("name", ["U40_heating_cost", "O40_second_home"])
def test_a_new_rule_is_a_whole_valid_file_whose_cases_pass(tmp_path, name):
    path = rules_new(name, tmp_path)
    assert path == tmp_path / f"{name}.yaml"
    assert load_rule(path).declared.rule == name[:3]
    told = Told()
    assert rules_test(told, tmp_path) is True


@pytest.mark.parametrize("name", ["heating", "U4_heating", "U40-heating", "X40_heating", "U40_Heating", "../U40_heating"])
def test_a_new_rule_needs_a_name_of_the_right_form(tmp_path, name):
    with pytest.raises(UsageError, match="编号_英文名"):
        rules_new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_new_rule_cannot_take_an_id_that_is_taken(tmp_path):
    rules_new("U40_heating_cost", tmp_path)
    with pytest.raises(UsageError, match=r"U40_heating_cost\.yaml"):
        rules_new("U40_other", tmp_path)
