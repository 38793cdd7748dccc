"""Which persons of earlier batches a batch's few new identities could be: only their faces are loaded.

Belongs here: one pass over the faces of everybody known, and the loading of those that a key reaches. Does not belong here: which
of them a record is (`rounds`), and the first batch, which has nobody to look for.

A face is near that bears the sound id of a new identity, or shares a key with one that no id and name settle; whoever lives with
somebody who counts is loaded when a round asks for it (`load_faces`).
"""

from typing import TYPE_CHECKING

from pipelines.linkage.compare.keys import known_values, make_repairs, sought_values
from pipelines.linkage.config import Config
from pipelines.linkage.resolve.register import FACE

if TYPE_CHECKING:
    import duckdb


def load_near(connection: "duckdb.DuckDBPyConnection", config: Config) -> None:
    """Fill near_own and near_extra with whoever the new identities in `profile` could be.

    Makes `seek_face`, those that no id and name settle, and the view everyone: all faces, loaded or not.

    Args:
        connection: holds profile, old_face; near_own and near_extra, empty.
        config: the keys.
    """
    connection.execute("""CREATE OR REPLACE TEMP TABLE same_id AS
        SELECT eid, id, name FROM old_face WHERE sound AND id IN (SELECT id_number FROM profile WHERE sound)""")
    connection.execute("""CREATE OR REPLACE TABLE seek_row AS
        FROM profile AS p ANTI JOIN same_id AS s ON p.sound AND s.id = p.id_number AND s.name = p.name_key""")
    connection.execute(f"""CREATE OR REPLACE TABLE seek_face AS
        SELECT row_number() OVER (ORDER BY profile)::BIGINT AS eid, {FACE}, born_from, mode, false AS companions
        FROM faces_of('seek_row')""")
    make_repairs(connection, "seek_face")
    sought = sought_values(config, "seek_face", "repair")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE sought AS SELECT DISTINCT h, cap FROM ({sought})")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE reached AS
        SELECT DISTINCT eid, h FROM ({known_values(config, "old_face")}) WHERE h IN (SELECT h FROM sought)""")
    connection.execute("""CREATE OR REPLACE TEMP TABLE near AS
        SELECT eid FROM same_id
        UNION SELECT eid FROM reached
        SEMI JOIN (SELECT h FROM reached JOIN sought USING (h) GROUP BY h, cap HAVING count(*) <= cap) USING (h)""")
    load_faces(connection, "FROM near")
    connection.execute(
        f"CREATE VIEW everyone AS SELECT eid, {FACE} FROM old_face UNION ALL FROM new_own UNION ALL FROM new_extra"
    )
    for table in ("same_id", "seek_row", "sought", "reached", "near"):
        connection.execute(f"DROP TABLE {table}")


def load_faces(connection: "duckdb.DuckDBPyConnection", persons: str) -> None:
    """Load all faces of some persons of earlier batches, as far as they are not there yet.

    Args:
        connection: holds old_face, near_own, near_extra.
        persons: SQL giving a column `eid`.
    """
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE asked_for AS
        SELECT DISTINCT eid FROM ({persons}) ANTI JOIN near_own USING (eid) ANTI JOIN new_own USING (eid)""")
    if not connection.execute("SELECT count(*) FROM asked_for").fetchall()[0][0]:
        return
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE asked_face AS SELECT eid, {FACE}, own FROM old_face SEMI JOIN asked_for USING (eid)"
    )
    connection.execute(f"INSERT INTO near_own SELECT eid, {FACE} FROM asked_face WHERE own")
    connection.execute(f"INSERT INTO near_extra SELECT eid, {FACE} FROM asked_face WHERE NOT own")
    connection.execute("DROP TABLE asked_face")
