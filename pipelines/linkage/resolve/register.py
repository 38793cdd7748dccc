"""The spine: every person whom the register lists, and everybody known from earlier batches.

Belongs here: founding persons out of register rows, and their faces. Does not belong here: linking other sources to them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.linkage.compare.names import ONE_CHARACTER, name_levels
from pipelines.linkage.decide.clusters import components
from pipelines.linkage.resolve.founding import found
from pipelines.linkage.resolve.registered_twice import adopt_damaged

if TYPE_CHECKING:
    import duckdb

_BROUGHT = Path(__file__).with_name("brought.sql").read_text(encoding="utf-8")

FACE = "name, pinyin, surname, birth, lunar, own_birth, sex, id, id_status, sound, phone, town, village, address"
"""The columns of a face that are compared."""


METHODS = ("register", "exact_id", "scored", "household", "provisional", "decided", "unchanged")
"""How an identity comes to its person."""


def prepare(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make the empty tables that the steps fill.

    Tables: entity (eid, person_id, first_batch, provisional); assigned (profile, eid, method, probability, source_no, sound,
    household); new_own and new_extra, the faces that this run makes; near_own and near_extra, those of earlier batches. Views:
    own_face, extra_face (new and near), person_face (own and extra), whose (profile, eid, source_no: assigned and kept).
    """
    kinds = ", ".join(f"'{method}'" for method in METHODS)
    connection.execute(f"""
        CREATE TABLE entity (eid BIGINT, person_id VARCHAR, first_batch VARCHAR, provisional BOOLEAN);
        CREATE TABLE assigned (profile UBIGINT, eid BIGINT, method ENUM ({kinds}), probability DOUBLE, source_no TINYINT,
            sound BOOLEAN, household UBIGINT);
        CREATE OR REPLACE TABLE open_profile AS SELECT profile FROM new_identity""")
    for table in ("new_own", "new_extra", "near_own", "near_extra"):
        connection.execute(f"CREATE TABLE {table} AS SELECT 0::BIGINT AS eid, {FACE} FROM profile_face WHERE false")
    for view, parts in {"own_face": ("new_own", "near_own"), "extra_face": ("new_extra", "near_extra")}.items():
        connection.execute(f"CREATE VIEW {view} AS {' UNION ALL '.join('FROM ' + part for part in parts)}")
    connection.execute("CREATE VIEW person_face AS FROM own_face UNION ALL FROM extra_face")
    connection.execute("""CREATE VIEW whose AS
        SELECT profile, eid, source_no FROM assigned UNION ALL SELECT profile, eid, source_no FROM kept_row""")


def assign(connection: "duckdb.DuckDBPyConnection", found: str) -> None:
    """Insert into `assigned` what the query `found` (profile, eid, method, p) gives, with what `profile` says of the identity."""
    connection.execute(f"""INSERT INTO assigned
        SELECT f.profile, f.eid, f.method, f.p, p.source_no, p.sound, p.household
        FROM ({found}) AS f JOIN profile AS p USING (profile)""")


def found_persons(connection: "duckdb.DuckDBPyConnection", register: int, batch: str) -> None:
    """Found a person for every open register row: one per sound id and agreeing name, else one per row.

    Two rows under one id with contradicting names are two persons (in 2009 China had 1.7 million shared ids), and are listed.
    """
    connection.execute(f"""CREATE OR REPLACE VIEW register_row AS
        SELECT p.* FROM profile AS p ANTI JOIN assigned AS a ON a.profile = p.profile WHERE p.source_no = {register}""")
    connection.execute("CREATE OR REPLACE TABLE register_face AS FROM faces_of('register_row')")
    connection.execute("""CREATE OR REPLACE TEMP TABLE founder AS
        SELECT profile, CASE WHEN sound THEN hash(id) ELSE profile END AS own, name, sound, 0 AS part FROM register_face""")
    adopt_damaged(connection)
    several = connection.sql("""SELECT own, name, min(profile) AS profile FROM founder
        WHERE own IN (SELECT own FROM founder GROUP BY own HAVING min(coalesce(name, '')) < max(coalesce(name, '')))
        GROUP BY own, name ORDER BY own, name""").to_arrow_table()
    if several.num_rows:
        own, name = np.array(several.column("own").to_pylist()), np.array([n or "" for n in several.column("name").to_pylist()])
        a, b = _within(own)
        level = name_levels(name[a].tolist(), name[b].tolist())
        alike = level <= ONE_CHARACTER
        part = components(len(own), a[alike], b[alike])
        connection.register("parts", several.append_column("part", [part]))
        connection.execute(
            "UPDATE founder SET part = parts.part + 1 FROM parts "
            "WHERE parts.own = founder.own AND parts.name IS NOT DISTINCT FROM founder.name"
        )
        connection.unregister("parts")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE founded AS "
        "SELECT own, part, coalesce(min(profile) FILTER (sound), min(profile)) AS first FROM founder GROUP BY own, part"
    )
    found(connection, batch, provisional=False)
    assign(
        connection,
        "SELECT f.profile, g.eid, 'register' AS method, 1.0 AS p FROM founder AS f JOIN founded AS g USING (own, part)",
    )
    connection.execute(
        f"INSERT INTO new_own SELECT g.eid, {FACE} "
        "FROM founded AS g JOIN register_face AS p ON p.profile = g.first WHERE NOT again"
    )
    connection.execute("DROP TABLE founder; DROP TABLE founded; DROP VIEW register_row; DROP TABLE register_face")


def add_faces(connection: "duckdb.DuckDBPyConnection", new: str) -> None:
    """Let persons learn from records: the faces that the newly assigned bring, empty values filled from the person's own.

    Args:
        connection: holds person_face, own_face, assigned, profile_face; left behind is `brought`: profile, eid, face.
        new: SQL over `assigned`: which assignments are new.
    """
    connection.execute(_BROUGHT.replace("{new}", new))


def former_names(connection: "duckdb.DuckDBPyConnection", register: int) -> None:
    """Give persons a face under each former name that the register states."""
    connection.execute(f"""CREATE OR REPLACE TABLE former_row AS
        FROM profile WHERE source_no = {register} AND former_name IS NOT NULL AND former_name <> name""")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE once_called AS
        SELECT DISTINCT a.eid, replace(p.former_name, '·', ''), NULL, left(p.former_name, 1),
            {", ".join("f." + c.strip() for c in FACE.split(",")[3:])}
        FROM former_row AS p JOIN faces_of('former_row') AS f USING (profile) JOIN assigned AS a USING (profile)
        WHERE a.method <> 'unchanged'""")
    connection.execute("INSERT INTO new_extra FROM once_called; DROP TABLE once_called")


def _within(groups: "np.ndarray[tuple[int], np.dtype[np.str_]]") -> tuple[np.ndarray, np.ndarray]:
    """All pairs of places within runs of equal values (the array is sorted)."""
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    ends = np.concatenate([starts[1:], [len(groups)]])
    pairs = [(i, j) for s, e in zip(starts, ends, strict=True) for i in range(s, e) for j in range(i + 1, e)]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]
