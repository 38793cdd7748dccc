"""Rows about a household: `subject: household` of the contracts, as views that every fact reads alike.

Belongs here: whose household a row speaks of. Does not belong here: which delivery is heard
(`pipelines.assess.deliveries`), any fact.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.linkage.views import earlier_batch
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb


def view_houses(con: "duckdb.DuckDBPyConnection", home: Home, batch: str, read: Mapping[str, Contract]) -> None:
    """Make `house_<source>` of each source whose rows speak of a household: its rows, and the household each speaks of.

    It is the head's, be the head in it, dead or in custody; where the head is in no register any more, that of the batch before;
    where a row names nobody, that of the one household registered at its address.
    """
    houses = [source for source, contract in read.items() if contract.subject == "household"]
    parts = [f"SELECT town, village, address FROM src_{source} WHERE name IS NULL AND id_number IS NULL" for source in houses]
    con.execute(f"CREATE TABLE unnamed AS {' UNION '.join(parts)}")
    before = earlier_batch(home, batch, "households", "members")
    rows = f"read_parquet('{quoted(home.lake(before, 'households', 'members'))}')" if before else "(FROM member WHERE false)"
    con.execute(f"""
        CREATE TABLE earlier_member AS
        SELECT coalesce(a.person_id, e.person_id) AS person_id, e.household_id
        FROM (SELECT person_id, household_id FROM {rows} WHERE kind = 'assistance') AS e
        LEFT JOIN (SELECT old_person_id, any_value(person_id) AS person_id FROM person_alias GROUP BY old_person_id) AS a
            ON a.old_person_id = e.person_id
    """)
    con.execute(Path(__file__).with_name("household_at.sql").read_text(encoding="utf-8"))
    for source in houses:
        con.execute(f"""
            CREATE VIEW house_{source} AS
            SELECT s.*, CASE WHEN s.name IS NULL AND s.id_number IS NULL THEN h.household_id
                ELSE coalesce(e.household_id, m.household_id, l.household_id) END AS household_id
            FROM src_{source} AS s
            LEFT JOIN earlier_home AS e USING (person_id)
            LEFT JOIN assistance_member AS m USING (person_id)
            LEFT JOIN (SELECT person_id, household_id FROM left_household) AS l USING (person_id)
            LEFT JOIN household_at AS h ON h.address = s.address AND h.town IS NOT DISTINCT FROM s.town
                AND h.village IS NOT DISTINCT FROM s.village
        """)
    rows_of = [
        f"SELECT household_id, source, file, row_no FROM house_{one} WHERE name IS NULL AND id_number IS NULL" for one in houses
    ]
    con.execute(f"""
        CREATE VIEW unnamed_record AS
        SELECT m.person_id, s.source, s.file, s.row_no FROM ({" UNION ALL ".join(rows_of)}) AS s
        JOIN assistance_member AS m USING (household_id)
    """)
