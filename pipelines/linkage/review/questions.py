"""Clerical review: what is too uncertain to decide goes out to a clerk, and comes back as decisions.

Belongs here: which questions are asked and in what order, what is shown side by side, what an answer changes. Does not belong
here: the file's form (`sheet`), how decisions are kept and obeyed (`resolve.decisions`, `resolve.rounds`).

The list is blind: it shows evidence, not the model's probability, so that a clerk's answer is an opinion of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts import Contract, load_contracts
from pipelines.errors import DataError, UsageError
from pipelines.linkage.config import load_config
from pipelines.linkage.decide.weights import current_model
from pipelines.linkage.lake import is_linked, person_records
from pipelines.linkage.resolve.decisions import Decision, read_decisions, record_decisions
from pipelines.linkage.review.explain import FIELDS, birth_shown, said_of_persons, said_of_records
from pipelines.linkage.review.retrace import retrace
from pipelines.linkage.review.sheet import Answer, question_number, read_sheet, write_not_taken, write_sheet
from pipelines.masking import load_role, mask
from pipelines.storage import Home, check_batch, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

_QUESTIONS = Path(__file__).with_name("questions.sql").read_text(encoding="utf-8")
_MOST = 400
"""Questions of one list: about two days of a clerk's work, half a minute of the machine's at 2 million persons; the next export
asks the rest."""
_RIVALS = 8
"""Candidates weighed beside those that are asked about."""


def export_review(home: Home, batch: str, file: Path | None = None, role: str = "district") -> Path:
    """Write what a clerk is to decide, as XLSX and CSV, most informative first.

    Args:
        home: where the batch is.
        batch: a month that was linked.
        file: the file to write (its suffix may be either); `home/review/<batch>_待判断.xlsx` if None.
        role: whose eyes it is for.

    Returns:
        the XLSX (or the CSV if `file` names one).

    Raises:
        DataError: the batch was not linked.
        UsageError: there is no such role.
    """
    check_batch(batch)
    load_role(role)
    if not home.lake(batch, "linkage", "match_review").exists():
        raise DataError(f"批次 {batch} 还没有归并。", where=str(home.root), todo="先运行该批次。")
    target = file or home.root / "review" / f"{batch}_待判断.xlsx"
    with home.connect() as connection:
        questions = _questions(connection, home, batch)
    by_record: dict[int, list[dict[str, Any]]] = {}
    for question in questions:
        by_record.setdefault(question["record_id"], []).append(question)
    rows = list(_shown(home, batch, by_record, role, load_contracts())) if by_record else []
    facts = [("批次", batch), ("题数", str(len(by_record))), ("权限", load_role(role).title)]
    write_sheet(target, rows, "待判断：这些记录是不是同一个人", facts)
    return target.with_suffix(".csv") if target.suffix.lower() == ".csv" else target.with_suffix(".xlsx")


def _questions(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> list[dict[str, Any]]:
    """Open questions, most informative first; what was decided since is left out."""
    decided = [(d.identity_hash, d.person_id, d.same) for d in read_decisions(home)]
    connection.execute("CREATE TABLE decided (profile UBIGINT, person_id VARCHAR, same BOOLEAN)")
    if decided:
        connection.executemany("INSERT INTO decided VALUES (?, ?, ?)", decided)
    unsure = unsure_file(home)
    source = f"SELECT DISTINCT identity_hash AS profile FROM read_parquet('{quoted(unsure)}')" if unsure.exists() else ""
    connection.execute(f"CREATE TABLE unsure AS {source or 'SELECT 0::UBIGINT AS profile WHERE false'}")
    leads, members = home.lake(batch, "assess", "leads"), home.lake(batch, "households", "members")
    if leads.exists() and members.exists():
        connection.execute(f"""CREATE TABLE leads AS SELECT m.person_id, count(*) AS amount
            FROM read_parquet('{quoted(leads)}') AS l JOIN read_parquet('{quoted(members)}') AS m USING (household_id)
            GROUP BY ALL""")
    else:
        connection.execute("CREATE TABLE leads (person_id VARCHAR, amount BIGINT)")
    asked = f"read_parquet('{quoted(home.lake(batch, 'linkage', 'match_review'))}')"
    sql = _QUESTIONS.format(person_records=person_records(home, batch), match_review=asked)
    connection.execute(f"CREATE TABLE question AS {sql}", {"most": _MOST})
    rows: list[dict[str, Any]] = connection.sql("FROM question ORDER BY number, candidate").to_arrow_table().to_pylist()
    return rows


def _shown(
    home: Home, batch: str, chosen: Mapping[int, Sequence[dict[str, Any]]], role: str, contracts: Mapping[str, Contract]
) -> Iterator[dict[str, str]]:
    """The rows of some questions: record and candidate side by side, their households, what comparing them found."""
    config = load_config()
    titles = {c.source: c.title for c in contracts.values()}
    with home.connect() as connection:
        model = current_model(home.root / "models", config)
        asked = sorted({q["candidate"] for several in chosen.values() for q in several})
        found = retrace(
            connection, home, batch, list(chosen), config=config, model=model, contracts=contracts, around=asked, nearest=_RIVALS
        )
        listed = ", ".join(str(record) for record in chosen)
        places = connection.execute(f"""SELECT record_id, source, concat(file, ' 第 ', row_no, ' 行')
            FROM person_records WHERE record_id IN ({listed})""").fetchall()
        where = {record: (source, place) for record, source, place in places}
        elsewhere = _records_of(connection, asked, titles)
        said, said_of = said_of_records(connection, role), said_of_persons(connection, role)
        beside, at_home = _people(connection, _BESIDE, role), _people(connection, _AT_HOME, role)
        for record, several in chosen.items():
            source, place = where[record]
            weighed = {c.person_id: c for c in found[record].candidates}
            for question in several:
                person = question["candidate"]
                levels = weighed[person].levels if person in weighed else {}
                yield {
                    "number": question_number(question["profile"], person),
                    "question": str(question["number"]),
                    "reason": question["reason"],
                    "source": titles.get(source, source),
                    "place": place,
                    "rows": str(question["rows"]),
                    "leads": str(question["leads"]),
                    **said[record],
                    **{f"their_{name}": said_of.get((record, person), {}).get(name, "") for name in said[record]},
                    "household": beside.get(record, ""),
                    "their_household": at_home.get(person, ""),
                    "their_records": elsewhere.get(person, ""),
                    "compared": "；".join(f"{FIELDS.get(name, name)}：{level}" for name, level in levels.items()),
                }


_BESIDE = """
    WITH own AS (SELECT record_id, profile, record_id >> 4 AS place, household FROM subject JOIN profile USING (profile))
    SELECT DISTINCT * FROM (
        SELECT o.record_id, p.name, p.id_number, p.birth_date::VARCHAR
        FROM own AS o JOIN record AS r ON r.record_id >> 4 = o.place JOIN profile AS p ON p.profile = r.profile
        WHERE r.profile <> o.profile
        UNION ALL
        SELECT o.record_id, p.name, p.id_number, p.birth_date::VARCHAR
        FROM own AS o JOIN profile AS p ON p.household = o.household
        WHERE p.profile <> o.profile)
    ORDER BY ALL"""
"""Who else stands in each record's household of its source, or in its row."""

_AT_HOME = """
    SELECT DISTINCT e.person_id, f.name, f.id, try_strptime(f.birth::VARCHAR, '%Y%m%d')::DATE::VARCHAR
    FROM entity AS e JOIN home AS a USING (eid) JOIN home AS b USING (household) JOIN own_face AS f ON f.eid = b.eid
    WHERE b.eid <> a.eid ORDER BY ALL"""
"""Who else stands in each candidate's register household."""


def _people(connection: "duckdb.DuckDBPyConnection", query: str, role: str) -> dict[Any, str]:
    """The people that a query (key, name, id, birth date) gives, masked, by key."""
    people: dict[Any, list[str]] = {}
    for key, name, number, birth in connection.execute(query).fetchall():
        said = (mask(name, "name", role), mask(number, "id_number", role), birth_shown(birth, role))
        people.setdefault(key, []).append(" ".join(text for text in said if text))
    return {key: "；".join(texts[:8]) + (f" 等 {len(texts)} 人" if len(texts) > 8 else "") for key, texts in people.items()}


def _records_of(connection: "duckdb.DuckDBPyConnection", persons: Sequence[str], titles: Mapping[str, str]) -> dict[str, str]:
    """Which departments hold how many rows of each person."""
    rows = connection.execute(
        """SELECT person_id, source, count(*) FROM person_records WHERE person_id IN (SELECT unnest(?::VARCHAR[]))
        GROUP BY ALL ORDER BY ALL""",
        [list(persons)],
    ).fetchall()
    told: dict[str, list[str]] = {}
    for person, source, amount in rows:
        told.setdefault(person, []).append(f"{titles.get(source, source)} {amount} 行")
    return {person: "、".join(texts) for person, texts in told.items()}


def unsure_file(home: Home) -> Path:
    """Where it is kept that somebody could not tell: such questions are asked again last."""
    return home.root / "decisions" / "unsure.parquet"


def import_review(home: Home, file: Path, clerk: str = "", *, now: datetime | None = None) -> dict[str, int]:
    """Take a clerk's answers; from the next run on they hold.

    Args:
        home: where the batches are.
        file: the list, XLSX or CSV, columns anywhere.
        clerk: who answered, where the list does not say so itself.
        now: when; the present moment if None.

    Returns:
        counts: rows answered 是, 否, 不确定, and 未采用 (told row by row in `<file>_未采用.csv`).

    Raises:
        DataError: the file is no such list.
        UsageError: nobody is named who answered.
    """
    answers = list(read_sheet(file))
    if any(not answer.clerk for answer in answers) and not clerk.strip():
        raise UsageError("请写明是谁判断的：--clerk 姓名，或在清单的“判断人”一列填上。")
    places = _places(home, answers)
    taken, refused = _judged(answers, places)
    at = now or datetime.now(UTC)
    decisions = [
        Decision(
            a.identity_hash, a.person_id, a.answer == "是", a.clerk or clerk.strip(), at, *places[a.identity_hash, a.person_id]
        )
        for a in taken
        if a.answer != "不确定"
    ]
    if decisions:
        record_decisions(home, decisions)
    doubts = [a for a in taken if a.answer == "不确定"]
    if doubts:
        _record_unsure(home, doubts, clerk, at)
    report = file.with_name(f"{file.stem}_未采用.csv")
    if refused:
        write_not_taken(report, refused)
    else:
        report.unlink(missing_ok=True)
    return {
        "是": sum(decision.same for decision in decisions),
        "否": sum(not decision.same for decision in decisions),
        "不确定": len(doubts),
        "未采用": len(refused),
    }


def _places(home: Home, answers: Sequence[Answer]) -> dict[tuple[int, str], tuple[str, str, int, int]]:
    """Question → source, file, row and member of a record that it was asked about, in the newest batch that asked it."""
    found: dict[tuple[int, str], tuple[str, str, int, int]] = {}
    wanted = sorted({answer.identity_hash for answer in answers if not answer.wrong})
    with home.connect() as connection:
        for batch in home.batches():
            review = home.lake(batch, "linkage", "match_review")
            if not wanted or not review.exists() or not is_linked(home, batch):
                continue
            rows = connection.execute(
                f"""SELECT r.identity_hash, q.candidate_person_id, r.source, r.file, r.row_no, r.member_no
                FROM read_parquet('{quoted(review)}') AS q
                JOIN (SELECT * FROM {person_records(home, batch)} WHERE identity_hash IN (SELECT unnest(?::UBIGINT[]))) AS r
                    USING (record_id) ORDER BY q.record_id DESC""",
                [wanted],
            ).fetchall()
            found |= {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in rows}
    return found


def _judged(answers: Sequence[Answer], places: Mapping[tuple[int, str], Any]) -> tuple[list[Answer], list[Answer]]:
    """Which answers are taken, and which are not, with the reason."""
    said: dict[tuple[int, str], set[str]] = {}
    same: dict[int, set[str]] = {}
    for answer in answers:
        if not answer.wrong:
            said.setdefault((answer.identity_hash, answer.person_id), set()).add(answer.answer)
            if answer.answer == "是":
                same.setdefault(answer.identity_hash, set()).add(answer.person_id)
    taken: dict[tuple[int, str], Answer] = {}
    refused = []
    for answer in answers:
        key = (answer.identity_hash, answer.person_id)
        wrong = answer.wrong
        if not wrong and key not in places:
            wrong = "没有问过这一题，请核对编号。"
        elif not wrong and len(said[key]) > 1:
            wrong = "同一行出现了几次，答案不一样。"
        elif not wrong and len(same.get(answer.identity_hash, ())) > 1:
            wrong = "同一题里有两个“是”，一条记录只能是一个人的。"
        if wrong:
            refused.append(Answer(answer.row_no, answer.identity_hash, answer.person_id, answer.answer, answer.clerk, wrong))
        else:
            taken[key] = answer
    return list(taken.values()), refused


def _record_unsure(home: Home, answers: Sequence[Answer], clerk: str, at: datetime) -> None:
    path = unsure_file(home)
    with home.connect() as connection:
        connection.execute("CREATE TABLE doubt (identity_hash UBIGINT, person_id VARCHAR, said_by VARCHAR, said_at TIMESTAMPTZ)")
        if path.exists():
            connection.execute(f"INSERT INTO doubt FROM read_parquet('{quoted(path)}')")
        rows = [(a.identity_hash, a.person_id, a.clerk or clerk.strip(), at) for a in answers]
        connection.executemany("INSERT INTO doubt VALUES (?, ?, ?, ?)", rows)
        write_parquet(connection, "SELECT DISTINCT * FROM doubt ORDER BY ALL", path)
