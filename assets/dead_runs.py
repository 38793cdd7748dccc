"""Runs whose process was killed.

Belongs here: finding them and putting an end to them. Does not belong here: the lock that tells (`assets.resources.only_run`).

Dagster hears of the end of a run from the run itself. One that was killed is shown as running for ever, and as only one run is
allowed at a time, no other would ever leave the queue. Whoever holds the home's lock knows that no run is alive.
"""

import contextlib
import time

import dagster as dg

from assets.resources import Place, only_run
from pipelines.errors import DataError
from pipelines.storage import Home

YOUNG_SECONDS = 300
"""A run that began so recently may not have come to take its lock yet."""


def end_runs(instance: dg.DagsterInstance, *, older_than: float = 0) -> int:
    """Mark started runs as failed. Call it while holding the home's lock, and no other run is alive.

    Args:
        instance: where the runs are on record.
        older_than: leave those alone that began less than so many seconds ago.

    Returns:
        how many there were.
    """
    unfinished = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    dead = [
        record
        for record in instance.get_run_records(dg.RunsFilter(statuses=unfinished))
        if time.time() - (record.start_time or 0) >= older_than
    ]
    for record in dead:
        instance.report_run_failed(record.dagster_run, "进程中断，没有做完；重新运行同一批次即可。")
    return len(dead)


def end_dead_runs(instance: dg.DagsterInstance, home: Home) -> int:
    """Mark those runs as failed that no process works on any more; none while a run holds the home's lock.

    Returns:
        how many there were.
    """
    with contextlib.suppress(DataError), only_run(home):
        return end_runs(instance, older_than=YOUNG_SECONDS)
    return 0


def dead_runs_sensor() -> dg.SensorDefinition:
    """Look for killed runs every few minutes. On by itself: it starts nothing and reads no data."""

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=YOUNG_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="进程被中断的运行会一直显示为“运行中”，挡住后面的运行；这里把它们记为失败。",
    )
    def dead_runs(context: dg.SensorEvaluationContext, place: Place) -> dg.SkipReason:
        return dg.SkipReason(f"记为失败的中断运行：{end_dead_runs(context.instance, place.at())}")

    return dead_runs
