"""What a source's measures are expected to be: from its contract, and from `schemas/quality.yaml` where the contract is silent.

Belongs here: which limits a source has, and which measure each holds. Does not belong here: measuring, validating.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.contracts import Contract
from pipelines.errors import DeclarationError
from pipelines.quality.measures import Measure
from pipelines.standardise.characters import rows
from pipelines.storage import SCHEMAS

Severity = Literal["critical", "warning"]
CHECKS = {
    "rows": "行数、退回和重复",
    "filled": "填写率",
    "ids": "证号",
    "values": "读不懂的值",
}
"""The checks that a source's limits are grouped into, where a hundred single ones would bury the one that matters."""

CHECK_OF = {
    "rows": "rows",
    "rows_against_last_batch": "rows",
    "rejected_share": "rows",
    "repeated_share": "rows",
    "filled": "filled",
    "id_usable_share": "ids",
    "warned": "values",
}
"""Measure → the check that holds its limits."""


@functools.cache
def warnings_in_words() -> dict[str, dict[str, str]]:
    """What a reading warning means, in an officer's words: `schemas/codes/value_warnings.csv` by value.

    `mistake` is `no` for what is noted of a value without anything being wrong with it: no limit holds for it.
    """
    return {row["value"]: row for row in rows("value_warnings")}


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DefaultLimit(_Declared):
    """One line of `schemas/quality.yaml`."""

    measure: str
    severity: Severity
    text: str
    only: Literal["all", "required", "register"] = "all"
    min: float | None = None
    max: float | None = None

    def holds_for(self, contract: Contract) -> bool:
        """Whether this source has this limit."""
        return self.only == "all" or (contract.required if self.only == "required" else contract.one_row_per_person)


class Defaults(_Declared):
    """`schemas/quality.yaml`."""

    limits: list[DefaultLimit]
    filled_critical: float = Field(ge=0, le=1)
    least_rows: int = Field(ge=0)


@dataclass(frozen=True)
class Limit:
    """One expectation: a measure of a column (or of the source), between two numbers."""

    source: str
    measure: str
    severity: Severity
    low: float | None
    high: float | None
    text: str
    column_name: str = ""
    detail: str = ""

    @property
    def name(self) -> str:
        """The name of the measure it is about."""
        return " ".join(part for part in (self.measure, self.column_name, self.detail) if part)

    @property
    def check(self) -> str:
        """The check that this limit is part of."""
        return CHECK_OF[self.measure]

    def in_words(self) -> str:
        """The limit as an officer reads it."""
        if self.low is not None and self.high is not None:
            return f"{self.text}应在 {self.number(self.low)} 与 {self.number(self.high)} 之间"
        if self.low is not None:
            return f"{self.text}不应低于 {self.number(self.low)}"
        return f"{self.text}不应高于 {self.number(self.high)}" if self.high is not None else f"{self.text}不限"

    def number(self, value: float) -> str:
        """A value of the measure as it is written: a count, a ratio or a share."""
        if self.measure == "rows":
            return f"{value:,.0f}"
        return f"{value:.4g}" if self.measure == "rows_against_last_batch" else f"{value:.2%}"


@dataclass(frozen=True)
class Result:
    """One limit held against its measure."""

    limit: Limit
    measured: float
    passed: bool

    def in_words(self) -> str:
        """The result in a sentence, with what was measured."""
        return f"{self.limit.in_words()}，实际 {self.limit.number(self.measured)}"


@functools.cache
def defaults() -> Defaults:
    """The limits that hold where a contract is silent.

    Raises:
        DeclarationError: the file is not what it should be.
    """
    path = SCHEMAS / "quality.yaml"
    try:
        declared = Defaults.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        kind = type(error).__name__
        raise DeclarationError(f"质量检查的界限写得不对（{kind}）。", where=path.name, todo="照着文件里的其他行改正。") from None
    unknown = [limit.measure for limit in declared.limits if limit.measure not in CHECK_OF]
    if unknown:
        raise DeclarationError(
            f"质量检查里没有“{unknown[0]}”这个量。", where=path.name, todo=f"可用的量：{'、'.join(CHECK_OF)}。"
        )
    return declared


def limits_of(contract: Contract, measures: Iterable[Measure]) -> list[Limit]:
    """The limits of one source that its measures can be held against; a measure that was not taken has none.

    Per severity and measure a limit stands once: what the contract says comes before the default.
    """
    taken = [measure for measure in measures if measure.source == contract.source]
    few = {measure.name for measure in taken if measure.of_rows < defaults().least_rows}
    limits = _declared_limits(contract, taken)
    said = {(limit.measure, limit.severity) for limit in limits if limit.measure != "filled"}
    for default in defaults().limits:
        if default.holds_for(contract) and (default.measure, default.severity) not in said:
            limits += [
                Limit(
                    contract.source, measure.measure, default.severity, default.min, default.max,
                    _title(contract, measure, default.text), measure.column_name, measure.detail,
                )
                for measure in taken
                if measure.measure == default.measure and _is_mistake(measure)
            ]  # fmt: skip
    return [limit for limit in limits if limit.severity == "critical" or limit.name not in few]


def _declared_limits(contract: Contract, taken: list[Measure]) -> list[Limit]:
    limits: list[Limit] = []
    required_columns = {name for name, column in contract.text_columns().items() if column.required}
    for measure in taken:
        expected: Any = contract.expect.filled.get(measure.column_name) if measure.measure == "filled" else None
        if expected is not None:
            text = _title(contract, measure, "填写率")
            limits.append(Limit(contract.source, "filled", "warning", expected, None, text, measure.column_name))
            if contract.required and measure.column_name in required_columns:
                least = round(expected * defaults().filled_critical, 4)
                limits.append(Limit(contract.source, "filled", "critical", least, None, text, measure.column_name))
        if measure.measure == "rows_against_last_batch" and contract.expect.rows_against_last_batch:
            low, high = contract.expect.rows_against_last_batch
            text = _title(contract, measure, "行数与上批次之比")
            limits.append(Limit(contract.source, measure.measure, "warning", low, high, text))
    return limits


def _is_mistake(measure: Measure) -> bool:
    return not measure.detail or warnings_in_words()[measure.detail]["mistake"] == "yes"


def _title(contract: Contract, measure: Measure, text: str) -> str:
    """The limit in words: which column of which source, by the heading the officer knows."""
    column = contract.text_columns().get(measure.column_name)
    about = f"“{column.heading[0]}”" if column else measure.column_name
    what = warnings_in_words()[measure.detail]["short"] if measure.detail else ""
    return f"{contract.title}{about}{what}{text}"
