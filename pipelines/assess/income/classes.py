"""The fourteen classes as `schemas/income/classes.yaml` declares them.

Belongs here: their model and loading. Does not belong here: how a class's amount is reckoned (`classes.sql`, `kin.sql`).
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipelines.declarations import read_declared, validated
from pipelines.storage import SCHEMAS


class IncomeClass(BaseModel):
    """One class of income."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    number: Annotated[int, Field(alias="class", ge=1, le=14)]
    key: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    title: str
    needs: list[str]
    """Sources that can tell it; where none of them came, it is not known of `who`. Empty: no source does."""
    who: str = "false"
    """SQL over the columns of `earner`."""
    ask: str
    """What a visitor asks; `{whom}` is the member's relation to the head."""


class _Classes(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    classes: Annotated[list[IncomeClass], Field(min_length=14, max_length=14)]


def load_classes(path: Path = SCHEMAS / "income" / "classes.yaml") -> list[IncomeClass]:
    """The classes in their order.

    Raises:
        DeclarationError: the file does not declare fourteen classes.
    """
    return validated(read_declared(path)[0], _Classes, example="schemas/income/classes.yaml").classes
