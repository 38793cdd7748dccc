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
    connection.execute("""CREATE OR REPLACE TEMP TABLE odd_id AS
        SELECT 'shared_id' AS kind, eid, id FROM own_face WHERE sound
            AND id IN (SELECT id FROM own_face WHERE sound GROUP BY id HAVING min(eid) < max(eid))
        UNION
        SELECT 'second_id', x.eid, x.id FROM extra_face AS x JOIN own_face AS o USING (eid)
        WHERE x.sound AND o.sound AND x.id <> o.id""")
    connection.execute("""CREATE OR REPLACE TEMP TABLE odd_row AS
        SELECT DISTINCT identity_hash AS profile, id_number AS id
        FROM identity WHERE id_status IN ('valid', 'lifted') AND id_number IN (SELECT id FROM odd_id)""")
    # who stands twice in a register: summing one bit per row overflows into the next source's, joining them does not
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE twice AS
        WITH held AS (
            SELECT eid, source_no FROM assigned WHERE source_no IN ({registers})
            UNION ALL
            SELECT eid, source_no FROM (
                SELECT DISTINCT profile, eid, source_no FROM kept_row
                WHERE source_no IN ({registers}) AND eid IN (
                    SELECT eid FROM assigned WHERE source_no IN ({registers})
                    UNION ALL
                    SELECT k.eid FROM kept_row AS k SEMI JOIN (FROM old_issue WHERE kind = 'registered_twice') USING (profile)))
        )
        SELECT eid, source_no FROM held
        SEMI JOIN (
            SELECT eid FROM held GROUP BY eid HAVING sum(1::HUGEINT << source_no) <> bit_or(1::HUGEINT << source_no)) USING (eid)
        GROUP BY ALL HAVING count(*) > 1""")
    connection.execute("""CREATE OR REPLACE TABLE id_issue AS
        WITH scored AS (
            SELECT a.profile, a.eid, p.id_number AS id
            FROM (FROM assigned WHERE method NOT IN ('register', 'exact_id')) AS a JOIN profile AS p USING (profile)
            WHERE p.sound
        ),
        odd AS (SELECT s.* FROM scored AS s LEFT JOIN own_face AS f ON f.eid = s.eid AND f.id = s.id WHERE f.eid IS NULL)
        SELECT CASE WHEN o.eid IS NOT NULL THEN 'borrowed_id' ELSE 'second_id' END AS kind, x.profile, x.eid
        FROM odd AS x LEFT JOIN (
            SELECT id, min(eid) AS eid FROM own_face WHERE sound AND id IN (SELECT id FROM odd) GROUP BY id) AS o
            ON o.id = x.id AND o.eid <> x.eid
        UNION
        SELECT 'second_id', w.profile, w.eid
        FROM odd_row AS r JOIN whose AS w USING (profile)
        JOIN odd_id AS i ON i.kind = 'second_id' AND i.id = r.id AND i.eid = w.eid
        UNION
        SELECT i.kind, i.profile, k.eid FROM old_issue AS i JOIN kept_row AS k USING (profile)
        WHERE i.kind IN ('borrowed_id', 'shared_id', 'second_id')
        UNION
        SELECT 'shared_id', w.profile, w.eid
        FROM odd_row AS r JOIN whose AS w USING (profile) WHERE r.id IN (SELECT id FROM odd_id WHERE kind = 'shared_id')
        UNION
        SELECT 'registered_twice', w.profile, w.eid
        FROM (FROM whose WHERE eid IN (SELECT eid FROM twice)) AS w JOIN twice AS t USING (eid, source_no)""")
