"""Everything Dagster is told, built by one function.

Belongs here: putting the parts together. Does not belong here: any part.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.alerts import alerts_schedule
from assets.arrivals import arrivals_asset
from assets.assess import assess_assets
from assets.checks import quality_assets
from assets.dead_runs import dead_runs_sensor
from assets.extracts import delivery_asset, extract_asset
from assets.fetch import fetch_schedule, fetched_asset
from assets.households import households_asset
from assets.jobs import all_jobs
from assets.linkage import persons_asset
from assets.publish import publish_assets
from assets.resources import Place, default_extracts, default_home, mask_errors, watch_from_dagster
from assets.returns import followups_asset
from assets.schedules import TIMEZONE, automatic, clean_schedule, month_schedule
from assets.sensors import drop_sensor
from assets.standardise import standardised_asset
from pipelines.contracts import Contract, load_contracts


def build_definitions(
    *,
    contracts: Mapping[str, Contract] | None = None,
    place: Place | None = None,
    watch: Any = watch_from_dagster,
) -> dg.Definitions:
    """The whole project.

    Args:
        contracts: the sources; those of `schemas/sources` by default.
        place: home and drop folder; the environment's by default.
        watch: who watches a run: a `RunWatch`, or the resource that makes one per run.
    """
    contracts = load_contracts() if contracts is None else contracts
    place = place or Place(home=default_home(), extracts=default_extracts())
    return dg.Definitions(
        assets=[
            fetched_asset(contracts),
            delivery_asset(contracts),
            *(extract_asset(contract) for contract in contracts.values()),
            *(standardised_asset(contract) for contract in contracts.values()),
            quality_assets(contracts),
            persons_asset(contracts),
            arrivals_asset(contracts),
            households_asset(),
            *assess_assets(),
            *publish_assets(),
            followups_asset(),
        ],
        jobs=all_jobs(),
        schedules=[
            month_schedule(contracts),
            fetch_schedule(running=automatic(), timezone=TIMEZONE),
            alerts_schedule(running=automatic(), timezone=TIMEZONE),
            clean_schedule(),
        ],
        sensors=[drop_sensor(contracts, running=automatic()), dead_runs_sensor()],
        resources={"place": place, "watch": watch},
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """What `dagster` loads."""
    mask_errors()
    return build_definitions()
