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
    # an exact id is its person's own, unless it is one of several that the person or several persons are known under
    connection.execute("""CREATE OR REPLACE TEMP TABLE shared AS
        SELECT id FROM own_face WHERE sound GROUP BY id HAVING count(DISTINCT eid) > 1""")
    connection.execute("""CREATE OR REPLACE TEMP TABLE second AS
        SELECT DISTINCT x.eid, x.id FROM extra_face AS x JOIN own_face AS o USING (eid)
        WHERE x.sound AND o.sound AND x.id <> o.id""")
    connection.execute(f"""CREATE OR REPLACE TABLE id_issue AS
        WITH scored AS (
            SELECT a.profile, a.eid, p.id_number AS id
            FROM (FROM assigned WHERE method NOT IN ('register', 'exact_id', 'unchanged')) AS a JOIN profile AS p USING (profile)
            WHERE p.id_status IN ('valid', 'lifted')
        ),
        odd AS (SELECT s.* FROM scored AS s LEFT JOIN own_face AS f ON f.eid = s.eid AND f.id = s.id WHERE f.eid IS NULL)
        SELECT CASE WHEN o.eid IS NOT NULL THEN 'borrowed_id' ELSE 'second_id' END AS kind, x.profile, x.eid
        FROM odd AS x LEFT JOIN (
            SELECT id, min(eid) AS eid FROM own_face WHERE sound AND id IN (SELECT id FROM odd) GROUP BY id) AS o
            ON o.id = x.id AND o.eid <> x.eid
        UNION
        SELECT 'second_id', a.profile, a.eid FROM second AS s JOIN assigned AS a USING (eid) JOIN profile AS p USING (profile)
        WHERE p.id_number = s.id
        UNION
        SELECT i.kind, i.profile, a.eid FROM old_issue AS i JOIN assigned AS a USING (profile)
        WHERE i.kind = 'borrowed_id' AND a.method = 'unchanged'
        UNION
        SELECT 'shared_id', p.profile, a.eid
        FROM profile AS p JOIN shared AS s ON s.id = p.id_number JOIN assigned AS a USING (profile)
        WHERE p.id_status IN ('valid', 'lifted')
        UNION
        SELECT 'registered_twice', a.profile, a.eid
        FROM assigned AS a JOIN profile AS p USING (profile) JOIN (
            SELECT p.source_no, a.eid FROM assigned AS a JOIN profile AS p USING (profile)
            WHERE p.source_no IN ({registers}) GROUP BY ALL HAVING count(*) > 1) AS t
            ON t.source_no = p.source_no AND t.eid = a.eid""")
