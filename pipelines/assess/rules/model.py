"""What a rule file may hold: the model of a rule, its derived values and its cases.

Belongs here: shapes, and what must agree within one file. Does not belong here: whether its facts, parameters and documents
are there (`load`).
"""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Level = Literal["red", "orange", "yellow"]
LEVELS: tuple[Level, ...] = ("red", "orange", "yellow")
ONE_LOWER: dict[str, str] = {"red": "orange", "orange": "yellow", "yellow": "yellow"}
"""The level of an unknown finding by that of a true one."""


class Case(BaseModel):
    """One worked example of a rule: facts in, outcome out. What is not declared here is a fact."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    expect: Literal["true", "none", "unknown", "not_run"]
    missing: list[str] = []
    level: Level | None = None
    as_of: dt.date = dt.date(2026, 10, 31)
    population: Literal["urban", "rural"] = "urban"
    area: str = "370211"
    boundary: bool = False
    """It stands on a threshold, or one step beside it."""
    reason: str | None = None
    """The sentence that must come out, where the case fixes it."""

    @field_validator("expect", mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        return "true" if value is True else value

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that the case gives, as written."""
        return dict(self.__pydantic_extra__ or {})


class Derived(BaseModel):
    """A value of its own name within one rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    expression: Annotated[str, Field(alias="is")]
    title: str
    unit: str


class Rule(BaseModel):
    """One rule as declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(pattern=r"^[UO]\d{2}$")]
    title: str
    direction: Literal["under", "over"]
    subject: Literal["person", "household"]
    level: Level
    red_where: str | None = None
    """Where this is true as well, the level is red."""
    law: Annotated[list[str], Field(min_length=1)]
    valid_from: dt.date
    valid_to: dt.date | None = None
    about_dead: bool = False
    """The rule is about persons who may be dead; every other one needs its person alive."""
    population: Literal["urban", "rural"] | None = None
    """Whose parameter values hold, where the rule itself says whom it is about (防返贫 is for the rural population)."""
    derive: dict[str, Derived] = {}
    screen: str
    test: str | None = None
    reason: str
    reason_unknown: str | None = None
    ask: str
    suggest: list[str] = []
    reading: str | None = None
    """How an ambiguous place of the rules' page is read here, and why."""
    given: dict[str, Any] = {}
    """Facts common to all cases; a case may change them."""
    cases: Annotated[list[Case], Field(min_length=5)]

    @model_validator(mode="after")
    def _fits(self) -> "Rule":
        if (self.rule[0] == "U") != (self.direction == "under"):
            raise ValueError("编号 U 开头的是应保未保（under），O 开头的是应退未退（over）")
        if (self.test is None) != (self.reason_unknown is None):
            raise ValueError("有 test 的规则要写 reason_unknown（说还不能确定什么），没有 test 的不写")
        if self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to 早于 valid_from")
        return self


def json_schema() -> dict[str, Any]:
    """The JSON schema of a rule file, for editors (`schemas/rules/rule.schema.json`)."""
    return Rule.model_json_schema(by_alias=True)
