"""Opening a file as a table.

Belongs here: choosing who opens which kind. Does not belong here: the shape (`table`) and how one kind is read.
"""

from collections.abc import Callable
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.extracts.formats import kind_of
from pipelines.extracts.headings import Matcher
from pipelines.extracts.table import Table


def open_table(path: Path, where: str, contract: Contract, told: Callable[[int], None] = lambda _: None) -> Table:
    """Open a file and find its headings.

    Args:
        path: the file itself.
        where: what messages call it.
        contract: whose headings are looked for.
        told: hears how many bytes were read.

    Raises:
        DataError: it cannot be read, or its headings are not the contract's.
    """
    kind = kind_of(path, where)
    matcher = Matcher(contract)
    if kind == "parquet":
        from pipelines.extracts.columnar import open_parquet

        return open_parquet(path, where, contract, matcher, told)
    if kind in ("xlsx", "xls"):
        from pipelines.extracts.workbook import open_workbook

        return open_workbook(path, where, contract, matcher, told)
    from pipelines.extracts.delimited import open_delimited

    return open_delimited(path, where, matcher, told)
