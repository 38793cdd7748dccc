"""Addresses: province to district cut off, town and village told apart, the rest written one way.

Belongs here: what an address text says, once per distinct address (`addresses.sql`). Does not belong here: names of towns
and villages by themselves (`codes`) and how alike two addresses are (`pipelines.linkage`).
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.standardise.codes import district, town_writings

if TYPE_CHECKING:
    import duckdb

_STEPS = Path(__file__).with_name("addresses.sql").read_text(encoding="utf-8")
_DIGITS = {character: number for number, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_IN_WORDS = re.compile(r"([零〇一二两三四五六七八九十百]+)(号楼|单元|幢|栋|室|号$|号院|户$)")
_HUNDRED, _TEN = 100, 10


def teach_addresses(connection: "duckdb.DuckDBPyConnection") -> None:
    """Give a connection the function `building_numbers(text)`."""
    from duckdb.func import PythonUDFType

    connection.create_function("building_numbers", _building_numbers, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)


def read_addresses(connection: "duckdb.DuckDBPyConnection") -> None:
    """Read the distinct texts of table `address_raw` (column raw) into `address_values`.

    The columns made: raw, town_raw and village_raw (as written, empty where not recognised), rest (below the village).
    """
    connection.execute(
        _STEPS.format(numerals="building_numbers", towns="|".join(map(re.escape, town_writings())), district=district())
    ).fetchall()


def number_of(words: str) -> int:
    """A Chinese numeral below a thousand as a number: 十二 → 12, 二〇三 → 203, 一百零二 → 102."""
    if not set(words) & {"十", "百"}:
        return int("".join(str(_DIGITS[character]) for character in words))
    hundreds, _, rest = words.rpartition("百")
    tens, has_ten, ones = rest.rpartition("十")
    number = _HUNDRED * (_DIGITS.get(hundreds[-1:], 1)) if "百" in words else 0
    if has_ten:
        number += _TEN * _DIGITS.get(tens[-1:], 1)
    return number + _DIGITS.get(ones[-1:], 0)


def _building_numbers(texts: Any) -> Any:
    """Numbers of buildings, units and rooms in digits; only the few texts that write them in words pass through Python."""
    import pyarrow as pa
    import pyarrow.compute as pc

    in_words = pc.match_substring_regex(texts, r"[零〇一二两三四五六七八九十百](?:号楼|单元|幢|栋|室|号$|号院|户$)")
    if not pc.any(in_words).as_py():
        return texts
    changed = [
        _IN_WORDS.sub(lambda found: f"{number_of(found.group(1))}{found.group(2)}", text) if here else text
        for text, here in zip(texts.to_pylist(), in_words.to_pylist(), strict=True)
    ]
    return pa.array(changed, pa.string())
