"""Retracing: the evidence for a few records, weighed again against everybody near them.

Belongs here: from a few records to their candidates, levels, bits and odds, by the same keys, comparisons and weights as the
stage's. Does not belong here: how it is told (`explain`), or any decision.

A record is weighed against what *others* said of a person: faces that it brought itself are left out. The work is bounded: one
scan for candidates and one for their records, then a few hundred rows, however many persons the district has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage import lake
from pipelines.linkage.compare.frequency import with_frequencies
from pipelines.linkage.compare.keys import candidate_pairs, make_repairs
from pipelines.linkage.compare.levels import compare
from pipelines.linkage.config import REGISTER, Config
from pipelines.linkage.decide.odds import as_patterns, decide, score_pairs
from pipelines.linkage.decide.weights import Model, evidence
from pipelines.linkage.resolve.earlier import nobody_before
from pipelines.linkage.resolve.records import fold_identities, rows_of
from pipelines.linkage.resolve.register import FACE, add_faces, former_names, prepare
from pipelines.linkage.resolve.rounds import LARGEST_HOME, Round, household_homes, make_units, open_faces
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

_STEPS = [
    "\n".join(line for line in step.splitlines() if not line.startswith("--"))
    for step in Path(__file__).with_name("retrace.sql").read_text(encoding="utf-8").split(";\n")
]
_FREQUENCY = Path(__file__).with_name("retrace_frequency.sql").read_text(encoding="utf-8")
_NEAREST = 40
"""Most candidates of a record that are weighed."""
_SHRINK = 200
"""As in `frequency`."""
_SAMPLE = 50_000
"""The counts of rare values are taken from as large a share of the values as leaves about so many."""
_HOUSEHOLD_ROWS = 100
"""A larger household number of a source is a collective one, or a filler."""


@dataclass(frozen=True)
class Weighed:
    """A record against one person.

    Attributes:
        person_id: who.
        levels: comparison → what it found, in words; comparisons that say nothing are left out.
        bits: comparison → bits, the rarity of the agreed value included.
        total: their sum.
        probability: that the record is this person's, all candidates and nobody considered.
    """

    person_id: str
    levels: dict[str, str]
    bits: dict[str, float]
    total: float
    probability: float


@dataclass(frozen=True)
class Retraced:
    """One record's candidates.

    Attributes:
        record_id: which record.
        candidates: best first; of a person that the record itself began, none.
        prior: what anybody of the register starts with, in bits.
        began: the record began its person: there is nothing to hold it against.
    """

    record_id: int
    candidates: list[Weighed]
    prior: float
    began: bool


def retrace(
    connection: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    records: Sequence[int],
    *,
    config: Config,
    model: Model,
    contracts: Mapping[str, Contract],
    around: Sequence[str] = (),
    nearest: int = _NEAREST,
) -> dict[int, Retraced]:
    """Weigh a few records of a linked batch against everybody near them.

    Args:
        connection: an empty one of `Home.connect`.
        home: where the batch is.
        batch: a linked month.
        records: record ids, some hundred at most.
        config: the comparison file.
        model: the weights.
        contracts: by source.
        around: who else is to be looked at, found by a key or not.
        nearest: most candidates of a record that are weighed.

    Returns:
        by record id.

    Raises:
        DataError: a record is not in the batch.
    """
    _open_lake(connection, home, batch)
    work = Round(connection, config, model, contracts, contracts[REGISTER].number)
    _subjects(connection, records, around)
    rows = _rows_beside(work, home, batch)
    _persons_around(work, nearest)
    _little_world(work, home, batch, rows)
    _pairs(work)
    return _weighed(work)


def _open_lake(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    for relation in (lake.persons, lake.person_records, lake.person_faces):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {relation.__name__} AS FROM {relation(home, batch)}")


def _listed(values: Sequence[int] | Sequence[str]) -> str:
    """Values as they may stand in an IN list; there is always one."""
    return (
        ", ".join("'" + str(value).replace("'", "''") + "'" if isinstance(value, str) else str(value) for value in values)
        or "NULL"
    )


def _column(connection: "duckdb.DuckDBPyConnection", query: str) -> list[int]:
    return [row[0] for row in connection.execute(query).fetchall()]


def _subjects(connection: "duckdb.DuckDBPyConnection", records: Sequence[int], around: Sequence[str]) -> None:
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE subject AS
        SELECT record_id, identity_hash AS profile, person_id, match_method AS method, match_probability AS probability
        FROM person_records WHERE record_id IN ({_listed(list(records))})""")
    found = connection.execute("SELECT count(*) FROM subject").fetchall()[0][0]
    if found != len(set(records)):
        raise DataError("这个批次里没有这些记录。", todo="核对数据源、文件名和行号。")
    connection.execute("CREATE OR REPLACE TEMP TABLE wanted_person AS SELECT unnest(?::VARCHAR[]) AS person_id", [list(around)])


def _rows_beside(work: Round, home: Home, batch: str) -> list[str]:
    """Queries for the subjects' rows and those of the same household of the same source; makes `beside`, `beside_record`."""
    connection = work.connection
    by_source: dict[int, list[int]] = {}
    for record in _column(connection, "SELECT record_id FROM subject"):
        by_source.setdefault(record >> 56, []).append(record)
    sources = {c.number: c for c in work.contracts.values()}
    rows = []
    for number, records in sorted(by_source.items()):
        table = f"read_parquet('{quoted(home.lake(batch, 'standardised', sources[number].source))}')"
        beside = _column(
            connection,
            f"""WITH own AS (SELECT record_id, household_key FROM {table} WHERE record_id IN ({_listed(records)}))
            SELECT record_id FROM {table} WHERE household_key IN (SELECT household_key FROM own)
                AND (SELECT count(*) FROM {table} WHERE household_key IN (SELECT household_key FROM own)) <= {_HOUSEHOLD_ROWS}
            UNION SELECT record_id FROM {table} WHERE record_id >> 4 IN ({_listed([r >> 4 for r in records])})""",
        )
        rows.append(f"{rows_of(home, batch, sources[number])} WHERE record_id IN ({_listed(sorted({*records, *beside}))})")
    fold_identities(connection, rows)
    connection.execute("CREATE OR REPLACE TEMP TABLE beside AS SELECT record_id FROM record")
    listed = _listed(_column(connection, "SELECT record_id FROM beside"))
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE beside_record AS
        SELECT record_id, identity_hash AS profile, person_id, match_method AS method, match_probability AS probability
        FROM person_records WHERE record_id IN ({listed})""")
    return rows


def _persons_around(work: Round, nearest: int) -> None:
    """Make `around`: the persons that a key finds, with the caps of the keys, and those of the same household."""
    connection, config = work.connection, work.config
    connection.execute(_STEPS[0])
    make_repairs(connection, "subject_face")
    condition = conditions_of_keys(connection, config, "subject_face")
    connection.execute(_STEPS[1].replace("{condition}", condition))
    candidate_pairs(connection, config, "subject_face", "near_face", relations={"repair": "repair"})
    connection.execute(_STEPS[2].replace("{nearest}", str(nearest)))
    connection.execute(_STEPS[3])


def conditions_of_keys(connection: "duckdb.DuckDBPyConnection", config: Config, faces: str) -> str:
    """SQL over person_faces that holds wherever a key could hold for somebody of `faces`; needs `make_repairs` before."""
    conditions = ["false"]
    for key in config.keys.values():
        if key.source not in (None, "repair"):
            continue
        table = key.source or faces
        where = f"({key.when}) AND " + " AND ".join(f"({e}) IS NOT NULL" for e in key.same)
        parts = []
        for same, against in zip(key.same, key.against or key.same, strict=True):
            values = _column(connection, f"SELECT DISTINCT ({same}) FROM {table} WHERE {where} ORDER BY ALL")
            parts.append(f"({against}) IN ({_listed(values)})")
        conditions.append(f"({' AND '.join(parts)})")
    return " OR ".join(conditions)


def _little_world(work: Round, home: Home, batch: str, rows: list[str]) -> None:
    """Fold the rows of everybody around and of their register households; make entity, assigned, own_face, person_face, home."""
    connection = work.connection
    sources = {c.number: c for c in work.contracts.values()}
    wanted: dict[int, list[int]] = {}
    for record in _column(connection, "SELECT record_id FROM known_record ANTI JOIN beside USING (record_id)"):
        wanted.setdefault(record >> 56, []).append(record)
    known = [f"{rows_of(home, batch, sources[n])} WHERE record_id IN ({_listed(sorted(r))})" for n, r in sorted(wanted.items())]
    register = home.lake(batch, "standardised", REGISTER)
    homes = "SELECT NULL::BIGINT WHERE false"
    if register.exists():
        of_register = _listed([r for r in _column(connection, "SELECT record_id FROM known_record") if r >> 56 == work.register])
        table = f"read_parquet('{quoted(register)}')"
        homes = f"""SELECT record_id FROM {table} WHERE household_key IN (
                SELECT household_key FROM {table} WHERE record_id IN ({of_register}))
            QUALIFY count(*) OVER (PARTITION BY household_key) <= {LARGEST_HOME}"""
    mates = _column(connection, homes)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE home_record AS
        SELECT record_id, identity_hash AS profile, person_id, match_method AS method, match_probability AS probability
        FROM person_records WHERE record_id IN ({_listed(mates)})""")
    loaded = {*_column(connection, "SELECT record_id FROM beside"), *_column(connection, "SELECT record_id FROM known_record")}
    others = sorted(set(mates) - loaded)
    if others:
        known.append(f"{rows_of(home, batch, sources[work.register])} WHERE record_id IN ({_listed(others)})")
    fold_identities(connection, rows + known)
    nobody_before(connection)
    prepare(connection)
    for step in _STEPS[4:]:
        if step.strip():
            connection.execute(step.replace("{face}", ", ".join("f." + column.strip() for column in FACE.split(","))))
    household_homes(connection, work.register)
    _faces_of_subjects(connection, work.register)


def _faces_of_subjects(connection: "duckdb.DuckDBPyConnection", register: int) -> None:
    """Fill person_face with what others brought; keep what each subject brought apart, in `brought_face` (profile, face)."""
    add_faces(connection, "profile IN (SELECT profile FROM subject)")
    connection.execute("CREATE OR REPLACE TEMP TABLE brought_face AS FROM brought")
    connection.execute("DELETE FROM new_extra")
    connection.execute("DELETE FROM assigned WHERE profile IN (SELECT profile FROM subject)")
    former_names(connection, register)
    add_faces(connection, "true")


def _pairs(work: Round) -> None:
    """Make `pair` (l, r, keys, eid) with a right side of its own for each pair, `pair_face`, and their levels and odds."""
    connection, config, model = work.connection, work.config, work.model
    make_units(work, "profile IN (SELECT profile FROM subject)")
    # one unit per record: it is the record that is to be understood
    connection.execute("""CREATE OR REPLACE TABLE unit_profile AS
        SELECT row_number() OVER (ORDER BY profile) AS unit, profile FROM (SELECT DISTINCT profile FROM subject)""")
    sources = ", ".join(f"({c.number}, '{c.source}')" for c in work.contracts.values())
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE unit_source AS
        SELECT u.unit AS eid, s.source FROM unit_profile AS u JOIN profile AS p USING (profile)
        JOIN (VALUES {sources}) AS s(source_no, source) USING (source_no)""")
    connection.execute("CREATE OR REPLACE TEMP TABLE only_others AS FROM person_face")
    connection.execute("INSERT INTO new_extra SELECT eid, " + FACE + " FROM brought_face")
    open_faces(work)
    relations = {"repair": "repair", "companion": "companion", "owner_kin": "owner_kin"}
    candidate_pairs(connection, config, "open_face", "person_face", relations=relations)
    connection.execute("""INSERT INTO pairs
        SELECT u.unit, e.eid, 0 FROM unit_profile AS u JOIN subject AS s USING (profile) JOIN entity AS e USING (person_id)
        WHERE NOT EXISTS (SELECT 1 FROM pairs AS p WHERE p.l = u.unit AND p.r = e.eid)""")
    connection.execute("""CREATE OR REPLACE TEMP TABLE began AS
        SELECT DISTINCT s.record_id, u.unit, f.eid
        FROM subject AS s JOIN unit_profile AS u USING (profile) JOIN profile_face AS p USING (profile)
        JOIN entity AS e USING (person_id) JOIN own_face AS f USING (eid)
        WHERE s.method IN ('register', 'provisional', 'unchanged')
            AND (p.name, p.id, p.own_birth, p.phone, p.village, p.address)
                IS NOT DISTINCT FROM (f.name, f.id, f.own_birth, f.phone, f.village, f.address)""")
    connection.execute("DELETE FROM pairs USING began AS b WHERE b.unit = pairs.l AND b.eid = pairs.r")
    connection.execute("""CREATE OR REPLACE TEMP TABLE pair AS
        SELECT l, row_number() OVER (ORDER BY l, r) AS r, keys, r AS eid FROM pairs""")
    face = ", ".join("f." + column.strip() for column in FACE.split(","))
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE pair_face AS
        SELECT p.r AS eid, {face} FROM pair AS p JOIN only_others AS f USING (eid)
        UNION SELECT p.r, {face} FROM pair AS p JOIN brought_face AS f USING (eid)
            JOIN unit_profile AS u ON u.unit = p.l WHERE f.profile <> u.profile""")
    tables = frequencies_of_candidates(connection, config)
    with_frequencies(connection, config, "pair_face", tables, "pair", "right_compared")
    for name, comparison in config.comparisons.items():
        if comparison.frequency:  # alone, so that its rarity is known by itself
            alone = config.model_copy(update={"comparisons": {name: comparison}})
            compare(connection, alone, "open_face", "right_compared", pairs="pair", into=f"rarity_{name}")
    compare(connection, config, "open_face", "right_compared", pairs="pair")
    people, relatives = _district(connection)
    score_pairs(connection, config, model.adapted(people, relatives))
    decide(connection, config, model, people, relatives)


def frequencies_of_candidates(connection: "duckdb.DuckDBPyConnection", config: Config) -> dict[tuple[str, int], str]:
    """The tables of `frequency.frequency_tables`, for the values of the candidates alone."""
    everybody = connection.execute("SELECT count(*) FROM persons").fetchall()[0][0]
    tables = {}
    for name, comparison in config.comparisons.items():
        for level, column in comparison.frequency.items():
            table = f"frequency_{name}_{level}"
            cell = f"hash({', '.join(comparison.within)})" if comparison.within else "0::UBIGINT"
            given = {"table": table, "column": column, "cell": cell, "sampled": max(1, everybody // _SAMPLE)}
            connection.execute(_FREQUENCY.format(**given, shrink=_SHRINK))
            tables[name, level] = table
    return tables


def _district(connection: "duckdb.DuckDBPyConnection") -> tuple[int, float]:
    """How many persons are known, and how many others a household of those around holds on average."""
    people = connection.execute("SELECT count(*) FROM persons").fetchall()[0][0]
    pairs, members = connection.execute(
        "SELECT sum(n * (n - 1)), sum(n) FROM (SELECT count(*) AS n FROM home GROUP BY household)"
    ).fetchall()[0]
    return max(int(people), 2), float(pairs or 0) / max(float(members or 0), 1)


def _weighed(work: Round) -> dict[int, Retraced]:
    """The odds of every pair, in words and bits."""
    connection, config = work.connection, work.config
    names = list(config.comparisons)
    people, relatives = _district(connection)
    model = work.model.adapted(people, relatives)
    rarities = {name for name, comparison in config.comparisons.items() if comparison.frequency}
    rarity = "".join(f", t_{name}.tf AS tf_{name}" for name in sorted(rarities))
    joins = " ".join(f"JOIN rarity_{name} AS t_{name} ON t_{name}.l = s.l AND t_{name}.r = s.r" for name in sorted(rarities))
    levels_of = ", ".join("s." + name for name in names)
    table = connection.sql(f"""SELECT j.record_id, e.person_id, k.p, s.source, s.mode, {levels_of}, s.tf{rarity}
        FROM scored AS s JOIN pair AS q USING (l, r) JOIN entity AS e ON e.eid = q.eid JOIN ranked AS k ON k.l = s.l AND k.r = s.r
        JOIN unit_profile AS u ON u.unit = s.l JOIN subject AS j USING (profile) {joins}
        ORDER BY j.record_id, k.p DESC, s.bits DESC, e.person_id""").to_arrow_table()
    patterns = as_patterns(config, table)
    same, _ = evidence(config, model, patterns)
    beginners = set(_column(connection, "SELECT record_id FROM began"))
    prior = float(np.log2(1 / people))
    result = {r: Retraced(r, [], prior, r in beginners) for r in _column(connection, "SELECT record_id FROM subject ORDER BY 1")}
    records, who, p = (table.column(c).to_pylist() for c in ("record_id", "person_id", "p"))
    for row in range(table.num_rows):
        levels, bits = {}, {}
        for column, name in enumerate(names):
            level = int(patterns.levels[row, column])
            if level:
                levels[name] = config.comparisons[name].level_names()[level - 1]
                bits[name] = float(same[row, column]) + (table.column(f"tf_{name}")[row].as_py() / 4 if name in rarities else 0.0)
        result[records[row]].candidates.append(Weighed(who[row], levels, bits, sum(bits.values()), float(p[row])))
    return result
