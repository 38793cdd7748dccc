"""What a batch looks like: how much of it bears sound ids, and how much of its people the register lists.

Belongs here: figures of a whole batch, by source, and whether they are still those a model was trained on. Does not belong here:
anything about one record.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.linkage.decide.weights import Model

if TYPE_CHECKING:
    import duckdb

_DRIFT = 0.1
"""A share that moved by more than this since training: the source writes something else now, or its columns are misread."""
_PRIOR = 50
"""So many people of a source weigh as much as what the model says of it."""


def batch_shape(connection: "duckdb.DuckDBPyConnection", contracts: Mapping[str, Contract]) -> dict[str, list[float]]:
    """What a later batch is held against: each source's shares of rows with a sound id, phone, birth date, village."""
    names = {c.number: c.source for c in contracts.values()}
    rows = connection.execute("""SELECT (record_id >> 56)::TINYINT, avg((id_status IN ('valid', 'lifted'))::INTEGER),
            avg((phone IS NOT NULL)::INTEGER), avg((birth_date IS NOT NULL)::INTEGER), avg((village IS NOT NULL)::INTEGER)
        FROM identity GROUP BY ALL ORDER BY ALL""").fetchall()
    return {names[row[0]]: [round(float(value), 3) for value in row[1:]] for row in rows if row[0] in names}


def drifted(model: Model, shape: Mapping[str, list[float]]) -> list[str]:
    """The sources of a batch that no longer look like those the model was trained on; none for a model that was stated."""
    trained: Mapping[str, list[float]] = model.health.get("shape", {})
    return sorted(
        source
        for source, shares in shape.items()
        if source in trained and any(abs(a - b) > _DRIFT for a, b in zip(shares, trained[source], strict=True))
    )


def coverage(connection: "duckdb.DuckDBPyConnection", contracts: Mapping[str, Contract], model: Model) -> dict[str, float]:
    """The share of each source's people who stand in the register, by what became of its sound ids in the exact step.

    The dead leave the register, children enter it: this is each source's own, and the prior of every link it gets.
    """
    names = {c.number: c.source for c in contracts.values()}
    connection.execute("""CREATE OR REPLACE TABLE new_coverage AS
        SELECT source_no, sum(people)::BIGINT AS people, sum(there)::BIGINT AS there FROM (
            SELECT source_no, count(*) AS people,
                count(*) FILTER (eid NOT IN (SELECT eid FROM entity WHERE provisional)) AS there
            FROM assigned WHERE sound GROUP BY source_no
            UNION ALL
            SELECT source_no, count(*), 0 FROM profile WHERE sound AND profile NOT IN (SELECT profile FROM assigned)
            GROUP BY source_no
            UNION ALL SELECT * FROM old_coverage)
        GROUP BY source_no""")
    rows = connection.execute("SELECT source_no, people, there FROM new_coverage ORDER BY source_no").fetchall()
    found = {"*": model.coverage.get("*", 0.97)}
    for number, people, there in rows:
        prior = model.coverage.get(names.get(number, "*"), found["*"])
        found[names.get(number, str(number))] = min((there + _PRIOR * prior) / (people + _PRIOR), 0.9999)
    return found
