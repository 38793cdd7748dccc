"""Candidates: which pairs are worth comparing, and which keys found them.

Belongs here: joins on 64-bit keys, caps on blocks, the mask of keys. Does not belong here: any weighing.

Every key is one hash join whose hash table is built on the smaller, open side; the register's side is only scanned. The mask of
keys that found a pair is kept: how far the keys agree tells what all of them missed.
"""

from typing import TYPE_CHECKING

from pipelines.linkage.config import Config, Key
from pipelines.linkage.ids import repairs

if TYPE_CHECKING:
    import duckdb


def candidate_pairs(
    connection: "duckdb.DuckDBPyConnection",
    config: Config,
    left: str,
    right: str,
    *,
    relations: dict[str, str] | None = None,
    into: str = "pairs",
) -> dict[str, int]:
    """Make the table `into` (l, r, keys): each pair of entities that a key found, once.

    Args:
        connection: an open connection.
        config: the keys.
        left: the faces of the side that looks (a table with `eid` and the columns the keys name).
        right: the faces of the side that is found; the same table as `left` for linking a table with itself.
        relations: tables for keys with `from`; a key whose relation is not given is left out.
        into: the table to make.

    Returns:
        pairs found by each key (before the union of keys).
    """
    itself = left == right
    connection.execute(f"CREATE OR REPLACE TEMP TABLE found (l BIGINT, r BIGINT, key BIGINT)")  # noqa: F541
    counts = {}
    for name, key in config.keys.items():
        if key.source and key.source not in (relations or {}):
            continue
        table = (relations or {})[key.source] if key.source else left
        counts[name] = _one_key(connection, key, table, right, config.key_bit(name), itself=itself)
    connection.execute(f"CREATE OR REPLACE TABLE {into} AS SELECT l, r, bit_or(key) AS keys FROM found GROUP BY l, r")
    connection.execute("DROP TABLE found")
    return counts


def _one_key(connection: "duckdb.DuckDBPyConnection", key: Key, left: str, right: str, bit: int, *, itself: bool) -> int:
    """Add one key's pairs to `found`; a block over its cap is split by the finer key or left out."""
    rounds = [(key.same, key.against or key.same)]
    if key.finer:
        rounds.append(([*key.same, *key.finer], [*(key.against or key.same), *key.finer]))
    added = 0
    for number, (on, against) in enumerate(rounds):
        coarse = "" if number == 0 else f", hash({', '.join(key.same)}) AS coarse"
        only_big = "" if number == 0 else "SEMI JOIN big ON big.h = k.coarse"
        connection.execute(f"""CREATE OR REPLACE TEMP TABLE key_l AS SELECT DISTINCT eid, h FROM (
            SELECT eid, hash({", ".join(on)}) AS h{coarse} FROM {left} WHERE ({key.when}) AND {_given(on)}) AS k {only_big}""")
        seekers = connection.execute("SELECT count(*) FROM key_l").fetchall()[0][0]
        if not seekers:
            return added
        connection.execute(f"""CREATE OR REPLACE TEMP TABLE key_r AS SELECT DISTINCT eid, h FROM (
            SELECT eid, hash({", ".join(against)}) AS h FROM {right} WHERE {_given(against)}) AS k
            WHERE h IN (SELECT h FROM key_l)""")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE big AS SELECT h FROM key_r GROUP BY h HAVING count(*) > {key.cap + itself}"
        )
        both_ways = key.against is not None
        order = ("l.eid <> r.eid" if both_ways else "l.eid < r.eid") if itself else "true"
        smaller, larger = ("least(l.eid, r.eid)", "greatest(l.eid, r.eid)") if itself and both_ways else ("l.eid", "r.eid")
        added += connection.execute(f"""INSERT INTO found SELECT {smaller}, {larger}, {bit}
            FROM (FROM key_l ANTI JOIN big USING (h)) AS l JOIN key_r AS r USING (h) WHERE {order}""").fetchall()[0][0]
    return added


def key_values(config: Config, faces: str, *, known: bool = False) -> str:
    """SQL giving the values of all keys, finer ones too, of a table of faces: (eid, h, cap); a value tells its key.

    Args:
        config: the keys; of those that look into a relation, `repair` alone.
        faces: the table.
        known: the side that is found (one pass over it, cap is NULL), not the side that looks.
    """
    looking, found = [], []
    for number, key in enumerate(config.keys.values()):
        if key.source not in (None, "repair"):
            continue
        for finer in ([], key.finer) if key.finer else ([],):
            code = 2 * number + bool(finer)
            same, against = [*key.same, *finer], [*(key.against or key.same), *finer]
            found.append(f"CASE WHEN {_given(against)} THEN hash({code}, {', '.join(against)}) END")
            looking.append(
                f"SELECT eid, hash({code}, {', '.join(same)}) AS h, {key.cap} AS cap FROM {key.source or faces} "
                f"WHERE ({key.when}) AND {_given(same)}"
            )
    if known:
        return f"SELECT eid, unnest([{', '.join(found)}]) AS h, NULL AS cap FROM {faces}"
    return " UNION ALL ".join(looking)


def make_repairs(connection: "duckdb.DuckDBPyConnection", faces: str) -> None:
    """Make the table `repair` (eid, repaired): the ids that one slip could have damaged into those of `faces`."""
    damaged = connection.sql(f"SELECT DISTINCT id FROM {faces} WHERE mode = 2 ORDER BY id").to_arrow_table()
    ids = damaged.column("id").to_pylist()
    where, what = repairs(ids)
    connection.execute("CREATE OR REPLACE TEMP TABLE repaired_id (id VARCHAR, repaired VARCHAR)")
    if len(where):
        import pyarrow as pa

        found = pa.table({"id": pa.array([ids[i] for i in where.tolist()]), "repaired": pa.array(what.tolist())})
        connection.register("found_repairs", found)
        connection.execute("INSERT INTO repaired_id SELECT id, repaired FROM found_repairs")
        connection.unregister("found_repairs")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE repair AS
        SELECT DISTINCT f.eid, r.repaired FROM {faces} AS f JOIN repaired_id AS r USING (id)""")


def _given(expressions: list[str]) -> str:
    return " AND ".join(f"({expression}) IS NOT NULL" for expression in expressions)
