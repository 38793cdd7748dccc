"""What `schemas/check` declares: how a source stands in a report.

Belongs here: reading that file. Does not belong here: the report.
"""

import functools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.declarations import read_declared, validated
from pipelines.storage import SCHEMAS

KINDS = {"income": "收入", "property": "财产", "aid": "救助", "expense": "支出", "state": "状况"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Item(_Part):
    """How a row of a source is told."""

    kind: Literal["income", "property", "aid", "expense", "state"] = "state"
    title: str = ""
    amount: str | None = None
    since: Annotated[str | None, Field(alias="from")] = None
    until: Annotated[str | None, Field(alias="to")] = None
    day: str | None = None
    counted: bool | None = None
    district_only: bool = False


class Programme(_Part):
    """How a programme is told: the household fact that says it is received, the test that is its income line."""

    fact: str
    line: str | None = None


class Sources(_Part):
    """The whole of sources.yaml."""

    sources: dict[str, Item]
    answers: dict[str, str]
    programmes: dict[str, Programme]
    matters: list[str]


@functools.cache
def load_sources(path: Path = SCHEMAS / "check" / "sources.yaml") -> Sources:
    """How sources stand in a report.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], Sources, example="schemas/check/sources.yaml")
