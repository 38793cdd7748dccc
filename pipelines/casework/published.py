"""What the last batch published, read one person or household at a time, and logged before it is read.

Belongs here: the open warehouse, and the few questions a desk asks of it. Does not belong here: what may be shown to whom
(`access`, `schemas/masking.yaml`), what is computed (a batch does that).

The warehouse is swapped in by a rename: whoever asks next reads the new one, whoever reads now finishes on the old one.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.casework.access import Actor, Entry, RefusedError, record
from pipelines.casework.store import Store
from pipelines.errors import DataError
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

MASKED = "遮盖浏览"
"""The reason on record where names, ids and phones stayed masked."""
MOST_FOUND = 50
"""Search results shown; more means the question was too wide."""


class Published:
    """The home's published batch.

    Args:
        home: whose.
        store: where each reading is logged.
    """

    def __init__(self, home: Home, store: Store) -> None:
        self.home, self.store = home, store
        self._lock = threading.Lock()
        self._open: tuple[tuple[int, int], duckdb.DuckDBPyConnection] | None = None

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """A cursor on the warehouse as it is published now.

        Raises:
            DataError: nothing has been published yet.
        """
        import duckdb

        path = self.home.warehouse
        try:
            stat = path.stat()
        except FileNotFoundError:
            raise DataError("还没有发布任何批次。", where=str(self.home.root), todo="请数据人员先运行 zhudong run。") from None
        state = (stat.st_ino, stat.st_mtime_ns)
        with self._lock:
            if self._open is None or self._open[0] != state:
                # In memory, the file attached: DuckDB would give the old file again to whoever opens the same path a second time.
                connection = duckdb.connect(
                    ":memory:",
                    config={"memory_limit": "2GB", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
                )
                connection.execute(f"ATTACH '{quoted(path)}' AS zhudong (READ_ONLY)")
                connection.execute("USE zhudong")
                self._open = (state, connection)
            cursor = self._open[1].cursor()
        cursor.execute("USE zhudong")
        return cursor

    def batch(self) -> dict[str, Any]:
        """The last batch: `batch`, `as_of`, `published_at`."""
        found = self._rows("SELECT batch, as_of, published_at FROM batch ORDER BY batch DESC LIMIT 1")
        if not found:
            raise DataError("还没有发布任何批次。", where=str(self.home.root), todo="请数据人员先运行 zhudong run。")
        return found[0]

    def search(self, actor: Actor, words: str) -> list[dict[str, Any]]:
        """Persons by exact name, id, phone or number, of the actor's town; logged by whom it found.

        Args:
            actor: who asks.
            words: what was typed; it is not kept.
        """
        text = words.strip().upper()
        if len(text) < 2:
            raise DataError("请写完整的姓名、证号、电话或编号。", todo="至少两个字。")
        where, values = "", [text, text, text, text, text]
        if actor.role in ("town", "village"):
            where = " AND coalesce(h.town, p.town) = ?"
            values.append(actor.town or "")
        if actor.role == "village":
            where += " AND coalesce(h.village, p.village) = ?"
            values.append(actor.village or "")
        if actor.role == "organisation":
            raise RefusedError
        rows = self._rows(
            f"""
            SELECT p.person_id, p.name, p.id_number, p.birth_date, p.sex, p.alive, coalesce(h.town, p.town) AS town,
                coalesce(h.village, p.village) AS village, h.household_id
            FROM person AS p
            LEFT JOIN household_member AS m ON m.person_id = p.person_id AND m.kind = 'assistance'
                AND m.batch = (SELECT max(batch) FROM batch)
            LEFT JOIN household AS h USING (batch, household_id)
            WHERE (upper(p.name) = ? OR p.id_number = ? OR p.phone = ? OR p.person_id = ? OR h.household_id = ?){where}
            ORDER BY town, village, p.person_id LIMIT {MOST_FOUND + 1}""",
            values,
        )
        record(self.store, Entry(actor, "查找", subjects=[row["person_id"] for row in rows[:MOST_FOUND]]))
        return rows

    def household(self, actor: Actor, household_id: str, purpose: str | None) -> dict[str, Any]:
        """A household with its members, what the rules found and its leads; logged before it is read.

        Raises:
            DataError: the last batch does not know it.
            RefusedError: it is not the actor's to see; logged.
        """
        rows = self._rows(
            """SELECT household_id, town, village, grid, register_town, member_count, head_person_id, disputed, stated_members
            FROM household WHERE household_id = ? AND kind = 'assistance' AND batch = (SELECT max(batch) FROM batch)""",
            [household_id],
        )
        if not rows:
            raise DataError("最近的批次里没有这个家庭。", todo="家庭可能已经合并、迁出或终结；档案里仍可查看过去的情况。")
        found = rows[0]
        allowed = actor.covers(found["town"], found["village"])
        record(self.store, Entry(actor, "查看家庭", purpose or MASKED, [household_id], allowed=allowed))
        if not allowed:
            raise RefusedError
        found["members"] = self._rows(
            """SELECT m.relation, p.* FROM household_member AS m JOIN person AS p USING (person_id)
            WHERE m.household_id = ? AND m.kind = 'assistance' AND m.batch = (SELECT max(batch) FROM batch)
            ORDER BY m.person_id <> ?, p.birth_date, m.person_id""",
            [household_id, found["head_person_id"]],
        )
        found["findings"] = self._rows(
            """SELECT f.rule_id, f.outcome, f.level, f.direction, f.person_id, f.reason, r.title, r.law, r.question
            FROM finding AS f JOIN rule AS r USING (batch, rule_id)
            WHERE f.household_id = ? AND f.batch = (SELECT max(batch) FROM batch)
            ORDER BY f.level = 'yellow', f.level = 'orange', f.rule_id, f.person_id""",
            [household_id],
        )
        found["sources"] = self._rows(
            """SELECT r.person_id, r.source, s.title, count(*) AS records FROM person_record AS r
            JOIN source AS s USING (batch, source)
            WHERE r.batch = (SELECT max(batch) FROM batch) AND list_contains(?, r.person_id) AND s.use = 'screening'
            GROUP BY ALL ORDER BY r.person_id, r.source""",
            [[member["person_id"] for member in found["members"]]],
        )
        found["facts"] = self._facts(household_id)
        return found

    def household_of(self, person_id: str) -> str | None:
        """The assistance household a person is in now, aliases followed."""
        rows = self._rows(
            """WITH me AS (SELECT coalesce((SELECT person_id FROM person_alias WHERE old_person_id = ? LIMIT 1), ?) AS person_id)
            SELECT household_id FROM household_member JOIN me USING (person_id)
            WHERE kind = 'assistance' AND batch = (SELECT max(batch) FROM batch)""",
            [person_id, person_id],
        )
        return rows[0]["household_id"] if rows else None

    def contact(self, actor: Actor, person_id: str, order_id: str) -> dict[str, Any]:
        """Name, address and phone of whom an order is for, nothing else; logged before it is read. Empty: no longer known.

        Whether the actor may is for the caller to ask (`providers.sees_person`).
        """
        record(self.store, Entry(actor, "查看服务对象", order_id, [person_id]))
        rows = self._rows(
            """WITH me AS (SELECT coalesce((SELECT person_id FROM person_alias WHERE old_person_id = ? LIMIT 1), ?) AS person_id)
            SELECT name, town, village, address, phone FROM person JOIN me USING (person_id)""",
            [person_id, person_id],
        )
        return rows[0] if rows else {}

    def fits(self, person_id: str, condition: str | None) -> bool | None:
        """Whether a person's facts of the last batch meet a declared condition; None: they cannot tell."""
        if condition is None:
            return True
        batch = self._rows("SELECT max(batch) AS batch FROM batch")[0]["batch"]
        path = self.home.lake(batch, "assess", "person_fact")
        if not Path(path).exists():
            return None
        rows = self._rows(f"SELECT ({condition}) AS fits FROM read_parquet('{quoted(path)}') WHERE person_id = ?", [person_id])
        return rows[0]["fits"] if rows else None

    def place_of(self, household_id: str) -> tuple[str | None, str | None, str | None]:
        """Town, village, grid of a household of the last batch."""
        rows = self._rows(
            """SELECT town, village, grid FROM household
            WHERE household_id = ? AND kind = 'assistance' AND batch = (SELECT max(batch) FROM batch)""",
            [household_id],
        )
        return (rows[0]["town"], rows[0]["village"], rows[0]["grid"]) if rows else (None, None, None)

    def _facts(self, household_id: str) -> dict[str, Any]:
        """The household's facts of the last batch; empty where the lake no longer holds them."""
        batch = self._rows("SELECT max(batch) AS batch FROM batch")[0]["batch"]
        path = self.home.lake(batch, "assess", "household_fact")
        if not Path(path).exists():
            return {}
        rows = self._rows(f"FROM read_parquet('{quoted(path)}') WHERE household_id = ?", [household_id])
        return rows[0] if rows else {}

    def _rows(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        cursor = self.cursor()
        try:
            cursor.execute(query, values or [])
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()
