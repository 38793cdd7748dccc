"""What is fetched before the delivery is looked at, as an asset, and every night by itself.

Belongs here: the asset, its job and its schedule. Does not belong here: fetching (`pipelines.fetch`).
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from assets.graph import MONTHS, Key
from assets.resources import Counts, Place, RunWatch
from pipelines.contracts import Contract

FETCHED: Key = ("fetched",)
FETCH = "fetch"
NIGHTLY = "0 1 * * *"
"""An hour before the month's own schedule: what came in the night is there."""


class Asking(dg.Config):
    """How a fetch asks."""

    again: bool = False
    """Ask queries again that were asked for this batch before, and fail where a place cannot be reached."""


def fetched_asset(contracts: Mapping[str, Contract]) -> dg.AssetsDefinition:
    """What the home's `sources.yaml` declares, in the drop folder; nothing where a home declares nothing."""

    @dg.asset(
        key=list(FETCHED),
        group_name="delivery",
        partitions_def=MONTHS,
        description="取数：把 sources.yaml 写明的 SFTP、对象存储、数据库里的数据取到收件文件夹；没有写就什么也不做。",
        kinds={"file"},
        op_tags={"dagster/priority": "100"},
    )
    def fetched(
        context: dg.AssetExecutionContext, config: Asking, place: Place, watch: dg.ResourceParam[RunWatch]
    ) -> dg.MaterializeResult[Any]:
        from pipelines.fetch import read_fetched
        from pipelines.fetch.declared import declares
        from pipelines.fetch.stage import fetch
        from pipelines.fetch.view import markdown

        batch, home = context.partition_key, place.at()
        if not declares(home):
            return dg.MaterializeResult(metadata={"说明": "工作文件夹里没有 sources.yaml，只用收件文件夹里的文件。"})

        def get() -> Counts:
            new = fetch(home, batch, place.drop(), contracts, watch.reporter, again=config.again) or []
            rows = sum(line.rows or 0 for line in new)
            return {"files": len(new), "bytes": sum(line.bytes for line in new), "rows": rows}

        counts = watch.stage(context.log, "取数", "", get)
        return dg.MaterializeResult(metadata={**counts, "取回的文件": dg.MetadataValue.md(markdown(read_fetched(home, batch)))})

    return fetched


def fetch_job() -> Any:
    """Fetch a batch without running it."""
    return dg.define_asset_job(
        FETCH,
        selection=dg.AssetSelection.assets(dg.AssetKey(list(FETCHED))),
        executor_def=dg.in_process_executor,
        description="只取数：一个分区就是一个批次。取回的文件到齐后，由传感器运行这个批次。",
    )


def fetch_schedule(*, running: bool, timezone: str) -> dg.ScheduleDefinition:
    """Look every night for what came for the month that is over."""

    @dg.schedule(
        name="nightly_fetch",
        cron_schedule=NIGHTLY,
        job_name=FETCH,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED,
        description="每天 1 时（北京时间），按 sources.yaml 取上个月批次的数据；对方更新了的文件重新取。",
    )
    def nightly_fetch(context: dg.ScheduleEvaluationContext, place: Place) -> dg.RunRequest | dg.SkipReason:
        from assets.schedules import month_before
        from pipelines.fetch.declared import declares

        if not declares(place.at()):
            return dg.SkipReason("工作文件夹里没有 sources.yaml。")
        moment = context.scheduled_execution_time.astimezone(ZoneInfo(timezone))
        config = {"ops": {"__".join(FETCHED): {"config": {"again": True}}}}
        return dg.RunRequest(run_key=f"{moment:%Y-%m-%d}", partition_key=month_before(moment), run_config=config)

    return nightly_fetch
