"""Small cells: no count that leaves the bureau lets anybody be picked out.

Belongs here: which cells of a table of counts are hidden. Does not belong here: how a hidden cell is drawn.
"""

from typing import TypeVar

SMALL = 5
"""Counts from 1 to 4 are hidden (GB/T 37964-2019; the usual bound of statistical offices)."""

Table = list[list[int]]
_Cell = TypeVar("_Cell", int, bool)


def hidden_cells(counts: Table) -> list[list[bool]]:
    """Which cells of a table with row and column totals must be hidden.

    Cells from 1 to 4 are hidden; then, as long as a row or a column has exactly one hidden cell, which its total would give
    away, the smallest other cell that is not zero is hidden with it (a zero if there is no other).

    Args:
        counts: rows of equal length, without the totals.

    Returns:
        for each cell whether it is hidden.
    """
    hidden = [[0 < count < SMALL for count in row] for row in counts]
    changed = True
    while changed:
        changed = _second(counts, hidden)
        across = _turned(counts)
        hidden_across = _turned(hidden)
        if _second(across, hidden_across):
            hidden = _turned(hidden_across)
            changed = True
    return hidden


def _second(counts: Table, hidden: list[list[bool]]) -> bool:
    changed = False
    for row, hides in zip(counts, hidden, strict=True):
        if sum(hides) == 1 and len(row) > 1:
            others = [n for n in range(len(row)) if not hides[n]]
            hides[min(others, key=lambda n: (row[n] == 0, row[n]))] = True
            changed = True
    return changed


def _turned(table: list[list[_Cell]]) -> list[list[_Cell]]:
    return [list(column) for column in zip(*table, strict=True)]


def shown(count: int, *, hide: bool | None = None) -> str:
    """A count as the report writes it: `<5` where it is small or hidden."""
    if hide is None:
        hide = 0 < count < SMALL
    return f"<{SMALL}" if hide and count < SMALL else ("※" if hide else f"{count:,}")
