"""What is read of the declared tables is what DuckDB makes of them."""

import datetime as dt

import duckdb
import pytest

from pipelines.lake_tables import declared_tables, frame, lake_table
from pipelines.storage import SCHEMAS

FILES = [*sorted((SCHEMAS / "lake").glob("*.sql")), SCHEMAS / "finding_facts.sql"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_names_types_and_order_are_those_that_duckdb_reads(path):
    with duckdb.connect() as connection:
        connection.execute(path.read_text(encoding="utf-8"))
        made = {
            table: connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()
            for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
    read = {table: [(name, column.type) for name, column in columns.items()] for table, columns in declared_tables(path).items()}
    assert read == made


def test_what_is_said_of_a_column_stands_behind_it():
    assert lake_table("extracts", "files")["format"].said == "csv, xlsx, parquet"
    assert lake_table("extracts", "files")["bytes"].said == ""


def test_a_default_is_read_beside_the_type():
    fund = lake_table("facts", "person_fact")["housing_fund_base"]
    assert (fund.type, fund.default) == ("DECIMAL(18,2)", "0")


def test_a_frame_has_the_declared_columns_though_no_row_fills_them():
    assert dict(frame("quality", "arrivals", []).schema) == dict(
        frame("quality", "arrivals", [("2026-10", "tax_income", "a.csv", 1, 1, 1, dt.date(2026, 10, 1), 0)]).schema
    )
