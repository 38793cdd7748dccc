"""Deliveries that speak on: `stale_after` of the contracts, as views that facts and income read alike.

Belongs here: which delivery of a source a batch without one still hears. Does not belong here: who may be read for
whom (`facts`), any fact.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.linkage.lake import is_linked, rows_of_persons
from pipelines.linkage.views import earlier_batch
from pipelines.month import months_between
from pipelines.storage import Home

if TYPE_CHECKING:
    import duckdb


def carry(
    con: "duckdb.DuckDBPyConnection", home: Home, batch: str, read: Mapping[str, Contract], present: set[str]
) -> tuple[set[str], set[str]]:
    """Let the last delivery of a source speak on where the contract says so (`stale_after`) and this batch has none.

    Returns:
        the sources whose silence says something: those present, and those carried that are not older than `stale_after`; and the
        carried ones. Of an older delivery the rows still speak for those they name.
    """
    fresh, carried = set(present), set()
    for source, contract in read.items():
        if source in present or contract.stale_after is None:
            continue
        earlier = earlier_batch(home, batch, "standardised", source)
        if earlier is None or not is_linked(home, earlier):
            continue
        con.execute(f"""
            CREATE OR REPLACE VIEW src_{source} AS
            SELECT s.* REPLACE (coalesce(a.person_id, s.person_id) AS person_id)
            FROM {rows_of_persons(home, earlier, contract)} AS s
            LEFT JOIN (SELECT old_person_id, any_value(person_id) AS person_id FROM person_alias GROUP BY old_person_id) AS a
                ON a.old_person_id = s.person_id
        """)
        carried.add(source)
        if months_between(earlier, batch) <= contract.stale_after:
            fresh.add(source)
    con.execute(f"SET VARIABLE carried = {sorted(carried)}::VARCHAR[]")
    return fresh, carried
