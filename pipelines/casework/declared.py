"""What `schemas/casework` declares: levels and categories, the states of a transfer.

Belongs here: reading and checking those files. Does not belong here: what follows from them (`levels`, `visits`, `transfers`).
"""

import functools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.declarations import read_declared, validated
from pipelines.storage import SCHEMAS

CARE = ("red", "orange", "yellow", "none")
"""Levels of care, the highest first."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Level(_Part):
    """How often somebody of a level is looked at."""

    title: str
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    first_workdays: int | None = None
    first_hours: int | None = None
    then_days: int | None = None
    then_months: int | None = None
    status: str = "confirmed"
    source: Annotated[str, Field(alias="from")] = ""


class Category(_Part):
    """People who are looked at every so many months whatever their level."""

    title: str
    months: int
    where: str | None = None
    rules: list[str] = []
    status: str = "confirmed"
    source: Annotated[str, Field(alias="from")] = ""

    @model_validator(mode="after")
    def _one_way(self) -> "Category":
        if bool(self.where) == bool(self.rules):
            raise ValueError("where（条件）和 rules（规则）写其中一个")
        return self


class Quiet(_Part):
    """After how many visits with which outcome a file of the lowest level is looked at no more."""

    count: int
    outcome: str


class Overdue(_Part):
    """When somebody higher is told."""

    town_workdays: int
    district_workdays: int
    urgent_town_hours: int
    urgent_district_hours: int


class Levels(_Part):
    """The whole of levels.yaml."""

    levels: dict[Literal["red", "orange", "yellow", "none"], Level]
    categories: dict[str, Category]
    merge_days: int
    quiet_visits: Quiet
    overdue: Overdue

    @model_validator(mode="after")
    def _all(self) -> "Levels":
        if tuple(self.levels) != CARE:
            raise ValueError("等级应依次为 red、orange、yellow、none")
        return self


class Step(_Part):
    """One way from a state to another."""

    origins: Annotated[list[str], Field(alias="from")]
    to: str
    who: list[Literal["village", "town", "district", "department"]]
    title: str
    needs: list[Literal["department", "note", "result", "closed_on"]] = []
    starts_clock: bool = False
    code: str | None = None
    codes: list[str] = []
    within_days: int | None = None


class Transfers(_Part):
    """The whole of transfers.yaml."""

    states: list[str]
    start: str
    ends: list[str]
    steps: list[Step]
    returns_to_district: int

    @model_validator(mode="after")
    def _known(self) -> "Transfers":
        named = {self.start, *self.ends, *(state for step in self.steps for state in (*step.origins, step.to))}
        if named - set(self.states):
            raise ValueError("有的状态没有列在 states 里")
        return self

    def step(self, state: str, to: str) -> Step | None:
        """The way from one state to another; None if there is none."""
        return next((step for step in self.steps if state in step.origins and step.to == to), None)

    def steps_from(self, state: str, role: str) -> list[Step]:
        """What a role may do next."""
        return [step for step in self.steps if state in step.origins and role in step.who]


@functools.cache
def load_levels(path: Path = SCHEMAS / "casework" / "levels.yaml") -> Levels:
    """The declared levels.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], Levels, example="schemas/casework/levels.yaml")


@functools.cache
def load_transfers(path: Path = SCHEMAS / "casework" / "transfers.yaml") -> Transfers:
    """The declared states and ways of a transfer.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], Transfers, example="schemas/casework/transfers.yaml")
