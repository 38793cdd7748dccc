"""Persons: golden values, and the tables that the stage writes.

Belongs here: writing `linkage/*.parquet`, whole or as what changed since an earlier batch. Does not belong here: whose record is
whose; how the tables are read (`lake`).
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage import lake
from pipelines.linkage.resolve.records import bring_known
from pipelines.linkage.resolve.register import FACE
from pipelines.storage import Home, quoted, whole_or_absent, write_parquet

if TYPE_CHECKING:
    import duckdb

_HOLDING = Path(__file__).with_name("holding.sql").read_text(encoding="utf-8")
_GOLDEN = Path(__file__).with_name("golden.sql").read_text(encoding="utf-8")

_WHOLE_FROM = 0.2
"""Where so large a share of the base's rows has changed, tables are written whole again: reading the changes costs more."""


def find_deaths(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, deaths: str) -> None:
    """Make the table `death` (eid, death_date) of the batch's rows of the source `deaths` that say 死亡."""
    path = home.lake(batch, "standardised", deaths)
    if path.exists():
        connection.execute(f"""CREATE OR REPLACE TABLE death AS
            WITH dead AS (
                SELECT identity_hash AS profile, coalesce(death_date, cancelled_on) AS day FROM read_parquet('{quoted(path)}')
                WHERE cancel_reason = '死亡'
            )
            SELECT eid, min(day) AS death_date FROM (
                SELECT a.eid, d.day FROM dead AS d JOIN assigned AS a USING (profile)
                UNION ALL SELECT k.eid, d.day FROM dead AS d JOIN kept_row AS k USING (profile))
            GROUP BY eid""")
    else:
        connection.execute("CREATE OR REPLACE TABLE death (eid BIGINT, death_date DATE)")


class Writing:
    """Writes the tables of a batch; those that an earlier batch has too as what changed, where little did.

    Args:
        connection: holds all that the steps made.
        home: where the batch lies.
        batch: the month.
        earlier: the batch that this one goes on from; None if there is none.
        closed: numbers of the sources of authorised use. How many sources mention somebody does not count them: that a bank has
            answered about somebody is itself what an authorisation is asked for.
    """

    def __init__(
        self, connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, earlier: str | None, closed: list[int]
    ) -> None:
        self._connection, self._home, self._batch, self._earlier = connection, home, batch, earlier
        self._open = f"source_no NOT IN ({', '.join(map(str, closed or [0]))})"
        self._clear()

    def persons(self, register: int, *, few: bool) -> dict[str, int | float]:
        """Write `persons`; returns how many there are, and how many are provisional.

        Args:
            register: the number of the register's source.
            few: all that is new stands in `profile`: gaps are filled from that, then from what was known.
        """
        rows = "(SELECT profile AS identity_hash, * FROM profile)" if few else "identity"
        only, unseen = "", "SELECT NULL::BIGINT AS eid WHERE false"
        if self._earlier:
            self._find_changed(register)
            only = "WHERE eid IN (SELECT eid FROM changed)"
            unseen = """SELECT c.eid, h.in_register, h.source_count, h.eid IS NOT NULL AS seen, false AS anew
                FROM changed AS c LEFT JOIN holding AS h USING (eid) WHERE NOT coalesce(h.anew, false)"""
        self._run(_HOLDING.replace("{only}", only), register)
        bring_known(self._connection, "SELECT profile FROM holding WHERE anew")
        self._run(_GOLDEN.replace("{unseen}", unseen).replace("{rows}", rows), register)
        gone = "SELECT old_person_id AS person_id FROM alias"
        self._write("persons", "SELECT * FROM persons", gone)
        self._connection.execute("DROP VIEW persons; DROP TABLE profile CASCADE")
        self._connection.execute(
            "DROP TABLE owned; DROP TABLE holding; DROP TABLE gap; DROP TABLE others; DROP TABLE other_phone"
        )
        counted = self._connection.execute(
            f"SELECT count(*), count(*) FILTER (provisional) FROM {lake.persons(self._home, self._batch)}"
        ).fetchall()[0]
        return {"persons": counted[0], "provisional": counted[1]}

    def faces(self) -> None:
        """Write `person_faces`: all faces of whoever got a new one."""
        of_these = "WHERE eid IN (SELECT eid FROM new_own UNION ALL SELECT eid FROM new_extra)" if self._earlier else ""
        faces = f"""SELECT person_id, {FACE}, own, eid::INTEGER AS person_no FROM (
                SELECT eid, {FACE}, true AS own FROM own_face {of_these}
                UNION ALL SELECT DISTINCT eid, {FACE}, false FROM extra_face {of_these})
            JOIN entity USING (eid)"""
        self._write("person_faces", faces, "SELECT old_person_id AS person_id FROM alias")
        self._connection.execute("DROP VIEW person_face; DROP VIEW own_face; DROP VIEW extra_face; DROP TABLE IF EXISTS brought")
        self._connection.execute("DROP TABLE new_own; DROP TABLE new_extra; DROP TABLE near_own; DROP TABLE near_extra")

    def feedback(self) -> None:
        """Write what is small and always whole: person_alias, person_splits, match_review, id_issues, coverage."""
        place = f"r.record_id, '{self._batch}' AS batch, r.source, r.file, r.row_no, r.member_no"
        queries = {
            "person_alias": "SELECT * FROM alias ORDER BY ALL",
            "person_splits": "SELECT * FROM split ORDER BY ALL",
            "coverage": "SELECT * FROM new_coverage ORDER BY ALL",
            "match_review": f"""SELECT {place}, e.person_id AS candidate_person_id, q.p AS probability, q.reason, r.identity_hash
                FROM review AS q JOIN identity AS r ON r.identity_hash = q.profile JOIN entity AS e ON e.eid = q.eid
                ORDER BY ALL""",
            "id_issues": """SELECT q.kind, r.source, r.file, r.row_no, r.member_no, e.person_id, r.identity_hash
                FROM id_issue AS q JOIN identity AS r ON r.identity_hash = q.profile LEFT JOIN entity AS e ON e.eid = q.eid
                ORDER BY ALL""",
        }
        for table, query in queries.items():
            write_parquet(self._connection, query, self._home.lake(self._batch, lake.STAGE, table))

    def identities(self) -> None:
        """Write `identities`, last: a batch that has them is linked.

        Raises:
            DataError: an identity has no person, or more than one.
        """
        self._check()
        query = f"""SELECT a.profile AS identity_hash, a.source_no, a.sound, a.household, e.person_id, '{self._batch}' AS batch,
                a.method::VARCHAR AS match_method, a.probability AS match_probability, a.eid::INTEGER AS person_no
            FROM assigned AS a JOIN entity AS e USING (eid)"""
        self._write("identities", query, "SELECT NULL::UBIGINT AS identity_hash WHERE false")

    def _check(self) -> None:
        settled, new, nobodys = self._connection.execute("""SELECT (SELECT count(*) FROM assigned),
            (SELECT count(*) FROM new_identity), (SELECT count(*) FROM assigned ANTI JOIN entity USING (eid))""").fetchall()[0]
        if settled != new or nobodys:
            raise DataError(
                "匹配结果与标准化数据不一致，没有写出。",
                where=f"批次 {self._batch}",
                todo="重新运行；若仍出现，请联系维护人员。",
            )

    def _find_changed(self, register: int) -> None:
        """Make `changed` (eid): who got a row, lost one that counts, or is no longer (or again) in this batch."""
        self._connection.execute(f"""CREATE OR REPLACE TEMP TABLE changed AS
            WITH present AS (
                SELECT eid, bit_or(1::HUGEINT << source_no) FILTER ({self._open}) AS sources,
                    bool_or(source_no = {register}) AS in_register
                FROM (SELECT eid, source_no FROM kept_row UNION ALL SELECT eid, source_no FROM assigned) GROUP BY eid
            )
            SELECT DISTINCT eid FROM assigned
            UNION SELECT eid FROM death
            UNION
            SELECT o.person_no FROM old_person AS o LEFT JOIN present AS p ON p.eid = o.person_no
            WHERE coalesce(bit_count(p.sources), 0) <> o.source_count
                OR (p.eid IS NOT NULL) <> (o.last_batch = '{self._earlier}')
                OR (o.provisional AND coalesce(p.in_register, false))""")

    def _run(self, statements: str, register: int) -> None:
        # a view takes no parameters; a batch is four digits, a dash and two
        given = {"{register}": str(register), "{batch}": f"'{self._batch}'", "{open}": self._open}
        for name, value in given.items():
            statements = statements.replace(name, value)
        self._connection.execute(statements)

    def _write(self, table: str, rows: str, gone: str) -> None:
        """Write a table of lake.KEYS: whole, or as changes to the base of the batch before.

        Args:
            table: which.
            rows: SQL of the rows that are new or changed.
            gone: SQL of the keys whose rows are no more.
        """
        path, key = self._home.lake(self._batch, lake.STAGE, table), lake.KEYS[table]
        if not self._earlier:
            write_parquet(self._connection, rows, path)
            return
        base, since, before = self._base(table)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE changing AS {rows}")
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE replaced AS SELECT {key} FROM changing UNION {gone}")
        changes = f"""
            SELECT *, false AS gone FROM changing
            UNION ALL BY NAME
            SELECT {key}, true AS gone FROM replaced ANTI JOIN changing USING ({key})"""
        if before:
            kept = f"FROM read_parquet('{quoted(before)}') ANTI JOIN replaced USING ({key})"
            if table == "persons":
                kept = f"SELECT * REPLACE ({lake.seen_now(self._earlier, self._batch)}) {kept}"
            changes += f" UNION ALL BY NAME ({kept})"
        size, of = self._connection.execute(
            f"SELECT (SELECT count(*) FROM ({changes})), (SELECT count(*) FROM read_parquet('{quoted(base)}'))"
        ).fetchall()[0]
        if size > _WHOLE_FROM * of:
            old = lake.relation(self._home, self._earlier, table)
            kept = "*" if table != "persons" else f"* REPLACE ({lake.seen_now(self._earlier, self._batch)})"
            write_parquet(
                self._connection,
                f"SELECT {kept} FROM {old} ANTI JOIN replaced USING ({key}) UNION ALL BY NAME SELECT * FROM changing",
                path,
            )
        else:
            self._link_base(base, path.with_name(f"{table}.base.{since}.parquet"))
            write_parquet(self._connection, changes, lake.changes_of(self._home, self._batch, table))
        self._connection.execute("DROP TABLE changing; DROP TABLE replaced")

    def _base(self, table: str) -> tuple[Path, str, Path | None]:
        """The whole table that the batch before rests on, the batch it is of, and what that batch changed in it."""
        before = self._earlier or ""
        found = lake.base_of(self._home, before, table)
        if found and not self._home.lake(before, lake.STAGE, table).exists():
            return *found, lake.changes_of(self._home, before, table)
        return self._home.lake(before, lake.STAGE, table), before, None

    def _link_base(self, base: Path, here: Path) -> None:
        """A hard link: the base stays as it is here, whatever becomes of the earlier batch; a copy where links cannot be."""
        with whole_or_absent(here) as new:
            try:
                os.link(base, new)
            except OSError:
                shutil.copyfile(base, new)

    def _clear(self) -> None:
        """Remove what an earlier run of the batch left; the identities first, which say that a batch is linked."""
        for table in ("identities", "person_records", "person_faces", "persons"):
            path = self._home.lake(self._batch, lake.STAGE, table)
            lake.changes_of(self._home, self._batch, table).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            for base in path.parent.glob(f"{table}.base.*.parquet"):
                base.unlink()


def write_all(
    connection: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    earlier: str | None,
    contracts: Mapping[str, Contract],
    *,
    few: bool,
) -> dict[str, int | float]:
    """Write every table of the batch, and let go of what nothing after this reads.

    Args:
        connection: holds all that the steps made.
        home: where the batch lies.
        batch: the month.
        earlier: the batch that this one goes on from; None if there is none.
        contracts: by source.
        few: all that is new stands in `profile`.

    Returns:
        counts: persons, provisional.

    Raises:
        DataError: an identity has no person, or more than one.
    """
    closed = [contract.number for contract in contracts.values() if contract.use == "authorised"]
    writing = Writing(connection, home, batch, earlier, closed)
    writing.faces()
    counts = writing.persons(contracts["police_household"].number, few=few)
    writing.feedback()
    writing.identities()
    return counts
