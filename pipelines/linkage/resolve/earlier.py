"""What earlier batches know: persons, their identities and faces, open questions, aliases.

Belongs here: reading the last linked batch before this one, and which of its identities are to be linked anew. Does not belong
here: writing any of it (`write`).
"""

from typing import TYPE_CHECKING

from pipelines.errors import DataError
from pipelines.linkage import lake
from pipelines.linkage.resolve.founding import declare_codes
from pipelines.linkage.resolve.register import FACE
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

_LONGEST_CHAIN = 20
"""How often one person may have become another."""

_NOBODY = f"""
    CREATE VIEW old_person AS SELECT NULL::INTEGER AS person_no, NULL::VARCHAR AS person_id, NULL::VARCHAR AS name,
        NULL::VARCHAR AS id_number, NULL::VARCHAR AS id_status, NULL::VARCHAR AS sex, NULL::DATE AS birth_date,
        NULL::VARCHAR AS town, NULL::VARCHAR AS village, NULL::VARCHAR AS grid, NULL::VARCHAR AS address, NULL::VARCHAR AS phone,
        NULL::BOOLEAN AS alive, NULL::DATE AS death_date, NULL::BOOLEAN AS provisional, NULL::INTEGER AS source_count,
        NULL::VARCHAR AS first_batch, NULL::VARCHAR AS last_batch WHERE false;
    CREATE VIEW whole_identity AS SELECT NULL::UBIGINT AS profile, NULL::BIGINT AS eid, NULL::TINYINT AS source_no,
        NULL::BOOLEAN AS sound, NULL::UBIGINT AS household, NULL::VARCHAR AS person_id, NULL::VARCHAR AS method,
        NULL::DOUBLE AS probability WHERE false;
    CREATE VIEW old_face AS SELECT 0::BIGINT AS eid, {FACE}, true AS own FROM profile_face WHERE false;
    CREATE TABLE old_issue (kind VARCHAR, profile UBIGINT);
    CREATE TABLE old_review (profile UBIGINT, person_id VARCHAR, probability DOUBLE, reason VARCHAR);
    CREATE TABLE old_alias (old_person_id VARCHAR, person_id VARCHAR, batch VARCHAR, reason VARCHAR);
    CREATE TABLE old_split (person_id VARCHAR, from_person_id VARCHAR, batch VARCHAR, reason VARCHAR);
    CREATE TABLE old_coverage (source_no TINYINT, people BIGINT, there BIGINT)"""


def open_old(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> str | None:
    """Open what the last linked batch before `batch` knows; nothing where there is none.

    Views: old_person, old_face (eid, FACE, own), whole_identity and old_identity (profile, eid, source_no, sound, household,
    person_id, method, probability; the second without what is to be linked anew), old_household. Tables: old_issue, old_review,
    old_alias, old_split, old_coverage; relinked (profile, eid, person_id).

    Returns:
        that batch.

    Raises:
        DataError: it was linked by a version that did not keep identities.
    """
    declare_codes(connection)
    earlier = next((b for b in reversed(home.earlier_batches(batch)) if lake.is_linked(home, b)), None)
    if earlier is None:
        connection.execute(_NOBODY)
    else:
        _open(connection, home, earlier)
    _relink(connection)
    return earlier


def nobody_before(connection: "duckdb.DuckDBPyConnection") -> None:
    """Open nothing: for work on one batch alone (training, retracing)."""
    declare_codes(connection)
    connection.execute(_NOBODY)
    connection.execute("CREATE TABLE IF NOT EXISTS decision (profile UBIGINT, person_id VARCHAR, same BOOLEAN)")
    _relink(connection)
    connection.execute("CREATE VIEW kept_row AS SELECT 0 AS record_id, profile, eid, source_no, sound FROM old_identity")


def _open(connection: "duckdb.DuckDBPyConnection", home: Home, earlier: str) -> None:
    if home.lake(earlier, "linkage", "person_records").exists():
        raise DataError(
            f"批次 {earlier} 是旧版本归并的，本批次不能接着它归并。", where=f"批次 {earlier}", todo=f"先重新运行批次 {earlier}。"
        )

    def table(name: str) -> str:
        return f"read_parquet('{quoted(home.lake(earlier, 'linkage', name))}')"

    connection.execute(f"CREATE VIEW old_person AS FROM {lake.persons(home, earlier)}")
    connection.execute(f"""CREATE VIEW whole_identity AS
        SELECT identity_hash AS profile, person_no::BIGINT AS eid, source_no, sound, household, person_id,
            match_method AS method, match_probability AS probability FROM {lake.identities(home, earlier)}""")
    connection.execute(
        f"CREATE VIEW old_face AS SELECT person_no::BIGINT AS eid, {FACE}, own FROM {lake.person_faces(home, earlier)}"
    )
    connection.execute(f"CREATE TABLE old_alias AS FROM {table('person_alias')}")
    connection.execute(f"CREATE TABLE old_split AS FROM {table('person_splits')}")
    connection.execute(f"CREATE TABLE old_coverage AS FROM {table('coverage')}")
    connection.execute(f"CREATE TABLE old_issue AS SELECT DISTINCT kind, identity_hash AS profile FROM {table('id_issues')}")
    connection.execute(f"""CREATE TABLE old_review AS
        SELECT identity_hash AS profile, candidate_person_id AS person_id, max(probability) AS probability, min(reason) AS reason
        FROM {table("match_review")} GROUP BY ALL""")


def _relink(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make `relinked` and old_identity.

    A row is linked anew if a clerk said that it is not that person's, or somebody else's, or answered a question about it.
    """
    follow_aliases(connection)
    connection.execute("""CREATE TABLE relinked AS
        SELECT k.profile, k.eid, k.person_id FROM (FROM whole_identity WHERE profile IN (SELECT profile FROM decision)) AS k
        WHERE EXISTS (
            SELECT 1 FROM decision AS d WHERE d.profile = k.profile
                AND (d.same <> (d.person_id = k.person_id) OR k.profile IN (SELECT profile FROM old_review)))""")
    connection.execute("CREATE VIEW old_identity AS FROM whole_identity ANTI JOIN relinked USING (profile)")
    connection.execute(
        "CREATE VIEW old_household AS SELECT household, profile, eid, source_no FROM old_identity WHERE household IS NOT NULL"
    )


def follow_aliases(connection: "duckdb.DuckDBPyConnection") -> None:
    """Point each decision at whoever its person has become since; that one may have become another, too."""
    for _ in range(_LONGEST_CHAIN):
        moved = connection.execute("""UPDATE decision SET person_id = a.person_id
            FROM old_alias AS a WHERE a.old_person_id = decision.person_id""").fetchall()[0][0]
        if not moved:
            break


def enter_old(connection: "duckdb.DuckDBPyConnection") -> None:
    """Enter the persons of earlier batches into `entity` under their numbers, and their aliases into `alias`."""
    connection.execute("INSERT INTO entity SELECT person_no, person_id, first_batch, provisional FROM old_person")
    connection.execute("CREATE OR REPLACE TABLE alias AS FROM old_alias")


def let_go(connection: "duckdb.DuckDBPyConnection", profiles: str) -> None:
    """Take identities whose person stood so far as new ones: out of kept_row, into new_identity.

    Args:
        connection: holds known_row, new_identity.
        profiles: SQL giving a column `profile`.
    """
    kept = f"profile IN (SELECT profile FROM ({profiles})) AND eid IS NOT NULL"
    if connection.execute(f"SELECT 1 FROM known_row WHERE {kept} LIMIT 1").fetchall():
        connection.execute(f"""INSERT INTO new_identity
            SELECT profile, min(record_id), count(*) FROM known_row WHERE {kept} GROUP BY profile""")
        connection.execute(f"DELETE FROM known_row WHERE {kept}")


def find_splits(connection: "duckdb.DuckDBPyConnection", batch: str) -> None:
    """Make `split`: earlier ones, and each new person made of rows that had been another's, who goes on without them.

    Args:
        connection: holds relinked, wrong (corrections), assigned, entity, old_split, alias.
        batch: of now.
    """
    connection.execute(f"""CREATE OR REPLACE TABLE split AS
        FROM old_split
        UNION
        SELECT e.person_id, k.person_id, '{batch}', max(k.reason)
        FROM (
            SELECT profile, person_id, '人工确认不是同一人' AS reason FROM relinked
            UNION ALL SELECT profile, person_id, '走访反馈说数据有误' FROM wrong WHERE NOT stays
        ) AS k
        JOIN assigned AS a USING (profile) JOIN entity AS e ON e.eid = a.eid
        WHERE e.first_batch = '{batch}' AND e.person_id <> k.person_id AND k.person_id NOT IN (SELECT old_person_id FROM alias)
        GROUP BY e.person_id, k.person_id""")


def survivors(connection: "duckdb.DuckDBPyConnection", batch: str) -> None:
    """Note in `alias` each earlier provisional person all of whose rows are now another person's."""
    if not connection.execute("SELECT 1 FROM relinked LIMIT 1").fetchall():
        return
    connection.execute(f"""INSERT INTO alias
        SELECT k.person_id, min(e.person_id), '{batch}',
            CASE WHEN bool_or(a.method = 'decided') THEN '人工确认为同一人' ELSE '新的数据表明是同一人' END
        FROM relinked AS k JOIN assigned AS a USING (profile) JOIN entity AS e ON e.eid = a.eid
        WHERE k.eid IN (SELECT person_no FROM old_person WHERE provisional)
        GROUP BY k.person_id
        HAVING bool_and(e.person_id <> k.person_id) AND count(DISTINCT e.person_id) = 1
            AND min(k.eid) NOT IN (SELECT eid FROM whose)""")
    connection.execute("DELETE FROM entity WHERE person_id IN (SELECT old_person_id FROM alias)")


def carry_review(connection: "duckdb.DuckDBPyConnection") -> None:
    """Questions of earlier batches about rows that have not changed stay open until somebody answers them."""
    connection.execute("""INSERT INTO review
        SELECT q.profile, e.eid, q.probability, q.reason
        FROM old_review AS q JOIN entity AS e USING (person_id)
        WHERE q.profile IN (SELECT profile FROM kept_row) AND q.profile NOT IN (SELECT profile FROM review)
            AND NOT EXISTS (SELECT 1 FROM decision AS d WHERE d.profile = q.profile AND d.person_id = q.person_id)""")
