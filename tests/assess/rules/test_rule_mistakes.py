"""A rule with a mistake is refused before anything runs: with its file, its line, and what to do."""

import pytest

from pipelines.assess.rules.load import load_rule, load_rules
from pipelines.errors import DeclarationError

GOOD = """\
rule: U40
title: 试
direction: under
subject: person
level: yellow
law: [国办发〔2023〕39号]
valid_from: 2023-10-19
screen: age >= 60 and household_wholly_uncovered
reason: 年满 {age} 岁；数据截至 {as_of}
ask: 生活如何？
suggest: [低保]
given: {household_wholly_uncovered: true}
cases:
  - {name: 成立, age: 70, expect: "true"}
  - {name: 不成立, age: 30, expect: none}
  - {name: 刚满, age: 60, boundary: true, expect: "true"}
  - {name: 缺数据, age: null, expect: none}
  - {name: 施行之前, age: 70, as_of: 2023-09-30, expect: not_run}
"""


def refused(folder, *changes, name="U40_try.yaml", text=GOOD):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        load_rule(path)
    assert error.value.todo
    return str(error.value)


def test_the_rule_that_the_mistakes_are_made_in_is_itself_right(tmp_path):
    (tmp_path / "U40_try.yaml").write_text(GOOD, encoding="utf-8")
    rule = load_rule(tmp_path / "U40_try.yaml")
    assert rule.facts == ("age", "household_wholly_uncovered")
    assert rule.parameters == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        # what the page names: unknown fact, wrong type, no case, document missing
        ("screen: age >= 60", "screen: agee >= 60", 8, "没有叫“agee”的事实或参数"),
        ("screen: age >= 60", "screen: age >= med_alert.absolut", 8, "是不是：med_alert.absolute"),
        ("screen: age >= 60", "screen: age >= '六十'", 8, "类型对不上"),
        ("screen: age >= 60", "screen: age like '6%'", 8, "类型对不上"),
        ("screen: age >= 60 and household_wholly_uncovered", "screen: age + 60", 8, "得出“是”或“否”"),
        ("law: [国办发〔2023〕39号]", "law: []", 6, "至少要有一项"),
        ("law: [国办发〔2023〕39号]\n", "", 1, "“law”：缺少这一项"),
        ("law: [国办发〔2023〕39号]", "law: [国办发〔2023〕3号]", 6, "引用的文件没有登记"),
        ("  - {name: 不成立, age: 30, expect: none}\n", "", 13, "至少要有一项"),
        ("age: null", "age: 5", 13, "缺数据"),
        ("boundary: true, ", "", 13, "边界"),
        ("expect: not_run", "expect: none", 13, "not_run"),
        # nothing but an expression over facts can stand in a condition
        ("screen: age >= 60", "screen: age >= (select 60) ", 8, "不能有子查询"),
        ("screen: age >= 60", "screen: max(age) >= 60", 8, "不能用函数 max"),
        ("screen: age >= 60", "screen: read_text('/etc/passwd') is null and age > 60", 8, "不能用函数 read_text"),
        ("screen: age >= 60", "screen: age > 60, true", 8, "只能是一个表达式"),
        ("screen: age >= 60 and household_wholly_uncovered", "screen: true from person_fact where age > 60", 8, "只能是一个表达式"),
        ("screen: age >= 60 and household_wholly_uncovered", "screen: age >= 60; drop table found", 8, "条件"),
        ("screen: age >= 60", "screen: age >= ", 8, "不是有效的 SQL"),
        ("screen: age >= 60", "screen: (age >= 60", 8, "不是有效的 SQL"),
        ("screen: age >= 60", "screen: age >= ?", 8, "不能有"),
        # sentences
        ("{age}", "{agee}", 9, "{agee}"),
        ("{age}", "{age", 9, "花括号"),
        # whose fact, and what may be used on whom
        ("subject: person", "subject: household", 4, "个人的事实 age"),
        ("screen: age >= 60", "screen: vehicles > 0 and age >= 60", 8, "须经授权"),
        # the rest of the file
        ("rule: U40", "rule: U41", 1, "文件名是"),
        ("direction: under", "direction: over", 1, "U 开头的是应保未保"),
        ("direction: under", "direction: both", 3, "取值不在允许的范围内"),
        ("level: yellow", "level: green", 5, "取值不在允许的范围内"),
        ("suggest: [低保]", "suggest: [低保金]", 11, "没有叫“低保金”的救助项目"),
        ("ask: 生活如何？", "asks: 生活如何？", 10, "可能写错了字"),
        ("ask: 生活如何？", "ask: 生活如何？\ntest: age > 70", 1, "reason_unknown"),
        ("valid_from: 2023-10-19", "valid_from: 去年", 7, "应为日期"),
        ("valid_from: 2023-10-19", "valid_from: 2023-10-19\nvalid_to: 2022-01-01", 1, "valid_to 早于 valid_from"),
        ("age: 30, expect: none", "agee: 30, expect: none", 15, "用例里的“agee”不是事实"),
        ("age: 30, expect: none", "age: 30, severe: true, expect: none", 15, "没有用到它"),
        ("given: {", "given: {severe: true, ", 12, "没有用到它"),
        ("age: 30, expect: none", "age: 30, expect: maybe", 15, "取值不在允许的范围内"),
        ("title: 试", "title: 试\ntitle: 又", 3, "写了两次"),
        ("title: 试", "title: [试", 3, "不是有效的 YAML"),
        ("ask: 生活如何？", "derive: {severe: {is: age + 1, title: 甲, unit: 岁}}\nask: 生活如何？", 10, "已经是事实"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_to_do(tmp_path, old, new, line, said):
    message = refused(tmp_path, (old, new))
    assert said in message
    assert "U40_try.yaml 第 " in message
    if said not in ("", "不是有效的 YAML"):
        assert f"U40_try.yaml 第 {line} 行" in message


@pytest.mark.parametrize("name", ["U40.yaml", "u40_try.yaml", "U41_try.yaml", "U40_Try.yaml"])
def test_a_file_is_named_by_its_rule(tmp_path, name):
    assert "编号_英文名" in refused(tmp_path, name=name)


def test_an_id_used_twice_is_refused_by_both_files(tmp_path):
    for name in ("U40_one.yaml", "U40_two.yaml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"U40_one\.yaml") as error:
        load_rules(tmp_path)
    assert "U40_two.yaml" in str(error.value)


def test_a_value_of_the_wrong_type_in_a_case_is_told_when_cases_are_run(tmp_path):
    from pipelines.assess.rules.cases import rules_test
    from pipelines.progress import Silent

    (tmp_path / "U40_try.yaml").write_text(GOOD.replace("age: 30", "age: 三十"), encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        rules_test(Silent(), tmp_path)
    assert "U40_try.yaml 第 15 行" in str(error.value)
    assert "三十" not in str(error.value)


def test_an_over_coverage_rule_may_read_authorised_facts(tmp_path):
    text = GOOD.replace("U40", "O40").replace("under", "over").replace("age >= 60", "vehicles > 0 and age >= 60")
    text = text.replace("given: {", "given: {vehicles: 1, ")
    (tmp_path / "O40_try.yaml").write_text(text, encoding="utf-8")
    assert "vehicles" in load_rule(tmp_path / "O40_try.yaml").facts
