"""Three months one after another: people move, die, are born; caseworkers answer; ids get corrected. The truth is known.

Lead numbers stay, aliases resolve, no answered family is sent again without new evidence, nothing disappears.
"""

import csv
import os
import re
from collections import defaultdict
from itertools import cycle, pairwise
from pathlib import Path

import openpyxl
import pytest

from pipelines.assess.measure.evaluate import evaluate_findings
from pipelines.linkage.measure.evaluate import evaluate_linkage
from pipelines.month import month_start, months_before
from pipelines.storage import Home
from tests.e2e.conftest import zhudong

pytestmark = pytest.mark.e2e

COOKBOOK = Path(__file__).parents[2] / "docs" / "handbook" / "cookbook.md"
QUESTION = re.compile(r"(## .*?\n\n```sql\n)(.*?)(;\n```\n\n```text\n)(.*?)(```\n)", re.DOTALL)
MONTHS = ["2026-10", "2026-11", "2026-12"]
CODES = ["E1", "H1", "B1", "F2", "E6", "E3", None]  # None: not visited this month


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A home folder after three months, each month's worklists answered before the next: (home, truth folder, answers by month)."""
    folder = tmp_path_factory.mktemp("story")
    assert zhudong("sample", folder / "district", "--persons", 1200, "--seed", 5, "--months", 3).code == 0
    home, answers = Home(folder / "home"), {}
    for month in MONTHS:
        # The lists go out on the third day after the month: the story is the same whenever it is told.
        out = months_before(month_start(month), -1).replace(day=3)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pipelines.month.today", lambda day=out: day)
            said = zhudong("run", "--extracts", folder / "district", "--home", home.root, "--batch", month)
        assert said.code == 0, said.err
        answers[month] = visit(home, month, folder / "answered" / month)
        said = zhudong("returns", folder / "answered" / month, "--home", home.root)
        assert said.code == 0, said.err
    return home, folder / "district" / "truth", answers


def visit(home, month, folder):
    """Fill in the month's XLSX lists as a caseworker would; returns lead number → code."""
    folder.mkdir(parents=True)
    given, codes = {}, cycle(CODES)
    for path in sorted(home.worklists(month).glob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        sheet = book["清单"]
        column = {cell.value: cell.column for cell in sheet[1]}
        for row in range(2, sheet.max_row + 1):
            lead = sheet.cell(row, column["线索编号"]).value
            code = given[lead] if lead in given else next(codes)
            if code is None:
                continue
            given[lead] = code
            sheet.cell(row, column["核查结果码"]).value = code
            sheet.cell(row, column["核查日期"]).value = f"{month}-28"
            sheet.cell(row, column["核查方式"]).value = "入户"
            sheet.cell(row, column["核查人1"]).value = "甲"
            sheet.cell(row, column["核查人2"]).value = "乙"
        book.save(folder / path.name)
    return given


def rows(home, query):
    with home.connect(home.warehouse, read_only=True) as connection:
        return connection.execute(query).fetchall()


def sent(home, month):
    """Lead numbers on the month's lists."""
    numbers = set()
    for path in home.worklists(month).glob("*.csv"):
        if path.name != "manifest.csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                numbers |= {row["线索编号"] for row in csv.DictReader(file)}
    return numbers


def test_there_is_a_story_to_tell(story):
    home, _, answers = story
    assert len(answers["2026-10"]) > 20
    for month in MONTHS[1:]:  # most families rest by then
        assert answers[month], month
    assert rows(home, "SELECT count(DISTINCT batch) FROM lead") == [(3,)]


def test_every_answer_is_on_record_once(story):
    home, _, answers = story
    kept = rows(home, "SELECT received_in, lead_id, outcome_code FROM followup")
    assert len(kept) == len({(batch, lead) for batch, lead, _ in kept})
    for lead, code in answers["2026-10"].items():
        assert (lead, code) in {(lead_, code_) for _, lead_, code_ in kept}


def test_no_answered_family_is_sent_again_without_new_evidence(story):
    home, _, answers = story
    raised = {(batch, lead): times for batch, lead, times in rows(home, "SELECT batch, lead_id, times_raised FROM lead")}
    for before, month in pairwise(MONTHS):
        for lead in sent(home, month) & set(answers[before]):
            if answers[before][lead] == "F2":  # nobody was in: a second try is allowed
                continue
            assert raised[month, lead] > raised[before, lead], f"{month}: {answers[before][lead]}"
        resting = {lead for lead, code in answers[before].items() if code in ("E1", "E3", "H1")} - sent(home, month)
        assert len(resting) > 3, "the test would not notice if everybody were sent again"


def test_a_family_keeps_its_lead_number_while_its_reasons_last(story):
    home, _, _ = story
    by_family = defaultdict(dict)
    for batch, household, direction, lead in rows(home, "SELECT batch, household_id, direction, lead_id FROM lead"):
        by_family[household, direction][batch] = lead
    lasting = [leads for leads in by_family.values() if "2026-10" in leads and "2026-11" in leads]
    assert len(lasting) > 20
    assert all(leads["2026-10"] == leads["2026-11"] for leads in lasting)


def test_a_lead_that_is_no_longer_there_has_no_finding_left(story):
    home, _, _ = story
    for before, month in pairwise(MONTHS):
        lost = rows(home, f"""
            SELECT count(*) FROM lead l ANTI JOIN lead n ON n.lead_id = l.lead_id AND n.batch = '{month}'
            JOIN finding f ON f.household_id = l.household_id AND f.direction = l.direction AND f.batch = '{month}'
            ANTI JOIN lead o ON o.batch = '{month}' AND o.household_id = l.household_id AND o.direction = l.direction
            WHERE l.batch = '{before}'""")  # fmt: skip
        assert lost == [(0,)]
        assert rows(
            home,
            f"SELECT count(*) FROM finding f ANTI JOIN lead l USING (batch, household_id, direction) WHERE f.batch = '{month}'",
        ) == [(0,)]


def test_old_person_numbers_resolve(story):
    home, _, _ = story
    assert rows(home, "SELECT count(*) FROM person_alias a ANTI JOIN person p USING (person_id)") == [(0,)]
    lost = rows(home, """
        SELECT count(*) FROM (SELECT DISTINCT person_id FROM person_record WHERE batch = '2026-10') r
        ANTI JOIN person p USING (person_id) ANTI JOIN person_alias a ON a.old_person_id = r.person_id""")  # fmt: skip
    assert lost == [(0,)]


def test_a_person_keeps_the_number_from_month_to_month(story):
    home, truth, _ = story
    numbers = defaultdict(dict)
    with home.connect() as connection:
        connection.execute(f"ATTACH '{home.warehouse}' AS w (READ_ONLY)")
        for person, batch, number in connection.execute(f"""
            SELECT t.true_person, r.batch, mode(coalesce(a.person_id, r.person_id))
            FROM w.person_record r JOIN read_parquet('{truth}/person_record.parquet') t USING (batch, source, file, row_no, member_no)
            LEFT JOIN w.person_alias a ON a.old_person_id = r.person_id
            WHERE r.source = 'police_household' GROUP BY ALL""").fetchall():  # fmt: skip
            numbers[person][batch] = number
    seen_thrice = [of_month for of_month in numbers.values() if len(of_month) == 3]
    kept = sum(len(set(of_month.values())) == 1 for of_month in seen_thrice)
    assert len(seen_thrice) > 900
    assert kept / len(seen_thrice) >= 0.998


def test_each_month_finds_the_true_families(story):
    home, truth, _ = story
    for month in MONTHS:
        linked = evaluate_linkage(home, month, truth).overall
        assert linked["成对准确率"] >= 0.999
        assert linked["成对召回率"] >= 0.995
        under = evaluate_findings(home, month, truth).households.filter(direction="under").to_dicts()[0]
        assert under["precision"] >= 0.97, month
        assert under["recall"] >= 0.97, month


def answered(connection, query):
    """A query's result as the cookbook shows it: headings, then a line a row."""
    result = connection.execute(query)
    lines = [[column[0] for column in result.description], *result.fetchall()]
    return "".join(" | ".join("" if cell is None else str(cell) for cell in line) + "\n" for line in lines)


def test_the_cookbooks_thirty_questions_have_the_answers_that_it_states(story):
    home, _, _ = story
    page = COOKBOOK.read_text(encoding="utf-8")
    with home.connect(home.warehouse, read_only=True) as connection:
        if os.environ.get("ZHUDONG_COOKBOOK"):
            COOKBOOK.write_text(
                QUESTION.sub(lambda asked: asked[1] + asked[2] + asked[3] + answered(connection, asked[2]) + asked[5], page),
                encoding="utf-8",
            )
            pytest.skip("the cookbook's answers were written anew")
        questions = QUESTION.findall(page)
        assert len(questions) >= 30
        assert {head: answered(connection, query) for head, query, _, _, _ in questions} == {one[0]: one[3] for one in questions}


def test_the_cookbook_can_be_asked_of_the_masked_copy_too(story):
    home, _, _ = story
    masked = home.warehouse.with_name("zhudong_masked.duckdb")
    with home.connect(masked, read_only=True) as connection:
        for head, query, *_ in QUESTION.findall(COOKBOOK.read_text(encoding="utf-8")):
            assert connection.execute(query).description, head


def test_pandas_and_polars_read_the_same_warehouse(story):
    import pandas as pd
    import polars as pl

    home, _, _ = story
    query = "SELECT town, level, count(*) AS leads FROM current_lead GROUP BY ALL ORDER BY ALL"
    with home.connect(home.warehouse, read_only=True) as connection:
        frame, table = connection.sql(query).pl(), connection.sql(query).df()
        leads = connection.sql("FROM current_lead").pl()
    assert isinstance(table, pd.DataFrame)
    assert table.to_dict("records") == frame.to_dicts()
    again = leads.group_by("town", "level").agg(pl.len().cast(pl.Int64).alias("leads")).sort("town", "level", nulls_last=True)
    assert again.to_dicts() == frame.to_dicts()
