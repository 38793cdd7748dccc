"""Whom each source's rows found, as an asset with a check, between linkage and households.

Belongs here: what the UI shows of it and that it stops the run before anything is published. Does not belong here: measuring
and judging (`pipelines.linkage.measure.arrivals`), the officer's answers (`pipelines.acceptance`).
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.graph import MONTHS, Key
from assets.linkage import PERSONS
from assets.resources import Counts, Place, RunWatch
from pipelines.contracts import Contract
from pipelines.errors import DataError

if TYPE_CHECKING:
    from pipelines.linkage.measure.arrivals import Arrivals

ARRIVALS: Key = ("arrivals",)
CHECK = "known_persons"


def arrivals_asset(contracts: Mapping[str, Contract]) -> dg.AssetsDefinition:
    """Per source, the share of rows that find a known person; too many strangers stop the batch until somebody accepts them."""

    @dg.asset(
        key=list(ARRIVALS),
        group_name="linkage",
        deps=[dg.AssetKey(list(PERSONS))],
        partitions_def=MONTHS,
        output_required=False,
        description="核对来人：每个文件的行里有多少能对上原来就知道的人，日期到哪里为止，与上次相比；像是别的月份或别的地区的，停下来问。",
        kinds={"duckdb"},
        check_specs=[
            dg.AssetCheckSpec(CHECK, asset=dg.AssetKey(list(ARRIVALS)), description="来的人与上次相比是否正常", blocking=True)
        ],
    )
    def arrivals(
        context: dg.AssetExecutionContext, place: Place, watch: dg.ResourceParam[RunWatch]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        if watch.errors:
            context.log.info("前面的环节没有完成，本环节不做。")
            return
        batch, found = context.partition_key, []

        def check() -> Counts:
            from pipelines.linkage.measure.arrivals import check_arrivals

            found.append(check_arrivals(place.at(), batch, contracts, watch.reporter))
            return found[0].counts()

        counts = watch.stage(context.log, "核对来人", "", check)
        stopped = [error for source in contracts if (error := _ask(found[0], source, batch, place))]
        watch.notes.extend(sentence for said in found[0].warnings.values() for sentence in said)
        watch.errors.extend(stopped)
        yield dg.MaterializeResult(metadata=dict(counts), check_results=[_result(found[0], stopped)])

    return arrivals


def _ask(found: "Arrivals", source: str, batch: str, place: Place) -> DataError | None:
    from pipelines.acceptance import stop

    try:
        stop(place.at(), batch, source, found.questions.get(source, []), when="本批次没有发布")
    except DataError as error:
        return error
    return None


def _result(found: "Arrivals", stopped: list[DataError]) -> dg.AssetCheckResult:
    said = [sentence for sentences in found.warnings.values() for sentence in sentences] + [error.what for error in stopped]
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(list(ARRIVALS)),
        check_name=CHECK,
        passed=not said,
        severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
        metadata={"说明": dg.MetadataValue.md("\n".join(f"- {sentence}" for sentence in said))} if said else {},
    )
