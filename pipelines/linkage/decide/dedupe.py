"""The engine on any table: records of people of any country, no register, no ids, no labels.

Belongs here: deduplication of one table by a comparison file of its own, with the same keys, levels, weights and clusters as the
district's linkage. Does not belong here: anything Chinese, any register (`stage`).

u comes from random pairs; m and the share of matches among all pairs from expectation–maximisation over the found pairs, what is
in excess of chance being matches. The threshold is even odds: nothing is chosen by the truth.
Links, then clusters whose records agree on the whole, then what is left held against each large cluster as one person.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.linkage.compare.frequency import frequency_tables, with_frequencies
from pipelines.linkage.compare.keys import blocked_by, candidate_pairs
from pipelines.linkage.compare.levels import compare
from pipelines.linkage.config import Comparison, Config
from pipelines.linkage.decide.clusters import average_clusters, components
from pipelines.linkage.decide.em import learn
from pipelines.linkage.decide.odds import as_patterns
from pipelines.linkage.decide.weights import FLOOR, Model, Patterns, Weights, score

if TYPE_CHECKING:
    import duckdb

Floats = NDArray[np.float64]

_RANDOM_PAIRS = 1_000_000
_ENOUGH = 50
"""Fewer matches than this say nothing of a comparison's m."""
_KNOWN_BY = 4
"""A cluster of so many records is a person whom others may be held against as a whole."""
_LARGEST_COMPONENT = 400
"""Within a component of at most so many records every pair is compared, found by a key or not."""


@dataclass(frozen=True)
class Deduped:
    """What deduplication found: a cluster per record (in the order of eid), the model, the share of matches among all pairs."""

    eid: NDArray[np.int64]
    cluster: NDArray[np.int64]
    model: Model
    share: float
    pairs: int
    healthy: bool


def dedupe(connection: "duckdb.DuckDBPyConnection", table: str, config: Config) -> Deduped:
    """Find which records of a table are one person's.

    Args:
        connection: an open connection of `Home.connect`.
        table: its table; has `eid` BIGINT 1…n and the columns that the comparison file names.
        config: the comparison file.

    Returns:
        clusters, each named by one of its records.
    """
    records = int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    tables = frequency_tables(connection, config, table)
    u = _strangers(connection, table, config, tables, records)
    candidate_pairs(connection, config, table, table)
    _compared(connection, table, config, tables, "pairs")
    patterns, counts, keys = _patterns(connection, config)
    model, share, healthy = _learnt(config, patterns, counts, keys, u, records)
    share = _share(config, model, patterns, counts, records)
    _scored(connection, config, model)
    label = _clusters(connection, table, config, tables, model, records, share)
    label = _attached(connection, table, config, tables, label)
    eid = connection.sql(f"SELECT eid FROM {table} ORDER BY eid").to_arrow_table().column("eid").to_numpy()
    return Deduped(eid=eid, cluster=eid[label], model=model, share=share, pairs=int(counts.sum()), healthy=healthy)


def _compared(
    connection: "duckdb.DuckDBPyConnection",
    table: str,
    config: Config,
    tables: dict[tuple[str, int], str],
    pairs: str,
    right: str | None = None,
) -> None:
    with_frequencies(connection, config, right or table, tables, pairs, "right_compared")
    compare(connection, config, table, "right_compared", pairs=pairs)


def _strangers(
    connection: "duckdb.DuckDBPyConnection", table: str, config: Config, tables: dict[tuple[str, int], str], records: int
) -> list[Floats]:
    """How often each level stands between random records: u. Levels never seen get what one sighting would be at most."""
    draws = max(1, _RANDOM_PAIRS // records)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE drawn AS
        SELECT DISTINCT least(a.eid, b.eid) AS l, greatest(a.eid, b.eid) AS r, 0::BIGINT AS keys
        FROM (SELECT eid, 1 + (hash(eid, d.range) % {records})::BIGINT AS other FROM {table}, range({draws}) AS d) AS a
        JOIN {table} AS b ON b.eid = a.other WHERE a.eid <> b.eid""")
    _compared(connection, table, config, tables, "drawn")
    return _shares_of_levels(connection, config)


def _shares_of_levels(connection: "duckdb.DuckDBPyConnection", config: Config) -> list[Floats]:
    """How often each level stands in `compared`; one never seen gets what half a sighting would be."""
    u = []
    for name, comparison in config.comparisons.items():
        size = len(comparison.level_names())
        seen = np.zeros(size)
        for level, amount in connection.execute(
            f"SELECT {name}, count(*) FROM compared WHERE {name} > 0 GROUP BY ALL"
        ).fetchall():
            seen[level - 1] = amount
        u.append((seen + 0.5) / (seen.sum() + 0.5 * size))
    return u


def _patterns(connection: "duckdb.DuckDBPyConnection", config: Config) -> tuple[Patterns, Floats, NDArray[np.int64]]:
    """Distinct patterns of `compared`, how many pairs show each, and the keys that found them."""
    names = list(config.comparisons)
    table = connection.sql(f"""SELECT '*' AS source, mode, {", ".join(names)}, tf, keys, count(*) AS pairs
        FROM compared GROUP BY ALL ORDER BY ALL""").to_arrow_table()
    return as_patterns(config, table), table.column("pairs").to_numpy().astype(float), table.column("keys").to_numpy()


def _learnt(
    config: Config, patterns: Patterns, counts: Floats, keys: NDArray[np.int64], u: list[Floats], records: int
) -> tuple[Model, float, bool]:
    """Each comparison's m, and the share of matches among all pairs of the table.

    u is known from random pairs, and so is how many pairs no key found: strangers. What is in excess of chance among the found
    ones is matches. A key lets through only what agrees in what it demands: in the end each comparison's m is counted over the
    pairs that some key found which does not demand it.
    """
    comparisons = list(config.comparisons.values())
    start = [_first_guess(len(c.level_names())) for c in comparisons]
    counted = [_counted(c, uu) for c, uu in zip(comparisons, u, strict=True)]
    everything = records * (records - 1) / 2
    learnt = learn(
        patterns.levels, counts, start, counted,
        share=min(records / 10 / everything, 0.1), strength=5, frequency=patterns.tf / 4,
        outside=everything - counts.sum(), rounds=500,
    )  # fmt: skip
    m = learnt.m
    matches = counts * _odds_of(patterns, m, counted, learnt.share)
    for place, comparison in enumerate(comparisons):
        free = [config.key_bit(name) for name, key in config.keys.items() if not blocked_by(key, comparison)]
        chosen = (keys & sum(free)) != 0
        if matches[chosen].sum() >= _ENOUGH:
            seen = np.bincount(patterns.levels[chosen, place], weights=matches[chosen], minlength=len(m[place]) + 1)[1:]
            m[place] = (seen + 5 * start[place]) / (seen.sum() + 5)
    weights = {
        name: Weights(m={"*": mm}, u={"*": cc}, family={"*": uu})
        for name, mm, cc, uu in zip(config.comparisons, m, counted, u, strict=True)
    }
    return Model(number=0, comparisons=weights, basis="learnt", name="dedupe"), learnt.share, learnt.healthy


def _odds_of(patterns: Patterns, m: list[Floats], u: list[Floats], share: float) -> Floats:
    """The probability of each pattern's pairs being one person."""
    bits = patterns.tf / 4 + np.log2(share / (1 - share))
    for place, (mm, uu) in enumerate(zip(m, u, strict=True)):
        bits = (
            bits
            + np.concatenate([[0.0], np.log2(np.maximum(mm, FLOOR)) - np.log2(np.maximum(uu, FLOOR))])[patterns.levels[:, place]]
        )
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits, -200, 200))))


def _counted(comparison: Comparison, u: Floats) -> Floats:
    """U with 1 where the value's own frequency is counted instead."""
    kept = u.copy()
    kept[[level - 1 for level in comparison.frequency]] = 1.0
    return kept


def _first_guess(size: int) -> Floats:
    """Where learning starts: agreement is usual, each weaker level a third as usual as the one before, the last one some."""
    guess = 0.8 * (1 / 3.0) ** np.arange(size)
    guess[-1] = max(guess[-1], 0.05)
    return np.asarray(guess / guess.sum())


def _share(config: Config, model: Model, patterns: Patterns, counts: Floats, records: int) -> float:
    """The share of matches among all pairs of the table, by expectation–maximisation; pairs that no key found are none."""
    bits, _ = score(config, model, patterns)
    everything = records * (records - 1) / 2
    share = max(records / 10, 1) / everything
    for _ in range(200):
        odds = share / (1 - share) * np.exp2(np.clip(bits, -200, 200))
        new = float((counts * odds / (1 + odds)).sum()) / everything
        new = min(max(new, FLOOR / records), 0.5)
        if abs(new - share) <= 1e-6 * share:
            break
        share = new
    return share


def _scored(connection: "duckdb.DuckDBPyConnection", config: Config, model: Model) -> None:
    """Make `scored` (l, r, bits) of `compared`."""
    names = list(config.comparisons)
    table = connection.sql(
        f"SELECT DISTINCT '*' AS source, mode, {', '.join(names)}, tf FROM compared ORDER BY ALL"
    ).to_arrow_table()
    bits, _ = score(config, model, as_patterns(config, table))
    connection.register("pattern_scores", table.append_column("bits", [bits]))
    same = " AND ".join(f"q.{name} = c.{name}" for name in names)
    connection.execute(f"""CREATE OR REPLACE TABLE scored AS SELECT c.l, c.r, q.bits
        FROM compared AS c JOIN pattern_scores AS q ON q.mode = c.mode AND q.tf = c.tf AND {same}""")
    connection.unregister("pattern_scores")


def _bounded_components(
    size: int, left: NDArray[np.int64], right: NDArray[np.int64], odds: Floats, *, step: float = 1.0
) -> NDArray[np.int64]:
    """Components by links of even odds or better; one too large to be compared in full is cut by asking for more, bit by bit."""
    label = components(size, left, right)
    asked = 0.0
    while len(left):
        large = np.bincount(label, minlength=size)[label[left]] > _LARGEST_COMPONENT
        if not large.any():
            break
        asked += step
        label[np.isin(label, label[left[large]])] = -1
        kept = large & (odds > asked)
        again = components(size, left[kept], right[kept])
        label = np.where(label < 0, again, label)
        left, right, odds = left[large], right[large], odds[large]
        kept = odds > asked
        left, right, odds = left[kept], right[kept], odds[kept]
    return label


def _clusters(
    connection: "duckdb.DuckDBPyConnection",
    table: str,
    config: Config,
    tables: dict[tuple[str, int], str],
    model: Model,
    records: int,
    share: float,
) -> NDArray[np.int64]:
    """Components by pairs of even odds or better, then divided where their records do not agree with each other on the whole."""
    import pyarrow as pa

    prior = np.log2(share / (1 - share))
    found = connection.execute("SELECT l, r, bits FROM scored WHERE bits + ? > 0 ORDER BY l, r", [float(prior)]).fetchnumpy()
    label = _bounded_components(
        records, np.asarray(found["l"]) - 1, np.asarray(found["r"]) - 1, np.asarray(found["bits"]) + prior
    )
    connection.register("labels", pa.table({"eid": np.arange(1, records + 1), "label": label}))
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE inside AS
        WITH big AS (SELECT label FROM labels GROUP BY label HAVING count(*) BETWEEN 3 AND {_LARGEST_COMPONENT})
        SELECT a.eid AS l, b.eid AS r, 0::BIGINT AS keys FROM labels AS a SEMI JOIN big USING (label)
        JOIN labels AS b ON b.label = a.label AND a.eid < b.eid""")
    connection.unregister("labels")
    _compared(connection, table, config, tables, "inside")
    _scored(connection, config, model)
    within = connection.execute("SELECT l, r, bits FROM scored ORDER BY l, r").fetchnumpy()
    return average_clusters(label, np.asarray(within["l"]) - 1, np.asarray(within["r"]) - 1, np.asarray(within["bits"]) + prior)


def _attached(
    connection: "duckdb.DuckDBPyConnection",
    table: str,
    config: Config,
    tables: dict[tuple[str, int], str],
    label: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Small clusters held against the whole of each large one, by the best that any of its records says; even odds attach.

    What agrees with no one record enough may agree with a person: the name as one of its records has it, the place as another.
    Chance agrees more easily with many records than with one, so that u and m are learnt anew for such pairs.
    """
    import pyarrow as pa

    sizes = np.bincount(label, minlength=len(label))
    known, open_ = np.unique(label[sizes[label] >= _KNOWN_BY]), np.unique(label[sizes[label] < _KNOWN_BY])
    if len(known) < _ENOUGH or len(open_) < _ENOUGH:
        return label
    connection.register("labels", pa.table({"eid": np.arange(1, len(label) + 1), "cluster": label + 1}))
    for side, which in (("known_record", ">="), ("open_record", "<")):
        connection.execute(f"""CREATE OR REPLACE TEMP TABLE {side} AS
            SELECT t.* REPLACE (c.cluster AS eid) FROM {table} AS t JOIN labels AS c USING (eid)
            JOIN (SELECT cluster, count(*) AS size FROM labels GROUP BY cluster) AS s USING (cluster)
            WHERE s.size {which} {_KNOWN_BY}""")
    connection.unregister("labels")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE drawn AS
        WITH numbered AS (SELECT eid, row_number() OVER (ORDER BY eid) AS place FROM (SELECT DISTINCT eid FROM known_record))
        SELECT DISTINCT o.eid AS l, n.eid AS r, 0::BIGINT AS keys
        FROM (SELECT DISTINCT eid FROM open_record) AS o, range({max(1, _RANDOM_PAIRS // (4 * len(open_)))}) AS d
        JOIN numbered AS n ON n.place = 1 + (hash(o.eid, d.range) % {len(known)})::BIGINT""")
    _compared(connection, "open_record", config, tables, "drawn", "known_record")
    u = _shares_of_levels(connection, config)
    candidate_pairs(connection, config, "open_record", "known_record")
    _compared(connection, "open_record", config, tables, "pairs", "known_record")
    patterns, counts, _ = _patterns(connection, config)
    if counts.sum() < _ENOUGH:
        return label
    comparisons = list(config.comparisons.values())
    counted = [_counted(c, uu) for c, uu in zip(comparisons, u, strict=True)]
    everything = float(len(open_) * len(known))
    learnt = learn(
        patterns.levels, counts, [_first_guess(len(c.level_names())) for c in comparisons], counted,
        share=0.5 / len(known), strength=5, frequency=patterns.tf / 4, outside=everything - counts.sum(), rounds=500,
    )  # fmt: skip
    if not learnt.healthy:
        return label
    weights = {
        name: Weights(m={"*": mm}, u={"*": cc}, family={"*": uu})
        for name, mm, cc, uu in zip(config.comparisons, learnt.m, counted, u, strict=True)
    }
    _scored(connection, config, Model(number=0, comparisons=weights, basis="learnt", name="attach"))
    prior = float(np.log2(learnt.share / (1 - learnt.share)))
    found = connection.execute(
        """WITH weighed AS (SELECT l, r, pow(2, least(bits + ?, 100)) AS w FROM scored),
        shared AS (SELECT l, r, w / (1 + sum(w) OVER (PARTITION BY l)) AS p FROM weighed)
        SELECT l - 1 AS l, r - 1 AS r FROM shared WHERE p > 0.5 ORDER BY l""",
        [prior],
    ).fetchnumpy()
    into = np.arange(len(label))
    into[np.asarray(found["l"])] = np.asarray(found["r"])
    return np.asarray(into[label])
