"""What is done to a cell's text: trimmed, emptied where it says nothing, scaled where the heading says 万元.

Belongs here: the little that every text goes through before it lies in the lake. Does not belong here: what a name,
id, date or amount means (`pipelines.standardise`).
"""

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

SPACES = " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
TRIMMED_AFTER = SPACES + INVISIBLE
TRIMMED_BEFORE = TRIMMED_AFTER + "'"
"""A leading apostrophe is how spreadsheets mark text; after a text it belongs to it."""

_DAMAGED_FROM = 1e15
"""A spreadsheet keeps fifteen digits: from here on a number may have lost its last ones."""

_ID_TYPES = frozenset({"id_number", "disability_certificate"})


def untrimmed(text: bytes, beside: bytes | None = None, never: str = "") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Where in a block of cells a character to be trimmed stands at a cell's edge: mostly nowhere, and trimming can be left out.

    Looks for the lead byte first, which in Chinese text is rare and found so at memory speed, and then only at the places
    where it stands: asking for each whole character took 220 ms per 16 MB, this 5.

    Args:
        text: cells in UTF-8.
        beside: the bytes that may stand around a cell; without them every such character counts.
        never: characters that are known not to stand in a cell.

    Returns:
        offsets in bytes, each once, in no order; too many rather than too few.
    """
    import numpy as np

    nowhere = np.empty(0, dtype=np.int64)
    octets = np.frombuffer(text, dtype=np.uint8) if text else nowhere
    around = np.zeros(256, dtype=bool)
    around[list(beside or b"")] = True
    leads: dict[int, np.ndarray[Any, np.dtype[np.int64]]] = {}
    found = [nowhere]
    for character in TRIMMED_BEFORE:
        if character in never:
            continue
        lead, *others = encoded = character.encode()
        if lead not in leads:
            leads[lead] = _places(text, lead)
        at = leads[lead]
        for further, octet in enumerate(others, 1):
            at = at[octets.take(at + further, mode="clip") == octet] if at.size else at
        if beside is not None and at.size:
            after = at + len(encoded)
            at = at[(at == 0) | around[octets[at - 1]] | (after == octets.size) | around[octets.take(after, mode="clip")]]
        found.append(at)
    return np.concatenate(found)


def _places(text: bytes, octet: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Where a byte stands in a text: one after the other while it is rare (five times as fast), the rest of it at once."""
    import numpy as np

    sought, few = bytes([octet]), 16 + len(text) // 1024
    found: list[int] = []
    at = text.find(sought)
    while at >= 0 and len(found) < few:
        found.append(at)
        at = text.find(sought, at + 1)
    rare = np.array(found, dtype=np.int64)
    return rare if at < 0 else np.concatenate([rare, np.flatnonzero(np.frombuffer(text, np.uint8, offset=at) == octet) + at])


def trim(frame: "pl.DataFrame", rows: "pl.Series | None" = None) -> "pl.DataFrame":
    """Trim the text columns.

    Args:
        frame: text columns, any number of rows.
        rows: the only rows, counted from 0, in which there can be anything to trim, where that is known.
    """
    import polars as pl

    text = pl.col(pl.String)
    trimmed = text.str.strip_chars_end(TRIMMED_AFTER).str.strip_chars_start(TRIMMED_BEFORE)
    if rows is None or rows.len() * 4 > frame.height:
        return frame.with_columns(trimmed)
    if not rows.len():
        return frame
    before = frame.select(text)[rows]
    after = before.select(trimmed)
    return frame.with_columns(
        frame[name].scatter(rows, after[name]) for name in after.columns if not after[name].equals(before[name], null_equal=True)
    )


def unwrap_formulas(frame: "pl.DataFrame") -> "pl.DataFrame":
    """`="3702…"`, which some exporters write so that a spreadsheet keeps the text, becomes what stands inside."""
    import polars as pl

    text = pl.col(pl.String)
    wrapped = text.str.contains(r'(?s)^=".*"$')
    return frame.with_columns(pl.when(wrapped).then(text.str.slice(2).str.head(-1)).otherwise(text).name.keep())


def empties(frame: "pl.DataFrame", nothing: Mapping[str, frozenset[str]], otherwise: frozenset[str]) -> "pl.DataFrame":
    """Texts that say nothing become NULL; columns without a text as short as those are not looked through.

    Args:
        frame: any columns; the text columns are looked at.
        nothing: column → the texts that say nothing in it.
        otherwise: those of the other columns.
    """
    import polars as pl

    names = [name for name, kind in frame.schema.items() if kind == pl.String]
    words = {name: nothing.get(name, otherwise) for name in names}
    short = frame.select((pl.col(name).str.len_bytes() <= _longest(words[name])).any() for name in names).row(0) if names else ()
    return frame.with_columns(
        pl.when(~pl.col(name).is_in(sorted(words[name]))).then(pl.col(name)).otherwise(None).alias(name)
        for name, is_short in zip(names, short, strict=True)
        if is_short
    )


@functools.cache
def _longest(words: frozenset[str]) -> int:
    return max(len(text.encode()) for text in words)


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
