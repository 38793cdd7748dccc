"""What the two stages write is what schemas/lake declares: names, types, order."""

import re

import duckdb
import pytest

from pipelines.storage import SCHEMAS
from tests.builders.model_lake import Facts, ModelLake

TABLES = {
    "households": ("households", ["edges", "households", "members", "left_household", "issues", "changes"]),
    "facts": ("assess", ["person_fact", "household_fact", "fact_records"]),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = ModelLake(tmp_path_factory.mktemp("declared"))
    lake.register("甲户", 甲="户主")
    Facts(lake)
    return lake


@pytest.mark.parametrize(("ddl", "table"), [(ddl, table) for ddl, (_, tables) in TABLES.items() for table in tables])
def test_each_table_has_the_declared_columns_and_types_in_their_order(lake, ddl, table):
    stage = TABLES[ddl][0]
    with duckdb.connect() as con:
        con.execute((SCHEMAS / "lake" / f"{ddl}.sql").read_text(encoding="utf-8"))
        declared = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()
        path = lake.home.lake(lake.batch, stage, table)
        written = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet('{path}'))").fetchall()
    assert written == declared


def test_every_fact_says_meaning_unit_window_and_sources():
    text = (SCHEMAS / "lake" / "facts.sql").read_text(encoding="utf-8")
    tables = re.findall(r"CREATE TABLE (?:person|household)_fact \(.*?\n(.*?)\n\);", text, re.DOTALL)
    lines = [line for body in tables for line in body.splitlines() if re.match(r"    [a-z_0-9]+ [A-Z]", line)]
    assert len(lines) > 150
    assert [line for line in lines if len(line.partition("-- ")[2].split(" | ")) != 4] == []


def test_every_source_a_fact_names_has_a_contract():
    text = (SCHEMAS / "lake" / "facts.sql").read_text(encoding="utf-8")
    lines = re.findall(r"^    [a-z_0-9]+ [A-Z].*", text, re.MULTILINE)
    named = {source for line in lines if " | " in line for source in line.split(" | ")[3].split(", ")}
    assert named - {"-"} <= {path.stem for path in (SCHEMAS / "sources").glob("*.yaml")}
