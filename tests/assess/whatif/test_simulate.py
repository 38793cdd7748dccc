"""What-if: the leads another value would bring, with nothing written to the batch."""

import hashlib

import pytest

from pipelines.assess.rules.findings import run_rules
from pipelines.assess.whatif.simulate import simulate
from pipelines.assess.whatif.view import print_simulation
from pipelines.errors import DataError, UsageError
from pipelines.progress import Silent
from tests.builders.facts_lake import FactsLake

BURDENS = {"P0": 26000, "P1": 28000, "P2": 35000, "P3": 100}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = FactsLake(tmp_path_factory.mktemp("tried"))
    for number, (person, burden) in enumerate(BURDENS.items()):
        lake.household(f"H{number}", household_town=("王台街道", "泊里镇")[number % 2], household_wholly_uncovered=False)
        lake.person(person, f"H{number}", medical_burden_12m=burden)
    run_rules(lake.write().home, lake.batch, Silent())
    return lake


def rule(result, rule_id):
    return next(row for row in result.by_rule.iter_rows(named=True) if row["rule_id"] == rule_id)


def contents(home):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(home.root.rglob("*")) if path.is_file()}


def test_a_lower_line_gains_the_leads_between_the_lines_and_names_their_towns(lake):
    result = simulate(lake.home, lake.batch, {"med_alert.absolute": "27000"})
    assert (rule(result, "U01")["before"], rule(result, "U01")["after"], rule(result, "U01")["gained"]) == (1, 2, 1)
    # P1 has an orange lead already (U33, 低收入人口): it becomes red, and is no new lead
    assert (result.gained, result.lost, result.changed) == (0, 0, 1)
    assert [(row["town"], row["changed"]) for row in result.by_town.iter_rows(named=True) if row["changed"]] == [("泊里镇", 1)]
    assert result.moves.rows() == [("under", "orange", "red", 1)]
    assert [(one.key, one.was, one.now) for one in result.settings] == [("med_alert.absolute", "30,000 元", "27,000 元")]


def test_a_higher_line_loses_leads_and_the_others_are_kept(lake):
    result = simulate(lake.home, lake.batch, {"med_alert.absolute": "90000", "med_alert.low_income": "27000"})
    assert (result.gained, result.lost) == (0, 1)  # P0 had only U33
    assert result.kept + result.changed == 2
    assert rule(result, "U33")["lost"] == 1


def test_what_simulation_counts_is_what_a_run_with_the_value_would_find(lake):
    """The same numbers as declaring the value and running the batch again."""
    for line in ("27000", "100000", "50"):
        after = rule(simulate(lake.home, lake.batch, {"med_alert.absolute": line}), "U01")["after"]
        assert after == sum(burden > float(line) for burden in BURDENS.values())


def test_a_value_as_it_is_changes_nothing(lake):
    result = simulate(lake.home, lake.batch, {"med_alert.absolute": "30000"})
    assert (result.gained, result.lost, result.changed) == (0, 0, 0)
    assert result.notes == []


def test_nothing_is_written_to_the_batch(lake):
    before = contents(lake.home)
    print_simulation(simulate(lake.home, lake.batch, {"med_alert.absolute": "1"}))
    assert contents(lake.home) == before


def test_a_value_for_the_country_leaves_the_town_as_it_is(tmp_path):
    lake = FactsLake(tmp_path)
    for number, population in enumerate(("urban", "rural")):
        lake.household(f"H{number}", household_population=population)
        lake.person(f"P{number}", f"H{number}", medical_burden_12m=20000)
    run_rules(lake.write().home, lake.batch, Silent())
    result = simulate(lake.home, lake.batch, {"disposable_income@rural": "50000"})
    assert (rule(result, "U02")["before"], rule(result, "U02")["after"]) == (1, 0)
    result = simulate(lake.home, lake.batch, {"med_alert.relative": "20%"})
    assert rule(result, "U02")["after"] == 2


def test_rules_that_follow_from_others_follow_the_setting(tmp_path):
    lake = FactsLake(tmp_path)
    lake.household("H1", household_left_dibao_tekun_24m=True)
    lake.person("P1", medical_burden_12m=28000)
    run_rules(lake.write().home, lake.batch, Silent())
    result = simulate(lake.home, lake.batch, {"med_alert.absolute": "25000"})
    assert rule(result, "U18")["gained"] == 1


def test_a_rule_that_was_changed_since_the_run_is_noted(lake, monkeypatch):
    import dataclasses

    from pipelines.assess.whatif import simulate as module

    load = module.load_rules
    monkeypatch.setattr(
        module,
        "load_rules",
        lambda **kwargs: {key: dataclasses.replace(value, digest="x") for key, value in load(**kwargs).items()},
    )
    result = simulate(lake.home, lake.batch, {"med_alert.absolute": "30000"})
    assert "U01" in result.notes[0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"med_alert.absolut": "1"}, "是不是：med_alert.absolute"),
        ({"due_days.red": "5"}, "不在任何规则的条件里"),
        ({"household.collective_size": "20"}, "重新运行批次"),
        ({"med_alert.absolute": "两万"}, "不是数字"),
        ({"med_alert.absolute": "nan"}, "不是数字"),
        ({"disposable_income@town": "1"}, "@urban"),
    ],
)
def test_a_setting_that_cannot_be_tried_is_wrong_usage(lake, settings, said):
    with pytest.raises(UsageError, match=said):
        simulate(lake.home, lake.batch, settings)


def test_a_batch_that_was_not_run_cannot_be_tried(tmp_path):
    with pytest.raises(DataError, match="2026-10"):
        simulate(FactsLake(tmp_path).home, "2026-10", {"med_alert.absolute": "1"})


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_picture_is_written_where_asked(lake, tmp_path, capsys, ending):
    path = tmp_path / f"试算.{ending}"
    print_simulation(simulate(lake.home, lake.batch, {"med_alert.absolute": "27000"}), path)
    shown = capsys.readouterr().out
    assert "27,000 元" in shown
    assert "泊里镇" in shown
    assert path.read_bytes()[:4] == {"svg": b"<svg", "png": b"\x89PNG"}[ending]
    if ending == "svg":
        assert "泊里镇" in path.read_text(encoding="utf-8")


def test_a_picture_of_another_kind_is_wrong_usage_before_anything_is_shown(lake, tmp_path, capsys):
    result = simulate(lake.home, lake.batch, {"med_alert.absolute": "27000"})
    with pytest.raises(UsageError, match="svg"):
        print_simulation(result, tmp_path / "试算.jpg")
    assert capsys.readouterr().out == ""
