"""Watching the drop folder.

Belongs here: when a batch's files are complete enough to run. Does not belong here: what is in them.

A tick looks at names, sizes and times only: it must answer within a minute, however large the files are, and nothing of a file
may reach the tick's record.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg

from assets.delivery import Delivery, look_into
from assets.graph import DELIVERY_TAG
from assets.jobs import MONTH
from assets.resources import Place
from pipelines.contracts import Contract
from pipelines.storage import BATCH, Home

STILL_SECONDS = 60
"""A file counts when its size and time stood still from one tick to the next and for so long: a copy over a slow line pauses."""

Clock = Callable[[], float]


def drop_sensor(contracts: Mapping[str, Contract], *, running: bool, clock: Clock = time.time) -> dg.SensorDefinition:
    """Run a batch when its required sources are there and nothing in its folder changes any more; again when files come later."""

    @dg.sensor(
        name="drop_folder",
        job_name=MONTH,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description="盯着收件文件夹：必需的数据源到齐、文件不再变化，就运行这个批次；以后又来了文件，再运行一次。",
    )
    def drop_folder(context: dg.SensorEvaluationContext, place: Place) -> dg.SensorResult | dg.SkipReason:
        seen: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        requests, said = [], []
        states = {}
        for batch in waiting_batches(place):
            delivery = look_into(place.drop(), batch, contracts, place.at())
            states[batch] = delivery.state
            reason = why_not(delivery, seen.get(batch), clock())
            if reason:
                said.append(f"{batch}：{reason}")
            elif not ran_already(context.instance, batch, delivery.state):
                requests.append(request(delivery))
        context.update_cursor(json.dumps(states))
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SkipReason("；".join(said) or "没有新的文件。")

    return drop_folder


def waiting_batches(place: Place) -> Iterator[str]:
    """The batches in the drop folder that may be run by themselves: not older than the newest one in the lake.

    An older batch that changes would need all later ones to be run again: that is for a person to decide.
    """
    folder = place.drop()
    home: Home = place.at()
    known = home.batches()
    newest = known[-1] if known else ""
    if folder.is_dir():
        yield from sorted(entry.name for entry in folder.iterdir() if BATCH.fullmatch(entry.name) and entry.name >= newest)


def why_not(delivery: Delivery, state_before: str | None, now: float) -> str:
    """Why a batch is not run yet; empty if it may be."""
    absent = [contract.source for contract in delivery.missing if contract.required]
    if absent:
        return f"必需的数据源没有到（{'、'.join(absent)}）"
    if delivery.awaited:
        return f"有 {delivery.awaited} 个文件还没有传完"
    if delivery.state != state_before or now - delivery.newest < STILL_SECONDS:
        return "文件还在变化"
    return ""


def request(delivery: Delivery) -> dg.RunRequest:
    """The run of a batch on its delivery as it lies there."""
    tags: dict[str, Any] = {DELIVERY_TAG: delivery.state}
    return dg.RunRequest(run_key=f"{delivery.batch}:{delivery.state}", partition_key=delivery.batch, tags=tags)


def ran_already(instance: dg.DagsterInstance, batch: str, state: str) -> bool:
    """Whether a run on these very files succeeded or is on its way, however it was started."""
    done = instance.get_run_records(
        dg.RunsFilter(
            job_name=MONTH,
            tags={"dagster/partition": batch, DELIVERY_TAG: state},
            statuses=[
                dg.DagsterRunStatus.SUCCESS,
                dg.DagsterRunStatus.QUEUED,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
            ],
        ),
        limit=1,
    )
    return bool(done)
