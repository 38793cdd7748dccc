from pathlib import Path

import polars as pl
import pytest
import yaml

from pipelines.sample import sources, true_facts, true_families, true_income, true_more
from pipelines.sample import truth as truth_module
from pipelines.sample.district import World
from pipelines.sample.households import Plan, declared
from pipelines.sample.truth import Truth
from pipelines.storage import SCHEMAS

RULES = [f"U{number:02d}" for number in range(1, 23)] + [f"O{number:02d}" for number in range(1, 9)]
RULES += [f"U{number}" for number in (34, 35, 36, 37, 38, 39, 46, 47)] + [f"O{number}" for number in range(15, 22)]
RULES += ["U44", "U45", "O24"]  # O25 is too rare for the smallest sample


@pytest.fixture(scope="module")
def truth(world):
    return Truth(world, sources.all_sources(world), None)


@pytest.fixture(scope="module")
def found(truth):
    return truth.findings()


def test_every_rule_has_true_findings_in_the_smallest_sample(district):
    findings = pl.read_parquet(district / "truth" / "finding.parquet").filter(pl.col("outcome") == "true")
    count = dict(findings.group_by("rule_id").len().iter_rows())
    assert [rule for rule in RULES if count.get(rule, 0) < 2] == []


def test_rules_that_may_not_know_have_unknown_findings_and_no_others_do(district):
    findings = pl.read_parquet(district / "truth" / "finding.parquet")
    assert set(findings.filter(pl.col("outcome") == "unknown")["rule_id"]) == {
        "U04",
        "U05",
        "U10",
        "U15",
        "U19",
        "U21",
        "O17",
        "U44",
    }


def test_nothing_is_found_twice(district):
    findings = pl.read_parquet(district / "truth" / "finding.parquet")
    assert findings.select(pl.struct("batch", "rule_id", pl.coalesce("true_person", "true_household"))).is_duplicated().sum() == 0
    assert findings["true_household"].null_count() == 0


CASES = list(yaml.safe_load((SCHEMAS / "sample" / "cases.yaml").read_text(encoding="utf-8")))


def families_found(world, truth, found, rule, outcomes):
    """Numbers of the families about whose members or households the rule found something."""
    findings = found.filter((pl.col("rule_id") == rule) & pl.col("outcome").is_in(outcomes))
    by_person = {int(world.people["family"][who]) for who in findings["who"] if who >= 0}
    units = set(findings.filter(pl.col("who") < 0)["unit"].to_list())
    return by_person | {int(family) for family, unit in zip(world.people["family"], truth.home, strict=True) if unit in units}


def planted(world, case):
    number = list(declared()["cases"]).index(case)
    return set(world.people["family"][world.people["case"] == number].tolist())


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("not_")])
def test_every_planted_family_is_found_by_its_rule(world, truth, found, case):
    wanted = "unknown" if case.endswith(("unknown", "not_stated")) else "true"
    assert planted(world, case)
    assert planted(world, case) <= families_found(world, truth, found, case[:3], [wanted])


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("not_")])
def test_every_family_planted_beside_a_rule_is_left_alone_by_it(world, truth, found, case):
    assert planted(world, case)
    assert not planted(world, case) & families_found(world, truth, found, case[4:7], ["true", "unknown"])


def test_a_threshold_is_strict(world):
    """U03: one settlement of exactly 10,000 yuan is none, one fen more is one."""
    rows = sources.all_sources(world)
    settlements = rows["medical_settlement"]
    one = settlements.filter(~pl.col("settlement_id").is_duplicated())[0]
    who = int(one["who_0"][0])
    for burden, expected in ((1_000_000, False), (1_000_001, True)):
        alone = one.with_columns(
            total_cost=pl.lit(burden + 500, dtype=pl.Int64), self_paid=pl.lit(200, dtype=pl.Int64), pooled_fund=pl.lit(300, dtype=pl.Int64),
            serious_illness=pl.lit(0, dtype=pl.Int64), medical_aid=pl.lit(0, dtype=pl.Int64), settled_on=pl.date(2026, 5, 3),
        )  # fmt: skip
        found = Truth(
            world, {**rows, "medical_settlement": alone, "assistance_roster": rows["assistance_roster"].clear()}, None
        ).findings()
        assert (who in found.filter(pl.col("rule_id") == "U03")["who"].to_list()) is expected


def test_a_refund_lowers_the_burden_and_a_row_sent_twice_counts_once(truth, world):
    rows = sources.all_sources(world)["medical_settlement"]
    refunds = rows.filter(pl.col("total_cost") < 0)
    assert len(refunds) > 20
    assert refunds["settlement_id"].is_in(rows.filter(pl.col("total_cost") > 0)["settlement_id"].implode()).all()
    who = int(refunds["who_0"][0])
    in_policy = (
        pl.col("total_cost") - pl.col("pooled_fund") - pl.col("serious_illness") - pl.col("medical_aid") - pl.col("self_paid")
    )
    mine = rows.filter((pl.col("who_0") == who) & (pl.col("settled_on") >= pl.date(2025, 11, 1)))
    assert truth.facts["burden"][who] == mine.select(in_policy.sum()).item()


def test_parents_are_remembered_when_their_rows_leave_the_register():
    months = World(Plan(3000, 7, ("2026-10", "2026-11", "2026-12")), 0, 2).months
    known = None
    for month in months:
        truth = Truth(month, sources.all_sources(month), known)
        if known is not None:
            had = (known.father >= 0) & (truth.family.father < 0)
            assert not had.any()
        known = truth.family


def test_the_living_are_in_one_assistance_household_and_those_in_custody_in_none(truth):
    family = truth.family
    assert ((family.unit >= 0) == (~family.dead & ~family.in_custody)).all()
    assert family.in_custody.any()


def test_rates_are_near_the_model_district(truth, world):
    """36,627 disabled and 7,423 above 30,000 yuan in two million residents; planted families lift a small district."""
    people = len(world.people["birth"])
    assert 0.015 < truth.facts["on_record"].sum() / people < 0.024
    assert 0.002 < (truth.facts["burden"] > 3_000_000).sum() / people < 0.007


def test_the_truth_knows_nothing_of_the_program_under_test():
    for module in (truth_module, true_facts, true_families, true_income, true_more):
        text = Path(module.__file__).read_text(encoding="utf-8")
        imports = [line for line in text.splitlines() if line.startswith(("from", "import")) or "    import" in line]
        assert not [line for line in imports if "assess" in line or "pipelines.households" in line or "SCHEMAS" in line]
