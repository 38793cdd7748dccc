"""New persons and their ids.

Belongs here: how a person comes into being and what id it gets. Does not belong here: who needs one (`register`, `unregistered`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_CODE = """CREATE OR REPLACE MACRO person_code(h) AS 'P' || reverse(translate(
    to_base((h & 36028797018963967)::BIGINT, 32, 11), 'IJKLMNOPQRSTUV', 'JKMNPQRSTVWXYZ'))"""
"""One letter and eleven of Crockford's base 32: 55 bits of the hash of the identity that a person was first seen under."""


def declare_codes(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make the macro `person_code`."""
    connection.execute(_CODE)


def found(connection: "duckdb.DuckDBPyConnection", batch: str, *, provisional: bool) -> None:
    """Give each row of `founded` (first: the profile it begins with) an entity: adds the column `eid` to it.

    A profile that begins a person again is that person again. A code that another person bears is salted until it is free.
    """
    connection.execute("""CREATE OR REPLACE TEMP TABLE coded AS
        SELECT f.first, person_code(f.first) AS person_id, false AS again FROM (SELECT DISTINCT first FROM founded) AS f""")
    connection.execute("""UPDATE coded SET again = true FROM relinked AS k
        WHERE k.profile = coded.first AND k.person_id = coded.person_id AND k.person_id IN (SELECT person_id FROM entity)""")
    for salt in range(1, 9):
        clash = connection.execute(f"""UPDATE coded SET person_id = person_code(hash(first, {salt})) WHERE NOT again AND (
            person_id IN (SELECT person_id FROM entity)
            OR first NOT IN (SELECT min(first) FROM coded GROUP BY person_id))""").fetchall()[0][0]
        if not clash:
            break
    # the order of the numbers depends on what the rows hold alone, so that files and threads do not matter
    connection.execute("""CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT first, person_id, again, row_number() OVER (ORDER BY first) + (SELECT coalesce(max(eid), 0) FROM entity) AS eid
        FROM coded WHERE NOT again
        UNION ALL
        SELECT c.first, c.person_id, true, e.eid FROM (FROM coded WHERE again) AS c JOIN entity AS e USING (person_id)""")
    connection.execute(f"INSERT INTO entity SELECT eid, person_id, '{batch}', {provisional} FROM numbered WHERE NOT again")
    connection.execute("""CREATE OR REPLACE TEMP TABLE founded AS
        SELECT f.*, n.eid, n.again FROM founded AS f JOIN numbered AS n USING (first)""")
    connection.execute("DROP TABLE coded; DROP TABLE numbered")
