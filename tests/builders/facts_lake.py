"""A batch's facts written straight into the lake: what the tests say of a person or household, and nothing known beside it."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.storage import SCHEMAS, Home

_ARROW = {
    "INTEGER": pa.int32(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "DECIMAL(18,2)": pa.decimal128(18, 2),
}


def declared(sql: str, table: str) -> dict[str, str]:
    """Column → type of a table that schemas/lake declares."""
    with duckdb.connect() as connection:
        connection.execute((SCHEMAS / "lake" / sql).read_text(encoding="utf-8"))
        return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {table}").fetchall()}


class FactsLake:
    """Persons and households by their facts; `write()` puts them where rules look for them."""

    def __init__(self, root: Path, batch: str = "2026-10") -> None:
        self.home, self.batch = Home(root, memory="1GB", threads=2), batch
        self.persons: list[dict] = []
        self.households: dict[str, dict] = {}
        self.records: list[tuple] = []

    def household(self, household_id="H1", **facts):
        uncovered = {"household_uncovered": True, "household_wholly_uncovered": True, "household_on_dibao": False}
        self.households[household_id] = {
            "household_id": household_id, "household_population": "urban", "household_town": "王台街道", "household_size": 1,
            **uncovered, **facts,
        }  # fmt: skip
        return household_id

    def person(self, person_id="P1", household_id="H1", **facts):
        if household_id and household_id not in self.households:
            self.household(household_id)
        self.persons.append(
            {"person_id": person_id, "household_id": household_id, "alive": True, "population": "urban", "age": 40, **facts}
        )
        return person_id

    def record(self, person_id, source, file="甲.csv", row_no=2):
        self.records.append((person_id, source, file, row_no))

    def write(self):
        self._table("person_fact", self.persons)
        self._table("household_fact", list(self.households.values()))
        columns = ("person_id", "source", "file", "row_no")
        self._table("fact_records", [dict(zip(columns, row, strict=True)) for row in self.records])
        return self

    def _table(self, table, rows):
        columns = {
            name: pa.array([_value(row.get(name), type_) for row in rows], type=_ARROW[type_])
            for name, type_ in declared("facts.sql", table).items()
        }
        path = self.home.lake(self.batch, "assess", table)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)

    def read(self, table, order="ALL"):
        """Rows of an output as dicts."""
        path = self.home.lake(self.batch, "assess", table)
        with duckdb.connect() as connection:
            done = connection.execute(f"SELECT * FROM read_parquet('{path}') ORDER BY {order}")
            names = [column[0] for column in done.description]
            return [dict(zip(names, row, strict=True)) for row in done.fetchall()]

    def types(self, table):
        """Column → type of an output."""
        path = self.home.lake(self.batch, "assess", table)
        with duckdb.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()}

    def findings(self, rule=None):
        return [row for row in self.read("findings") if rule in (None, row["rule_id"])]


def _value(value, type_):
    if value is None:
        return None
    if type_.startswith("DECIMAL"):
        return Decimal(str(value)).quantize(Decimal("0.01"))
    if type_ == "DATE" and isinstance(value, str):
        return dt.date.fromisoformat(value)
    return value
