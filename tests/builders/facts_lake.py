"""A batch's facts written straight into the lake: what the tests say of a person or household, and nothing known beside it."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.lake_tables import lake_table
from pipelines.storage import Home

_ARROW = {
    "INTEGER": pa.int32(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "VARCHAR[]": pa.list_(pa.string()),
    "DECIMAL(18,2)": pa.decimal128(18, 2),
}


def declared(sql: str, table: str) -> dict[str, str]:
    """Column → type of a table that schemas/lake declares."""
    return {name: column.type for name, column in lake_table(sql.removesuffix(".sql"), table).items()}


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
        self._table("household_income", [_income(one) for one in self.households.values()], "income.sql")
        columns = ("person_id", "source", "file", "row_no")
        self._table("fact_records", [dict(zip(columns, row, strict=True)) for row in self.records])
        return self

    def _table(self, table, rows, sql="facts.sql"):
        columns = {
            name: pa.array([_value(row.get(name), type_) for row in rows], type=_ARROW[type_])
            for name, type_ in declared(sql, table).items()
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


def _income(facts):
    """The row of household_income behind the income facts of a household; what is not said gives no rule about income a reason."""
    aided = facts.get("household_on_dibao") or facts.get("household_on_edge")
    facts = {
        "household_income_low": 0 if aided else 10_000_000, "household_income_high": 10_000_000, "household_deduction_low": 0,
        "household_deduction_high": 0, "household_income_open": 0, "household_income_undelivered": False, **facts,
    }  # fmt: skip
    names = {"low": "household_income_low", "high": "household_income_high", "undelivered": "household_income_undelivered"}
    names |= {f"deduction_{end}": f"household_deduction_{end}" for end in ("low", "high")}
    found = {column: facts.get(fact) for column, fact in names.items()}
    return {"household_id": facts["household_id"], "open_classes": facts.get("household_income_open"), **found}


def _value(value, type_):
    if value is None:
        return None
    if type_.startswith("DECIMAL"):
        return Decimal(str(value)).quantize(Decimal("0.01"))
    if type_ == "DATE" and isinstance(value, str):
        return dt.date.fromisoformat(value)
    return value
