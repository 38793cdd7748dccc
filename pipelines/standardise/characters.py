"""Characters: what one writing of a text and another have in common below the level of words.

Belongs here: Unicode normal form, characters nobody sees, the table of variant characters. Does not belong here: what a
name, an id or an address is made of.
"""

import csv
import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.storage import SCHEMAS, quoted

if TYPE_CHECKING:
    import duckdb

UNSEEN = r"[\s\p{Z}\p{Cf}\p{Cc}]"
"""Spaces of every width, tabs, line breaks, zero-width and direction marks, byte-order marks: a class for RE2."""

_CODES = SCHEMAS / "codes"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a data file of `schemas/codes`."""
    with (_CODES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def folding() -> dict[int, str]:
    """Code point → the character it is folded to when names are compared.

    OpenCC's traditional-to-simplified characters (Apache-2.0; read as data, the package is not run), and over them
    `schemas/codes/variants.csv`: variants in names, private-use code points of the GBK years, radicals that PDF text
    holds, and whatever stands for a lost character, folded to `?`.
    """
    table: dict[int, str] = {}
    package = importlib.util.find_spec("opencc")
    if package is None or package.origin is None:  # pragma: no cover - a broken installation
        raise ModuleNotFoundError("opencc")
    dictionary = Path(package.origin).parent / "dictionary" / "TSCharacters.txt"
    for line in dictionary.read_text(encoding="utf-8").splitlines():
        traditional, _, simplified = line.partition("\t")
        if len(traditional) == 1:
            table[ord(traditional)] = simplified.split(" ")[0]
    for row in rows("variants"):
        table[ord(row["character"])] = row["folded"]
    for code_point, folded in table.items():  # a variant of a traditional character is folded all the way
        table[code_point] = table.get(ord(folded), folded)
    return table


@functools.cache
def readable() -> dict[int, str]:
    """Code point → the character that was meant, of those no font shows today: private use of the GBK years, radicals."""
    return {ord(row["character"]): row["folded"] for row in rows("variants") if row["kind"] in ("private_use", "radical")}


def teach(connection: "duckdb.DuckDBPyConnection") -> None:
    """Give a connection the macro `nfkc(text)`: the one normal form that DuckDB lacks (it has NFC only).

    Below it an Arrow function on vectors of 2,048 values. A call of Python costs 0.2 ms however few values it is given
    (measured: 100 ns a row where one text in a hundred needs it), so two kinds of text never get there: ASCII, which is its
    own normal form (as many bytes as characters), and ASCII typed wide, １２３Ｘ, which is ASCII once it is narrow.
    """
    from duckdb.func import PythonUDFType

    connection.create_function("arrow_nfkc", _nfkc, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)
    ascii_signs = "".join(map(chr, range(0x21, 0x7F)))
    wide_signs = "".join(chr(ord(sign) + 0xFEE0) for sign in ascii_signs)
    connection.execute(f"""
        CREATE OR REPLACE TEMP MACRO narrow(t) AS translate(t, '{wide_signs}　', '{quoted(ascii_signs)} ');
        CREATE OR REPLACE TEMP MACRO nfkc(t) AS CASE
            WHEN strlen(t) = length(t) THEN t
            WHEN strlen(narrow(t)) = length(t) THEN narrow(t)
            ELSE arrow_nfkc(t) END
    """).fetchall()


def _nfkc(texts: Any) -> Any:
    import pyarrow.compute as pc

    return pc.utf8_normalize(texts, "NFKC")
