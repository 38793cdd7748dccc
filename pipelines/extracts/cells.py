"""What is done to a cell's text: trimmed, emptied where it says nothing, scaled where the heading says 万元.

Belongs here: the little that every text goes through before it lies in the lake. Does not belong here: what a name,
id, date or amount means (`pipelines.standardise`).
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

EMPTY = ("", "无", "/", "-", "NULL", "\\N", "#N/A", "不详")
"""Texts that say nothing (interface.md §1)."""

SPACES = " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
TRIMMED_AFTER = SPACES + INVISIBLE
TRIMMED_BEFORE = TRIMMED_AFTER + "'"
"""A leading apostrophe is how spreadsheets mark text; after a text it belongs to it."""

_DAMAGED_FROM = 1e15
"""A spreadsheet keeps fifteen digits: from here on a number may have lost its last ones."""

_ID_TYPES = frozenset({"id_number", "disability_certificate"})


def trimmed_characters(text: bytes) -> list[str]:
    """Which of the characters to be trimmed occur at all in a block of UTF-8: usually few, and trimming can be left out.

    Looks for the lead byte first, which in Chinese text is mostly absent and found so at memory speed; asking for each
    whole character cost 2.5 s per 160 MB, this 0.1 s.
    """
    present: dict[int, bool] = {}
    for lead in {character.encode()[0] for character in TRIMMED_BEFORE}:
        present[lead] = bytes([lead]) in text
    return [
        character
        for character in TRIMMED_BEFORE
        if present[(octets := character.encode())[0]] and (len(octets) == 1 or octets in text)
    ]


def trim(frame: "pl.DataFrame", characters: list[str] | None = None) -> "pl.DataFrame":
    """Trim the text columns.

    Args:
        frame: text columns, any number of rows.
        characters: those of `TRIMMED_BEFORE` that occur in it, where that is known: then only columns are trimmed in
            which a cell begins or ends with one.
    """
    import polars as pl

    names = [name for name, kind in frame.schema.items() if kind == pl.String]
    if characters is not None and names:
        edges = (
            pl.any_horizontal(
                test
                for character in characters
                for test in (pl.col(name).str.starts_with(character), pl.col(name).str.ends_with(character))
            )
            .any()
            .alias(name)
            for name in names
        )
        touched = frame.select(edges).row(0) if characters and frame.height else ()
        names = [name for name, dirty in zip(names, touched, strict=False) if dirty]
    return frame.with_columns(
        pl.col(name).str.strip_chars_end(TRIMMED_AFTER).str.strip_chars_start(TRIMMED_BEFORE) for name in names
    )


def unwrap_formulas(frame: "pl.DataFrame") -> "pl.DataFrame":
    """`="3702…"`, which some exporters write so that a spreadsheet keeps the text, becomes what stands inside."""
    import polars as pl

    text = pl.col(pl.String)
    wrapped = text.str.contains(r'(?s)^=".*"$')
    return frame.with_columns(pl.when(wrapped).then(text.str.slice(2).str.head(-1)).otherwise(text).name.keep())


def empties(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Texts that say nothing become NULL."""
    import polars as pl

    return frame.with_columns(pl.when(~pl.col(pl.String).is_in(EMPTY)).then(pl.col(pl.String)).otherwise(None).name.keep())


def scaled(text: "pl.Expr", factor: int) -> "pl.Expr":
    """An amount in units of `factor` yuan as yuan, exactly; what is no plain amount stays as it is.

    Works by Decimal with 8 places: a binary float would turn 1.15 万元 into 11499.999….
    """
    import polars as pl

    plain = text.str.normalize("NFKC").str.replace_all(r"[,\s]", "")
    amount = pl.when(plain.str.contains(r"^[+-]?\d{1,18}(\.\d{1,8})?$")).then(plain.str.strip_prefix("+"))
    product = (amount.str.to_decimal(scale=8).cast(pl.Decimal(38, 8)) * factor).cast(pl.String)
    return pl.coalesce(product.str.strip_chars_end("0").str.strip_suffix("."), text)


def number_text(value: float, column_type: str | None) -> str:
    """How a number that a spreadsheet held as a number is written.

    In a column of ids always in scientific notation, so that it can never pass for an id; elsewhere so once it has
    more digits than a spreadsheet keeps (a bank account, a long household number), else as it is shown.
    """
    if column_type in _ID_TYPES or abs(value) >= _DAMAGED_FROM:
        mantissa, _, exponent = f"{value:.14E}".partition("E")
        return f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"
    if float(value).is_integer():
        return str(int(value))
    text = f"{value:.15g}"
    return format(float(text), ".20f").rstrip("0") if "e" in text else text


MONTHLESS_MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0+)?)?$")
"""The time of day of a date that has none."""
