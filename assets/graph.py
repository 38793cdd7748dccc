"""How one stage becomes an asset: the month's partitions, what the UI shows of it, the call.

Belongs here: what all assets share. Does not belong here: which assets there are (the module of each stage) and what a stage
computes (`pipelines`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from assets.resources import Counts, Place, RunWatch
from pipelines.progress import Reporter

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2021-01", fmt="%Y-%m", timezone="Asia/Shanghai", end_offset=25)
"""One partition per batch. The running month exists too, so that what arrives early can be looked at, and two years beyond it: a
machine whose clock is behind must still run the batch it is given, and a synthetic district may have a future."""

DELIVERY_TAG = "zhudong/delivery"
"""On every run of a month: the state of the delivery it ran on, so that the same files are not run twice by themselves."""

Key = tuple[str, ...]


def of_source(source: str, table: str) -> Key:
    """The key of a source's table. One word: the UI's nodes show a key's last part only."""
    return (f"{source}_{table}",)


Stage = Callable[[Place, str, Reporter], Counts]
"""A stage as an asset calls it: where, which batch, whom to tell. It imports what is heavy when it is called, not before."""


def stage_asset(
    key: Key,
    stage: Stage,
    *,
    title: str,
    group: str,
    deps: Iterable[Key],
    description: str,
    kinds: set[str],
    priority: int = 0,
    source: str = "",
    told: Callable[[Counts], Mapping[str, Any]] = lambda _: {},
    **declared: Any,
) -> dg.AssetsDefinition:
    """One stage's call as an asset.

    Args:
        key: the asset's key.
        stage: what it calls.
        title: what the closing summary calls it.
        group: the group in the graph, ASCII.
        deps: keys of the assets whose tables it reads.
        description: Chinese, Markdown.
        kinds: what the UI draws on the node.
        priority: of the assets that can run, the highest runs first.
        source: the source, for what exists once per source.
        told: more metadata, from the counts.
        declared: tags, owners, metadata, code_version, as `dagster.asset` takes them.
    """
    as_asset: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        key=list(key),
        group_name=group,
        deps=[dg.AssetKey(list(dep)) for dep in deps],
        description=description,
        kinds=kinds,
        partitions_def=MONTHS,
        output_required=False,
        op_tags={"dagster/priority": str(priority)},
        **declared,
    )

    def run_stage(
        context: dg.AssetExecutionContext, place: Place, watch: dg.ResourceParam[RunWatch]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        if watch.errors and not priority:
            # A source could not be read, and this asset does not hang on it. The batch cannot be published any more, so what
            # comes after the reading is left undone; all sources are read first, so that all their errors are told at once.
            context.log.info("前面的环节没有完成，本环节不做。")
            return
        counts = watch.stage(context.log, title, source, lambda: stage(place, context.partition_key, watch.reporter))
        yield dg.MaterializeResult(metadata={**numbers(counts), **told(counts)})

    return as_asset(run_stage)


def numbers(counts: Counts) -> dict[str, Any]:
    """Counts as metadata, so that the UI plots them month by month; the rows also under the name that Dagster knows."""
    shown: dict[str, Any] = dict(counts)
    for name in ("accepted", "rows"):
        if name in counts:
            shown["dagster/partition_row_count"] = int(counts[name])
            break
    return shown
