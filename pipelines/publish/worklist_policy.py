"""What a worklist looks like, as `schemas/worklist.yaml` declares it.

Belongs here: the model of the declaration. Does not belong here: filling a list (`worklists`) or drawing it (`workbook`).
"""

import functools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.declarations import read_declared, validated
from pipelines.masking import load_roles
from pipelines.storage import SCHEMAS


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ListColumn(_Declared):
    """One column of a list."""

    heading: str
    variants: list[str] = []
    """Other headings under which the column may come back."""
    width: Annotated[float, Field(gt=0, le=100)]
    """In characters of the sheet's font, as Excel counts."""
    count: bool = False
    """A small whole number, which a spreadsheet may take for one."""
    answer: bool = False
    """Filled in by the caseworker; the others are locked."""
    choices: list[str] = []
    several: bool = False
    """More than one choice may be written; the drop-down is a help then, not a limit."""
    codes: Literal["outcome", "referral_result"] | None = None
    hint: str = ""


class Print(_Declared):
    """How a list is printed on A4 across."""

    scale: Annotated[int, Field(ge=10, le=400)]
    break_before: str | None = None


class ListLayout(_Declared):
    """A list's layout: the part that worklists and referral lists share."""

    title: str
    footer: str
    print: Print
    columns: Annotated[dict[str, ListColumn], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> "ListLayout":
        if self.print.break_before and self.print.break_before not in self.columns:
            raise ValueError(f"print.break_before 的“{self.print.break_before}”不在 columns 里")
        headings = [column.heading for column in self.columns.values()]
        if len(headings) != len(set(headings)):
            raise ValueError("有两列的 heading 相同")
        return self

    def answers(self) -> dict[str, ListColumn]:
        """The columns that come back filled in."""
        return {name: column for name, column in self.columns.items() if column.answer}


class WorklistPolicy(ListLayout):
    """`schemas/worklist.yaml`."""

    file_name: str
    role: str
    per: Literal["town", "village"] = "town"
    limits: str
    """The parameter that says how much a town is given in a week (kept by `assess.leads`)."""
    archive: Literal["none", "children", "all"]
    child_under: Annotated[int, Field(ge=0, le=25)]
    words: dict[Literal["level", "direction"], dict[str, str]]

    @model_validator(mode="after")
    def _role_is_known(self) -> "WorklistPolicy":
        if self.role not in load_roles():
            raise ValueError(f"role 的“{self.role}”不在 masking.yaml 里")
        return self


@functools.cache
def load_worklist_policy(path: Path = SCHEMAS / "worklist.yaml") -> WorklistPolicy:
    """The declared worklist.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], WorklistPolicy, example="schemas/worklist.yaml 里别的列")


def outcome_choices() -> list[str]:
    """The outcome codes as the drop-down shows them: `B1 协助申请低保或特困`."""
    return [f"{outcome.code} {outcome.label}" for outcome in load_outcomes().values()]
