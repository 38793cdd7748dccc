"""What a visit form asks to see, as `schemas/visit_sheet.yaml` declares it.

Belongs here: the model of the declaration. Does not belong here: drawing a form (`visit_forms`).
"""

import functools
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipelines.declarations import read_declared, validated
from pipelines.storage import SCHEMAS


class VisitSheet(BaseModel):
    """`schemas/visit_sheet.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    overview: str
    always: list[str]
    reasons: Annotated[int, Field(ge=1, le=6)]
    papers: dict[str, str]
    """Source → the papers that would prove or refute what it says."""


@functools.cache
def load_visit_sheet(path: Path = SCHEMAS / "visit_sheet.yaml") -> VisitSheet:
    """The declared visit form.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], VisitSheet, example="schemas/visit_sheet.yaml 里别的数据源")
