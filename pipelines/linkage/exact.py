"""The exact step: a sound id with an agreeing name settles most records in one join.

Belongs here: exact id with agreement of the name. Does not belong here: ids with a slip (`ids`), anything weighed (`assign`).

An id holds birth date and sex already, so that they agree whenever it does: the *name* is what tells a row's own id from a
borrowed one (a child's row under the mother's id). A contradicting name goes to scoring, never to acceptance.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.linkage.names import HIDDEN, name_levels

if TYPE_CHECKING:
    import duckdb

AGREES = HIDDEN
"""The weakest name level that still agrees: a surname with the rest lost. One character other may be a sibling."""

_STEPS = Path(__file__).with_name("exact.sql").read_text(encoding="utf-8").split(";\n")


def settle_exact(connection: "duckdb.DuckDBPyConnection", where: str, probabilities: list[float]) -> None:
    """Assign the open profiles that bear a known person's sound id and an agreeing name.

    Args:
        connection: holds profile_face, person_face, assigned.
        where: SQL over profile_face: which open profiles.
        probabilities: of being right, by name level (0: no name to hold against it; 1: equal …).
    """
    for step in _STEPS:
        if step.strip():
            statement = step.replace("{where}", where)
            parameters = {"equal": round(probabilities[1], 6)} if "$equal" in statement else None
            connection.execute(statement, parameters)
    unequal = connection.sql("SELECT DISTINCT name AS a, known AS b FROM exact_pair WHERE name <> known").to_arrow_table()
    level = name_levels(unequal.column("a").to_pylist(), unequal.column("b").to_pylist())
    connection.register("exact_levels", unequal.append_column("level", [level]))
    listed = ", ".join(str(round(p, 6)) for p in probabilities)
    # two persons under one id: the one whose name agrees best, if only one does
    connection.execute(f"""
        INSERT INTO assigned
        WITH levelled AS (
            SELECT e.profile, e.eid, bool_and(e.other_birth) AS other_birth,
                min(CASE WHEN e.name IS NULL OR e.known IS NULL THEN 0 WHEN e.name = e.known THEN 1 ELSE v.level END) AS level
            FROM exact_pair AS e LEFT JOIN exact_levels AS v ON v.a = e.name AND v.b = e.known
            GROUP BY e.profile, e.eid
        ),
        ranked AS (SELECT *, rank() OVER (PARTITION BY profile ORDER BY level) AS place FROM levelled)
        SELECT profile, min(eid), 'exact_id', list_extract([{listed}], min(level)::INTEGER + 1)
        FROM ranked WHERE place = 1 GROUP BY profile
        HAVING count(*) = 1 AND min(level) <= {AGREES} AND (min(level) <= 1 OR NOT bool_or(other_birth))
    """)
    connection.unregister("exact_levels")
    connection.execute("DROP TABLE exact_open; DROP TABLE exact_pair")
