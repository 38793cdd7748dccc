"""Parameters: dated numbers with area, population, unit and document, as `schemas/parameters/*.yaml` declares them.

Belongs here: the model, loading, and which value holds for an area, a population and a date. Does not belong here: the
State Council's yearly calendar (`workdays`) and how a rule uses a number (`conditions`).

A value holds from its date until the next one of the same area and population. A value that is known to have ended
says `to`; a stretch for which the number is not known is declared with `value: null`. Neither is ever bridged.
"""

import csv
import datetime as dt
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines.declarations import Declared, read_declared, validated
from pipelines.errors import UsageError
from pipelines.storage import SCHEMAS, Home, write_parquet

if TYPE_CHECKING:
    import duckdb

Population = Literal["any", "urban", "rural"]
"""Whom a value is for; a town's kind (街道 urban, 镇 rural) decides unless a rule says otherwise."""


class Value(BaseModel):
    """One dated value of a parameter."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    area: Annotated[str, Field(pattern=r"^\d{6}$|^\d{9}$")]
    """GB/T 2260 code, or the nine digits of a town; 000000 is the nation."""
    population: Population = "any"
    since: Annotated[dt.date, Field(alias="from")]
    until: Annotated[dt.date | None, Field(alias="to")] = None
    """The last day on which it held, where it is known to have ended."""
    value: Decimal | None
    """None: not known for this stretch; rules that need it are not run."""
    document: str | None = None
    status: Literal["confirmed", "to_confirm"]

    @field_validator("value", mode="before")
    @classmethod
    def _exactly(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("应为数字")  # noqa: TRY004  pydantic reports ValueErrors only
        return str(value) if isinstance(value, float) else value

    @model_validator(mode="after")
    def _cited(self) -> "Value":
        if self.status == "confirmed" and not self.document:
            raise ValueError("状态为 confirmed 的值要写明依据文件（document）")
        if self.until and self.until < self.since:
            raise ValueError("to 早于 from")
        return self


class Parameter(BaseModel):
    """A parameter with all its values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
    title: str
    unit: str
    """As a person reads it: 元/人/月, 占比, 倍, 人, 工作日."""
    values: Annotated[list[Value], Field(min_length=1)]

    def value_on(self, area: str, population: str, day: dt.date) -> Value | None:
        """The value that holds, from the area itself or the nearest above it that has one; None if there is none.

        A value for the very population goes before one for any.
        """
        for code in area_chain(area):
            for wanted in (population, "any"):
                held = self._held(code, wanted, day)
                if held is not None:
                    return held if held.value is not None else None
        return None

    def _held(self, area: str, population: str, day: dt.date) -> Value | None:
        latest: Value | None = None
        for value in self.values:
            if value.area == area and value.population == population and value.since <= day:
                latest = value if latest is None or value.since > latest.since else latest
        return None if latest is None or (latest.until and latest.until < day) else latest


def area_chain(area: str) -> list[str]:
    """An area and those above it: town, district, city, province, nation.

    >>> area_chain("370211001")
    ['370211001', '370211', '370200', '370000', '000000']
    """
    district = area[:6]
    chain = [area, district, district[:4] + "00", district[:2] + "0000", "000000"]
    return list(dict.fromkeys(chain))


@functools.cache
def district_area() -> str:
    """The GB/T 2260 code of the district that the town table is about."""
    with (SCHEMAS / "codes" / "towns.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))["area"][:6]


def load_parameters(folder: Path = SCHEMAS / "parameters") -> dict[str, Parameter]:
    """Every parameter of a folder by key. A file `<group>.yaml` holds the keys `<group>` or `<group>.…`, one document each.

    Raises:
        DeclarationError: a file has a mistake: a date gap or overlap, a confirmed value without document, …
    """
    parameters: dict[str, Parameter] = {}
    for path in sorted(folder.glob("*.yaml")):
        for declared in read_declared(path):
            if isinstance(declared.data, dict) and "calendar" in declared.data:
                continue
            parameter = validated(declared, Parameter, example="schemas/parameters/dibao.yaml")
            key = parameter.parameter
            if key.split(".")[0] != path.stem:
                raise declared.refuse(
                    f"参数 {key} 不该写在 {path.name} 里。", "parameter", todo=f"移到 {key.split('.')[0]}.yaml。"
                )
            if key in parameters:
                raise declared.refuse(f"参数 {key} 声明了两次。", "parameter", todo="合并成一处，值按日期先后排列。")
            _check_dates(parameter, declared)
            parameters[key] = parameter
    return parameters


def _check_dates(parameter: Parameter, declared: Declared) -> None:
    last: dict[tuple[str, str], Value] = {}
    for number, value in enumerate(parameter.values):
        whom = (value.area, value.population)
        before = last.get(whom)
        if before and value.since <= before.since:
            raise declared.refuse(
                f"参数 {parameter.parameter} 的值没有按日期先后排列，或同一天写了两个值。",
                "values",
                number,
                todo="同一地区、同一人群的值按 from 从早到晚排列。",
            )
        if before and before.until:
            expected = before.until + dt.timedelta(days=1)
            if value.since != expected:
                kind = "空档" if value.since > expected else "重叠"
                raise declared.refuse(
                    f"参数 {parameter.parameter} 在 {before.until} 与 {value.since} 之间有{kind}。",
                    "values",
                    number,
                    todo="补上这一段的值；确实不知道的，写一条 value: null，需要它的规则在这段时间就不运行。",
                )
        last[whom] = value


def json_schema() -> dict[str, Any]:
    """The JSON schema of one document of a parameter file, for editors (`schemas/parameters/parameter.schema.json`)."""
    return Parameter.model_json_schema(by_alias=True)


@dataclass(frozen=True)
class Held:
    """A parameter as it holds, or does not, for one area, population and date."""

    key: str
    title: str
    unit: str
    area: str
    population: str
    value: Value | None


def parameters_on(
    day: dt.date, area: str, parameters: dict[str, Parameter] | None = None, populations: Iterable[str] = ("urban", "rural")
) -> list[Held]:
    """What holds on a date in an area, by key and population; `value` is None where nothing holds.

    Where all populations share a value, one line with the population `any`.
    """
    held = []
    for key, parameter in sorted((load_parameters() if parameters is None else parameters).items()):
        values = {population: parameter.value_on(area, population, day) for population in populations}
        if len({id(value) for value in values.values()}) == 1:
            values = {"any": next(iter(values.values()))}
        held += [Held(key, parameter.title, parameter.unit, area, population, value) for population, value in values.items()]
    return held


def figure(value: Decimal, unit: str) -> str:
    """A parameter's value as it stands in a sentence: `30,000 元`, `50%`, `1.5 倍`, `15 人`."""
    if unit == "占比":
        return f"{(value * 100).normalize():f}%"
    number = f"{value.normalize():,f}"
    return f"{number} {unit.split('/')[0]}"


def write_parameters(
    connection: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    parameters: dict[str, Parameter],
    places: Iterable[tuple[str, str]],
    day: dt.date,
) -> int:
    """Write `assess/parameters`: every declared value, and whether it held in this batch.

    Args:
        connection: for writing.
        home: where.
        batch: which month.
        parameters: all that are declared.
        places: the (area, population) pairs of the district's towns.
        day: the date the data speaks of.

    Returns:
        the number of rows.
    """
    import polars as pl

    pairs = set(places)
    rows = []
    for key, parameter in parameters.items():
        used = {id(parameter.value_on(area, population, day)) for area, population in pairs}
        rows += [
            {
                "key": key,
                "title": parameter.title,
                "area": value.area,
                "population": value.population,
                "valid_from": value.since,
                "value": None if value.value is None else f"{value.value.normalize():f}",
                "unit": parameter.unit,
                "document": value.document,
                "status": value.status,
                "used": id(value) in used,
            }
            for value in parameter.values
        ]
    words = ("key", "title", "area", "population", "valid_from", "value", "unit", "document", "status", "used")
    schema: dict[str, Any] = dict.fromkeys(words, pl.String) | {"valid_from": pl.Date, "used": pl.Boolean}
    frame = pl.DataFrame(rows, schema=schema)
    connection.register("declared_parameters", frame.to_arrow())
    try:
        return write_parquet(connection, "FROM declared_parameters", home.lake(batch, "assess", "parameters"))
    finally:
        connection.unregister("declared_parameters")


def print_parameters(on: str | None, area: str) -> None:
    """Show what holds on a date: to the terminal, values still to be confirmed marked.

    Args:
        on: `YYYY-MM-DD`; None is today.
        area: GB/T 2260 code.

    Raises:
        UsageError: `on` is no date, or `area` no code.
    """
    from rich.console import Console

    try:
        day = dt.date.fromisoformat(on) if on else dt.datetime.now(tz=ZoneInfo("Asia/Shanghai")).date()
    except ValueError:
        raise UsageError(f"“{on}”不是日期。请写成 2026-10-31。") from None
    if not re.fullmatch(r"\d{6}|\d{9}", area):
        raise UsageError(f"“{area}”不是区划代码。请写六位数字，例如 370211。")
    whom = {"any": "不分城乡", "urban": "城镇", "rural": "农村"}
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{area} 在 {day} 的参数\n")
    open_ones, without, before = 0, 0, ""
    for held in parameters_on(day, area):
        value = held.value
        if held.key != before:
            console.print(f"[bold]{held.key}[/bold]　{held.title}（{held.unit}）")
            before = held.key
        if value is None or value.value is None:
            without += 1
            console.print(f"    {whom[held.population]}　[red]没有值：需要它的规则不运行[/red]")
            continue
        open_ones += value.status == "to_confirm"
        state = "已确认" if value.status == "confirmed" else "[yellow]待确认[/yellow]"
        shown = figure(value.value, held.unit)
        console.print(f"    {whom[held.population]}　{shown}　{value.since} 起　{value.document or '（无文件）'}　{state}")
    console.print(f"\n{open_ones} 个值待确认，{without} 个没有值。")
