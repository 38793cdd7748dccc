"""Runs that Dagster starts itself: from the UI, the sensor, the schedule; and its housekeeping."""

import dagster as dg
import pytest

from assets.definitions import build_definitions
from assets.resources import DagsterLines, Place, default_extracts, default_home, only_run
from pipelines.errors import DataError


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def definitions(contracts, home, drop):
    return build_definitions(contracts=contracts, place=Place(home=str(home.root), extracts=str(drop), threads=1))


@pytest.fixture
def execute(definitions, instance):
    def executed(job="month", **more):
        return definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False, **more)

    return executed


def said(instance, run_id):
    return [entry.user_message for entry in instance.all_logs(run_id)]


def test_it_goes_the_same_way_and_gives_the_lock_back(execute, calls, home):
    assert execute(partition_key="2026-10").success
    assert "write_report" in calls
    with only_run(home):
        pass


def test_it_does_not_start_beside_another_run_and_says_why(execute, calls, home, instance):
    with only_run(home):
        result = execute(partition_key="2026-10")
    assert not result.success
    assert calls == []
    assert any("正有一次运行" in message for message in said(instance, result.run_id))


def test_its_log_shows_progress_and_the_reason_of_a_failure(execute, calls, instance):
    calls.errors["link"] = DataError("登记簿是空的。")
    result = execute(partition_key="2026-10")
    assert not result.success
    assert "登记簿是空的。" in said(instance, result.run_id)
    assert "compute_facts" not in calls


def test_the_returns_are_read_where_there_are_any(execute, calls, home):
    assert execute("returns", partition_key="2026-10").success
    assert calls == []
    home.returns("2026-10").mkdir(parents=True)
    assert execute("returns", partition_key="2026-10").success
    assert calls == ["read_returns"]


def test_the_cleaning_job_keeps_what_is_young(execute, calls, instance):
    kept = execute(partition_key="2026-10").run_id
    assert calls
    assert execute("clean", run_config={"ops": {"delete_old_runs": {"config": {"months": 1}}}}).success
    assert instance.get_run_by_id(kept)


def test_progress_lines_are_few(monkeypatch):
    lines, now = [], [0.0]

    class Log:
        info = staticmethod(lines.append)

    monkeypatch.setattr("assets.resources.time.monotonic", lambda: now[0])
    reporter = DagsterLines(Log())
    reporter.start("读取", 1000)
    for second in range(100):
        now[0] = float(second)
        reporter.advance(10)
    reporter.note("完成")
    assert lines[-1] == "完成"
    assert 5 <= len(lines) <= 11
    assert lines[0] == "读取：120 / 1,000"


@pytest.mark.parametrize(
    ("environment", "home", "extracts"),
    [
        ({"ZHUDONG_HOME": "/h", "ZHUDONG_EXTRACTS": "/e"}, "/h", "/e"),
        ({"ZHUDONG_HOME": "/h"}, "/h", "/h/extracts"),
        ({"ZHUDONG_STATE": "/h/dagster"}, "/h", "/h/extracts"),
    ],
)
def test_the_folders_come_from_the_environment(monkeypatch, environment, home, extracts):
    for name in ("ZHUDONG_HOME", "ZHUDONG_EXTRACTS", "ZHUDONG_STATE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (default_home(), default_extracts()) == (home, extracts)


def test_the_dead_runs_sensor_looks_and_starts_nothing(definitions, home, drop, instance):
    sensor = next(one for one in definitions.sensors if one.name == "dead_runs")
    with dg.build_sensor_context(
        instance=instance, resources={"place": Place(home=str(home.root), extracts=str(drop))}
    ) as context:
        tick = sensor.evaluate_tick(context)
    assert tick.run_requests == []
    assert "0" in tick.skip_message
