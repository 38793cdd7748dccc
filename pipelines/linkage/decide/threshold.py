"""The probability from which on is linked, chosen from how many false links may be let through.

Belongs here: from the batch's own calibrated probabilities to a threshold. Does not belong here: the probabilities (`odds`).

A link given 0.97 is false three times in a hundred: what the links of a batch are expected to let through is the sum of 1 - p.
The share is one of *all* identities that are linked, those by an exact id among them: whoever is wronged by a stranger's bill
does not ask by which road it came, and what an officer can promise is how many of 10,000 rows put to a person are not theirs.
"""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.linkage.config import Odds

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

_FEWEST = 100
"""Fewer open identities with a likely person tell nothing about where to draw the line."""


def link_threshold(connection: "duckdb.DuckDBPyConnection", odds: Odds) -> float:
    """From which probability on this batch links: chosen once, and the same for every later round of the connection.

    Args:
        connection: holds `ranked`, `unit_profile`, `assigned` the first time; keeps the answer in `link_threshold`.
        odds: the target (`false_links`), the bounds, and `link`, which holds where there is no target or too little to go by.
    """
    if odds.false_links is None:
        return odds.link
    if not connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'link_threshold'").fetchall()[0][0]:
        found = connection.execute("""
            SELECT a.p, count(*) AS identities FROM ranked AS a LEFT JOIN ranked AS b ON b.l = a.l AND b.place = 2
            JOIN unit_profile AS u ON u.unit = a.l
            WHERE a.place = 1 AND a.p >= $least AND coalesce(b.p, 0) <= $second GROUP BY a.p ORDER BY a.p DESC""",
            {"least": odds.between[0], "second": odds.second},
        ).fetchnumpy()  # fmt: skip
        settled, doubt = connection.execute("""SELECT count(*), coalesce(fsum(1 - probability), 0)
            FROM assigned WHERE method::VARCHAR NOT IN ('register', 'unchanged', 'provisional')""").fetchall()[0]
        p, identities = np.asarray(found["p"], dtype=float), np.asarray(found["identities"], dtype=float)
        chosen = choose(p, identities, odds, settled=float(settled), doubt=float(doubt))
        connection.execute("CREATE TEMP TABLE link_threshold AS SELECT ?::DOUBLE AS link", [chosen])
    return float(connection.execute("SELECT link FROM link_threshold").fetchall()[0][0])


def choose(
    p: "NDArray[np.float64]", identities: "NDArray[np.float64]", odds: Odds, *, settled: float = 0.0, doubt: float = 0.0
) -> float:
    """The least probability within the bounds that keeps the expected share of false links at the target.

    Args:
        p: distinct probabilities of being right, falling.
        identities: how many have each.
        odds: target and bounds; there must be a target.
        settled: identities linked already.
        doubt: how many of these are expected to be false.
    """
    least, most = odds.between
    if identities.sum() < _FEWEST:
        return odds.link
    false = doubt + np.cumsum(identities * (1 - p))
    share = false / (settled + np.cumsum(identities))
    kept = p[(share <= (odds.false_links or 0.0)) & (p >= least)]  # the share rises with every step down: p falls
    return float(np.clip(kept.min() if len(kept) else most, least, most))
