"""How common a value is among persons: what its agreement is worth.

Belongs here: counting names, phones, villages over persons (not rows: whoever stands in ten sources is one namesake, not ten),
within sex and decade of birth with shrinkage. Does not belong here: how frequencies become weights (`decide.weights`).

What was counted once, twice or three times is rarer than that among strangers (Good–Turing): whoever bears a name alone in the
district meets a namesake less often than one in all of it.

Frequencies are kept as quarter bits (−4·log2 f, 0 to 255): half a per cent of a name's frequency decides nothing, and few
distinct values keep the number of distinct patterns small.
"""

import math
from typing import TYPE_CHECKING

from pipelines.linkage.config import Config

if TYPE_CHECKING:
    import duckdb

_SHRINK = 200
"""So many persons of a cell weigh as much as everybody together: a cell of thirty tells little about a name."""


def frequency_tables(
    connection: "duckdb.DuckDBPyConnection", config: Config, faces: str, seekers: str | None = None
) -> dict[tuple[str, int], str]:
    """Make one table per frequency that the comparisons ask for: (value, cell, bits, everywhere).

    Args:
        connection: an open connection.
        config: the comparisons.
        faces: the persons' faces.
        seekers: the faces that will be held against them: only what occurs among these is counted, beside a sample of one
            value in sixteen that tells how many values occur once, twice, three times. None: everything is counted.

    Returns:
        (comparison, level) → table name.
    """
    connection.execute("CREATE OR REPLACE TEMP MACRO quarter_bits(f) AS least(255, greatest(0, round(-4 * log2(f))))::SMALLINT")
    tables = {}
    for name, comparison in config.comparisons.items():
        for level, column in comparison.frequency.items():
            table = f"frequency_{name}_{level}"
            cell = f"hash({', '.join(comparison.within)})" if comparison.within else "0::UBIGINT"
            wanted = f"AND ({column} IN (SELECT {column} FROM {seekers}) OR hash({column}) % 16 = 0)" if seekers else ""
            sampled = "WHERE hash(value) % 16 = 0" if seekers else ""
            connection.execute(f"""CREATE OR REPLACE TEMP TABLE {table} AS
                WITH size AS (
                    SELECT {cell} AS cell, count(*) AS size FROM {faces} WHERE {column} IS NOT NULL GROUP BY ALL
                ),
                one AS (SELECT DISTINCT eid, {column} AS value, {cell} AS cell FROM {faces} WHERE {column} IS NOT NULL {wanted}),
                counted AS (SELECT value, cell, count(*) AS n FROM one GROUP BY ALL),
                shared AS (
                    SELECT c.*, sum(n) OVER (PARTITION BY value) AS everybody, (SELECT sum(size) FROM size) AS persons, s.size
                    FROM counted AS c JOIN size AS s USING (cell)
                ),
                common AS (SELECT everybody, count(DISTINCT value) AS values FROM shared {sampled} GROUP BY everybody),
                turing AS (
                    SELECT a.everybody,
                        least(a.everybody, greatest((a.everybody + 1) * coalesce(b.values, 0), 1) / a.values) AS expected
                    FROM common AS a LEFT JOIN common AS b ON b.everybody = a.everybody + 1 WHERE a.everybody <= 3
                ),
                expected AS (
                    SELECT s.*, coalesce(t.expected, s.everybody) / s.everybody AS discount,
                        coalesce(t.expected, s.everybody) / s.persons AS overall
                    FROM shared AS s LEFT JOIN turing AS t USING (everybody)
                )
                SELECT value, cell, quarter_bits((n * discount + {_SHRINK} * overall) / (size + {_SHRINK})) AS bits,
                    quarter_bits(overall) AS everywhere
                FROM expected""")
            tables[name, level] = table
    return tables


def made_tables(config: Config) -> dict[tuple[str, int], str]:
    """The tables that `frequency_tables` made last: (comparison, level) → table name."""
    return {(name, level): f"frequency_{name}_{level}" for name, c in config.comparisons.items() for level in c.frequency}


def with_frequencies(
    connection: "duckdb.DuckDBPyConnection",
    config: Config,
    faces: str,
    tables: dict[tuple[str, int], str],
    pairs: str,
    into: str,
    *,
    everybody: str | None = None,
) -> None:
    """Make `into`: the faces that occur on the pairs' right side, with their frequencies.

    `everybody` is whom these were counted over, if not `faces`.
    Columns `f_<comparison>_<level>` within the person's cell, `g_<comparison>_<level>` over everybody, in quarter bits.
    """
    size = connection.execute(f"SELECT count(*) FROM {everybody or faces}").fetchall()[0][0]
    never = round(4 * math.log2(max(size, 2)))  # what nobody bears is as rare as one among all
    joins, columns = [], []
    for (name, level), table in tables.items():
        comparison = config.comparisons[name]
        cell = f"hash({', '.join('f.' + part for part in comparison.within)})" if comparison.within else "0::UBIGINT"
        alias = f"t_{name}_{level}"
        joins.append(f"LEFT JOIN {table} AS {alias} ON {alias}.value = f.{comparison.frequency[level]} AND {alias}.cell = {cell}")
        columns.append(f", coalesce({alias}.bits, {never})::SMALLINT AS f_{name}_{level}")
        columns.append(f", coalesce({alias}.everywhere, {never})::SMALLINT AS g_{name}_{level}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT f.*{''.join(columns)} "
        f"FROM (FROM {faces} WHERE eid IN (SELECT r FROM {pairs})) AS f {' '.join(joins)}"
    )
