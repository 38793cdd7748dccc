"""Persons: golden values, what is kept from batch to batch, and the tables that the stage writes.

Belongs here: reading the earlier batch's persons, person ids, writing `linkage/*.parquet`. Does not belong here: whose record is
whose.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage.founding import declare_codes
from pipelines.linkage.spine import FACE
from pipelines.storage import Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

_LONGEST_CHAIN = 20
"""How often one person may have become another."""

_SQL = Path(__file__).with_name("persons.sql").read_text(encoding="utf-8")


def load_old(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> str | None:
    """Make the tables old, old_own, old_face, known (profile, person_id) and old_alias of the last batch before `batch`.

    Returns:
        that batch; None if there is none (the tables are then empty).
    """
    declare_codes(connection)
    earlier = next((b for b in reversed(home.earlier_batches(batch)) if _whole(home, b)), None)
    if earlier is None:
        connection.execute("""
            CREATE TABLE old (person_id VARCHAR, name VARCHAR, id_number VARCHAR, id_status VARCHAR, sex VARCHAR, birth_date DATE,
                town VARCHAR, village VARCHAR, grid VARCHAR, address VARCHAR, phone VARCHAR, alive BOOLEAN, death_date DATE,
                provisional BOOLEAN, source_count INTEGER, first_batch VARCHAR, last_batch VARCHAR);
            CREATE TABLE known (profile UBIGINT, person_id VARCHAR);
            CREATE TABLE old_issue (kind VARCHAR, profile UBIGINT);
            CREATE TABLE old_review (profile UBIGINT, person_id VARCHAR, probability DOUBLE, reason VARCHAR);
            CREATE TABLE old_alias (old_person_id VARCHAR, person_id VARCHAR, batch VARCHAR, reason VARCHAR)""")
        connection.execute(f"CREATE TABLE old_own AS SELECT ''::VARCHAR AS person_id, {FACE} FROM profile_face WHERE false")
        connection.execute("CREATE TABLE old_face AS FROM old_own")
        return None

    def table(name: str) -> str:
        return f"read_parquet('{quoted(home.lake(earlier, 'linkage', name))}')"

    connection.execute(f"CREATE TABLE old AS FROM {table('persons')}")
    connection.execute(f"""CREATE TABLE known AS SELECT profile, min(person_id) AS person_id
        FROM (SELECT DISTINCT identity_hash AS profile, person_id FROM {table("person_records")})
        SEMI JOIN profile USING (profile) GROUP BY profile""")
    connection.execute(f"CREATE TABLE old_own AS SELECT person_id, {FACE} FROM {table('person_faces')} WHERE own")
    connection.execute(f"CREATE TABLE old_face AS SELECT person_id, {FACE} FROM {table('person_faces')} WHERE NOT own")
    connection.execute(f"CREATE TABLE old_alias AS FROM {table('person_alias')}")
    connection.execute(f"""CREATE TABLE old_issue AS SELECT DISTINCT i.kind, r.identity_hash AS profile
        FROM {table("id_issues")} AS i JOIN {table("person_records")} AS r USING (source, file, row_no, member_no)""")
    connection.execute(f"""CREATE TABLE old_review AS
        SELECT r.identity_hash AS profile, q.candidate_person_id AS person_id,
            max(q.probability) AS probability, min(q.reason) AS reason
        FROM {table("match_review")} AS q JOIN {table("person_records")} AS r USING (record_id) GROUP BY ALL""")
    return earlier


def _whole(home: Home, batch: str) -> bool:
    """Whether a batch's linkage came to its end: the rows are written last."""
    return all(home.lake(batch, "linkage", table).exists() for table in ("person_faces", "person_records"))


def enter_old(connection: "duckdb.DuckDBPyConnection") -> None:
    """Number the persons of earlier batches, and give unchanged rows the persons they had.

    A row is linked anew if a clerk said that it is not that person's, or somebody else's, or answered a question about it.
    """
    connection.execute("""
        INSERT INTO entity SELECT row_number() OVER (ORDER BY person_id), person_id, first_batch, provisional FROM old""")
    connection.execute("CREATE OR REPLACE TABLE alias AS FROM old_alias")
    # a person who was decided upon may have become another since; so may that one
    for _ in range(_LONGEST_CHAIN):
        moved = connection.execute("""UPDATE decision SET person_id = a.person_id
            FROM old_alias AS a WHERE a.old_person_id = decision.person_id""").fetchall()[0][0]
        if not moved:
            break
    connection.execute("""
        INSERT INTO assigned SELECT k.profile, e.eid, 'unchanged', 1.0
        FROM known AS k JOIN entity AS e USING (person_id)
        WHERE NOT EXISTS (
            SELECT 1 FROM decision AS d WHERE d.profile = k.profile
                AND (d.same <> (d.person_id = k.person_id) OR k.profile IN (SELECT profile FROM old_review)))""")


def survivors(connection: "duckdb.DuckDBPyConnection", batch: str) -> None:
    """Note in `alias` each earlier provisional person all of whose rows are now another person's."""
    connection.execute(f"""INSERT INTO alias
        SELECT k.person_id, min(e.person_id), '{batch}',
            CASE WHEN bool_or(a.method = 'decided') THEN '人工确认为同一人' ELSE '新的数据表明是同一人' END
        FROM known AS k JOIN assigned AS a USING (profile) JOIN entity AS e USING (eid)
        JOIN old AS o ON o.person_id = k.person_id AND o.provisional
        GROUP BY k.person_id
        HAVING bool_and(e.person_id <> k.person_id) AND count(DISTINCT e.person_id) = 1
            AND k.person_id NOT IN (SELECT person_id FROM assigned JOIN entity USING (eid))""")
    connection.execute("DELETE FROM entity WHERE person_id IN (SELECT old_person_id FROM alias)")


def carry_review(connection: "duckdb.DuckDBPyConnection") -> None:
    """Questions of earlier batches about rows that have not changed stay open until somebody answers them."""
    connection.execute("""INSERT INTO review
        SELECT q.profile, e.eid, q.probability, q.reason
        FROM old_review AS q JOIN assigned AS a USING (profile) JOIN entity AS e USING (person_id)
        WHERE a.method = 'unchanged' AND q.profile NOT IN (SELECT profile FROM review)
            AND NOT EXISTS (SELECT 1 FROM decision AS d WHERE d.profile = q.profile AND d.person_id = q.person_id)""")


def find_deaths(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, deaths: str) -> None:
    """Make the table `death` (eid, death_date) of the batch's rows of the source `deaths` that say 死亡."""
    path = home.lake(batch, "standardised", deaths)
    if path.exists():
        connection.execute(f"""CREATE OR REPLACE TABLE death AS
            SELECT a.eid, min(coalesce(d.death_date, d.cancelled_on)) AS death_date
            FROM read_parquet('{quoted(path)}') AS d JOIN record USING (record_id) JOIN assigned AS a USING (profile)
            WHERE d.cancel_reason = '死亡' GROUP BY a.eid""")
    else:
        connection.execute("CREATE OR REPLACE TABLE death (eid BIGINT, death_date DATE)")


def write_persons(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, register: int) -> dict[str, int | float]:
    """Write `person_faces` and `persons`, and let go of what nothing after this reads: the faces and the profiles.

    Returns:
        counts: persons, provisional.
    """
    connection.execute("DROP TABLE person_face")
    faces = f"""SELECT person_id, {FACE}, own FROM (
            SELECT eid, {FACE}, true AS own FROM own_face UNION ALL SELECT DISTINCT eid, {FACE}, false FROM extra_face)
        JOIN entity USING (eid)"""
    write_parquet(connection, faces, home.lake(batch, "linkage", "person_faces"))
    connection.execute("DROP TABLE own_face; DROP TABLE extra_face")
    known = {"register": register, "batch": batch}
    for statement in _SQL.split(";\n"):
        if statement.strip():
            connection.execute(statement, {name: value for name, value in known.items() if f"${name}" in statement} or None)
    write_parquet(connection, "SELECT * FROM persons", home.lake(batch, "linkage", "persons"))
    persons, provisional = connection.execute("SELECT count(*), count(*) FILTER (provisional) FROM persons").fetchall()[0]
    connection.execute("DROP TABLE persons; DROP TABLE profile CASCADE")
    return {"persons": persons, "provisional": provisional}


def write_records(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: Mapping[str, Contract]) -> None:
    """Write the tables of rows, and check that every standardised row stands in person_records exactly once.

    Raises:
        DataError: it does not.
    """
    sources = ", ".join(f"({contract.number}, '{contract.source}')" for contract in contracts.values())
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE sent_file AS SELECT f.file_key, f.file, s.source
        FROM file_name AS f JOIN (VALUES {sources}) AS s(source_no, source) ON s.source_no = f.file_key >> 16""")
    place = f"""r.record_id, '{batch}' AS batch, f.source, f.file,
        ((r.record_id >> 4) & 68719476735)::INTEGER AS row_no, (r.record_id & 15)::TINYINT AS member_no"""
    sent = "JOIN sent_file AS f ON f.file_key = r.record_id >> 40"
    queries = {
        "person_alias": "SELECT * FROM alias ORDER BY ALL",
        "match_review": f"""SELECT {place}, e.person_id AS candidate_person_id, q.p AS probability, q.reason
            FROM review AS q JOIN record AS r USING (profile) {sent} JOIN entity AS e ON e.eid = q.eid ORDER BY ALL""",
        "id_issues": f"""SELECT q.kind, f.source, f.file, ((r.record_id >> 4) & 68719476735)::INTEGER AS row_no,
            (r.record_id & 15)::TINYINT AS member_no, e.person_id
            FROM id_issue AS q JOIN record AS r USING (profile) {sent} LEFT JOIN entity AS e ON e.eid = q.eid ORDER BY ALL""",
        "person_records": f"""SELECT {place}, e.person_id, a.method AS match_method, a.probability AS match_probability,
            r.profile AS identity_hash
            FROM record AS r JOIN assigned AS a USING (profile) JOIN entity AS e USING (eid) {sent}""",
    }
    for table, query in queries.items():
        written = write_parquet(connection, query, home.lake(batch, "linkage", table))
    if written != connection.execute("SELECT count(*) FROM record").fetchall()[0][0]:
        home.lake(batch, "linkage", "person_records").unlink()
        raise DataError(
            "匹配结果的行数与标准化数据不一致，已撤销。", where=f"批次 {batch}", todo="重新运行；若仍出现，请联系维护人员。"
        )
