"""Households as an asset.

Belongs here: the asset. Does not belong here: who lives with whom (`pipelines.households`).
"""

import dagster as dg

from assets.arrivals import ARRIVALS
from assets.graph import Key, stage_asset
from assets.linkage import PERSONS
from assets.resources import Counts, Place
from pipelines.progress import Reporter

HOUSEHOLDS: Key = ("households",)


def households_asset() -> dg.AssetsDefinition:
    """Register households and assistance households with their members."""

    def build(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.households.stage import build_households

        return build_households(place.at(), batch, reporter)

    return stage_asset(
        HOUSEHOLDS,
        build,
        title="建户",
        group="households",
        deps=[PERSONS, ARRIVALS],
        description="建户：户籍户和共同生活家庭，及其成员、亲属关系。",
        kinds={"parquet", "duckdb"},
    )
