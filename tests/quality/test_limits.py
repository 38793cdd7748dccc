"""What a source's measures are expected to be."""

import pytest

from pipelines.contracts import load_contracts
from pipelines.errors import DeclarationError
from pipelines.quality import limits as limiting
from pipelines.quality.limits import CHECK_OF, CHECKS, Limit, Result, defaults, limits_of
from pipelines.quality.measures import Measure


def held(contract, *measures):
    return {(limit.name, limit.severity): (limit.low, limit.high) for limit in limits_of(contract, measures)}


def test_a_contracts_fill_rates_warn_and_half_of_them_stop_a_required_sources_required_column(register):
    found = held(register, Measure(register.source, "filled", 1, 90, "name"), Measure(register.source, "filled", 1, 90, "phone"))
    assert found == {("filled name", "warning"): (0.999, None), ("filled name", "critical"): (0.4995, None)}


def test_an_optional_source_never_stops_the_batch():
    for contract in load_contracts().values():
        measures = [
            Measure(contract.source, "rows", 0, 0),
            Measure(contract.source, "rows_against_last_batch", 1, 1),
            Measure(contract.source, "rejected_share", 1, 1),
            Measure(contract.source, "id_usable_share", 1, 1),
            *(Measure(contract.source, "filled", 0, 1, column) for column in contract.text_columns()),
        ]
        severities = {limit.severity for limit in limits_of(contract, measures)}
        assert ("critical" in severities) == contract.required, contract.source


def test_the_contracts_range_of_rows_comes_before_the_default(register):
    found = held(register, Measure(register.source, "rows_against_last_batch", 1, 90))
    assert found["rows_against_last_batch", "warning"] == (0.97, 1.05)
    assert found["rows_against_last_batch", "critical"] == (0.5, 2.0)


def test_a_share_of_a_few_rows_makes_no_warning_but_still_stops_what_must_not_go_on(register):
    few = [Measure(register.source, "filled", 0, 20, "name"), Measure(register.source, "id_usable_share", 0, 20)]
    assert {limit.severity for limit in limits_of(register, few)} == {"critical"}


def test_a_measure_that_was_not_taken_has_no_limit(register):
    assert limits_of(register, []) == []
    assert limits_of(register, [Measure("another_source", "rows", 1, 1)]) == []


def test_every_measure_with_limits_belongs_to_a_check():
    assert set(CHECK_OF.values()) == set(CHECKS)
    assert {default.measure for default in defaults().limits} <= set(CHECK_OF)


def test_a_limit_speaks_of_the_heading_that_the_officer_knows(register):
    [warning, _] = limits_of(register, [Measure(register.source, "filled", 0.5, 90, "id_number")])
    assert warning.in_words() == "公安 · 户籍人口“公民身份号码”填写率不应低于 98.00%"
    assert Result(warning, 0.5, passed=False).in_words() == "公安 · 户籍人口“公民身份号码”填写率不应低于 98.00%，实际 50.00%"
    [unknown] = limits_of(register, [Measure(register.source, "warned", 0.5, 90, "relation", "unknown_code")])
    assert unknown.in_words() == "公安 · 户籍人口“与户主关系”代码表里没有的比例不应高于 2.00%"


@pytest.mark.parametrize(
    ("measure", "low", "high", "words"),
    [
        ("rows", 1, None, "x不应低于 1"),
        ("rows_against_last_batch", 0.5, 2, "x应在 0.5 与 2 之间"),
        ("rejected_share", None, 0.01, "x不应高于 1.00%"),
    ],
)
def test_counts_ratios_and_shares_are_written_as_such(measure, low, high, words):
    assert Limit("s", measure, "warning", low, high, "x").in_words() == words


@pytest.mark.parametrize(
    "text",
    ["limits: [", "limits: []", "limits: [{measure: nonsense, severity: warning, text: x}]\nfilled_critical: 0.5\nleast_rows: 1"],
)
def test_a_mistake_in_the_declaration_is_refused_before_anything_runs(monkeypatch, tmp_path, text):
    (tmp_path / "quality.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(limiting, "SCHEMAS", tmp_path)
    defaults.cache_clear()
    with pytest.raises(DeclarationError, match="质量检查"):
        defaults()
    monkeypatch.undo()
    defaults.cache_clear()
