"""Assignment: for each open unit, the probability of every candidate and of nobody, and what is done by it.

Belongs here: from evidence in bits to links, questions for a clerk, and nobody. Does not belong here: levels and weights.

The owner of a unit is one of its candidates, or nobody whom the keys found. A relative of somebody in the register, unknown to
it, would look like that person in surname, phone and address: `family` evidence is weighed against `link` for this reason. Being
somebody's relative is one event, however many of that household are candidates: the strongest of them speaks for all (added up,
a household of four cost 5 % of the true links under an own id with another given name).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.linkage.config import Config
from pipelines.linkage.decide.threshold import link_threshold
from pipelines.linkage.decide.weights import Model, Patterns, score

if TYPE_CHECKING:
    import duckdb


def score_pairs(
    connection: "duckdb.DuckDBPyConnection",
    config: Config,
    model: Model,
    *,
    source: str = "unit_source",
    compared: str = "compared",
) -> int:
    """Make the table `scored`: `compared` with bits and kin (bits), scored once per distinct pattern.

    Args:
        connection: holds `compared` and the table `source` (eid, source: the weights' group).
        config: the comparisons.
        model: the weights.
        source: which group of weights each left entity belongs to.
        compared: the table of levels.

    Returns:
        the number of distinct patterns.
    """
    names = list(config.comparisons)
    levels = ", ".join(names)
    patterns = connection.sql(f"""SELECT s.source, c.mode, {levels}, c.tf, count(*) AS pairs
        FROM {compared} AS c JOIN {source} AS s ON s.eid = c.l GROUP BY ALL ORDER BY ALL""").to_arrow_table()
    if not patterns.num_rows:
        connection.execute(
            f"CREATE OR REPLACE TABLE scored AS SELECT *, '' AS source, 0.0::DOUBLE AS bits, 0.0::DOUBLE AS kin FROM {compared}"
        )
        return 0
    bits, kin = score(config, model, as_patterns(config, patterns))
    connection.register("pattern_scores", patterns.append_column("bits", [bits]).append_column("kin", [kin]))
    same = " AND ".join(f"q.{name} = c.{name}" for name in names)
    connection.execute(f"""CREATE OR REPLACE TABLE scored AS
        SELECT c.*, s.source, q.bits, q.kin FROM {compared} AS c JOIN {source} AS s ON s.eid = c.l
        JOIN pattern_scores AS q ON q.source = s.source AND q.mode = c.mode AND q.tf = c.tf AND {same}""")
    connection.unregister("pattern_scores")
    return int(patterns.num_rows)


def as_patterns(config: Config, table: Any) -> Patterns:
    """An Arrow table of patterns (source, mode, levels, tf) as arrays."""

    def column(name: str) -> NDArray[np.int64]:
        return np.asarray(table.column(name).to_numpy()).astype(np.int64)

    return Patterns(
        groups=np.array(table.column("source").to_pylist(), dtype=np.object_),
        modes=column("mode"),
        levels=np.stack([column(name) for name in config.comparisons], axis=1),
        tf=column("tf"),
    )


def decide(
    connection: "duckdb.DuckDBPyConnection",
    config: Config,
    model: Model,
    persons: int,
    relatives: float,
    *,
    link: float | None = None,
) -> None:
    """Make `ranked` (l, r, p, place) and `decided` (l, r, p, second, does: link, review, nobody: one row per unit).

    Args:
        connection: holds `scored`.
        config: the odds.
        model: coverage and calibration.
        persons: how many the register holds.
        relatives: how many others a household holds on average.
        link: from which probability on is linked; None: the comparison file's, or what its target makes of this batch.
    """
    odds = config.odds
    coverage = ", ".join(f"'{source}': {share!r}" for source, share in sorted(model.coverage.items()) if source != "*")
    default = model.coverage.get("*", 0.97)
    cover = f"coalesce(map_extract_value(MAP {{{coverage}}}, source), {default})" if coverage else str(default)
    connection.execute(f"""CREATE OR REPLACE TABLE ranked AS
        WITH weighed AS (
            SELECT l, r, keys, source, bits, {cover} AS cover, {cover} / {persons} * pow(2, least(bits, 300)) AS weight,
                {relatives / persons!r} * pow(2, least(kin, 300)) AS family
            FROM scored
        ),
        whole AS (
            SELECT *, fsum(weight) OVER w AS total, max(family) OVER w AS families FROM weighed WINDOW w AS (PARTITION BY l)
        ),
        raw AS (SELECT *, least(greatest(weight / (total + (1 - cover) * (1 + families)), 1e-300), 1 - 1e-15) AS q FROM whole)
        SELECT l, r, keys, source, bits, round(1 / (1 + exp(-({model.intercept!r} + {model.slope!r} * ln(q / (1 - q))))), 6) AS p,
            row_number() OVER (PARTITION BY l ORDER BY q DESC, r) AS place
        FROM raw""")
    least = link_threshold(connection, odds) if link is None else link
    connection.execute(f"""CREATE OR REPLACE TABLE decided AS
        SELECT a.l, a.r, a.p, coalesce(b.p, 0) AS second, b.r AS runner_up, a.source,
            CASE WHEN a.p >= {least!r} AND coalesce(b.p, 0) <= {odds.second} THEN 'link'
                WHEN a.p >= {odds.review} THEN 'review' ELSE 'nobody' END AS does
        FROM ranked AS a LEFT JOIN ranked AS b ON b.l = a.l AND b.place = 2 WHERE a.place = 1""")
