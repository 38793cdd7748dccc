"""What each outcome code of a visit means for a lead.

Belongs here: reading `schemas/codes/outcome.csv`. Does not belong here: what happens to a lead then (`leads`).
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import DeclarationError
from pipelines.storage import SCHEMAS


@dataclass(frozen=True)
class Outcome:
    """What one outcome code means for a lead (`schemas/codes/outcome.csv`).

    Attributes:
        code: such as B1.
        label: as the caseworker's drop-down says it.
        kind: the group of 国办发〔2023〕39号 or of this project that it counts to.
        status: the lead's status after it.
        again: when the household may be asked again without new evidence: `months` after the visit, `visits` times in all,
            or `evidence`: never.
        hit: whether the rule had found somebody who needed something (counts to its hit rate).
        correction: `household` or `data` where the answer says that the data is wrong.
        needs: the return column that must be filled with it, `department` or nothing.
    """

    code: str
    label: str
    kind: str
    status: str
    again: str
    hit: bool
    correction: str | None
    needs: str | None


def load_outcomes(path: Path = SCHEMAS / "codes" / "outcome.csv") -> dict[str, Outcome]:
    """The outcome codes in their order.

    Raises:
        DeclarationError: a line says something that is not known.
    """
    outcomes = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if row["again"] not in ("months", "visits", "evidence") or row["hit"] not in ("yes", "no"):
                raise DeclarationError(
                    "again 只能写 months、visits 或 evidence，hit 只能写 yes 或 no。",
                    where=f"{path.name} 第 {number} 行",
                    todo="照着别的行改正。",
                )
            outcomes[row["value"]] = Outcome(
                code=row["value"],
                label=row["label"],
                kind=row["kind"],
                status=row["status"],
                again=row["again"],
                hit=row["hit"] == "yes",
                correction=row["correction"] or None,
                needs=row["needs"] or None,
            )
    return outcomes
