"""No person of the masked copy is rarer than k, over everything it holds that others could know of them.

Belongs here: what others could know (place, sex, dates, the places of one's household), coarsening it step by step, and saying
what was coarsened. Does not belong here: which columns are left out or replaced from the start (`masked`).

Source: GB/T 37964-2019 (de-identification), k-anonymity. Groups are counted over all columns together: whoever is one of k in all
of them is one of k in any choice of them. A member's place gives away a household's, and a household's its members': where a
place goes, it goes for all who ever lived together.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

KNOWN = ("town", "village", "sex", "birth_date", "alive", "death_date", "homes")
"""What others could know; `homes`: the places that the households of a person had in any batch, other than the person's."""

_DECADE = "make_date(year(birth_date)::INTEGER // 10 * 10 + 5, 7, 1)"
"""Told apart from a year, which is its first day."""

STEPS = (
    ("死亡年份", {"death_date": "NULL"}, False),
    ("出生年份改为年代", {"birth_date": f"CASE WHEN month(birth_date) = 7 THEN birth_date ELSE {_DECADE} END"}, False),
    ("出生年代", {"birth_date": "NULL"}, False),
    ("村居", {"village": "NULL", "homes": "NULL"}, True),
    ("镇街", {"town": "NULL"}, True),
    ("性别", {"sex": "NULL"}, False),
    ("是否在世", {"alive": "NULL"}, False),
)
"""In this order, for those who are still rarer than k: what goes, and whether it goes for all who live together."""


def coarsen(connection: "duckdb.DuckDBPyConnection", k: int) -> dict[str, int | float]:
    """Coarsen `person`, `household`, `lead`, `case_file` and the ages in `finding` until nobody is rarer than `k`.

    Returns:
        persons; for each step of how many persons what it names was coarsened; the smallest group left; how many persons are
        rarer than k: none, unless there are fewer than k at all.
    """
    connection.execute("""
        CREATE TEMP TABLE lived AS SELECT DISTINCT household_id, person_id FROM household_member;
        CREATE TEMP TABLE known AS
        WITH home AS (
            SELECT l.person_id, nullif(string_agg(DISTINCT concat_ws('/', h.town, h.village, h.register_town)
                ORDER BY concat_ws('/', h.town, h.village, h.register_town)), '') AS homes
            FROM lived AS l JOIN household AS h USING (household_id) GROUP BY l.person_id
        )
        SELECT p.person_id, p.town, p.village, p.sex, p.birth_date, p.alive, p.death_date,
            CASE WHEN h.homes IS DISTINCT FROM concat_ws('/', p.town, p.village) THEN h.homes END AS homes
        FROM person AS p LEFT JOIN home AS h USING (person_id);
        CREATE TEMP TABLE told (person_id VARCHAR, step VARCHAR)
    """)
    _all_steps(connection, k)
    _fill_up(connection, k)
    _write_back(connection)
    counts: dict[str, int | float] = {"persons": _scalar(connection, "SELECT count(*) FROM known")}
    for step, _, _ in STEPS:
        counts[step] = _scalar(connection, f"SELECT count(DISTINCT person_id) FROM told WHERE step = '{step}'")
    groups = f"(SELECT count(*) AS n FROM known GROUP BY {', '.join(KNOWN)})"
    counts["smallest_group"] = _scalar(connection, f"SELECT coalesce(min(n), 0) FROM {groups}")
    counts["rarer_than_k"] = _scalar(connection, f"SELECT coalesce(sum(n), 0) FROM {groups} WHERE n < {k}")
    connection.execute("DROP TABLE lived; DROP TABLE known; DROP TABLE told")
    return counts


def _all_steps(connection: "duckdb.DuckDBPyConnection", k: int) -> None:
    """The first step that finds somebody rarer than `k`, over and over: who lives with them may become rare by it."""
    while any(_coarsen(connection, k, step, changes, together=together) for step, changes, together in STEPS):
        pass


def _coarsen(connection: "duckdb.DuckDBPyConnection", k: int, step: str, changes: dict[str, str], *, together: bool) -> int:
    """One pass of one step; returns how many persons it changed."""
    known = ", ".join(KNOWN)
    given = " OR ".join(f"{column} IS NOT NULL AND {column} IS DISTINCT FROM ({value})" for column, value in changes.items())
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE rare AS
        SELECT person_id FROM (SELECT *, count(*) OVER (PARTITION BY {known}) AS n FROM known) WHERE n < {k} AND ({given})""")
    if together:
        connection.execute("""INSERT INTO rare
            SELECT DISTINCT m.person_id FROM rare JOIN lived AS l USING (person_id) JOIN lived AS m USING (household_id)""")
    return _change(connection, step, changes, given)


def _change(connection: "duckdb.DuckDBPyConnection", step: str, changes: dict[str, str], given: str) -> int:
    """Apply a step to the persons in `rare` who still say what it coarsens."""
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE changed AS
        SELECT DISTINCT person_id FROM known SEMI JOIN rare USING (person_id) WHERE {given}""")
    sets = ", ".join(f"{column} = {value}" for column, value in changes.items())
    connection.execute(f"UPDATE known SET {sets} WHERE person_id IN (FROM changed)")
    connection.execute(f"INSERT INTO told SELECT person_id, '{step}' FROM changed")
    return _scalar(connection, "SELECT count(*) FROM changed")


def _fill_up(connection: "duckdb.DuckDBPyConnection", k: int) -> None:
    """Those of whom nothing is left may be fewer than k themselves: as many as are lacking join them, of the largest group."""
    known = ", ".join(KNOWN)
    none = " AND ".join(f"{column} IS NULL" for column in KNOWN)
    while 0 < (bare := _scalar(connection, f"SELECT count(*) FROM known WHERE {none}")) < k:
        connection.execute(f"""CREATE OR REPLACE TEMP TABLE rare AS
            SELECT person_id FROM (SELECT *, count(*) OVER (PARTITION BY {known}) AS n FROM known)
            WHERE NOT ({none}) ORDER BY n DESC, {known}, person_id LIMIT {k - bare}""")
        if not _scalar(connection, "SELECT count(*) FROM rare"):
            return
        connection.execute("""INSERT INTO rare
            SELECT DISTINCT m.person_id FROM rare JOIN lived AS l USING (person_id) JOIN lived AS m USING (household_id)""")
        for step, changes, _ in STEPS:
            _change(connection, step, changes, " OR ".join(f"{column} IS NOT NULL" for column in changes))
        _all_steps(connection, k)  # whom they left may be too few now


def _write_back(connection: "duckdb.DuckDBPyConnection") -> None:
    """Put into the copy's tables what is left, wherever it stands."""
    connection.execute("""
        UPDATE person SET town = k.town, village = k.village, sex = k.sex, birth_date = k.birth_date,
            alive = k.alive, death_date = k.death_date
        FROM known AS k SEMI JOIN told USING (person_id) WHERE k.person_id = person.person_id
    """)
    for step, columns in (("村居", ("village", "register_town")), ("镇街", ("town", "register_town"))):
        connection.execute(f"""CREATE OR REPLACE TEMP TABLE without AS
            SELECT DISTINCT household_id AS whose FROM lived
            WHERE person_id IN (SELECT person_id FROM told WHERE step = '{step}')
            UNION SELECT person_id FROM told WHERE step = '{step}'""")
        for table, key in (("household", "household_id"), ("lead", "household_id"), ("case_file", "subject_id")):
            there = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
            sets = ", ".join(f"{column} = NULL" for column in columns if column in there)
            connection.execute(f"UPDATE {table} SET {sets} WHERE {key} IN (FROM without)")
    # a household's town that is not the member's own went with `homes`
    connection.execute("""CREATE OR REPLACE TEMP TABLE without AS
        SELECT DISTINCT h.household_id AS whose FROM household AS h JOIN lived AS l USING (household_id)
        JOIN (SELECT person_id FROM told WHERE step = '村居') USING (person_id) JOIN known AS k USING (person_id)
        WHERE h.town IS DISTINCT FROM k.town""")
    for table in ("household", "lead"):
        connection.execute(f"UPDATE {table} SET town = NULL WHERE household_id IN (FROM without)")
    # an age says the year of birth
    connection.execute(r"""
        UPDATE finding SET inputs = regexp_replace(inputs, '"(age[a-z0-9_]*)":[0-9]+', '"\1":null', 'g'),
            reason = regexp_replace(reason, '[0-9]+ 周岁', '周岁', 'g')
        WHERE person_id IN (SELECT person_id FROM told WHERE step LIKE '出生%')
    """)


def _scalar(connection: "duckdb.DuckDBPyConnection", query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
