"""The drop-folder sensor and the monthly schedule."""

import datetime as dt
import json
import os
import shutil

import dagster as dg
import pytest

from assets.definitions import build_definitions
from assets.graph import DELIVERY_TAG
from assets.resources import Place
from assets.schedules import month_before
from assets.sensors import STILL_SECONDS, drop_sensor

NOW = 1_800_000_000.0


@pytest.fixture
def place(home, drop):
    age(drop, STILL_SECONDS + 1)
    return Place(home=str(home.root), extracts=str(drop))


def age(folder, seconds):
    for path in folder.rglob("*"):
        os.utime(path, (NOW - seconds, NOW - seconds))


@pytest.fixture
def instance(clear, monkeypatch, fresh_state, tmp_path):  # noqa: ARG001
    state = shutil.copytree(fresh_state, tmp_path / "state")
    monkeypatch.setenv("ZHUDONG_STATE", str(state))
    with dg.DagsterInstance.from_config(str(state)) as instance:
        yield instance


@pytest.fixture
def tick(contracts, place, instance):
    """One tick after the other, with the cursor kept; gives the run requests and what was said instead."""
    sensor = drop_sensor(contracts, running=True, clock=lambda: NOW)
    job = build_definitions(contracts=contracts, place=place).resolve_job_def("month")
    cursor = [None]

    def once():
        with dg.build_sensor_context(
            cursor=cursor[0],
            instance=instance,
            resources={"place": place},
            definitions=build_definitions(contracts=contracts, place=place),
        ) as context:
            answer = sensor.evaluate_tick(context)
        cursor[0] = answer.cursor
        return answer.run_requests, answer.skip_message

    once.cursor = cursor
    once.job = job
    return once


def test_the_first_tick_waits_because_nothing_was_seen_before(tick):
    requests, said = tick()
    assert not requests
    assert "文件还在变化" in said


def test_files_without_the_mark_that_others_have_or_not_yet_all_of_a_list_are_waited_for(tick, drop, put):
    for name in ("a.csv", "a.csv.done", "b.csv"):
        put(drop, "2026-10", "grid_reports", name)
    put(drop, "2026-10", "police_household", "SHA256SUMS", f"{'0' * 64}  not-there.csv\n")
    age(drop, STILL_SECONDS + 1)
    tick()
    assert "有 2 个文件还没有传完" in tick()[1]
    (drop / "2026-10/grid_reports/a.csv.done").unlink()
    (drop / "2026-10/police_household/SHA256SUMS").unlink()
    assert len(tick()[0]) == 1


def test_files_that_stood_still_from_one_tick_to_the_next_are_run(tick):
    tick()
    [request], _ = tick()
    assert request.partition_key == "2026-10"
    assert request.run_key == f"2026-10:{request.tags[DELIVERY_TAG]}"


def test_a_file_that_still_grows_is_waited_for(tick, drop, put):
    tick()
    path = put(drop, "2026-10", "police_household", text="growing")
    os.utime(path, (NOW - 1, NOW - 1))
    assert not tick()[0]
    assert not tick()[0], "still from tick to tick, but changed a second ago"
    age(drop, STILL_SECONDS + 1)
    tick()
    assert tick()[0]


def test_a_missing_required_source_is_named(tick, drop):
    for path in (drop / "2026-10" / "disabled_persons").iterdir():
        path.unlink()
    tick()
    requests, said = tick()
    assert not requests
    assert "disabled_persons" in said


def test_the_same_files_are_not_run_again_but_a_late_one_is(tick, drop, put, instance):
    tick()
    [request], _ = tick()
    instance.create_run_for_job(
        tick.job, status=dg.DagsterRunStatus.SUCCESS, tags={**request.tags, "dagster/partition": "2026-10"}
    )
    assert tick() == ([], "没有新的文件。")
    put(drop, "2026-10", "grid_reports")
    age(drop, STILL_SECONDS + 1)
    tick()
    [again], _ = tick()
    assert again.run_key != request.run_key


def test_an_older_batch_than_the_lakes_newest_is_left_to_a_person(tick, home):
    (home.root / "lake" / "2026-11").mkdir(parents=True)
    assert tick() == ([], "没有新的文件。")
    assert tick() == ([], "没有新的文件。")


def test_folders_that_are_no_batch_are_left_alone(tick, drop, put):
    put(drop, "旧文件", "police_household")
    put(drop, "2026-13", "police_household")
    tick()
    assert len(tick()[0]) == 1


def test_the_cursor_holds_hashes_and_no_file_name(tick, drop, put):
    put(drop, "2026-10", "police_household", "王小明.csv")
    tick()
    assert list(json.loads(tick.cursor[0])) == ["2026-10"]
    assert "王" not in json.dumps(json.loads(tick.cursor[0]), ensure_ascii=False)


def scheduled(contracts, place, instance, moment):
    definitions = build_definitions(contracts=contracts, place=place)
    context = dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=moment,
        resources={"place": place},
        repository_def=definitions.get_repository_def(),
    )
    answer = definitions.resolve_schedule_def("monthly").evaluate_tick(context)
    return answer.run_requests, answer.skip_message


SIXTH = dt.datetime(2026, 11, 5, 18, 0, tzinfo=dt.UTC)  # two in the morning of the sixth in Shanghai


def test_the_schedule_runs_the_month_that_is_over_with_what_has_arrived(contracts, place, instance):
    [request], _ = scheduled(contracts, place, instance, SIXTH)
    assert request.partition_key == "2026-10"
    assert request.tags["zhudong/missing"] == "grid_reports"


def test_the_schedule_says_which_required_source_it_lacks(contracts, place, instance):
    requests, said = scheduled(contracts, place, instance, SIXTH.replace(month=12))
    assert not requests
    assert "2026-11" in said
    assert "police_household" in said


def test_the_schedule_does_not_run_what_was_run(contracts, place, instance):
    [request], _ = scheduled(contracts, place, instance, SIXTH)
    job = build_definitions(contracts=contracts, place=place).resolve_job_def("month")
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.SUCCESS, tags={**request.tags, "dagster/partition": "2026-10"})
    assert not scheduled(contracts, place, instance, SIXTH)[0]


@pytest.mark.parametrize(("moment", "batch"), [("2026-01-06", "2025-12"), ("2026-03-01", "2026-02"), ("2026-12-31", "2026-11")])
def test_the_month_before(moment, batch):
    assert month_before(dt.datetime.fromisoformat(moment)) == batch
