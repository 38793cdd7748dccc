"""Training: how strangers and members of one household compare (u, family).

Belongs here: shares of levels among pairs that are known not to be one person, and chances too rare to be drawn. Does not belong
here: what records of one person show (`matches`), the order of the steps (`train`).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.linkage.compare.frequency import frequency_tables, made_tables, with_frequencies
from pipelines.linkage.compare.levels import compare
from pipelines.linkage.compare.slips import repairs
from pipelines.linkage.resolve.rounds import Round

if TYPE_CHECKING:
    import duckdb

_STRANGERS = 600_000
"""Random pairs of persons for u: a level of one in 10,000 is then known to an eighth; rarer ones are computed."""
_DAMAGED = 8000
"""Register ids that are damaged to learn how often a stranger's id is one slip away."""
STRENGTH = 30.0
"""Pseudo-observations that the stated model weighs in the learnt one."""


def learn_strangers(work: Round) -> None:
    """U from hidden identities against random persons, family against the relatives of whom they are.

    The record's side is a real record, so that what a source leaves out or writes its own way is the same here as among matches.
    """
    connection, model = work.connection, work.model
    frequency_tables(connection, work.config, "person_face")
    persons, hidden = connection.execute("SELECT (SELECT max(eid) FROM own_face), (SELECT count(*) FROM hidden)").fetchall()[0]
    draws = max(1, _STRANGERS // hidden)
    connection.execute("""CREATE OR REPLACE TABLE kindred AS
        SELECT h.eid AS l, b.eid AS r, 0::BIGINT AS keys
        FROM hidden AS h JOIN home AS a ON a.eid = h.truth JOIN home AS b USING (household) WHERE b.eid <> h.truth""")
    connection.execute(f"""CREATE OR REPLACE TABLE drawn AS
        SELECT DISTINCT h.eid AS l, 1 + (hash(h.profile, d.range) % {persons})::BIGINT AS r, 0::BIGINT AS keys
        FROM hidden AS h, range({draws}) AS d WHERE r IS DISTINCT FROM h.truth
        """)
    connection.execute("DELETE FROM drawn WHERE (l, r) IN (SELECT (l, r) FROM kindred)")
    for kind, pairs in (("u", "drawn"), ("family", "kindred")):
        levels_of_pairs(work, "hidden_face", "person_face", pairs)
        for name, comparison in work.config.comparisons.items():
            group = "5" if comparison.mode else "*"
            together = level_shares(work, name).get("*")
            if together is None or name == "household":
                continue
            table = getattr(model.comparisons[name], kind)
            # whose frequency is counted has no u of its own; its share among strangers must not dilute the others'
            counted = [level - 1 for level in comparison.frequency] if kind == "u" else []
            table[group] = _without(counted, together, table[group], STRENGTH)
            if not comparison.mode:
                for source, seen in level_shares(work, name, by="h.source").items():
                    table[source] = _without(counted, seen, table[group], 4 * STRENGTH)
    _compute_rare(work)


def _compute_rare(work: Round) -> None:
    """U of agreements that random pairs never show, from the register's own ids and dates."""
    connection, u = work.connection, work.model.comparisons["identity"].u
    born = _chance(connection, "birth", "birth IS NOT NULL")
    at = {name: place for place, name in enumerate(work.config.comparisons["identity"].level_names())}
    u["5"][at["出生日期相同"]] = born
    u["1"][at["证号不同但出生日期性别相同"]] = u["6"][at["证号不同但出生日期性别相同"]] = born / 2


def learn_strange_ids(work: Round) -> None:
    """U of the id levels of damaged, cut and masked ids: open records against random persons, rare levels worked out.

    How often a level that needs a date of the record's own shows depends on how many of the batch's damaged rows give one, so
    that no stated share fits every batch. Needs `open_face`, `own_face`.
    """
    connection, u = work.connection, work.model.comparisons["identity"].u
    persons, open_ones = connection.execute(
        "SELECT (SELECT max(eid) FROM own_face), (SELECT count(*) FROM open_face WHERE mode IN (2, 3, 4))"
    ).fetchall()[0]
    if open_ones:
        draws = max(1, min(200, _STRANGERS // open_ones))
        connection.execute(f"""CREATE OR REPLACE TABLE drawn AS
            SELECT DISTINCT f.eid AS l, 1 + (hash(f.eid, d.range) % {persons})::BIGINT AS r, 0::BIGINT AS keys
            FROM (SELECT DISTINCT eid FROM open_face WHERE mode IN (2, 3, 4)) AS f, range({draws}) AS d""")
        levels_of_pairs(work, "open_face", "person_face", "drawn")
        for mode, seen in level_shares(work, "identity", "c.mode IN (2, 3, 4)", by="c.mode").items():
            u[mode] = smoothed(seen, u[mode])
    born = _chance(connection, "birth", "birth IS NOT NULL")
    at = {name: place for place, name in enumerate(work.config.comparisons["identity"].level_names())}
    for mode in ("2", "3", "4"):
        u[mode][at["出生日期相同而证号不合"]] = u[mode][at["出生日期相同"]] = born
    u["3"][at["证号可见部分一致"]] = _chance(connection, "left(id, 14)")
    u["4"][at["证号前六后四一致"]] = _chance(connection, "left(id, 6) || right(id, 4)")
    slip = _chance_of_slip(connection, int(persons))
    u["2"][at["证号差一处"]], u["2"][at["证号差两处"]] = slip, min(slip * 40, 1e-4)


def _chance(connection: "duckdb.DuckDBPyConnection", expression: str, where: str = "sound") -> float:
    """How often two persons of the register have a value in common."""
    found = connection.execute(f"""SELECT sum(n * (n - 1)) / (sum(n) * (sum(n) - 1)) FROM (
        SELECT count(*) AS n FROM own_face WHERE {where} GROUP BY {expression})""").fetchall()[0][0]
    return max(float(found or 0), 1e-8)


def _chance_of_slip(connection: "duckdb.DuckDBPyConnection", persons: int) -> float:
    """How often a damaged id could be mended into a given stranger's: register ids are damaged by one digit, and mended."""
    ids = [
        row[0]
        for row in connection.execute(f"""SELECT DISTINCT id FROM own_face WHERE sound AND length(id) = 18
        ORDER BY hash(id), id LIMIT {_DAMAGED}""").fetchall()
    ]
    if not ids:
        return 1e-9
    damaged = []
    for number, one in enumerate(ids):
        place = number % 17
        damaged.append(f"{one[:place]}{(int(one[place]) + 1 + number // 17 % 9) % 10}{one[place + 1 :]}")
    where, what = repairs(damaged)
    import pyarrow as pa

    connection.register("mended", pa.table({"own": pa.array([ids[i] for i in where.tolist()]), "id": pa.array(what.tolist())}))
    hits = connection.execute("""SELECT count(*) FROM mended AS m JOIN own_face AS f ON f.id = m.id AND f.sound
        WHERE m.id <> m.own""").fetchall()[0][0]
    connection.unregister("mended")
    return float(np.clip((hits + 1) / (len(ids) * max(persons, 1)), 1e-9, 1e-4))


def _without(counted: list[int], seen: NDArray[np.float64], stated: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Smoothed shares; levels whose value's frequency is known get 1, and the rest keep their share of everything."""
    shares = smoothed(seen, np.where(np.isin(np.arange(len(stated)), counted), 1e-12, stated), strength)
    shares[counted] = 1.0
    return shares


def levels_of_pairs(work: Round, left: str, right: str, pairs: str) -> None:
    """Make `compared` for the given pairs."""
    tables = made_tables(work.config)
    with_frequencies(work.connection, work.config, right, tables, pairs, "right_compared")
    compare(work.connection, work.config, left, "right_compared", pairs=pairs)


def level_shares(work: Round, name: str, where: str = "true", by: str = "'*'") -> dict[str, NDArray[np.float64]]:
    """How often each level of a comparison stands in `compared`, by group."""
    size = len(work.config.comparisons[name].level_names())
    rows = work.connection.execute(
        f"SELECT {by}, {name}, count(*) FROM compared AS c LEFT JOIN hidden AS h ON h.eid = c.l "
        f"WHERE {name} > 0 AND {where} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    shares: dict[str, NDArray[np.float64]] = {}
    for group, level, amount in rows:
        shares.setdefault(str(group), np.zeros(size))[level - 1] += amount
    return shares


def smoothed(seen: NDArray[np.float64], stated: NDArray[np.float64], strength: float = STRENGTH) -> NDArray[np.float64]:
    """Shares of what was seen, the stated ones weighing as `strength` observations.

    What was never seen among n is at most about one in n: it keeps the lesser of that and what is stated.
    """
    stated = stated / stated.sum()
    shares = (seen + strength * stated) / (seen.sum() + strength)
    return np.asarray(np.maximum(shares, np.minimum(stated, 1 / (seen.sum() + 1))))
