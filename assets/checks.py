"""Quality as assets and checks: per source, in its department's group, between standardise and linkage.

Belongs here: which checks the UI shows and which of them stop the run. Does not belong here: what is measured and expected
(`pipelines.quality`, the contracts' `expect`).

One step for all sources: Great Expectations takes seconds to import and is imported once. Each source has its own asset, so that
its fill rates are plotted and its checks stand beside it.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.graph import MONTHS, of_source
from assets.resources import Counts, Place, RunWatch
from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.quality.limits import CHECKS

if TYPE_CHECKING:
    from pipelines.quality.stage import Quality


def quality_assets(contracts: Mapping[str, Contract]) -> dg.AssetsDefinition:
    """Each source's measures, with the checks that its contract makes."""

    @dg.multi_asset(
        name="quality",
        specs=[
            dg.AssetSpec(
                dg.AssetKey(of_source(contract.source, "quality")),
                deps=[dg.AssetKey(of_source(contract.source, "standardised"))],
                group_name=contract.group,
                description=f"{contract.title} 的数据质量：行数、填写率、证号状态、读不懂的值；只有比例，没有任何人的信息。",
                kinds={"duckdb", "greatexpectations"},
                skippable=True,
                partitions_def=MONTHS,
            )
            for contract in contracts.values()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                name,
                asset=dg.AssetKey(of_source(contract.source, "quality")),
                description=f"{contract.title}：{title}",
                blocking=True,
            )
            for contract in contracts.values()
            for name, title in CHECKS.items()
        ],
        can_subset=False,
        partitions_def=MONTHS,
    )
    def quality(
        context: dg.AssetExecutionContext, place: Place, watch: dg.ResourceParam[RunWatch]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        if watch.errors:
            context.log.info("前面的环节没有完成，本环节不做。")
            return
        found: list[Quality] = []

        def check() -> Counts:
            from pipelines.quality.stage import check_quality

            found.append(check_quality(place.at(), context.partition_key, contracts, watch.reporter, watch.validator))
            return found[0].counts()

        watch.stage(context.log, "检查质量", "", check)
        watch.notes.extend(found[0].sentences("warning"))
        for source in contracts:
            yield source_result(found[0], source, context.partition_key, place)
        stopped = found[0].sentences("critical")
        if stopped:
            # Dagster stops what hangs on the failed checks by itself; this is what the officer reads.
            watch.errors.append(
                DataError(
                    "数据质量不足，结果会是错的，本批次没有发布：\n" + "\n".join(f"  · {sentence}" for sentence in stopped),
                    where=f"批次 {context.partition_key}",
                    todo="请部门核对后重新报送；确属正常，由负责人在合同的 expect 或 schemas/quality.yaml 里改界限。",
                )
            )

    return quality


def source_result(found: "Quality", source: str, batch: str, place: Place) -> dg.MaterializeResult[Any]:
    """One source's measures as numbers to plot, and its checks; counts and shares only."""
    from pipelines.quality.stage import docs_folder

    shown: dict[str, Any] = {measure.name: float(measure.value) for measure in found.measures[source]}
    shown["Data Docs"] = dg.MetadataValue.path(str(docs_folder(place.at(), batch) / "index.html"))
    checks = []
    for name in CHECKS:
        held = [result for result in found.results if result.limit.source == source and result.limit.check == name]
        failed = [result for result in held if not result.passed]
        critical = any(result.limit.severity == "critical" for result in failed)
        metadata: dict[str, Any] = {"批次": batch, "期望": len(held), "不符": len(failed)}
        if failed:
            metadata["不符的"] = dg.MetadataValue.md("\n".join(f"- {result.in_words()}" for result in failed))
        checks.append(
            dg.AssetCheckResult(
                asset_key=dg.AssetKey(of_source(source, "quality")),
                check_name=name,
                passed=not failed,
                severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
                metadata=metadata,
            )
        )
    return dg.MaterializeResult(asset_key=dg.AssetKey(of_source(source, "quality")), metadata=shown, check_results=checks)
