"""What Dagster is told: the whole graph, as it stands in the UI."""

import dagster as dg
import pytest

from assets.definitions import build_definitions
from assets.resources import Place
from pipelines.contracts import load_contracts


@pytest.fixture(scope="module")
def definitions():
    return build_definitions(place=Place(home="/nowhere/home", extracts="/nowhere/drop"))


def drawn(definitions):
    """The graph as text: one line per asset with group and dependencies, then checks, jobs, schedules, sensors."""
    graph = definitions.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys(), key=lambda key: key.path):
        node = graph.get(key)
        of = sorted(parent.to_user_string() for parent in node.parent_keys)
        lines.append(f"{key.to_user_string()} [{node.group_name}] <- {', '.join(of)}")
    checks = {check.name for check in graph.asset_check_keys}
    lines.append(f"checks: {', '.join(sorted(checks))} on each of {len({c.asset_key for c in graph.asset_check_keys})} assets")
    jobs = [job.name for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")]
    lines.append(f"jobs: {', '.join(sorted(jobs))}")
    lines += [
        f"schedule {one.name}: {one.cron_schedule} {one.execution_timezone} {one.default_status.value}"
        for one in definitions.schedules
    ]
    lines += [f"sensor {one.name}: {one.default_status.value}" for one in definitions.sensors]
    return lines


def test_the_graph_is_the_one_that_the_officer_handbook_shows(definitions, pytestconfig):
    kept = (pytestconfig.rootpath / "tests" / "assets" / "graph.txt").read_text(encoding="utf-8").splitlines()
    assert drawn(definitions) == kept


def test_dagster_can_load_it(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_every_source_has_its_three_assets_in_its_departments_group(definitions):
    graph = definitions.resolve_asset_graph()
    for source, contract in load_contracts().items():
        for table in ("extract", "standardised", "quality"):
            assert graph.get(dg.AssetKey([f"{source}_{table}"])).group_name == contract.group


def test_the_graph_holds_the_twenty_four_departments_in_twenty_two_groups(definitions):
    """Banks, brokers and insurers answer in one file: one group."""
    graph = definitions.resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys() if key.to_user_string().endswith("_extract")}
    assert len(groups) == 22
    assert len({one for contract in load_contracts().values() for one in contract.department.split("、")}) == 24


def test_every_asset_says_in_chinese_what_it_is(definitions):
    for key in definitions.resolve_asset_graph().get_all_asset_keys():
        description = definitions.resolve_asset_graph().get(key).description
        assert any("一" <= character <= "鿿" for character in description), key


def test_a_seventeenth_source_is_one_more_contract(contracts):
    more = {
        **contracts,
        "burials": contracts["grid_reports"].model_copy(update={"source": "burials", "number": 99, "group": "burial"}),
    }
    graph = build_definitions(contracts=more).resolve_asset_graph()
    assert dg.AssetKey(["burials_quality"]) in graph.get(dg.AssetKey(["persons"])).parent_keys


def test_a_changed_contract_is_another_code_version(contracts):
    from assets.extracts import contract_version

    contract = contracts["grid_reports"]
    assert contract_version(contract) == contract_version(contract.model_copy())
    assert contract_version(contract) != contract_version(contract.model_copy(update={"required": True}))


def test_column_schemas_name_headings_and_privacy(contracts):
    from assets.extracts import column_schema

    columns = {column.name: column for column in column_schema(contracts["police_household"]).columns}
    assert columns["id_number"].description == "公民身份号码（identity）"
    assert not columns["id_number"].constraints.nullable


def test_automatic_starting_is_off_unless_the_environment_says_so(monkeypatch):
    def starting():
        defined = build_definitions()
        every = {one.name: one.default_status.value for one in [*defined.sensors, *defined.schedules]}
        assert every.pop("dead_runs") == every.pop("monthly_clean") == "RUNNING", "these process nobody's data"
        return every

    monkeypatch.delenv("ZHUDONG_AUTOMATIC", raising=False)
    assert starting() == dict.fromkeys(("drop_folder", "hourly_alerts", "monthly", "nightly_fetch"), "STOPPED")
    monkeypatch.setenv("ZHUDONG_AUTOMATIC", "1")
    assert starting() == dict.fromkeys(("drop_folder", "hourly_alerts", "monthly", "nightly_fetch"), "RUNNING")


def test_the_month_job_holds_everything_but_the_returns(definitions):
    keys = {key.to_user_string() for key in definitions.resolve_job_def("month").asset_layer.executable_asset_keys}
    every = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert every - keys == {"followups"}
