"""Candidates: which pairs are worth comparing, and which keys found them.

Belongs here: joins on 64-bit keys, caps on blocks, the mask of keys. Does not belong here: any weighing.

All keys are one join on one 64-bit value, whose hash table is built on the smaller, open side; the register's side is passed over
once. The mask of keys that found a pair is kept: how far the keys agree tells what all of them missed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.linkage.compare.slips import repairs
from pipelines.linkage.config import Comparison, Config, Key

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
) -> None:
    """Make the table `into` (l, r, keys): each pair of entities that a key found, once.

    Args:
        connection: an open connection.
        config: the keys.
        left: the faces of the side that looks (a table with `eid` and the columns the keys name).
        right: the faces of the side that is found; the same table as `left` for linking a table with itself.
        relations: tables for keys with `from`; a key whose relation is not given is left out.
        into: the table to make.
    """
    itself = left == right
    keys = list(_keys(config, relations or {}))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE looking AS {_looking(keys, left)}")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE found AS
        SELECT DISTINCT eid, h FROM ({_found(keys, right)}) WHERE h IN (SELECT h FROM looking)""")
    # a block over its cap is left out; its finer blocks are not, and within the cap they find nothing that it does not
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE big AS
        SELECT h FROM found JOIN (SELECT DISTINCT h, cap FROM looking) USING (h)
        GROUP BY h, cap HAVING count(*) > cap + {int(itself)}""")
    # among themselves, two records meet once; where the two sides of a key differ, from either side
    order = "CASE WHEN l.crosswise THEN l.eid <> r.eid ELSE l.eid < r.eid END" if itself else "true"
    ends = ("least(l.eid, r.eid)", "greatest(l.eid, r.eid)") if itself else ("l.eid", "r.eid")
    connection.execute(f"""CREATE OR REPLACE TABLE {into} AS
        SELECT {ends[0]} AS l, {ends[1]} AS r, bit_or(l.bit) AS keys
        FROM (FROM looking ANTI JOIN big USING (h)) AS l JOIN found AS r USING (h) WHERE {order} GROUP BY ALL""")
    connection.execute("DROP TABLE looking; DROP TABLE found; DROP TABLE big")


def sought_values(config: Config, faces: str, repair: str) -> str:
    """SQL giving the values that a table of faces looks for (eid, h, cap of the key); `repair` is that relation."""
    return _looking(list(_keys(config, {"repair": repair})), faces)


def known_values(config: Config, faces: str) -> str:
    """SQL giving the key values under which a table of faces is found: (eid, h), in one pass over it."""
    return _found(list(_keys(config, {"repair": "repair"})), faces)


@dataclass(frozen=True)
class _Column:
    """A key or its finer form: what it is called, where it looks, what it compares."""

    code: int
    table: str | None
    same: list[str]
    against: list[str]
    key: Key
    bit: int


def _keys(config: Config, relations: dict[str, str]) -> Iterator[_Column]:
    for number, (name, key) in enumerate(config.keys.items()):
        if key.source and key.source not in relations:
            continue
        table = relations[key.source] if key.source else None
        against, bit = key.against or key.same, config.key_bit(name)
        yield _Column(2 * number, table, key.same, against, key, bit)
        if key.finer:
            yield _Column(2 * number + 1, table, [*key.same, *key.finer], [*against, *key.finer], key, bit)


def _looking(keys: list[_Column], left: str) -> str:
    """(eid, h, cap, bit, crosswise) of the side that looks."""
    parts = (
        f"SELECT DISTINCT eid, {_value(key.code, [f'hash({part})' for part in key.same])} AS h, "
        f"{key.key.cap} AS cap, {key.bit}::BIGINT AS bit, {str(key.key.against is not None).lower()} AS crosswise "
        f"FROM {key.table or left} WHERE ({key.key.when}) AND {_given(key.same)}"
        for key in keys
    )
    return " UNION ALL ".join(parts)


def _found(keys: list[_Column], right: str) -> str:
    """(eid, h) of the side that is found. Each expression is hashed once per face: texts are most of the work."""
    expressions = list(dict.fromkeys(part for key in keys for part in key.against))
    names = {part: f"part_{number}" for number, part in enumerate(expressions)}
    hashed = ", ".join(f"CASE WHEN ({part}) IS NOT NULL THEN hash({part}) END AS {name}" for part, name in names.items())
    of_key = [(key.code, [names[part] for part in key.against]) for key in keys]
    values = ", ".join(f"CASE WHEN {_given(parts)} THEN {_value(code, parts)} END" for code, parts in of_key)
    return f"SELECT eid, unnest([{values}]) AS h FROM (SELECT eid, {hashed} FROM {right})"


def _value(code: int, parts: list[str]) -> str:
    return f"hash({code}::UBIGINT, {', '.join(parts)})"


def make_repairs(connection: "duckdb.DuckDBPyConnection", faces: str) -> None:
    """Make the table `repair` (eid, repaired): the ids that one slip could have damaged into those of `faces`."""
    # rounds ask about the same ids again: what was mended once stays mended
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS repaired_id (id VARCHAR, repaired VARCHAR)")
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS tried_id (id VARCHAR)")
    damaged = connection.sql(
        f"SELECT DISTINCT id FROM {faces} WHERE mode = 2 AND id NOT IN (FROM tried_id) ORDER BY id"
    ).to_arrow_table()
    ids = damaged.column("id").to_pylist()
    where, what = repairs(ids)
    if ids:
        import pyarrow as pa

        found = pa.table(
            {"id": pa.array([ids[i] for i in where.tolist()], pa.string()), "repaired": pa.array(what.tolist(), pa.string())}
        )
        connection.register("found_repairs", found)
        connection.register("new_damaged", damaged)
        connection.execute(
            "INSERT INTO repaired_id SELECT id, repaired FROM found_repairs; INSERT INTO tried_id FROM new_damaged"
        )
        connection.unregister("found_repairs")
        connection.unregister("new_damaged")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE repair AS
        SELECT DISTINCT f.eid, r.repaired FROM {faces} AS f JOIN repaired_id AS r USING (id)""")


def _given(expressions: list[str]) -> str:
    return " AND ".join(f"({expression}) IS NOT NULL" for expression in expressions)


def blocked_by(key: Key, comparison: Comparison) -> bool:
    """Whether a key demands anything of what a comparison looks at: a column that both name."""
    text = " ".join([comparison.column or "", comparison.when, *(level.when for level in comparison.levels)])
    looked_at = set(re.findall(r"[a-z_]\w*", text)) - {"l", "r"}
    demanded = set(re.findall(r"[a-z_]\w*", " ".join([*key.same, *(key.against or [])])))
    return bool(looked_at & demanded - _SQL_WORDS)


_SQL_WORDS = frozenset(
    "and or not is null true false case when then else end coalesce substr left right length lower upper replace abs in "  # noqa: SIM905
    "levenshtein jaro_winkler_similarity damerau_levenshtein year month day strip_accents hamming least greatest".split()
)
