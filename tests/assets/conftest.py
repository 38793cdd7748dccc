"""A small month: two required sources and an optional one, a drop folder, and stages that only note that they were called."""

import importlib
import os
import shutil
from pathlib import Path

import pytest

from pipelines.contracts import load_contracts
from pipelines.storage import Home

STAGES = {
    "extract_source": "pipelines.extracts.stage",
    "standardise_source": "pipelines.standardise.stage",
    "check_quality": "pipelines.quality.stage",
    "link": "pipelines.linkage.stage",
    "check_arrivals": "pipelines.linkage.measure.arrivals",
    "build_households": "pipelines.households.stage",
    "compute_facts": "pipelines.assess.facts.compute",
    "compute_income": "pipelines.assess.income.compute",
    "run_rules": "pipelines.assess.rules.findings",
    "raise_leads": "pipelines.assess.leads.leads",
    "meet_batch": "pipelines.casework.batch",
    "export_tables": "pipelines.casework.batch",
    "build_warehouse": "pipelines.publish.warehouse",
    "write_worklists": "pipelines.publish.worklists",
    "write_report": "pipelines.publish.report",
    "build_masked": "pipelines.publish.masked",
    "read_returns": "pipelines.returns.stage",
}
FEW = ("police_household", "disabled_persons", "grid_reports")


@pytest.fixture(scope="session")
def contracts():
    return {source: contract for source, contract in load_contracts().items() if source in FEW}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home", threads=1)


@pytest.fixture
def drop(tmp_path):
    """A drop folder with one file of every required source in 2026-10."""
    folder = tmp_path / "drop"
    for source in ("police_household", "disabled_persons"):
        put_file(folder, "2026-10", source)
    return folder


def put_file(drop, batch, source, name="part.csv", text="x"):
    path = drop / batch / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def put():
    return put_file


@pytest.fixture
def clear(monkeypatch):
    """The environment that a run sets, put back afterwards."""
    for variable in ("DAGSTER_HOME", "ZHUDONG_STATE", "ZHUDONG_HOME", "ZHUDONG_EXTRACTS", "DAGSTER_REDACT_USER_CODE_ERRORS"):
        monkeypatch.setenv(variable, "")


class Calls(list):
    """Which stages were called, in order; `answers` and `errors` say what a stage does instead of returning one row."""

    def __init__(self):
        super().__init__()
        self.answers, self.errors = {}, {}

    def stage(self, name):
        def called(*arguments):
            source = next((one.source for one in arguments if hasattr(one, "source")), None)
            self.append((name, source) if source else name)
            error = self.errors.get((name, source), self.errors.get(name))
            if error:
                raise error
            return self.answers.get(name, {"rows": 1})

        return called


@pytest.fixture
def calls(monkeypatch, contracts):
    """Stages that only note that they were called."""
    from pipelines.linkage.measure.arrivals import Arrivals
    from pipelines.quality.stage import Quality

    calls = Calls()
    for name, module in STAGES.items():
        monkeypatch.setattr(importlib.import_module(module), name, calls.stage(name))
    calls.answers["check_arrivals"] = Arrivals([])
    calls.answers["check_quality"] = Quality({source: [] for source in contracts}, [])
    monkeypatch.setattr("pipelines.quality.validator.Validator.__init__", lambda _self: None)
    monkeypatch.setattr("pipelines.quality.validator.Validator.close", lambda _self: None)
    return calls


@pytest.fixture(scope="session")
def fresh_state(tmp_path_factory):
    """Dagster's empty databases, made once: making them takes seconds, copying them nothing."""
    import dagster as dg

    from assets.run import environment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.environ", {**os.environ})
        state = environment(Home(tmp_path_factory.mktemp("fresh")), tmp_path_factory.mktemp("none"))
        with dg.DagsterInstance.from_config(str(state)) as instance:
            assert instance.get_runs_count() == 0
            list(instance.schedule_storage.all_instigator_state())
    return state


@pytest.fixture
def kept_state(clear, home, fresh_state):  # noqa: ARG001
    """Dagster's state folder in the home folder, with empty databases."""
    return Path(shutil.copytree(fresh_state, home.root / "dagster"))


@pytest.fixture
def run(monkeypatch, kept_state, contracts, home, drop, calls):  # noqa: ARG001
    """Run a month of the few sources with the stand-ins, as the command line would."""
    from assets.run import run_month
    from pipelines.progress import Silent

    monkeypatch.setattr("assets.run.load_contracts", lambda: contracts)
    return lambda batch="2026-10", **more: run_month(home, drop, batch, Silent(), **more)
