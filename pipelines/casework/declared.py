"""What `schemas/casework` declares: levels and categories, the states of a transfer and of a service order, packages, needs.

Belongs here: reading and checking those files. Does not belong here: what follows from them (`levels`, `visits`, `transfers`,
`orders`).
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


class OrderStep(_Part):
    """One way of a service order from a state to another."""

    origins: Annotated[list[str], Field(alias="from")]
    to: str
    who: list[Literal["village", "town", "district", "organisation", "program"]]
    title: str
    needs: list[Literal["organisation", "note", "record", "score", "rated_by"]] = []
    score_from: int = 1
    score_to: int = 5


class Within(_Part):
    """How long the next step may take."""

    workdays: int | None = None
    urgent_hours: int | None = None
    days: int | None = None
    status: str = "confirmed"
    source: Annotated[str, Field(alias="from")] = ""


class Lapse(_Part):
    """Where a state goes by itself: when its time is over, or after so many days in it."""

    to: str
    days: int | None = None
    note: str = ""


class Orders(_Part):
    """The whole of orders.yaml."""

    states: list[str]
    start: str
    ends: list[str]
    steps: list[OrderStep]
    due: dict[str, Within]
    lapses: dict[str, Lapse]
    returns_to_district: int
    seen_after_end_days: int

    @model_validator(mode="after")
    def _known(self) -> "Orders":
        named = {self.start, *self.ends, *self.due, *self.lapses}
        named |= {state for step in self.steps for state in (*step.origins, step.to)}
        if named - set(self.states):
            raise ValueError("有的状态没有列在 states 里")
        return self

    def steps_from(self, state: str, role: str) -> list[OrderStep]:
        """What a role may do next."""
        return [step for step in self.steps if state in step.origins and role in step.who]


class Item(_Part):
    """One thing that can be ordered."""

    unit: str
    kinds: list[str]
    limit: int
    where: str | None = None
    urgent: bool = False


class Packages(_Part):
    """The whole of packages.yaml: package → item → what it is."""

    packages: dict[str, dict[str, Item]]

    @model_validator(mode="after")
    def _once(self) -> "Packages":
        names = [name for items in self.packages.values() for name in items]
        if len(names) != len(set(names)):
            raise ValueError("一个项目只能在一个服务包里")
        return self

    def of(self, item: str) -> tuple[str, Item] | None:
        """The package of an item, and what it is; None if there is none."""
        return next(((package, items[item]) for package, items in self.packages.items() if item in items), None)

    @property
    def kinds(self) -> list[str]:
        """Every kind of provider that some item names."""
        return sorted({kind for items in self.packages.values() for item in items.values() for kind in item.kinds})


class Needs(_Part):
    """The whole of needs.yaml: rule → items."""

    needs: dict[Annotated[str, Field(pattern=r"^[UO]\d\d$")], list[str]]


@functools.cache
def load_orders(path: Path = SCHEMAS / "casework" / "orders.yaml") -> Orders:
    """The declared states and ways of a service order.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], Orders, example="schemas/casework/orders.yaml")


@functools.cache
def load_packages(path: Path = SCHEMAS / "casework" / "packages.yaml") -> Packages:
    """What can be ordered.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], Packages, example="schemas/casework/packages.yaml")


@functools.cache
def load_needs(path: Path = SCHEMAS / "casework" / "needs.yaml") -> Needs:
    """Which items a finding suggests.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], Needs, example="schemas/casework/needs.yaml")


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
