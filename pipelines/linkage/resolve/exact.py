"""The exact step: a sound id with an agreeing name settles most records in one join.

Belongs here: exact id with agreement of the name. Does not belong here: ids with a slip (`compare.slips`),
anything weighed (`decide.odds`).

An id holds birth date and sex already, so that they agree whenever it does: the *name* is what tells a row's own id from a
borrowed one (a child's row under the mother's id). A contradicting name goes to scoring, never to acceptance.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.linkage.compare.names import HIDDEN, name_levels
from pipelines.linkage.decide.weights import Model
from pipelines.linkage.resolve.records import bring_new
from pipelines.linkage.resolve.register import assign

if TYPE_CHECKING:
    import duckdb

AGREES = HIDDEN
"""The weakest name level that still agrees: a surname with the rest lost. One character other may be a sibling."""

_BORROWED = 0.003
"""How often a row bears somebody else's sound id, before anything is learnt."""

_SAME = Path(__file__).with_name("exact.sql").read_text(encoding="utf-8").split(";\n")
_OTHER = Path(__file__).with_name("exact_names.sql").read_text(encoding="utf-8")

_STREAMED = """
    SELECT i.identity_hash AS profile, i.source_no, i.id_number, i.name_key, i.birth_date, i.birth_date_from_id, i.phone,
        i.village, i.address,
        CASE WHEN i.household_key IS NOT NULL THEN hash(i.source_no, i.household_key) END AS household
    FROM (FROM identity WHERE {where} AND id_status IN ('valid', 'lifted')) AS i SEMI JOIN new_identity USING (record_id)"""
_LOADED = """
    SELECT * FROM profile WHERE sound AND {where}
        AND profile IN (SELECT profile FROM new_identity) AND profile NOT IN (SELECT profile FROM assigned)"""


def settle_exact(connection: "duckdb.DuckDBPyConnection", where: str, probabilities: list[float], *, loaded: bool) -> None:
    """Assign the new identities that bear a known person's sound id and an agreeing name; load the others into `profile`.

    Loaded are also those that say something new of the person they are assigned to.

    Args:
        connection: holds identity, new_identity, person_face, assigned.
        where: SQL over source_no: which sources.
        probabilities: of being right, by name level (0: no name to hold against it; 1: equal …).
        loaded: the new identities of these sources stand in `profile` already.
    """
    by_number = where.replace("source_no", "(record_id >> 56)")
    rows = (_LOADED if loaded else _STREAMED).format(where=where)
    for step in _SAME:
        if step.strip():
            parameters = {"equal": round(probabilities[1], 6)} if "$equal" in step else None
            connection.execute(step.replace("{rows}", rows).replace("{where}", by_number), parameters)
    if not loaded:
        bring_new(connection, "profile IN (SELECT profile FROM met WHERE adds UNION ALL SELECT profile FROM open_profile)")
    connection.execute("DROP TABLE met; DROP TABLE doubled; DROP TABLE sole")
    connection.execute(_OTHER)
    unequal = connection.sql("SELECT DISTINCT name AS a, known AS b FROM exact_pair WHERE name <> known").to_arrow_table()
    level = name_levels(unequal.column("a").to_pylist(), unequal.column("b").to_pylist())
    connection.register("exact_levels", unequal.append_column("level", [level]))
    listed = ", ".join(str(round(p, 6)) for p in probabilities)
    # two persons under one id: the one whose name agrees best, if only one does
    assign(connection, f"""
        WITH levelled AS (
            SELECT e.profile, e.eid, bool_and(e.other_birth) AS other_birth,
                min(CASE WHEN e.name IS NULL OR e.known IS NULL THEN 0 WHEN e.name = e.known THEN 1 ELSE v.level END) AS level
            FROM exact_pair AS e LEFT JOIN exact_levels AS v ON v.a = e.name AND v.b = e.known
            GROUP BY e.profile, e.eid
        ),
        ranked AS (SELECT *, rank() OVER (PARTITION BY profile ORDER BY level) AS place FROM levelled)
        SELECT profile, min(eid) AS eid, 'exact_id' AS method, list_extract([{listed}], min(level)::INTEGER + 1) AS p
        FROM ranked WHERE place = 1 GROUP BY profile
        HAVING count(*) = 1 AND min(level) <= {AGREES} AND (min(level) <= 1 OR NOT bool_or(other_birth))""")  # fmt: skip
    connection.unregister("exact_levels")
    connection.execute("DROP TABLE exact_open; DROP TABLE exact_pair")


def exact_probabilities(model: Model) -> list[float]:
    """Of being right, for a sound id with each level of the name (0: no name): against a row that bears somebody else's id."""
    weights = model.comparisons["name"]
    m = weights.m.get("*", next(iter(weights.m.values())))
    family = weights.family.get("*", next(iter(weights.family.values())))
    return [1 - _BORROWED, *(float(a / (a + _BORROWED * max(b, 1e-4))) for a, b in zip(m, family, strict=True))]
