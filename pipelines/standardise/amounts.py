"""Money, whole numbers and telephones: what was typed → DECIMAL(18,2) yuan, BIGINT, digits.

Belongs here: the macros of `amounts.sql`. Does not belong here: what an amount means and whether it is plausible.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_MACROS = Path(__file__).with_name("amounts.sql").read_text(encoding="utf-8")


def teach_amounts(connection: "duckdb.DuckDBPyConnection") -> None:
    """Give a connection the macros `money`, `whole_number` and `phone`; needs `characters.teach` first."""
    connection.execute(_MACROS)
