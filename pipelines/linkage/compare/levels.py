"""Comparison: for each candidate pair and field one small level, the best over everything known of both sides.

Belongs here: levels. Does not belong here: weights.

A person has several faces (identities brought by its records); a pair's level in a field is its best over all pairs of faces, so
that a record is held against the whole person. Comparers in Python see each distinct pair of values once.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.linkage.compare.names import name_levels
from pipelines.linkage.config import Comparison, Config

if TYPE_CHECKING:
    import duckdb


def compare(
    connection: "duckdb.DuckDBPyConnection",
    config: Config,
    left: str,
    right: str,
    *,
    pairs: str = "pairs",
    into: str = "compared",
) -> None:
    """Make `into` (l, r, keys, mode, <comparison> levels, tf): one row per pair.

    Levels are 0 where a side says nothing, else 1 (strongest) and up. `tf` is the sum of the quarter bits of those agreements
    whose frequency is known. `right` must hold the frequency columns (`frequency.with_frequencies`).
    """
    columns, joins, totals = [], [], []
    mode = "0"
    for name, comparison in config.comparisons.items():
        if comparison.comparer:
            table = _distinct_values(connection, name, comparison, left, right, pairs)
            joins.append(
                f"LEFT JOIN {table} AS c_{name} ON c_{name}.a = l.{comparison.column} AND c_{name}.b = r.{comparison.column}"
            )
        level = _level_sql(config, name, comparison)
        bits = "0"
        if comparison.frequency:
            cases = " ".join(f"WHEN {number} THEN {_frequency_sql(comparison, name, number)}" for number in comparison.frequency)
            bits = f"CASE lv_{name} {cases} ELSE 0 END"
        # level and frequency in one number, so that the best level brings its own frequency along
        columns.append(f"{level} AS lv_{name}, CASE WHEN lv_{name} > 0 THEN lv_{name} * 256 + 255 - ({bits}) END AS b_{name}")
        totals.append(name)
        if comparison.mode:
            mode = comparison.mode
    packed = ", ".join(f"min(b_{name}) AS b_{name}" for name in totals)
    levels = ", ".join(f"coalesce(b_{name} // 256, 0)::TINYINT AS {name}" for name in totals)
    counted = {name: ", ".join(map(str, config.comparisons[name].frequency)) for name in totals}
    tf = " + ".join(
        f"CASE WHEN b_{name} // 256 IN ({counted[name]}) THEN 255 - b_{name} % 256 ELSE 0 END" for name in totals if counted[name]
    )
    connection.execute(f"""CREATE OR REPLACE TABLE {into} AS
        SELECT l, r, keys, mode, {levels}, ({tf or 0})::SMALLINT AS tf FROM (
            SELECT l, r, any_value(keys) AS keys, max(mode)::TINYINT AS mode, {packed} FROM (
                SELECT p.l, p.r, p.keys, {mode} AS mode, {", ".join(columns)}
                FROM {pairs} AS p JOIN {left} AS l ON l.eid = p.l JOIN {right} AS r ON r.eid = p.r {" ".join(joins)})
            GROUP BY l, r)""")


def _frequency_sql(comparison: Comparison, name: str, level: int) -> str:
    """The frequency that counts: within the person's cell only if the record is known to be of that cell."""
    if not comparison.within:
        return f"r.f_{name}_{level}"
    first, *others = [f"{_of('l', part)} = {_of('r', part)}" for part in comparison.within]
    same = " AND ".join([f"coalesce({first}, false)", *(f"coalesce({other}, true)" for other in others)])
    return f"CASE WHEN {same} THEN r.f_{name}_{level} ELSE r.g_{name}_{level} END"


def _of(side: str, expression: str) -> str:
    """A column's expression as one side's: `birth // 100000` → `l.birth // 100000`."""
    return f"{side}.{expression}"


def _level_sql(config: Config, name: str, comparison: Comparison) -> str:
    """The SQL that gives one pair of faces its level in one field."""
    if comparison.comparer:
        a, b = f"l.{comparison.column}", f"r.{comparison.column}"
        return (
            f"(CASE WHEN {a} IS NULL OR {b} IS NULL OR NOT coalesce(({comparison.when}), false) THEN 0 "
            f"WHEN {a} = {b} THEN 1 ELSE coalesce(c_{name}.level, 0) END)"
        )
    cases = []
    for number, level in enumerate(comparison.levels, 1):
        condition = level.when
        for key in config.keys:
            condition = condition.replace("{" + key + "}", f"((p.keys & {config.key_bit(key)}) <> 0)")
        cases.append(f"WHEN {condition} THEN {number}")
    return f"(CASE {' '.join(cases)} ELSE 0 END)"


def _distinct_values(
    connection: "duckdb.DuckDBPyConnection", name: str, comparison: Comparison, left: str, right: str, pairs: str
) -> str:
    """Compare each distinct pair of unequal values once, in Python; make the table `values_<name>` (a, b, level)."""
    column, table = comparison.column, f"values_{name}"
    # coalesce: a bare `<>` between the sides may be planned as their join, all against all (measured: 50 s instead of 1 s)
    found = connection.sql(f"""SELECT DISTINCT l.{column} AS a, r.{column} AS b
        FROM {pairs} AS p JOIN {left} AS l ON l.eid = p.l JOIN {right} AS r ON r.eid = p.r
        WHERE coalesce(l.{column} <> r.{column}, false) AND ({comparison.when})""").to_arrow_table()
    a, b = found.column("a").to_numpy(), found.column("b").to_numpy()
    level = _COMPARERS[comparison.comparer or "text"](a, b)
    found = found.append_column("level", [level])
    connection.register("compared_values", found)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM compared_values")
    connection.unregister("compared_values")
    return table


def _chinese_levels(left: NDArray[np.object_], right: NDArray[np.object_]) -> NDArray[np.int8]:
    return name_levels(left.tolist(), right.tolist())


def text_levels(left: NDArray[np.object_], right: NDArray[np.object_]) -> NDArray[np.int8]:
    """Levels of free text such as an address: 1 equal, 2 alike with the same numbers in it, 3 different.

    Numbers must agree: No. 5 and No. 6 of one lane are neighbours, not a typing error.
    """
    import re

    from rapidfuzz import fuzz

    numbers = re.compile(r"\d+")
    levels = np.full(len(left), 3, dtype=np.int8)
    for place, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        if a == b:
            levels[place] = 1
        elif numbers.findall(a) == numbers.findall(b) and fuzz.ratio(a, b, score_cutoff=60):
            levels[place] = 2
    return levels


def latin_levels(left: NDArray[np.object_], right: NDArray[np.object_]) -> NDArray[np.int8]:
    """Levels of names in an alphabet, by Jaro-Winkler similarity: 1 equal, 2 ≥ 0.92, 3 ≥ 0.85, 4 ≥ 0.75, 5 less."""
    from rapidfuzz.distance import JaroWinkler
    from rapidfuzz.process import cpdist

    alike = cpdist(left.tolist(), right.tolist(), scorer=JaroWinkler.similarity, dtype=np.float32)
    levels = 5 - np.searchsorted([0.75, 0.85, 0.92], alike, side="right")
    return np.where(left == right, 1, levels).astype(np.int8)


_COMPARERS: dict[str, Callable[[NDArray[np.object_], NDArray[np.object_]], NDArray[np.int8]]] = {
    "chinese_name": _chinese_levels,
    "text": text_levels,
    "latin_name": latin_levels,
}
