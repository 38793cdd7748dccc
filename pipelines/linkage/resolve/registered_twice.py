"""A register that lists one person twice, once under a damaged id or none.

Belongs here: which register rows without a sound id repeat one that has. Does not belong here: founding persons (`register`),
other sources' damaged ids (`rounds`).

No weighing: a stranger of exactly this name one slip away, or of this name and birthday at this address, is rarer than any
threshold asks for (a valid id is one slip from a given stranger's about once in 10 million pairs, a name is shared by one in
thousands). Twins and siblings bear other names, and two rows that could be meant leave it alone.
"""

from typing import TYPE_CHECKING

from pipelines.linkage.compare.slips import repairs

if TYPE_CHECKING:
    import duckdb


def adopt_damaged(connection: "duckdb.DuckDBPyConnection") -> int:
    """Let register rows without a sound id be founded together with the row of a sound id that they repeat.

    Args:
        connection: holds `register_face` (the faces of the register rows that are to be founded) and `founder` (profile, own: the
            hash of a sound id, or the row's own).

    Returns:
        how many rows were adopted: their `own` is now that of the sound row.
    """
    import pyarrow as pa

    damaged = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT id FROM register_face WHERE mode = 2 AND name IS NOT NULL ORDER BY id"
        ).fetchall()
    ]
    where, what = repairs(damaged)
    mended = pa.table(
        {"id": pa.array([damaged[i] for i in where.tolist()], pa.string()), "repaired": pa.array(what.tolist(), pa.string())}
    )
    connection.register("mended_register", mended)
    connection.execute("""CREATE OR REPLACE TEMP TABLE adopted AS
        WITH meant AS (
            SELECT d.profile, s.id
            FROM register_face AS d JOIN mended_register AS m ON m.id = d.id
            JOIN register_face AS s ON s.id = m.repaired AND s.sound AND s.name = d.name
            WHERE NOT d.sound
            UNION
            SELECT d.profile, s.id
            FROM (FROM register_face WHERE mode = 5) AS d JOIN (FROM register_face WHERE sound) AS s
                ON s.name = d.name AND s.birth = d.birth AND s.sex = d.sex AND s.address = d.address
                    AND s.village IS NOT DISTINCT FROM d.village
        )
        SELECT profile, hash(min(id)) AS own FROM meant GROUP BY profile HAVING count(DISTINCT id) = 1""")
    connection.unregister("mended_register")
    adopted = connection.execute(
        "UPDATE founder SET own = adopted.own FROM adopted WHERE adopted.profile = founder.profile"
    ).fetchall()[0][0]
    connection.execute("DROP TABLE adopted")
    return int(adopted)
