"""When jobs run by the clock.

Belongs here: the schedules. Does not belong here: what has arrived (`assets.delivery`), reacting to files (`assets.sensors`).
"""

import datetime as dt
import os
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import dagster as dg

from assets.delivery import look_into
from assets.graph import DELIVERY_TAG
from assets.jobs import CLEAN, MONTH
from assets.resources import Place
from assets.sensors import ran_already
from pipelines.contracts import Contract
from pipelines.fetch.declared import fetched_sources

TIMEZONE = "Asia/Shanghai"
MONTHLY = "0 2 6 * *"
"""The sixth at two in the morning: departments close a month's books in the first days of the next."""


def automatic() -> bool:
    """Whether schedule and sensor start by themselves (`ZHUDONG_AUTOMATIC=1`).

    Off unless said: whoever opens the UI to look must not thereby start to process residents' data.
    """
    return os.environ.get("ZHUDONG_AUTOMATIC") == "1"


def month_schedule(contracts: Mapping[str, Contract]) -> dg.ScheduleDefinition:
    """Run the month that is over with what has arrived; say what is missing or late."""

    @dg.schedule(
        name="monthly",
        cron_schedule=MONTHLY,
        job_name=MONTH,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING if automatic() else dg.DefaultScheduleStatus.STOPPED,
        description="每月 6 日 2 时（北京时间），用已收到的数据运行上个月的批次，并说明哪些数据源没到或过期。",
    )
    def monthly(context: dg.ScheduleEvaluationContext, place: Place) -> dg.RunRequest | dg.SkipReason:
        batch = month_before(context.scheduled_execution_time.astimezone(ZoneInfo(TIMEZONE)))
        delivery = look_into(place.drop(), batch, contracts, place.at())
        fetched = fetched_sources(place.at(), contracts)  # the run itself will fetch these
        absent = [contract.source for contract in delivery.missing if contract.required and contract.source not in fetched]
        if absent:
            return dg.SkipReason(f"批次 {batch} 没有运行：必需的数据源没有到（{'、'.join(absent)}）。")
        if ran_already(context.instance, batch, delivery.state):
            return dg.SkipReason(f"批次 {batch} 已经用同样的文件运行过。")
        for sentence in delivery.sentences():
            context.log.warning(sentence)
        return dg.RunRequest(
            run_key=f"{batch}:{delivery.state}",
            partition_key=batch,
            tags={
                DELIVERY_TAG: delivery.state,
                "zhudong/missing": ",".join(contract.source for contract in delivery.missing) or "none",
                "zhudong/late": ",".join(delivery.late) or "none",
            },
        )

    return monthly


def clean_schedule() -> dg.ScheduleDefinition:
    """Remove old runs once a month. On by itself: keeping less is the safe side."""
    return dg.ScheduleDefinition(
        name="monthly_clean",
        job_name=CLEAN,
        cron_schedule="0 4 1 * *",
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="每月 1 日 4 时，删除过期的运行记录。",
    )


def month_before(moment: dt.datetime) -> str:
    """The calendar month before a moment, as a batch."""
    last = moment.replace(day=1) - dt.timedelta(days=1)
    return f"{last.year}-{last.month:02d}"
