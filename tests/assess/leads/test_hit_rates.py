"""What the bureau learns from the answers."""

import datetime as dt

import pytest

from pipelines.assess.leads.hit_rates import learn
from pipelines.assess.leads.leads import raise_leads
from pipelines.progress import Silent
from tests.builders.leads_lake import OCTOBER, LeadsLake, declared_columns


@pytest.fixture
def answered(tmp_path):
    """Six households of two towns: two hits, two data errors, one not reached, one silent."""
    lake = LeadsLake(tmp_path)
    codes = ["B1", "C1", "E6", "E6", "F2", None]
    for number, code in enumerate(codes):
        household, person = f"H{number:011d}", f"P{number:011d}"
        lake.household(household, person, town="王台街道" if number < 3 else "琅琊镇")
        rule = "U01" if code in ("B1", "F2", None) else "U05" if code == "C1" else "U08"
        source = "medical_settlement" if rule == "U01" else "disabled_persons"
        lake.finding("2026-10", rule, household, person, records=[(source, "a.csv", number)])
        lake.finding("2026-11", rule, household, person, records=[(source, "a.csv", number)])
    lake.write("2026-10")
    raise_leads(lake.home, "2026-10", Silent(), today=OCTOBER)
    leads = lake.leads("2026-10")
    for number, code in enumerate(codes):
        if code:
            lake.answer("2026-10", leads[f"H{number:011d}", "under"]["lead_id"], code, f"2026-11-{5 + 2 * number:02d}")
    lake.write("2026-11")
    raise_leads(lake.home, "2026-11", Silent(), today=dt.date(2026, 12, 31))
    return lake


def by(table, key):
    return {row[key]: row for row in table.to_pylist()}


def test_a_rules_hit_rate_is_hits_by_answered_and_a_rule_that_finds_only_mistakes_is_named(answered):
    rules = by(learn(answered.home)["rule_performance"], "rule_id")
    assert [(r, rules[r]["answered"], rules[r]["hits"], rules[r]["hit_rate"]) for r in ("U01", "U05", "U08")] == [
        ("U01", 2, 1, 0.5), ("U05", 1, 1, 1.0), ("U08", 2, 0, 0.0)
    ]  # fmt: skip
    assert [r for r, row in rules.items() if row["only_data_errors"]] == ["U08"]
    assert (rules["U01"]["not_reached"], rules["U08"]["data_errors"]) == (1, 2)


def test_a_lead_raised_again_counts_again(answered):
    assert by(learn(answered.home)["rule_performance"], "rule_id")["U01"]["leads"] == 4  # three, and the one not reached again


def test_towns_have_hit_rates_days_and_what_is_overdue(answered):
    towns = by(learn(answered.home)["town_performance"], "town")
    assert (towns["王台街道"]["answered"], towns["王台街道"]["hits"], towns["王台街道"]["median_days"]) == (3, 2, 4.0)
    assert (towns["王台街道"]["overdue"], towns["琅琊镇"]["overdue"]) == (0, 1)


def test_sources_have_the_share_of_leads_that_their_records_got_wrong(answered):
    sources = by(learn(answered.home)["source_performance"], "source")
    assert (sources["disabled_persons"]["answered"], sources["disabled_persons"]["data_errors"]) == (3, 2)
    assert sources["medical_settlement"]["hit_rate"] == 0.5


def test_before_any_answer_there_is_no_rate_rather_than_nought(answered):
    rules = by(learn(answered.home, "2026-10")["rule_performance"], "rule_id")
    assert rules["U01"]["hit_rate"] == 0.5
    (answered.home.lake("2026-10", "returns", "followups")).unlink()
    assert by(learn(answered.home)["rule_performance"], "rule_id")["U01"]["hit_rate"] is None


def test_the_tables_are_as_declared_and_lie_in_the_lake(answered):
    for table, learned in learn(answered.home).items():
        with answered.home.connect() as con:
            rows = con.sql(f"FROM read_parquet('{answered.home.lake('2026-11', 'assess', table)}')")
            assert list(zip(rows.columns, map(str, rows.types), strict=True)) == declared_columns("assess.sql", table)
            assert rows.fetchall() == [tuple(row.values()) for row in learned.to_pylist()]
