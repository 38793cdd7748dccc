"""Corrections of earlier batches (E6): a row that a caseworker found to be wrong is not joined to anybody silently again.

Belongs here: which rows are meant, taking them off whom they were joined to, asking a clerk, telling the source. Does not belong
here: reading answers (`pipelines.returns`); what a clerk decided (`decisions`), which outranks all of this.

A row is known by its identity: once the department has corrected it, it is another row, and what was said of it is used up.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.linkage.resolve.earlier import let_go
from pipelines.linkage.resolve.founding import found
from pipelines.linkage.resolve.near import load_faces
from pipelines.linkage.resolve.records import bring_known
from pipelines.linkage.resolve.register import FACE, assign
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

SAID_WRONG = "said_wrong"
"""The kind in `id_issues` of a row that stays with its person though it was said to be wrong."""

REASON = "走访反馈说数据有误，请核对这一行是不是此人的。"

_SQL = Path(__file__).with_name("corrections.sql").read_text(encoding="utf-8")


def set_apart(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, register: int) -> int:
    """Take rows said to be wrong off the persons they were joined to, unless by an exact id; ask about them in `review`.

    Each stands for a provisional person of its own from then on. Makes the table `wrong` for `tell_sources`.

    Args:
        connection: holds assigned, entity, own_face, profile, decision, what `old` opens, and review.
        home: where the earlier batches lie.
        batch: of now.
        register: the number of the register's source, whose rows stay.

    Returns:
        the number of distinct identities set apart.
    """
    if not _load(connection, home, batch):
        connection.execute("CREATE OR REPLACE TEMP TABLE wrong (profile UBIGINT, eid BIGINT, person_id VARCHAR, stays BOOLEAN)")
        return 0
    connection.execute(_SQL, {"register": register})
    connection.execute("CREATE OR REPLACE TEMP TABLE founded AS SELECT profile AS first FROM wrong WHERE NOT stays")
    apart = int(connection.execute("SELECT count(*) FROM founded").fetchall()[0][0])
    # it may have been what that person began with: it must not come back as the same person
    connection.execute("""DELETE FROM relinked USING wrong AS w
        WHERE NOT w.stays AND relinked.profile = w.profile AND relinked.person_id = w.person_id""")
    let_go(connection, "SELECT first AS profile FROM founded")
    found(connection, batch, provisional=True)
    connection.execute(f"""
        DELETE FROM review WHERE profile IN (SELECT first FROM founded);
        INSERT INTO review SELECT profile, eid, probability, '{REASON}' FROM wrong WHERE NOT stays;
        DELETE FROM assigned WHERE profile IN (SELECT first FROM founded);
        CREATE OR REPLACE TEMP TABLE apart_row AS SELECT p.* FROM profile AS p JOIN founded AS f ON f.first = p.profile;
        INSERT INTO new_own SELECT f.eid, {FACE} FROM founded AS f JOIN faces_of('apart_row') AS p ON p.profile = f.first
            WHERE NOT f.again""")
    assign(connection, "SELECT first AS profile, eid, 'provisional' AS method, 1.0 AS p FROM founded")
    return apart


def tell_sources(connection: "duckdb.DuckDBPyConnection") -> None:
    """List the rows that stay in `id_issue`."""
    connection.execute(f"INSERT INTO id_issue BY NAME SELECT '{SAID_WRONG}' AS kind, profile, eid FROM wrong WHERE stays")


def _load(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> int:
    """Make `said_wrong` and bring what it names into `profile`; return how many identities were said to be wrong."""
    said = [path for b in home.earlier_batches(batch) if (path := home.lake(b, "returns", "corrections")).exists()]
    if not said:
        return 0
    listed = ", ".join(f"'{quoted(path)}'" for path in said)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE said_wrong AS
        SELECT DISTINCT identity_hash AS profile FROM read_parquet([{listed}])
        WHERE kind = 'data' AND identity_hash IN (SELECT profile FROM record)""")
    bring_known(connection, "FROM said_wrong")
    load_faces(connection, "SELECT eid FROM whose WHERE profile IN (FROM said_wrong)")
    return int(connection.execute("SELECT count(*) FROM said_wrong").fetchall()[0][0])
