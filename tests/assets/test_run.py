"""The month's run as the command line starts it: order, errors, records, what is left behind."""

import logging
import time
from pathlib import Path

import dagster as dg
import pytest

from assets.dead_runs import end_dead_runs
from assets.records import EventLog
from assets.resources import WithoutValues, only_run, safe_text
from assets.run import dev, environment
from pipelines.acceptance import Question, accept
from pipelines.errors import DataError, UsageError
from pipelines.linkage.measure.arrivals import Arrivals
from pipelines.quality.limits import Limit, Result
from pipelines.quality.stage import Quality

PERSON = "欧阳测试"
ID = "370211199003071234"


def recorded(home):
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        return [(record.dagster_run, record) for record in instance.get_run_records()]


def test_a_month_from_its_delivery_to_its_report(run, calls, home, tmp_path, monkeypatch):
    working = tmp_path / "elsewhere"
    working.mkdir()
    monkeypatch.chdir(working)
    calls.answers["link"] = {"persons": 4321, "review": 7}
    result = run()

    # Every stage ran once, in the order of the data's way.
    every = [call if isinstance(call, str) else call[0] for call in calls]
    assert every[:-3] == [
        *["extract_source"] * 3,
        *["standardise_source"] * 3,
        "check_quality",
        "link",
        "check_arrivals",
        "build_households",
        "compute_facts",
        "compute_income",
        "run_rules",
        "raise_leads",
        "meet_batch",
        "export_tables",
        "build_warehouse",
    ]
    assert sorted(every[-3:]) == ["build_masked", "write_report", "write_worklists"]

    # The summary is told what each took, and what did not come.
    titles = [title for title, _, _ in result.stages]
    assert titles[:5] == ["收件", "读取", "标准化", "检查质量", "归并"]
    assert titles[-1] == "调度"
    assert all(seconds >= 0 for _, seconds, _ in result.stages)
    assert all(megabytes > 10 for title, _, megabytes in result.stages if title != "调度")
    assert result.notes == ["本批次没有收到：镇街 · 网格与热线线索。相应的规则少了依据，可能判为情况不明。"]

    # The run is on record for the UI, with its counts as numbers to plot.
    [(kept, _)] = recorded(home)
    assert kept.run_id == result.run_id
    assert kept.status == dg.DagsterRunStatus.SUCCESS
    assert kept.tags["dagster/partition"] == "2026-10"
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        metadata = instance.get_latest_materialization_event(dg.AssetKey(["persons"])).asset_materialization.metadata
    assert metadata["persons"].value == 4321

    # All of it lies below the home folder.
    assert list(working.iterdir()) == []
    assert {entry.name for entry in tmp_path.iterdir()} == {"home", "drop", "elsewhere"}


def test_a_missing_required_source_stops_before_anything_is_read(run, calls, drop):
    for path in (drop / "2026-10" / "disabled_persons").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="残联 · 持证残疾人（disabled_persons）"):
        run()
    assert calls == []


def test_all_sources_are_read_so_that_all_errors_are_told_at_once_and_nothing_else_is_done(run, calls):
    calls.errors["extract_source", "police_household"] = DataError("缺表头。", where="a.csv")
    calls.errors["extract_source", "grid_reports"] = DataError("空文件。", where="b.csv")
    with pytest.raises(DataError) as error:
        run()
    assert "缺表头。\n位置：a.csv" in str(error.value)
    assert "空文件。\n位置：b.csv" in str(error.value)
    assert {call[0] for call in calls} == {"extract_source"}


def test_a_single_data_error_comes_out_as_itself(run, calls):
    stopped = DataError("发布前检查未通过。", where="2026-10", todo="重新运行。")
    calls.errors["build_warehouse"] = stopped
    with pytest.raises(DataError) as error:
        run()
    assert error.value is stopped
    assert "write_worklists" not in calls


def bytes_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_name_or_id_of_an_exception_is_written_down_anywhere(run, calls, home, capfd):
    unforeseen = ValueError(f"could not convert '{PERSON} {ID}'")
    unforeseen.__cause__ = unforeseen.__context__ = KeyError(f"{PERSON} {ID}")
    calls.errors["link"] = unforeseen
    with pytest.raises(ValueError, match="could not convert"):
        run()
    for where, written in (("home", bytes_below(home.root)), ("terminal", "".join(capfd.readouterr()).encode())):
        for secret in (PERSON, ID, PERSON.encode("unicode_escape").decode()):
            assert secret.encode() not in written, where
    assert "程序内部错误：ValueError（".encode("unicode_escape") in bytes_below(home.root)


def test_what_is_told_of_an_error_is_its_kind_and_place_unless_it_is_meant_for_an_officer():
    try:
        int(PERSON)
    except ValueError as error:
        assert safe_text(error).startswith("程序内部错误：ValueError（test_run.py:")
        assert PERSON not in safe_text(error)
    assert safe_text(DataError("没有文件。", todo="放文件。")) == "没有文件。\n处理：放文件。"


def test_what_dagster_masks_does_not_reach_its_log_either(caplog):
    logger = logging.getLogger("test_masked")
    logger.addFilter(WithoutValues())
    try:
        int(PERSON)
    except ValueError:
        logger.exception("error %s", "abc")
    assert "error abc：程序内部错误：ValueError" in caplog.text
    assert PERSON not in caplog.text


def test_the_reason_of_a_failure_can_be_read_in_the_ui(run, calls, home):
    calls.errors["link"] = DataError("登记簿是空的。", where="2026-10")
    with pytest.raises(DataError):
        run()
    [(kept, _)] = recorded(home)
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        said = [entry.user_message for entry in instance.all_logs(kept.run_id)]
    assert any("登记簿是空的。" in message for message in said)


def quality(severity, passed):
    limit = Limit("police_household", "filled", severity, 0.5, None, "姓名填写率", "name")
    return Quality({"police_household": [], "disabled_persons": [], "grid_reports": []}, [Result(limit, 0.1, passed)])


def test_a_critical_check_stops_what_comes_after_it(run, calls, home):
    calls.answers["check_quality"] = quality("critical", passed=False)
    with pytest.raises(DataError, match=r"姓名填写率不应低于 50\.00%，实际 10\.00%"):
        run()
    assert "link" not in calls
    assert recorded(home)[0][0].status == dg.DagsterRunStatus.FAILURE


def test_a_warning_is_told_and_stops_nothing(run, calls, home):
    calls.answers["check_quality"] = quality("warning", passed=False)
    assert "姓名填写率不应低于 50.00%，实际 10.00%" in run().notes
    assert "write_report" in calls
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        key = dg.AssetCheckKey(dg.AssetKey(["police_household_quality"]), "filled")
        [check] = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    evaluation = check.event.dagster_event.asset_check_evaluation_data
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert evaluation.metadata["批次"].value == "2026-10"


def test_a_run_whose_process_was_killed_is_ended_and_does_not_block_the_next(run, home, contracts, drop):
    from assets.definitions import build_definitions

    state = environment(home, drop)
    with dg.DagsterInstance.from_config(str(state)) as instance:
        job = build_definitions(contracts=contracts).resolve_job_def("month")
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "2026-10"})
    run()
    assert sorted(kept.status.value for kept, _ in recorded(home)) == ["FAILURE", "SUCCESS"]


def test_a_run_that_began_a_moment_ago_or_holds_the_lock_is_not_taken_for_dead(home, contracts, kept_state, drop, monkeypatch):
    from assets.definitions import build_definitions

    assert environment(home, drop) == kept_state
    with dg.DagsterInstance.from_config(str(kept_state)) as instance:
        job = build_definitions(contracts=contracts).resolve_job_def("month")
        run = instance.create_run_for_job(job, tags={"dagster/partition": "2026-10"})

        instance.handle_new_event(started(run))
        assert end_dead_runs(instance, home) == 0, "it began a moment ago"
        monkeypatch.setattr("assets.dead_runs.YOUNG_SECONDS", 0)
        with only_run(home):
            assert end_dead_runs(instance, home) == 0, "a run holds the lock"
        assert end_dead_runs(instance, home) == 1


def started(run):
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name)
    return dg.EventLogEntry(None, "debug", "", run.run_id, time.time(), job_name=run.job_name, dagster_event=event)


@pytest.mark.parametrize("batch", ["2020-12", "2090-01", "2026-13", "十月"])
def test_a_batch_that_cannot_be_is_wrong_usage(run, calls, batch):
    with pytest.raises(UsageError, match=batch):
        run(batch)
    assert calls == []


def test_the_ui_opens_on_this_machine_only_and_works_below_the_home_folder(home, drop, kept_state, monkeypatch, tmp_path):
    told = {}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execve", lambda program, call, environment: told.update(program=program, call=call, env=environment))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    dev(home, drop, 3456)
    assert told["program"].name == "dagster"
    assert told["call"][told["call"].index("--host") + 1] == "127.0.0.1"
    assert told["call"][told["call"].index("--port") + 1] == "3456"
    assert Path.cwd() == kept_state
    assert told["env"]["DAGSTER_HOME"] == str(home.root / "dagster")
    assert told["env"]["ZHUDONG_EXTRACTS"] == str(drop)
    assert "location_name: zhudong" in (home.root / "dagster" / "workspace.yaml").read_text(encoding="utf-8")


def test_two_runs_do_not_share_a_home(run, home, calls):
    with only_run(home), pytest.raises(DataError, match="正有一次运行"):
        run()
    assert calls == []
    run()


def test_the_configuration_keeps_no_output_and_tells_nobody(home, drop, clear):  # noqa: ARG001
    with dg.DagsterInstance.from_config(str(environment(home, drop))) as instance:
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert type(instance.event_log_storage) is EventLog
        with instance.event_log_storage.index_connection() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal", "else not waiting could damage it"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"]


def test_old_runs_are_deleted_but_each_batchs_last_success_stays(run, home):
    from assets.jobs import delete_runs_before

    first, second = run().run_id, run().run_id
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        newest = max(record.create_timestamp for record in instance.get_run_records())
        assert delete_runs_before(instance, newest) == 1
        assert [record.dagster_run.run_id for record in instance.get_run_records()] == [second]
    assert first != second
    assert not list((home.root / "dagster" / "history" / "runs").glob(f"{first}*"))


def test_too_many_strangers_stop_the_run_before_anything_is_published_until_somebody_accepts_them(run, calls, home):
    what = "镇街 · 网格与热线线索：part.csv 的 900 行里只有 3% 是原来就知道的人。"
    asked = Question("2026-10", "grid_reports", "part.csv", "strangers", "sha", what)
    calls.answers["check_arrivals"] = Arrivals([], questions={"grid_reports": [asked]})
    with pytest.raises(DataError, match="只有 3% 是原来就知道的人") as stopped:
        run()
    assert "zhudong accept grid_reports/part.csv --batch 2026-10" in stopped.value.todo
    assert "build_households" not in calls
    assert "build_warehouse" not in calls
    with dg.DagsterInstance.from_config(str(home.root / "dagster")) as instance:
        [check] = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(["arrivals"]), "known_persons"), limit=1
        )
        assert not check.event.dagster_event.asset_check_evaluation_data.passed
    accept(home, "2026-10", "grid_reports/part.csv", None, "李四", "新划入的社区")
    run()
    assert "build_warehouse" in calls


def test_somewhat_more_strangers_are_told_in_the_summary(run, calls):
    calls.answers["check_arrivals"] = Arrivals([], warnings={"grid_reports": ["新出现的人多了。"]})
    assert "新出现的人多了。" in run().notes
