"""One doubtful pair at a time: what is open, one pair's evidence, one answer.

Belongs here: the desk's way to the questions that `questions` writes as a sheet. Does not belong here: pages, and how an answer
is kept: it goes the sheet's own way (`questions.import_review`), so that there is one history.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.contracts import load_contracts
from pipelines.errors import DataError
from pipelines.linkage.config import load_config
from pipelines.linkage.decide.weights import current_model
from pipelines.linkage.lake import persons
from pipelines.linkage.resolve.decisions import read_decisions
from pipelines.linkage.review.explain import FIELDS, said_of_persons, said_of_records
from pipelines.linkage.review.questions import import_review, unsure_file
from pipelines.linkage.review.retrace import retrace
from pipelines.linkage.review.sheet import ANSWERS, question_number, question_of, write_sheet
from pipelines.storage import Home, quoted


@dataclass(frozen=True)
class Question:
    """Whether a record is a person's: not decided yet."""

    number: str
    record_id: int
    person_id: str
    source: str
    reason: str
    rows: int
    town: str | None


@dataclass(frozen=True)
class Compared:
    """One comparison of a pair: both sides masked, what it found, its bits (None: it says nothing)."""

    title: str
    record: str
    person: str
    found: str
    bits: float | None


@dataclass(frozen=True)
class Pair:
    """A pair's evidence.

    Attributes:
        compared: comparison by comparison.
        prior: what anybody starts with, in bits.
        total: prior and every comparison together.
    """

    compared: list[Compared]
    prior: float
    total: float


def open_questions(home: Home, batch: str, town: str | None = None, most: int = 100) -> list[Question]:
    """Open questions of a batch, the least certain first, those somebody could not tell last.

    Args:
        home: where the batch is.
        batch: a linked month.
        town: of the candidate; None: every town.
        most: so many.
    """
    return _questions(home, batch, town, most, None)


def read_question(home: Home, batch: str, number: str) -> Question:
    """An open question by its number.

    Raises:
        DataError: there is none, or it has been answered.
    """
    found = question_of(number)
    if found is None:
        raise DataError("没有这一题。", todo="核对编号。")
    asked = _questions(home, batch, None, 1, found)
    if not asked:
        raise DataError("这一题已被判断，或最近的批次不再问。", todo="回到列表，办别的题。")
    return asked[0]


def _questions(home: Home, batch: str, town: str | None, most: int, one: tuple[int, str] | None) -> list[Question]:
    review = home.lake(batch, "linkage", "match_review")
    if not review.exists():
        return []
    sources = load_contracts()
    # what may be asked only with an authorisation is not shown one by one on the desk
    screening = [source for source, contract in sources.items() if contract.use == "screening"]
    with home.connect() as connection:
        connection.execute("CREATE TABLE decided (profile UBIGINT, person_id VARCHAR, same BOOLEAN)")
        if decided := [(d.identity_hash, d.person_id, d.same) for d in read_decisions(home)]:
            connection.executemany("INSERT INTO decided VALUES (?, ?, ?)", decided)
        unsure = unsure_file(home)
        doubts = f"read_parquet('{quoted(unsure)}')" if unsure.exists() else "(SELECT NULL::UBIGINT AS identity_hash WHERE false)"
        wanted = ""
        values: list[Any] = [screening, town, town]
        if one:
            wanted = "AND q.identity_hash = ? AND q.candidate_person_id = ?"
            values += one
        rows = connection.execute(
            f"""SELECT q.identity_hash, q.candidate_person_id, min(q.record_id) AS record, arg_min(q.source, q.record_id),
                min(q.reason), count(*), any_value(p.town), q.identity_hash IN (SELECT identity_hash FROM {doubts}) AS doubted
            FROM read_parquet('{quoted(review)}') AS q
            LEFT JOIN {persons(home, batch)} AS p ON p.person_id = q.candidate_person_id
            WHERE list_contains(?, q.source) AND (?::VARCHAR IS NULL OR p.town = ?) {wanted}
                AND q.identity_hash NOT IN (SELECT profile FROM decided WHERE same)
                AND (q.identity_hash, q.candidate_person_id) NOT IN (SELECT (profile, person_id) FROM decided)
            GROUP BY ALL
            ORDER BY doubted, abs(max(q.probability) - 0.5), 1, 2
            LIMIT {int(most)}""",
            values,
        ).fetchall()
    return [
        Question(question_number(profile, person), record, person, sources[source].title, reason, count, place)
        for profile, person, record, source, reason, count, place, _ in rows
    ]


def read_pair(home: Home, batch: str, question: Question, role: str) -> Pair:
    """The evidence of an open question, both sides masked for a role of `schemas/masking.yaml`.

    Raises:
        DataError: the batch no longer holds the record.
    """
    config, contracts = load_config(), load_contracts()
    with home.connect() as connection:
        found = retrace(
            connection, home, batch, [question.record_id], config=config, model=current_model(home.root / "models", config),
            contracts=contracts, around=[question.person_id],
        )[question.record_id]  # fmt: skip
        mine = said_of_records(connection, role).get(question.record_id, {})
        theirs = said_of_persons(connection, role).get((question.record_id, question.person_id), {})
    weighed = next((one for one in found.candidates if one.person_id == question.person_id), None)
    levels, bits = (weighed.levels, weighed.bits) if weighed else ({}, {})
    names = list(dict.fromkeys([*mine, *theirs, *levels]))
    compared = [
        Compared(FIELDS.get(name, name), mine.get(name, ""), theirs.get(name, ""), levels.get(name, ""), bits.get(name))
        for name in names
    ]
    return Pair(compared, found.prior, found.prior + sum(bits.values()))


def answer_question(home: Home, question: Question, answer: str, clerk: str) -> bool:
    """Take one answer, the way of a returned sheet; returns False if somebody answered it in the meantime.

    Answers come one after the other: each is written into a file beside those before it.

    Raises:
        DataError: it is no answer, or it was not taken; says why.
    """
    import fcntl

    if answer not in ANSWERS:
        raise DataError("没有选是不是同一个人。", todo=f"选{'、'.join(ANSWERS)}之一。")
    lock = home.root / "decisions" / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("w") as held, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(held, fcntl.LOCK_EX)  # falls with the file, whatever happens
        identity, person = question_of(question.number) or (0, "")
        if any(d.identity_hash == identity and (d.same or d.person_id == person) for d in read_decisions(home)):
            return False
        path = Path(folder) / "answer.csv"
        rows: list[dict[str, Any]] = [{"number": question.number, "question": "1", "answer": answer, "clerk": clerk}]
        write_sheet(path, rows, "办理台", [])
        if import_review(home, path, clerk)["未采用"]:
            raise DataError("这个答案没有采用：最近的批次没有问过这一题。", todo="回到列表，刷新后再办。")
    return True
