"""What arrived, and each source's extract as an asset: one per contract, in its department's group.

Belongs here: the delivery (which sources arrived in the batch), the factory from contract to asset. Does not belong here: reading
files (`pipelines.extracts`), waiting for them (`assets.sensors`).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.delivery import arrived
from assets.fetch import FETCHED
from assets.graph import DELIVERY_TAG, MONTHS, Key, of_source, stage_asset
from assets.resources import Counts, Place, RunWatch
from pipelines.contracts import Contract
from pipelines.extracts.complete import wait_until_still
from pipelines.extracts.find import source_folder
from pipelines.progress import Reporter

DELIVERY: Key = ("delivery",)


def delivery_asset(contracts: Mapping[str, Contract]) -> dg.AssetsDefinition:
    """The batch's delivery: which sources arrived; stops the run if a required one did not."""

    @dg.asset(
        key=list(DELIVERY),
        deps=[dg.AssetKey(list(FETCHED))],
        group_name="delivery",
        partitions_def=MONTHS,
        description="收件：本批次的文件夹里哪些数据源到了，哪些没到，哪些已经过期。必需的数据源没到，本批次不运行。",
        kinds={"file"},
        op_tags={"dagster/priority": "100"},
    )
    def delivery(context: dg.AssetExecutionContext, place: Place, watch: dg.ResourceParam[RunWatch]) -> dg.MaterializeResult[Any]:
        texts: dict[str, Any] = {}

        def look() -> Counts:
            folders = [source_folder(place.drop(), context.partition_key, source) for source in contracts]
            wait_until_still(folders, watch.reporter.note)
            found = arrived(place.drop(), context.partition_key, contracts, place.at())
            watch.notes.extend(found.sentences())
            _tag_with(context, found.state)
            texts["数据源"] = dg.MetadataValue.md(found.markdown())
            return {"sources": len(found.present), "files": found.files, "bytes": found.size}

        counts = watch.stage(context.log, "收件", "", look)
        watch.prepare()
        return dg.MaterializeResult(metadata={**counts, **texts})

    return delivery


def _tag_with(context: dg.AssetExecutionContext, state: str) -> None:
    """Put the delivery as it lies there now on the run's record: fetching may have changed it since the run began."""
    if context.run.tags.get(DELIVERY_TAG) != state:
        context.instance.add_run_tags(context.run.run_id, {DELIVERY_TAG: state})


def extract_asset(contract: Contract) -> dg.AssetsDefinition:
    """One source's extract: its rows as written, the rejected ones with reasons, the ledger of its files."""

    def extract(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.extracts.stage import extract_source

        return extract_source(place.at(), batch, contract, place.drop(), reporter)

    def told(counts: Counts) -> Mapping[str, Any]:
        rows = counts.get("accepted", counts.get("rows", 0))
        return {} if rows else {"说明": "本批次没有收到这个数据源，按空表处理。"}

    return stage_asset(
        of_source(contract.source, "extract"),
        extract,
        title="读取",
        group=contract.group,
        deps=[DELIVERY],
        description=describe(contract),
        kinds={"parquet"},
        priority=50,
        source=contract.source,
        told=told,
        tags=tags(contract),
        owners=[f"team:{contract.group}"],
        metadata={"dagster/column_schema": column_schema(contract)},
        code_version=contract_version(contract),
    )


def describe(contract: Contract) -> str:
    """The source in a few lines, for the UI."""
    need = "必需" if contract.required else "可缺"
    use = "可用于普遍筛查" if contract.use == "screening" else "只用于有核对授权的人"
    headings = "、".join(column.heading[0] for column in contract.columns.values())
    return f"{contract.title}：各部门送来的文件，逐行读入，原样保留。\n\n{need}；{use}。\n\n表头：{headings}"


def tags(contract: Contract) -> dict[str, str]:
    """What the UI can filter by."""
    return {
        "department": contract.group,
        "required": "yes" if contract.required else "no",
        "use": contract.use,
        "frequency": contract.frequency,
    }


def contract_version(contract: Contract) -> str:
    """A short hash of what the contract declares: it changes when the contract does, not when a comment in it does."""
    return hashlib.sha256(contract.model_dump_json().encode()).hexdigest()[:12]


def column_schema(contract: Contract) -> dg.TableSchema:
    """The extract's columns with their headings and privacy classes."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                "VARCHAR",
                description=f"{column.heading[0]}（{column.privacy}）",
                constraints=dg.TableColumnConstraints(nullable=not column.required),
            )
            for name, column in contract.text_columns().items()
        ]
    )
