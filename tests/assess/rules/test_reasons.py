"""Sentences: each value written as a person reads it, by its unit."""

import pytest

from pipelines.assess.rules.catalogue import load_catalogue, parameters_sql
from pipelines.assess.rules.load import scratch
from pipelines.assess.rules.reasons import TemplateError, sentence

CATALOGUE = load_catalogue()


def written(template, derived=None, parameters=None, **facts):
    columns = [f"{value} AS {name}" for name, value in facts.items()] + ["DATE '2026-10-31' AS as_of"]
    columns += [f"{sql} AS {group}" for group, sql in parameters_sql(CATALOGUE, parameters or {}).items()]
    with scratch() as connection:
        return connection.execute(
            f"SELECT {sentence(template, CATALOGUE, derived or {})} FROM (SELECT {', '.join(columns)})"
        ).fetchall()[0][0]


@pytest.mark.parametrize(
    ("template", "facts", "text"),
    [
        ("负担 {medical_burden_12m}", {"medical_burden_12m": "43210.50::DECIMAL(18,2)"}, "负担 43,210.50 元"),
        ("退 {medical_burden_12m}", {"medical_burden_12m": "-0.50::DECIMAL(18,2)"}, "退 -0.50 元"),
        ("{age} 岁", {"age": "9"}, "9 岁"),
        ("{death_date} 去世", {"death_date": "DATE '2026-07-02'"}, "2026-07-02 去世"),
        ("{dibao_from_month} 起", {"dibao_from_month": "DATE '2024-05-01'"}, "2024-05 起"),
        ("{disability_category}残疾", {"disability_category": "['肢体', '智力']"}, "智力、肢体残疾"),
        ("享受：{on_dibao}", {"on_dibao": "false"}, "享受：否"),
        ("因{grid_report_difficulty}", {"grid_report_difficulty": "'老人''家'"}, "因老人'家"),
        ("{age} 岁", {"age": "NULL::INTEGER"}, "未知 岁"),
        ("数据截至 {as_of}", {}, "数据截至 2026-10-31"),
        ("没有'数'", {}, "没有'数'"),
    ],
)
def test_a_value_is_written_by_its_unit(template, facts, text):
    assert written(template, **facts) == text


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [("med_alert.absolute", "30000", "30,000 元"), ("dibao.standard", "904.50", "904.50 元"), ("med_alert.relative", "0.5", "50%"), ("edge.multiplier", "1.5", "1.5")],
)  # fmt: skip
def test_a_parameter_is_written_as_officers_write_it(key, value, text):
    assert written(f"{{{key}}}", parameters={key: value}) == text


def test_a_value_that_a_rule_derives_is_written_by_the_unit_it_declares():
    assert written("{每月}", derived={"每月": ("age * 100", "元/月")}, age="9") == "900.00 元"


@pytest.mark.parametrize(
    ("template", "said"), [("{agee} 岁", "agee"), ("{age 岁", "花括号"), ("age} 岁", "花括号"), ("{} 岁", "不是事实")]
)
def test_a_wrong_place_in_a_sentence_is_told(template, said):
    with pytest.raises(TemplateError, match=said) as told:
        sentence(template, CATALOGUE, {})
    assert told.value.todo
