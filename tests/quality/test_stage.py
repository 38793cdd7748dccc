"""The quality stage: tables, results and pages, and that no page can hold a person."""

import re

import pytest

from pipelines.progress import Silent
from pipelines.quality.stage import check_quality, docs_folder
from pipelines.quality.validator import Validator
from pipelines.storage import SCHEMAS

PERSON = "欧阳测试"


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """One batch with a warning and a critical failure, checked by the real library, once."""
    from pipelines.contracts import load_contracts
    from pipelines.storage import Home, write_parquet

    home = Home(tmp_path_factory.mktemp("home"), threads=1)
    contracts = {source: contract for source, contract in load_contracts().items() if source in ("police_household", "custody")}
    columns = dict.fromkeys(contracts["police_household"].text_columns(), f"'{PERSON}' || i")
    columns["id_number"] = "CASE WHEN i = 0 THEN 'x' END"
    columns["relation"] = "CASE WHEN i < 80 THEN '子' END"
    held = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    with home.connect() as connection:
        write_parquet(
            connection,
            f"SELECT 'f.csv' AS file, i::INTEGER AS row_no, {held} FROM range(100) t(i)",
            home.lake("2026-10", "extracts", "police_household"),
        )
        write_parquet(
            connection,
            "SELECT 'valid' AS id_status, NULL::VARCHAR[] AS warnings FROM range(100)",
            home.lake("2026-10", "standardised", "police_household"),
        )
    return home, check_quality(home, "2026-10", contracts, Silent())


def test_great_expectations_finds_what_fails_and_how_gravely(checked):
    _, quality = checked
    failed = {(result.limit.column_name, result.limit.severity) for result in quality.results if not result.passed}
    assert failed == {("id_number", "warning"), ("id_number", "critical"), ("relation", "warning")}
    assert quality.sentences("critical") == ["公安 · 户籍人口“公民身份号码”填写率不应低于 49.00%，实际 1.00%"]
    assert quality.counts() == {"sources": 1, "expectations": len(quality.results), "warnings": 2, "critical": 1}


def declared(table):
    import duckdb

    with duckdb.connect() as connection:
        connection.execute((SCHEMAS / "lake" / "quality.sql").read_text(encoding="utf-8"))
        return connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()


@pytest.mark.parametrize("table", ["measures", "results"])
def test_the_tables_are_as_declared(checked, table):
    home, _ = checked
    with home.connect() as connection:
        path = home.lake("2026-10", "quality", table)
        found = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet('{path}'))").fetchall()
    assert found == declared(table)


def test_the_results_table_says_the_same_as_the_results(checked):
    home, quality = checked
    with home.connect() as connection:
        path = home.lake("2026-10", "quality", "results")
        rows = connection.execute(f"SELECT passed, measured, description FROM read_parquet('{path}')").fetchall()
    assert sorted(rows) == sorted((one.passed, one.measured, one.limit.in_words()) for one in quality.results)


def pages(home):
    return {path: path.read_text(encoding="utf-8") for path in docs_folder(home, "2026-10").rglob("*.html")}


def test_the_pages_say_in_chinese_what_was_expected_and_show_the_measure(checked):
    home, _ = checked
    text = "".join(pages(home).values())
    assert (docs_folder(home, "2026-10") / "index.html").is_file()
    assert "公安 · 户籍人口“公民身份号码”填写率不应低于 98.00%" in text
    assert "0.01" in text


def test_the_index_names_every_source_with_what_does_not_hold_and_leads_to_its_page(checked):
    home, quality = checked
    docs = docs_folder(home, "2026-10")
    index = (docs / "index.html").read_text(encoding="utf-8")
    [page] = re.findall(r'<a href="(validations/[^"]*)">公安 · 户籍人口</a>', index)
    assert (docs / page).is_file()
    assert f'<td class="number">{len(quality.results)}</td><td class="number">1</td><td class="number">2</td>' in index


def test_the_pages_ask_nothing_of_the_network(checked):
    home, _ = checked
    for path, text in pages(home).items():
        assert not re.findall(r"(?:src|href)=[\"']?https?:|url\(|<script", text), path.name
        for local in re.findall(r'href="([^"#]+)', text):
            assert (path.parent / local).resolve().exists(), (path.name, local)


def test_no_page_and_no_table_holds_a_value_of_a_row(checked):
    home, _ = checked
    folders = (docs_folder(home, "2026-10"), home.root / "lake" / "2026-10" / "quality")
    written = b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())
    assert PERSON.encode() not in written


def test_a_validator_that_is_not_asked_ends_without_a_word():
    with Validator() as validator:
        pass
    assert validator._process.returncode is not None
    validator.close()


def test_a_validator_that_fails_says_so(monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with Validator() as validator, pytest.raises(RuntimeError, match="ended with 1"):
        validator.validate({"suites": [], "title": "", "docs": "/nowhere/docs"})
