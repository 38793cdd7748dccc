"""Alerts by the hour: what is overdue is written, what waits is sent.

Belongs here: the job and its schedule. Does not belong here: what is told to whom (`pipelines.casework.alerts`), carrying it
(`pipelines.casework.sending`).
"""

import dagster as dg

from assets.resources import Place

ALERTS = "alerts"
HOURLY = "10 * * * *"


@dg.op(description="写下超期的走访、转办和服务订单，发出还没发的提醒。多运行没有害处。")
def send(context: dg.OpExecutionContext, place: Place) -> None:
    """What `zhudong alerts send` does."""
    from pipelines.casework.alerts import tell_overdue
    from pipelines.casework.orders import lapse_orders
    from pipelines.casework.sending import load_channels, send_alerts
    from pipelines.casework.store import open_store

    home = place.at()
    channels, store = load_channels(home), open_store(home)
    lapsed, told = lapse_orders(store), tell_overdue(store)
    counts = send_alerts(store, channels)
    context.log.info(
        f"到期变动的服务订单 {lapsed} 个，新写的超期提醒 {told} 条；"
        f"发出 {counts['sent']}，没发出 {counts['failed']}，等待 {counts['waiting']}。"
    )


@dg.job(name=ALERTS, executor_def=dg.in_process_executor, description="提醒：每小时一次。")
def alerts_job() -> None:
    """Write and send alerts."""
    send()


def alerts_schedule(*, running: bool, timezone: str) -> dg.ScheduleDefinition:
    """Every hour, through nights and holidays: urgent hours run through them too."""
    return dg.ScheduleDefinition(
        name="hourly_alerts",
        job_name=ALERTS,
        cron_schedule=HOURLY,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED,
        description="每小时 10 分，写下超期的，发出还没发的提醒。",
    )
