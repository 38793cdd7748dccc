"""Which texts say nothing in which column, as `schemas/nothing.yaml` declares them.

Belongs here: the one list of words for nothing, and the columns in which one of them is a value after all.
Does not belong here: emptying cells (`cells`).
"""

import functools
import hashlib

from pydantic import BaseModel, ConfigDict

from pipelines.contracts import Column, Contract, code_table
from pipelines.declarations import read_declared, validated
from pipelines.storage import SCHEMAS

_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


ALWAYS = frozenset({"", "无", "/", "-", "NULL", "\\N", "#N/A", "不详"})
"""What says nothing (interface.md §1) though a code table may have it as one more writing of something else."""


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: list[str]
    words_of_type: dict[str, list[str]]
    zeros: list[str]
    zero_is_a_value: list[str]


@functools.cache
def declared() -> _Words:
    """The list.

    Raises:
        DeclarationError: the file is not what it should be.
    """
    return validated(read_declared(SCHEMAS / "nothing.yaml")[0], _Words, example="schemas/nothing.yaml")


def mark() -> str:
    """A hash of the list: with another list, files are read again."""
    return hashlib.sha256(declared().model_dump_json().encode()).hexdigest()


@functools.cache
def everywhere() -> frozenset[str]:
    """What says nothing in any column, the contract's or not; the empty text is one."""
    return frozenset({"", *_writings(declared().words)})


def words_of(contract: Contract) -> dict[str, frozenset[str]]:
    """What says nothing in each of a contract's columns, in every writing."""
    places = {
        fields[field]
        for fields in contract.members().values()
        for field in ("town", "village", "grid", "household_key")
        if field in fields
    }
    return {name: _of_column(column, is_place=name in places) for name, column in contract.text_columns().items()}


def _of_column(column: Column, *, is_place: bool) -> frozenset[str]:
    """A zero is a value where numbers stand and where the column's code table has it (0 is a sex of GB/T 2261.1).

    So is another word that the table has; only ALWAYS must be a value of its own there: of houses a flood took, 无 says none.
    """
    words = _writings(declared().words_of_type.get(column.type, []))
    if is_place or column.type not in declared().zero_is_a_value:
        words |= _writings(declared().zeros)
    if not column.codes:
        return everywhere() | words
    table = code_table(column.codes)
    return (everywhere() | words) - (table.keys() - ALWAYS) - set(table.values())


def _writings(words: list[str]) -> frozenset[str]:
    """Small and capital letters, half and full width."""
    cases = {case for word in words for case in (word, word.lower(), word.upper(), word.capitalize())}
    return frozenset(cases | {case.translate(_FULL_WIDTH) for case in cases})
