"""Whom a file found: strangers and old dates against the source's last batch."""

import pytest

from pipelines.contracts import load_contracts
from pipelines.linkage.measure.arrivals import check_arrivals
from pipelines.progress import Silent
from pipelines.standardise import columns
from pipelines.storage import Home, write_parquet

TAX = load_contracts()["tax_income"]
OCTOBER, NOVEMBER = "2026-10", "2026-11"


@pytest.fixture
def month(tmp_path):
    """A batch in which of `rows` rows the first `known` are of persons known before; gives what is found."""
    home = Home(tmp_path / "home", threads=1)

    def linked(batch, known, rows=200, dates="DATE '2026-10-01'", file="'a.csv'"):
        filled = {"identity_hash": "i::UBIGINT", "file": file, "period_from": dates, "source": "'tax_income'"}
        listed = ", ".join(f'CAST({filled.get(name, "NULL")} AS {kind}) AS "{name}"' for name, kind in columns(TAX).items())
        with home.connect() as connection:
            write_parquet(connection, f"SELECT {listed} FROM range({rows}) t(i)", home.lake(batch, "standardised", "tax_income"))
            is_new = f"i >= {known}"
            write_parquet(
                connection,
                f"SELECT 'P' || i AS person_id, {is_new} AS provisional, "
                f"CASE WHEN {is_new} THEN '{batch}' ELSE '2026-09' END AS first_batch FROM range({rows}) t(i)",
                home.lake(batch, "linkage", "persons"),
            )
            write_parquet(
                connection,
                f"SELECT i::UBIGINT AS identity_hash, 'P' || i AS person_id FROM range({rows}) t(i)",
                home.lake(batch, "linkage", "identities"),
            )
        return check_arrivals(home, batch, {"tax_income": TAX}, Silent())

    linked.home = home
    return linked


def test_the_first_month_has_a_limit_of_its_own(month):
    assert month(OCTOBER, 190).questions == {}
    found = month(OCTOBER, 70)
    assert (found.questions, len(found.warnings["tax_income"])) == ({}, 1)
    [asked] = month(OCTOBER, 10).questions["tax_income"]
    assert "a.csv 的 200 行里只有 5% 是原来就知道的人；190 行是新出现的人" in asked.what


@pytest.mark.parametrize(("known", "outcome"), [(195, "passes"), (160, "warns"), (120, "stops")])
def test_a_later_month_is_held_against_the_last_one(month, known, outcome):
    month(OCTOBER, 196)
    found = month(NOVEMBER, known, dates="DATE '2026-11-01'")
    assert ("tax_income" in found.questions, "tax_income" in found.warnings) == (outcome == "stops", outcome == "warns")
    if outcome != "passes":
        said = [one.what for one in found.questions.get("tax_income", [])] + found.warnings.get("tax_income", [])
        assert "上次（2026-10）是 98%" in said[0]


def test_one_of_many_files_is_found_among_the_others(month):
    month(OCTOBER, 200, rows=2_000, file="CASE WHEN i < 1900 THEN 'a.csv' ELSE 'b.csv' END")
    found = month(OCTOBER, 1_900, rows=2_000, file="CASE WHEN i < 1900 THEN 'a.csv' ELSE 'b.csv' END")
    assert [asked.subject for asked in found.questions["tax_income"]] == ["b.csv"]


def test_dates_that_end_a_month_earlier_than_usual_are_told(month):
    month(OCTOBER, 200, dates="DATE '2026-10-01' - INTERVAL (i % 12) MONTH")
    found = month(NOVEMBER, 200, dates="DATE '2026-10-01' - INTERVAL (i % 12) MONTH")
    assert "最新的日期是 2026年10月，离批次 1 个月；上次（2026-10）离 0 个月" in found.warnings["tax_income"][0]
    assert month(NOVEMBER, 200, dates="DATE '2026-11-01' - INTERVAL (i % 12) MONTH").warnings == {}


def test_a_source_with_a_few_events_a_year_may_go_without_one_for_months(month):
    few = "CASE WHEN i < 30 THEN DATE '{}' - INTERVAL (i % 12) MONTH ELSE DATE '2001-05-01' END"
    month(OCTOBER, 200, dates=few.format("2026-10-01"))
    assert month(NOVEMBER, 200, dates=few.format("2026-10-01")).warnings == {}


def test_a_source_that_is_a_year_old_whenever_it_comes_is_not_asked_about(month):
    month(OCTOBER, 200, dates="DATE '2025-09-01' - INTERVAL (i % 12) MONTH")
    assert month(NOVEMBER, 200, dates="DATE '2025-09-01' - INTERVAL (i % 12) MONTH").warnings == {}


def test_what_was_measured_and_what_failed_is_written_down(month):
    month(OCTOBER, 10)
    home = month.home
    with home.connect() as connection:
        rows = connection.execute(f"FROM read_parquet('{home.lake(OCTOBER, 'quality', 'arrivals')}')").fetchall()
        results = connection.execute(
            f"SELECT source, check_name, severity, passed, measured FROM read_parquet('{home.lake(OCTOBER, 'quality', 'arrival_results')}')"
        ).fetchall()
    assert [row[:6] for row in rows] == [(OCTOBER, "tax_income", "a.csv", 200, 190, 200)]
    assert results == [("tax_income", "known_share", "critical", False, pytest.approx(0.05))]


def test_a_handful_of_rows_says_nothing(month):
    found = month(OCTOBER, 0, rows=20)
    assert (found.questions, found.warnings) == ({}, {})
