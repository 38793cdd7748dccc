"""Clerks' answers: asked blind and once, taken back by any road, obeyed from then on."""

import copy
import csv
import datetime as dt
import shutil

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DataError, UsageError
from pipelines.linkage.resolve.decisions import read_decisions
from pipelines.linkage.resolve.earlier import follow_aliases
from pipelines.linkage.review.questions import export_review, import_review
from pipelines.linkage.review.sheet import ANSWERS, COLUMNS, question_number, question_of
from pipelines.storage import Home
from tests.builders.town import BATCH, Town
from tests.linkage.test_traps import furnish

NEXT = "2026-11"
HEADINGS = {name: heading for name, (heading, _) in COLUMNS.items()}


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    town = Town(tmp_path_factory.mktemp("asked") / "home", households=90)
    furnish(town)
    town.standardise().link()
    export_review(town.home, BATCH, town.home.root / "q.xlsx")
    return town


@pytest.fixture
def town(linked, tmp_path):
    """A home of its own: decisions are for one test alone."""
    shutil.copytree(linked.home.root, tmp_path / "home")
    town = copy.copy(linked)
    town.home = Home(tmp_path / "home", memory="1GB", threads=2)
    return town


@pytest.fixture
def rows(linked):
    """The list as it went out."""
    return rows_of(linked.home.root / "q.xlsx")


def rows_of(file):
    """The list's rows by column name, from the CSV."""
    with file.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as opened:
        names = {heading: name for name, heading in HEADINGS.items()}
        return [{names[heading]: text for heading, text in row.items()} for row in csv.DictReader(opened)]


def answered(folder, rows, columns=("number", "answer", "clerk"), name="回填.csv"):
    """A list that comes back: some columns, in some order."""
    file = folder / name
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(HEADINGS[column] for column in columns)
        writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return file


def of_record(town, tag, rows):
    """The list's rows about one record."""
    number = question_number(town.record(tag)["identity_hash"], "P00000000000").split("-")[0]
    return [row for row in rows if row["number"].startswith(number)]


def test_every_open_question_is_asked_with_each_candidate_beside_it(linked, rows):
    identity = {r["record_id"]: r["identity_hash"] for r in linked.records}
    wanted = {question_number(identity[q["record_id"]], q["candidate_person_id"]) for q in linked.review}
    assert {row["number"] for row in rows} == wanted
    assert len(rows) == len(wanted)


def test_the_list_shows_both_sides_their_households_and_what_comparing_found_but_not_the_odds(town, rows):
    one, two = of_record(town, "some_xiuying", rows)
    assert one["question"] == two["question"]
    assert {question_of(row["number"])[1] for row in (one, two)} == {town.person("xiuying_one"), town.person("xiuying_two")}
    for row in (one, two):
        assert row["name"] == row["their_name"] == "王*英"
        assert "公安 · 户籍人口 1 行" in row["their_records"]
        assert "姓名：相同" in row["compared"]
        assert row["answer"] == ""
    assert not any("概率" in heading or "可能" in heading for heading in HEADINGS.values())


def test_the_workbook_offers_the_three_answers_and_locks_the_rest(linked):
    book = openpyxl.load_workbook(linked.home.root / "q.xlsx")
    sheet = book["待判断"]
    (check,) = sheet.data_validations.dataValidation
    assert check.formula1.strip('"').split(",") == list(ANSWERS)
    column = list(COLUMNS).index("answer") + 1
    assert not sheet.cell(2, column).protection.locked
    assert sheet.cell(2, 1).protection.locked


def test_no_whole_id_or_name_leaves_whatever_the_role(town, tmp_path):
    for role in ("district", "village"):
        text = export_review(town.home, BATCH, tmp_path / f"{role}.xlsx", role).with_suffix(".csv").read_text("utf-8-sig")
        for person in town.persons.values():
            assert person["id_number"] is None or person["id_number"] not in text
            assert not person["name"] or len(person["name"]) < 3 or person["name"] not in text
    with pytest.raises(UsageError, match="角色"):
        export_review(town.home, BATCH, tmp_path / "x.xlsx", "mayor")


def test_the_most_uncertain_identity_with_the_most_rows_comes_first(town, rows):
    order = [int(row["question"]) for row in rows]
    assert order == sorted(order)
    certain = {q["record_id"]: 0.0 for q in town.review}
    for q in town.review:
        certain[q["record_id"]] = max(certain[q["record_id"]], q["probability"])
    identity = {r["identity_hash"]: r["record_id"] for r in town.records if r["record_id"] in certain}
    best = [certain[identity[question_of(row["number"])[0]]] for row in rows if row["rows"] == "1"]
    assert best[0] <= best[-1]


def test_answers_hold_at_the_next_run_and_are_not_asked_again(town, tmp_path, rows):
    rows = of_record(town, "some_xiuying", rows)
    one, two = town.person("xiuying_one"), town.person("xiuying_two")
    for row in rows:
        row["answer"] = "是" if question_of(row["number"])[1] == two else "否"
    at = dt.datetime(2026, 10, 9, 10, tzinfo=dt.UTC)
    counts = import_review(town.home, answered(tmp_path, rows), "李", now=at)
    assert counts == {"是": 1, "否": 1, "不确定": 0, "未采用": 0}
    assert {(d.person_id, d.same, d.decided_by, d.decided_at) for d in read_decisions(town.home)} == {
        (one, False, "李", at),
        (two, True, "李", at),
    }
    assert of_record(town, "some_xiuying", rows_of(export_review(town.home, BATCH, tmp_path / "again.xlsx"))) == []
    town.link()  # the same batch run again
    assert town.person("some_xiuying") == two
    assert town.asked("some_xiuying") == set()
    town.standardise(NEXT).link(NEXT)
    assert town.person("some_xiuying") == two
    assert town.asked("some_xiuying") == set()
    assert of_record(town, "some_xiuying", rows_of(export_review(town.home, NEXT, tmp_path / "next.xlsx"))) == []


def test_a_clerk_outranks_what_the_model_would_do(town, tmp_path, rows):
    rows = of_record(town, "some_xiuying", rows)
    import_review(town.home, answered(tmp_path, [row | {"answer": "否"} for row in rows]), "李")
    town.link()
    assert town.person("some_xiuying") not in {town.person("xiuying_one"), town.person("xiuying_two")}
    assert town.asked("some_xiuying") == set()


def test_columns_may_be_moved_answers_written_freely_and_rows_dropped(town, tmp_path, rows):
    rows = of_record(town, "some_xiuying", rows)
    rows[0] |= {"answer": " 不是。", "number": " " + rows[0]["number"].lower()}
    file = answered(tmp_path, rows[:1], columns=("note", "answer", "name", "clerk", "number"))
    assert import_review(town.home, file, "李")["否"] == 1


def test_the_workbook_itself_comes_back(town):
    file = town.home.root / "q.xlsx"
    book = openpyxl.load_workbook(file)
    sheet = book["待判断"]
    answer, clerk = (list(COLUMNS).index(name) + 1 for name in ("answer", "clerk"))
    sheet.cell(2, answer).value, sheet.cell(2, clerk).value = "不确定", "赵"
    book.save(file)
    assert import_review(town.home, file) == {"是": 0, "否": 0, "不确定": 1, "未采用": 0}


def test_a_doubtful_question_is_asked_again_last(town, tmp_path, rows):
    first = [row | {"answer": "不确定"} for row in rows if row["question"] == "1"]
    import_review(town.home, answered(tmp_path, first), "李")
    again = rows_of(export_review(town.home, BATCH, tmp_path / "again.xlsx"))
    assert len(again) == len(rows)
    assert {row["number"] for row in again[-len(first) :]} == {row["number"] for row in first}


def test_when_everything_is_answered_the_list_is_there_and_empty(town, tmp_path, rows):
    counts = import_review(town.home, answered(tmp_path, [row | {"answer": "否"} for row in rows]), "李")
    assert counts["否"] == len(rows)
    file = export_review(town.home, BATCH, tmp_path / "empty.xlsx")
    assert rows_of(file) == []
    assert openpyxl.load_workbook(file)["待判断"].max_row == 1


def test_contradictions_and_unknown_numbers_are_told_row_by_row_and_not_taken(town, tmp_path, rows):
    rows = of_record(town, "some_xiuying", rows)
    both = [row | {"answer": "是"} for row in rows]
    strange = [{"number": "Q123", "answer": "是"}, {"number": question_number(5, "P00000000000"), "answer": "否"}]
    unclear = [rows[0] | {"answer": "大概"}]
    file = answered(tmp_path, both + strange + unclear)
    assert import_review(town.home, file, "李") == {"是": 0, "否": 0, "不确定": 0, "未采用": 5}
    with (tmp_path / "回填_未采用.csv").open(encoding="utf-8-sig", newline="") as opened:
        told = {row["行号"]: row["原因"] for row in csv.DictReader(opened)}
    assert set(told) == {"2", "3", "4", "5", "6"}
    assert "两个“是”" in told["2"]
    assert "编号不对" in told["4"]
    assert "没有问过" in told["5"]
    assert "不认识" in told["6"]
    assert read_decisions(town.home) == []


def test_somebody_must_answer_for_the_answers(town, tmp_path, rows):
    with pytest.raises(UsageError, match="谁"):
        import_review(town.home, answered(tmp_path, [rows[0] | {"answer": "是"}]))
    with pytest.raises(DataError):
        import_review(town.home, tmp_path / "没有.csv", "李")


def test_a_decision_follows_its_person_into_whoever_that_became(tmp_path):
    with Home(tmp_path).connect() as connection:
        connection.execute("""
            CREATE TABLE old_alias AS FROM (VALUES ('Pa', 'Pb', '2026-08', ''), ('Pb', 'Pc', '2026-09', '')) AS a(old_person_id, person_id, batch, reason);
            CREATE TABLE decision AS FROM (VALUES (1::UBIGINT, 'Pa', true), (2, 'Pz', false)) AS d(profile, person_id, same)""")
        follow_aliases(connection)
        assert connection.execute("FROM decision ORDER BY profile").fetchall() == [(1, "Pc", True), (2, "Pz", False)]


@given(st.integers(0, 2**64 - 1), st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=11, max_size=11))
def test_a_questions_number_leads_back_to_it(identity, code):
    assert question_of(question_number(identity, "P" + code)) == (identity, "P" + code)
