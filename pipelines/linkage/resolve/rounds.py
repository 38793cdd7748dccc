"""A round of scoring: open units, their candidates, the odds, and what is settled.

Belongs here: the way from open profiles to settled ones by scoring, the household round included. Does not belong here: each
step's inside (`compare.keys`, `compare.levels`, `decide.odds`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.linkage.compare.frequency import frequency_tables, made_tables, with_frequencies
from pipelines.linkage.compare.keys import candidate_pairs, make_repairs
from pipelines.linkage.compare.levels import compare
from pipelines.linkage.config import Config
from pipelines.linkage.decide.odds import decide, score_pairs
from pipelines.linkage.decide.weights import Model
from pipelines.linkage.resolve.near import load_faces
from pipelines.linkage.resolve.records import bring_known
from pipelines.linkage.resolve.register import FACE, add_faces, assign

if TYPE_CHECKING:
    import duckdb

_UNITS = Path(__file__).with_name("units.sql").read_text(encoding="utf-8").split(";\n")
_HOUSEHOLD = Path(__file__).with_name("household_round.sql").read_text(encoding="utf-8")

_BEYOND_DOUBT = 0.999
LARGEST_HOME = 15
"""A larger register household is a collective one (集体户): its members are not relatives."""


@dataclass(frozen=True)
class Round:
    """What every round needs."""

    connection: "duckdb.DuckDBPyConnection"
    config: Config
    model: Model
    contracts: Mapping[str, Contract]
    register: int
    frequencies: dict[tuple[str, int], str] | None = None
    """Counted beforehand over everybody; None: each round counts over person_face, which then is everybody."""


def household_homes(connection: "duckdb.DuckDBPyConnection", register: int) -> None:
    """Make the table `home` (eid, household): who shares a household number in the register, collective ones left out."""
    connection.execute(f"""CREATE TEMP TABLE IF NOT EXISTS old_home AS
        SELECT eid, household FROM old_household
        SEMI JOIN (FROM kept_row WHERE source_no = {register}) AS k USING (profile) WHERE source_no = {register}""")
    connection.execute(f"""CREATE OR REPLACE TABLE home AS
        WITH row AS (
            SELECT eid, household FROM assigned WHERE source_no = {register} AND household IS NOT NULL
            UNION ALL
            FROM old_home
        )
        SELECT DISTINCT eid, household FROM row
        SEMI JOIN (SELECT household FROM row GROUP BY household HAVING count(*) <= {LARGEST_HOME}) USING (household)""")


def make_units(work: Round, where: str) -> None:
    """Fold the open profiles of `where` into units: unit_profile, unit_row (their faces), companion_group, unit_source."""
    connection = work.connection
    wide = [
        str(c.number)
        for c in work.contracts.values()
        if len(c.members()) > 1 and "household_key" not in c.members()[min(c.members())]
    ]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE wide_source AS SELECT unnest([{', '.join(wide)}]::BIGINT[]) AS source_no")
    for statement in _UNITS:
        if statement.strip():
            parameters = {"register": work.register} if "$register" in statement else None
            connection.execute(statement.replace("{where}", where), parameters)
    sources = ", ".join(f"({c.number}, '{c.source}')" for c in work.contracts.values())
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE unit_source AS
        SELECT u.unit AS eid, arg_min(s.source, s.source_no) AS source FROM unit_profile AS u JOIN profile AS p USING (profile)
        JOIN (VALUES {sources}) AS s(source_no, source) USING (source_no) GROUP BY u.unit""")


def open_faces(work: Round) -> None:
    """Make open_face (the units as they are compared) and the relations repair, companion, owner_kin, taken."""
    connection = work.connection
    for statement in _HOUSEHOLD.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    load_faces(connection, "SELECT kin AS eid FROM companion UNION ALL SELECT kin FROM owner_kin")
    connection.execute("""CREATE OR REPLACE TEMP TABLE borne AS
        SELECT DISTINCT id FROM person_face WHERE sound AND id IN (SELECT id FROM unit_row WHERE mode = 1)""")
    connection.execute(f"""CREATE OR REPLACE TABLE open_face AS
        SELECT DISTINCT u.unit AS eid, {FACE}, born_from,
            CASE WHEN mode = 1 AND id NOT IN (FROM borne) THEN 6 ELSE mode END::TINYINT AS mode,
            u.unit IN (SELECT unit FROM accompanied) AS companions
        FROM unit_profile AS u JOIN unit_row AS p USING (profile) WHERE profile NOT IN (FROM settled_unit)""")
    make_repairs(connection, "open_face")


def settle_scored(work: Round, method: str, *, link: float | None = None) -> int:
    """One round: candidates for all open units, levels, odds; settle what is clear.

    Args:
        work: what every round needs.
        method: what `match_method` says of those settled.
        link: another least probability than the comparison file's: to call two known persons one asks for more.

    Returns:
        the number of candidate pairs.
    """
    connection = work.connection
    open_faces(work)
    candidate_pairs(
        connection, work.config, "open_face", "person_face",
        relations={"repair": "repair", "companion": "companion", "owner_kin": "owner_kin"},
    )  # fmt: skip
    tables = work.frequencies or frequency_tables(connection, work.config, "person_face", "open_face")
    return _settle(work, method, link, tables)


def settle_household(work: Round, method: str) -> int:
    """The household round: units of whose household somebody was linked in the round before are weighed anew.

    Their candidates of before stay, the linked person's household comes in; what was found about all others stands.

    Returns:
        the number of candidate pairs.
    """
    connection = work.connection
    connection.execute("CREATE OR REPLACE TABLE pairs_before AS FROM pairs")
    open_faces(work)
    bit = work.config.key_bit("linked_household")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT DISTINCT c.eid AS l FROM companion AS c SEMI JOIN open_face AS o USING (eid)
        WHERE NOT EXISTS (SELECT 1 FROM pairs_before AS p WHERE p.l = c.eid AND p.r = c.kin AND (p.keys & {bit}) <> 0)""")
    if not connection.execute("SELECT count(*) FROM fresh").fetchall()[0][0]:
        return 0
    connection.execute(f"""CREATE OR REPLACE TABLE pairs AS SELECT l, r, bit_or(keys) AS keys FROM (
            FROM pairs_before WHERE l IN (SELECT l FROM fresh)
            UNION ALL SELECT eid, kin, {bit} FROM companion WHERE eid IN (SELECT l FROM fresh))
        GROUP BY l, r""")
    for table in ("scored", "ranked", "decided"):
        connection.execute(f"CREATE OR REPLACE TABLE {table}_before AS FROM {table} WHERE l NOT IN (SELECT l FROM fresh)")
    connection.execute("DELETE FROM open_face WHERE eid NOT IN (SELECT l FROM fresh)")
    # whom they are held against is the same people as before but for the few that the round before settled
    found = _settle(work, method, None, made_tables(work.config))
    for table in ("scored", "ranked", "decided"):
        connection.execute(f"INSERT INTO {table} BY NAME FROM {table}_before")
    return found


def _settle(work: Round, method: str, link: float | None, tables: dict[tuple[str, int], str]) -> int:
    """Weigh `pairs` of open_face and person_face, decide, and assign what is clear."""
    connection, config = work.connection, work.config
    persons, relatives = register_size(connection)
    connection.execute("""DELETE FROM pairs USING unit_profile AS u, decision AS d, entity AS e
        WHERE u.unit = pairs.l AND d.profile = u.profile AND NOT d.same AND e.person_id = d.person_id AND e.eid = pairs.r""")
    connection.execute("""DELETE FROM pairs USING taken AS t WHERE t.l = pairs.l AND t.r = pairs.r
        AND NOT EXISTS (
            SELECT 1 FROM open_face AS o JOIN person_face AS f ON f.eid = t.r AND f.name = o.name WHERE o.eid = t.l)""")
    with_frequencies(connection, config, "person_face", tables, "pairs", "person_compared", everybody=everybody(work))
    compare(connection, config, "open_face", "person_compared")
    score_pairs(connection, config, work.model.adapted(persons, relatives))
    decide(connection, config, work.model, persons, relatives, link=link)
    one_row_each(work)
    assign(connection, f"""
        SELECT DISTINCT u.profile, d.r AS eid, '{method}' AS method, d.p FROM decided AS d JOIN unit_profile AS u ON u.unit = d.l
        WHERE d.does = 'link' AND u.profile NOT IN (FROM settled_unit)""")  # fmt: skip
    add_faces(connection, f"method = '{method}'")
    return int(connection.execute("SELECT count(*) FROM pairs").fetchall()[0][0])


def everybody(work: Round) -> str:
    """The faces of everybody known, loaded or not."""
    return "everyone" if work.frequencies else "person_face"


def register_size(connection: "duckdb.DuckDBPyConnection") -> tuple[int, float]:
    """How many persons are known, and how many others a household holds on average."""
    persons = connection.execute("SELECT count(*) FROM entity").fetchall()[0][0]
    pairs = connection.execute("SELECT sum(n * (n - 1)) FROM (SELECT count(*) AS n FROM home GROUP BY household)").fetchall()[0][
        0
    ]
    return max(int(persons), 1), float(pairs or 0) / max(int(persons), 1)


def one_row_each(work: Round) -> None:
    """A register holds a person once: of several units of one that would be one person, the best is; of others one asks.

    Where the person has a row there already, a second one must be beyond doubt: a row sent again with a slip.
    """
    registers = {c.source: c.number for c in work.contracts.values() if c.one_row_per_person and c.number != work.register}
    if not registers:
        return
    listed = ", ".join(f"('{source}', {number})" for source, number in registers.items())
    work.connection.execute(f"""UPDATE decided SET does = 'review' FROM (
            SELECT d.l, d.p, t.eid IS NOT NULL AS taken,
                row_number() OVER (PARTITION BY d.source, d.r ORDER BY d.p DESC, d.l) AS place
            FROM decided AS d JOIN (VALUES {listed}) AS s(source, source_no) USING (source)
            LEFT JOIN (SELECT DISTINCT eid, source_no FROM whose WHERE eid IN (SELECT r FROM decided)) AS t
                ON t.eid = d.r AND t.source_no = s.source_no
            WHERE d.does = 'link') AS x
        WHERE x.l = decided.l AND (x.place > 1 OR x.taken AND x.p < {_BEYOND_DOUBT})""")


def apply_decisions(connection: "duckdb.DuckDBPyConnection") -> None:
    """What a clerk called the same is the same."""
    connection.execute("""CREATE OR REPLACE TEMP TABLE called_same AS
        SELECT DISTINCT d.profile, e.eid FROM decision AS d SEMI JOIN new_identity AS n ON n.profile = d.profile
        JOIN entity AS e ON e.person_id = d.person_id WHERE d.same AND d.profile NOT IN (SELECT profile FROM assigned)""")
    bring_known(connection, "SELECT profile FROM called_same")
    assign(connection, "SELECT profile, eid, 'decided' AS method, 1.0 AS p FROM called_same")
    connection.execute("DROP TABLE called_same")
