"""The catalogue of facts and parameters: what a rule may speak of, with type, unit, window and sources.

Belongs here: reading the declared fact tables and their documentation. Does not belong here: computing a fact (`facts.compute`)
or a parameter's value (`pipelines.parameters`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pipelines.contracts import load_contracts
from pipelines.declarations import read_declared
from pipelines.lake_tables import Column, declared_tables
from pipelines.parameters import Parameter, load_parameters
from pipelines.storage import SCHEMAS

Table = Literal["person", "household"]

_KEYS = ("person_id", "household_id")

_MADE_UP = {"BOOLEAN": "true", "VARCHAR": "'甲'", "VARCHAR[]": "['甲']", "DATE": "'2026-01-01'"}

PARAMETER_TYPE = "DECIMAL(12,4)"
"""Of every parameter in SQL: exact, and times money (18,2) still well inside DECIMAL's 38 digits."""


@dataclass(frozen=True)
class Fact:
    """One declared fact.

    Attributes:
        name: its column.
        table: whose fact it is.
        type: its DuckDB type.
        meaning: what it says, Chinese.
        unit: 元, 岁, 日期, 代码 …, as declared.
        window: the time it speaks of.
        sources: keys of the sources it is read from.
        authorised: it comes from a source that may be used with an authorisation only.
        missing_as: the name under which its absence is reported: where a fact is NULL because another is not known.
        unlisted: of a yes-or-no fact, what it is where its sources list nobody.
    """

    name: str
    table: Table
    type: str
    meaning: str
    unit: str
    window: str
    sources: tuple[str, ...]
    authorised: bool = False
    missing_as: str = ""
    unlisted: bool = False


@dataclass(frozen=True)
class Catalogue:
    """All facts by name, and all parameters by key."""

    facts: dict[str, Fact]
    parameters: dict[str, Parameter]

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Parameter keys by the name they have in SQL: a struct for `med_alert.…`, a column for `disposable_income`."""
        groups: dict[str, list[str]] = {}
        for key in self.parameters:
            groups.setdefault(key.split(".")[0], []).append(key)
        return groups

    def somebody_sql(self, facts: Iterable[str], parameters: Iterable[str]) -> str:
        """A query of one made-up row with some facts and parameters, typed: what a condition is bound against."""
        columns = [f"{_MADE_UP.get(self.facts[name].type, '1')}::{self.facts[name].type} AS {name}" for name in facts]
        columns.append("DATE '2026-01-31' AS as_of")
        groups = {key.split(".")[0] for key in parameters}
        every = parameters_sql(self, dict.fromkeys(self.parameters, "1"))
        columns += [f"{sql} AS {group}" for group, sql in every.items() if group in groups]
        return f"SELECT {', '.join(columns)}"

    def describe(self, name: str) -> str:
        """A fact's or parameter's meaning, for people; the name itself where it is neither."""
        if name in self.facts:
            return self.facts[name].meaning
        return self.parameters[name].title if name in self.parameters else name


def parameters_sql(catalogue: Catalogue, values: Mapping[str, str | None]) -> dict[str, str]:
    """SQL of each parameter group's column, for one place.

    Args:
        catalogue: for the groups.
        values: decimal text of each key; None is NULL.
    """
    columns = {}
    for group, keys in catalogue.groups.items():
        literal = {key: f"{'NULL' if values.get(key) is None else values[key]}::{PARAMETER_TYPE}" for key in keys}
        if keys == [group]:
            columns[group] = literal[group]
        else:
            columns[group] = "{" + ", ".join(f"'{key.split('.')[1]}': {literal[key]}" for key in keys) + "}"
    return columns


def load_catalogue(
    facts: Path = SCHEMAS / "lake" / "facts.sql",
    income: Path = SCHEMAS / "lake" / "income.sql",
    findings: Path = SCHEMAS / "finding_facts.sql",
    missing: Path = SCHEMAS / "missing.yaml",
    parameters: dict[str, Parameter] | None = None,
) -> Catalogue:
    """The facts as declared for the lake, those of the income stage and of rules for other rules, and the parameters."""
    authorised = {key for key, contract in load_contracts().items() if contract.use == "authorised"}
    told = read_declared(missing)[0].data
    found: dict[str, Fact] = {}
    tables: tuple[Table, ...] = ("person", "household")
    for path in (facts, income, findings):
        declared = declared_tables(path)
        for table in tables:
            for name, column in declared.get(f"{table}_fact", {}).items():
                if name not in _KEYS:
                    found[name] = _fact(name, table, column, authorised, told)
    return Catalogue(found, load_parameters() if parameters is None else parameters)


def _fact(name: str, table: Table, column: Column, authorised: set[str], told: Mapping[str, Any]) -> Fact:
    meaning, unit, window, sources = ([part.strip() for part in column.said.split("|")] + ["-"] * 4)[:4]
    keys = tuple(source.strip() for source in sources.split(",") if source.strip() not in ("-", ""))
    return Fact(
        name,
        table,
        column.type,
        meaning,
        unit,
        window,
        keys,
        authorised=bool(authorised & set(keys)),
        missing_as=told["reported_as"].get(name, name),
        unlisted=column.default == "true",
    )
