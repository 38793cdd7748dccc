"""People whom no batch has seen, held against everybody: an applicant's form, a household at the window.

Belongs here: from what was written of a few people to the persons they may be, by the same keys, comparisons, weights and odds as
a batch's. Does not belong here: what is done with the answer (`pipelines.check`).

Nothing is written: one scan finds who is near, then a few hundred faces are weighed.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.linkage import lake
from pipelines.linkage.compare.frequency import with_frequencies
from pipelines.linkage.compare.keys import candidate_pairs, make_repairs
from pipelines.linkage.compare.levels import compare
from pipelines.linkage.config import Config, load_config
from pipelines.linkage.decide.odds import decide, score_pairs
from pipelines.linkage.decide.weights import current_model
from pipelines.linkage.review.retrace import conditions_of_keys, frequencies_of_candidates
from pipelines.standardise.characters import teach
from pipelines.standardise.ids import reading, teach_ids
from pipelines.standardise.names import read_names
from pipelines.storage import Home

if TYPE_CHECKING:
    import duckdb

_RELATIVES = 2.0
"""How many others a household holds; a little more or less decides nothing."""


@dataclass(frozen=True)
class Described:
    """What was written of somebody; empty texts and None say nothing."""

    name: str
    id_number: str = ""
    sex: str | None = None
    birth_date: dt.date | None = None
    phone: str = ""
    town: str | None = None
    village: str | None = None


@dataclass(frozen=True)
class Answer:
    """Whom somebody may be.

    Attributes:
        does: `link` the first candidate is this person, `review` nobody can say without a clerk, `nobody` none is.
        candidates: (person_id, probability), best first.
        id_number: as read.
        id_status: as in `person`.
        method: `exact_id` where id and name agree with one person alone, else `scored`.
    """

    does: str
    candidates: list[tuple[str, float]]
    id_number: str | None
    id_status: str
    method: str


def who_are(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, people: Sequence[Described]) -> list[Answer]:
    """Hold a few people against everybody known by a batch.

    Args:
        connection: an empty one of `Home.connect`.
        home: where the batch is.
        batch: a linked month.
        people: some hundred at most.
    """
    config = load_config()
    for relation in (lake.persons, lake.person_faces):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {relation.__name__} AS FROM {relation(home, batch)}")
    _faces(connection, batch, people)
    make_repairs(connection, "open_face")
    near = conditions_of_keys(connection, config, "open_face")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE near_face AS
        SELECT dense_rank() OVER (ORDER BY person_id)::BIGINT AS eid, * FROM person_faces
        WHERE {near} OR (sound AND id IN (SELECT id FROM open_face WHERE sound))""")
    _weigh(connection, home, config)
    return _answers(connection, people)


def _faces(connection: "duckdb.DuckDBPyConnection", batch: str, people: Sequence[Described]) -> None:
    """Make `open_face`: what was written, read as a batch reads it."""
    import polars as pl
    import pyarrow as pa

    rows = [
        (n, one.name, one.id_number, one.sex, one.birth_date, one.phone or None, one.town, one.village)
        for n, one in enumerate(people, 1)
    ]
    schema = {"eid": pl.Int64, "raw": pl.String, "raw_id": pl.String, "said_sex": pl.String, "said_birth": pl.Date,
              "phone": pl.String, "town": pl.String, "village": pl.String}  # fmt: skip
    connection.register("described", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
    connection.register("read_name", read_names(pa.array(sorted({one.name for one in people}), pa.string())))
    teach(connection)
    teach_ids(connection)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE open_face AS
        WITH given AS (SELECT d.*, n.name_key, n.name_pinyin, n.surname FROM described AS d LEFT JOIN read_name AS n USING (raw)),
        told AS (SELECT *, id_status IN ('valid', 'lifted') AS sound FROM ({reading("given", "raw_id", "id", batch)})),
        born AS (SELECT *, coalesce(id_born, said_birth) AS day FROM told)
        SELECT eid, name_key AS name, name_pinyin AS pinyin, surname,
            (year(day) * 10000 + month(day) * 100 + day(day))::INTEGER AS birth, NULL::INTEGER AS lunar,
            (year(said_birth) * 10000 + month(said_birth) * 100 + day(said_birth))::INTEGER AS own_birth,
            NULL::INTEGER AS born_from,
            coalesce(id_sex, said_sex) AS sex, id_number AS id, id_status, sound, phone, town, village, NULL::VARCHAR AS address,
            CASE WHEN sound THEN 1
                WHEN id_status IN ('bad_check', 'bad_date', 'malformed') AND length(id_number) BETWEEN 15 AND 20 THEN 2
                WHEN id_status = 'truncated' AND length(rtrim(id_number, '0')) >= 12 THEN 3
                WHEN id_status = 'masked' AND length(id_number) = 18 THEN 4 ELSE 5 END::TINYINT AS mode,
            false AS companions
        FROM born""")
    # an id that nobody bears is a wrong one: the same look for slips as a batch takes
    connection.execute("""UPDATE open_face SET mode = 6
        WHERE mode = 1 AND id NOT IN (SELECT id FROM person_faces WHERE sound AND id IN (SELECT id FROM open_face))""")
    connection.unregister("described")
    connection.unregister("read_name")


def _weigh(connection: "duckdb.DuckDBPyConnection", home: Home, config: Config) -> None:
    """Make `ranked` and `decided`."""
    candidate_pairs(connection, config, "open_face", "near_face", relations={"repair": "repair"})
    connection.execute("""INSERT INTO pairs
        SELECT DISTINCT o.eid, n.eid, 0 FROM open_face AS o JOIN near_face AS n ON o.sound AND n.sound AND n.id = o.id
        WHERE NOT EXISTS (SELECT 1 FROM pairs AS p WHERE p.l = o.eid AND p.r = n.eid)""")
    for relation in ("companion", "owner_kin"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {relation} (eid BIGINT, kin BIGINT)")
    connection.execute("CREATE OR REPLACE TEMP TABLE unit_source AS SELECT eid, 'application' AS source FROM open_face")
    connection.execute("CREATE OR REPLACE TEMP TABLE pair_face AS FROM near_face WHERE eid IN (SELECT r FROM pairs)")
    tables = frequencies_of_candidates(connection, config)
    with_frequencies(connection, config, "pair_face", tables, "pairs", "right_compared", everybody="persons")
    compare(connection, config, "open_face", "right_compared")
    people = max(int(connection.execute("SELECT count(*) FROM persons").fetchall()[0][0]), 2)
    model = current_model(home.root / "models", config)
    score_pairs(connection, config, model.adapted(people, _RELATIVES))
    decide(connection, config, model, people, _RELATIVES)


def _answers(connection: "duckdb.DuckDBPyConnection", people: Sequence[Described]) -> list[Answer]:
    ids = {row[0]: row[1:] for row in connection.execute("SELECT eid, id, id_status FROM open_face").fetchall()}
    does = dict(connection.execute("SELECT l, does FROM decided").fetchall())
    found: dict[int, list[tuple[str, float]]] = {}
    for eid, person, p in connection.execute("""
        SELECT DISTINCT r.l, n.person_id, r.p FROM ranked AS r JOIN near_face AS n ON n.eid = r.r
        WHERE r.p >= 0.01 ORDER BY r.l, r.p DESC, n.person_id""").fetchall():
        found.setdefault(eid, []).append((person, float(p)))
    exact = dict(
        connection.execute("""
        SELECT o.eid, min(n.person_id) FROM open_face AS o JOIN near_face AS n ON n.sound AND n.id = o.id AND n.name = o.name
        WHERE o.sound GROUP BY o.eid HAVING count(DISTINCT n.person_id) = 1""").fetchall()
    )
    answers = []
    for n in range(1, len(people) + 1):
        number, status = ids[n]
        if n in exact:
            others = [one for one in found.get(n, []) if one[0] != exact[n]]
            answers.append(Answer("link", [(exact[n], 1.0), *others], number, status, "exact_id"))
        else:
            answers.append(Answer(does.get(n, "nobody"), found.get(n, []), number, status, "scored"))
    return answers
