"""Text that a spreadsheet leaves as it is.

Belongs here: what must be done to a cell's text so that Excel, WPS and LibreOffice neither run it nor turn it into a number or
a date, and undoing it when the file comes back. Does not belong here: which columns a list has (`worklists`).
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

GUARD = "'"
"""What goes before: the sign spreadsheets themselves use for 'this is text' (and readers of returns take off again)."""

_RUNS = r"^[\s]*[=+\-@＝＋－＠]"
_READS_AS_NUMBER = (
    r"^\s*[(（]?[¥￥$]?[\d０-９][\d０-９,，.．]*(?:[eEｅＥ][+\-]?\d+)?\s*%?[)）]?\s*$"  # 007, 1,000, 3.7E+17, 12%
    # 2026-10, 3-5, 1/2, 2026年10月1日
    r"|^\s*[\d０-９]{1,4}\s*[-/.年－／]\s*[\d０-９]{1,2}(?:\s*[-/.月－／]\s*[\d０-９]{0,4}\s*日?)?\s*$"
    r"|^\s*\d{1,2}[:：]\d{2}(?:[:：]\d{2})?\s*$"
    r"|^(?i:true|false)$"
)
_CONTROL = "[\x00-\x1f\x7f\x85\u2028\u2029]+"


def one_line(text: "pl.Expr") -> "pl.Expr":
    """Text without line breaks, tabs or other control characters, and without what would run as a formula."""
    import polars as pl

    flat = text.str.replace_all(_CONTROL, " ").str.strip_chars()
    return pl.when(flat.str.contains(_RUNS)).then(pl.lit(GUARD) + flat).otherwise(flat)


def number_proof(text: "pl.Expr") -> "pl.Expr":
    """For a CSV, where a cell has no type: text that would be read as a number or a date is guarded as well."""
    import polars as pl

    return pl.when(text.str.contains(_READS_AS_NUMBER)).then(pl.lit(GUARD) + text).otherwise(text)


def unguarded(text: str) -> str:
    """A cell's text without the guard.

    >>> unguarded("'2026-10"), unguarded("'=1+1"), unguarded("it's")
    ('2026-10', '=1+1', "it's")
    """
    bare = text.strip()
    return bare[1:].strip() if bare[:1] in ("'", "\u2018", "\u2019") else bare


def runs(text: str) -> bool:
    """Whether a spreadsheet would run this text as a formula."""
    return re.match(_RUNS, text) is not None
