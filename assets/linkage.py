"""Linkage as an asset: which records are one person.

Belongs here: the asset. Does not belong here: how it is decided (`pipelines.linkage`).
"""

from collections.abc import Mapping

import dagster as dg

from assets.graph import Key, of_source, stage_asset
from assets.resources import Counts, Place
from pipelines.contracts import Contract
from pipelines.progress import Reporter

PERSONS: Key = ("persons",)


def persons_asset(contracts: Mapping[str, Contract]) -> dg.AssetsDefinition:
    """Persons, each record's person, the pairs too uncertain to decide."""

    def link(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.linkage.stage import link

        return link(place.at(), batch, dict(contracts), reporter)

    return stage_asset(
        PERSONS,
        link,
        title="归并",
        group="linkage",
        # By way of the checks: they look at the standardised tables, and what stops the batch must stop it here. Naming the
        # tables too would double the arrows in the graph and say nothing new.
        deps=[of_source(source, "quality") for source in contracts],
        description="归并：哪些记录是同一个人。每条记录都有归属；拿不准的进入待人工判断清单，不作主。",
        kinds={"parquet", "duckdb"},
    )
