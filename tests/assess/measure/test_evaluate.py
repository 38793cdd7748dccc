"""Findings against a truth: found, true and agreed by rule, through the rows that persons share with true persons."""

import polars as pl
import pytest

from pipelines.assess.measure.evaluate import evaluate_findings
from pipelines.assess.rules.findings import run_rules
from pipelines.errors import DataError
from pipelines.progress import Silent
from tests.builders.facts_lake import FactsLake

BATCH = "2026-10"


def truth(folder, findings, whose, households=None):
    """Write a truth: findings as (rule, outcome, person, household), whose rows by row number, members of households."""
    folder.mkdir()
    columns = ("rule_id", "outcome", "true_person", "true_household")
    pl.DataFrame(
        [{"batch": BATCH, **dict(zip(columns, row, strict=True))} for row in findings],
        schema=dict.fromkeys(("batch", *columns), pl.String),
    ).write_parquet(folder / "finding.parquet")
    pl.DataFrame(
        [
            {"batch": BATCH, "source": source, "file": "甲.csv", "row_no": row, "member_no": 0, "true_person": person}
            for (source, row), person in whose.items()
        ],
        schema_overrides={"row_no": pl.Int32, "member_no": pl.Int8},
    ).write_parquet(folder / "person_record.parquet")
    if households:
        pl.DataFrame(
            [
                {"batch": BATCH, "kind": "assistance", "true_household": home, "true_person": person}
                for person, home in households.items()
            ]
        ).write_parquet(folder / "household.parquet")
    return folder


def linked(lake, rows):
    """person_records: (source, row) → the person it was linked to."""
    path = lake.home.lake(BATCH, "linkage", "person_records")
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        [
            {"source": source, "file": "甲.csv", "row_no": row, "member_no": 0, "person_id": person}
            for (source, row), person in rows.items()
        ],
        schema_overrides={"row_no": pl.Int32, "member_no": pl.Int8},
    ).write_parquet(path)


@pytest.fixture
def lake(tmp_path):
    lake = FactsLake(tmp_path / "home", BATCH)
    for number, burden in enumerate((40000, 50000, 10)):
        lake.household(f"H{number}", member_valid_certificates=2 if number == 2 else 0)
        lake.person(f"P{number}", f"H{number}", medical_burden_12m=burden)
    run_rules(lake.write().home, BATCH, Silent())
    linked(lake, {("police_household", number): f"P{number}" for number in range(3)})
    return lake


WHOSE = {("police_household", number): f"T{number}" for number in range(3)}


def rows(evaluation, rule):
    (row,) = [row for row in evaluation.by_rule.iter_rows(named=True) if row["rule_id"] == rule]
    return row["found"], row["true"], row["agreed"]


def test_found_true_and_agreed_are_counted_by_rule(lake, tmp_path):
    folder = truth(tmp_path / "truth", [("U01", "true", "T0", None), ("U01", "true", "T2", None)], WHOSE)
    evaluation = evaluate_findings(lake.home, BATCH, folder)
    assert rows(evaluation, "U01") == (2, 2, 1)
    (row,) = evaluation.by_rule.iter_rows(named=True)
    assert (row["precision"], row["recall"]) == (0.5, 0.5)
    assert "U01" in str(evaluation)


def test_households_are_known_by_their_members(lake, tmp_path):
    homes = {f"T{number}": f"A{number}" for number in range(3)}
    folder = truth(
        tmp_path / "truth", [("U06", "true", None, "A2"), ("U01", "true", "T0", "A0"), ("U01", "true", "T1", "A1")], WHOSE, homes
    )
    evaluation = evaluate_findings(lake.home, BATCH, folder)
    assert rows(evaluation, "U06") == (1, 1, 1)
    assert evaluation.households.rows() == [("under", 3, 3, 3, 1.0, 1.0)]


def test_a_person_is_whoever_most_of_its_register_rows_are(lake, tmp_path):
    """P0 holds one register row of T0 and two bills of somebody else: it is T0."""
    whose = WHOSE | {("medical_settlement", 1): "T9", ("medical_settlement", 2): "T9"}
    linked(lake, {key: "P0" if key[0] == "medical_settlement" else f"P{key[1]}" for key in whose})
    folder = truth(tmp_path / "truth", [("U01", "true", "T0", None), ("U01", "true", "T1", None)], whose)
    assert rows(evaluate_findings(lake.home, BATCH, folder), "U01") == (2, 2, 2)


def test_a_finding_about_nobody_of_the_truth_counts_against_precision(lake, tmp_path):
    whose = {key: person for key, person in WHOSE.items() if person != "T1"}
    folder = truth(tmp_path / "truth", [("U01", "true", "T0", None)], whose)
    assert rows(evaluate_findings(lake.home, BATCH, folder), "U01") == (2, 1, 1)


def test_rules_that_the_truth_does_not_speak_of_are_not_judged(lake, tmp_path):
    folder = truth(tmp_path / "truth", [("U01", "true", "T0", None), ("U01", "true", "T1", None)], WHOSE)
    assert set(evaluate_findings(lake.home, BATCH, folder).by_rule["rule_id"]) == {"U01"}


def test_a_truth_that_is_not_there_is_told(lake, tmp_path):
    with pytest.raises(DataError, match=r"person_record\.parquet"):
        evaluate_findings(lake.home, BATCH, tmp_path / "nowhere")
