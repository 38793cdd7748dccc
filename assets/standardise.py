"""Each source's standardised table as an asset, beside its extract in the department's group.

Belongs here: the factory. Does not belong here: how values are read (`pipelines.standardise`).
"""

import dagster as dg

from assets.extracts import contract_version, tags
from assets.graph import of_source, stage_asset
from assets.resources import Counts, Place
from pipelines.contracts import Contract
from pipelines.progress import Reporter


def standardised_asset(contract: Contract) -> dg.AssetsDefinition:
    """One source's identities and typed values."""

    def standardise(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.standardise.stage import standardise_source

        return standardise_source(place.at(), batch, contract, reporter)

    return stage_asset(
        of_source(contract.source, "standardised"),
        standardise,
        title="标准化",
        group=contract.group,
        deps=[of_source(contract.source, "extract")],
        description=f"{contract.title}，标准化后：证号及其状态、姓名、日期、金额、性别、电话、地址；宽表每个成员一行。",
        kinds={"parquet", "duckdb"},
        source=contract.source,
        tags=tags(contract),
        owners=[f"team:{contract.group}"],
        code_version=contract_version(contract),
    )
