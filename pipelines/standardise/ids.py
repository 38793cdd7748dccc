"""Id numbers and disability certificates: what was typed → the number, how far it can be trusted, birth date and sex.

Belongs here: GB 11643-1999 and what spreadsheets, masks and clerks do to it, as expressions over columns (`ids.sql`).
Does not belong here: whose id it is (`pipelines.linkage`).
"""

import calendar
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.standardise.characters import rows

if TYPE_CHECKING:
    import duckdb

STATUSES = ("valid", "lifted", "bad_check", "bad_date", "truncated", "masked", "placeholder", "missing", "malformed")
"""interface.md, Values. Only the first two say who somebody is; the others are evidence."""

_LAYERS = Path(__file__).with_name("ids.sql").read_text(encoding="utf-8")
_MACROS = Path(__file__).with_name("ids_macros.sql").read_text(encoding="utf-8")


def teach_ids(connection: "duckdb.DuckDBPyConnection") -> None:
    """Give a connection the macros that `reading` uses; needs `characters.teach` first."""
    connection.execute(_MACROS)


def reading(source: str, raw: str, prefix: str, batch: str, *, certificate: bool = False) -> str:
    """A query that adds what an id column says to a relation.

    Args:
        source: a relation: a table's name or a query in brackets.
        raw: its id column.
        prefix: of the columns added: `_number`, `_status`, `_born` (DATE), `_sex` (1, 2), `_category`, `_grade`.
        batch: nobody is born after its end.
        certificate: the column holds disability certificates: old ones of 15 + 2 digits are read as such.
    """
    year, month = map(int, batch.split("-"))
    provinces = ", ".join(row["code"] for row in rows("areas") if len(row["code"]) == 2)
    return _LAYERS.format(
        source=source,
        raw=raw,
        id=prefix,
        certificate="TRUE" if certificate else "FALSE",
        areas=provinces,
        until=year * 10_000 + month * 100 + calendar.monthrange(year, month)[1],
    )
