"""What caseworkers sent back, as an asset.

Belongs here: the asset. Does not belong here: reading what was filled in (`pipelines.returns`).
"""

import dagster as dg

from assets.graph import Key, stage_asset
from assets.publish import WORKLISTS
from assets.resources import Counts, Place
from pipelines.progress import Reporter

FOLLOWUPS: Key = ("followups",)


def followups_asset() -> dg.AssetsDefinition:
    """The answers to a batch's worklists; the next batch's leads and linkage read them."""

    def read(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.returns.stage import read_returns

        home = place.at()
        folder = home.returns(batch)
        return read_returns(folder, home, reporter) if folder.is_dir() else {"rows": 0}

    return stage_asset(
        FOLLOWUPS,
        read,
        title="读回走访结果",
        group="returns",
        deps=[WORKLISTS],
        description="走访结果：填好送回的走访清单，按线索编号读回；读不懂的逐行退回并说明原因。",
        kinds={"csv", "excel"},
    )
