"""Id matters for the sources: borrowed, shared, and one person's two ids.

Belongs here: what linkage found out about ids, as feedback to the department that sent the row. Does not belong here: ids that
are wrong in themselves (`pipelines.standardise` says so in id_status).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.contracts import Contract

if TYPE_CHECKING:
    import duckdb


def find_issues(connection: "duckdb.DuckDBPyConnection", contracts: Mapping[str, Contract]) -> None:
    """Make the table id_issue (kind, profile, eid).

    Kinds: `borrowed_id` the row bears somebody else's sound id; `shared_id` one sound id, several persons; `second_id` the row's
    sound id is not the one its person is known under; `registered_twice` a register of one row per person holds two.
    """
    registers = ", ".join(str(c.number) for c in contracts.values() if c.one_row_per_person) or "0"
    connection.execute("""CREATE OR REPLACE TEMP TABLE owner AS
        SELECT id, min(eid) AS eid, count(DISTINCT eid) AS owners FROM own_face WHERE sound GROUP BY id""")
    connection.execute(f"""CREATE OR REPLACE TABLE id_issue AS
        WITH sound AS (
            SELECT a.profile, a.eid, p.id_number AS id FROM assigned AS a JOIN profile AS p USING (profile)
            WHERE p.id_status IN ('valid', 'lifted')
        ),
        odd AS (SELECT s.* FROM sound AS s LEFT JOIN own_face AS f ON f.eid = s.eid AND f.id = s.id WHERE f.eid IS NULL)
        SELECT CASE WHEN o.eid IS NOT NULL THEN 'borrowed_id' ELSE 'second_id' END AS kind, x.profile, x.eid
        FROM odd AS x LEFT JOIN owner AS o ON o.id = x.id AND o.eid <> x.eid
        UNION ALL
        SELECT 'shared_id', s.profile, s.eid FROM sound AS s JOIN owner AS o ON o.id = s.id AND o.owners > 1
        UNION ALL
        SELECT 'registered_twice', a.profile, a.eid FROM assigned AS a JOIN profile AS p USING (profile)
        WHERE p.source_no IN ({registers})
        QUALIFY count(*) OVER (PARTITION BY p.source_no, a.eid) > 1""")
