"""Which leads are out: what a number on a returned list can mean.

Belongs here: looking numbers up in the leads of all batches. Does not belong here: how a number may have been retyped
(`answers.lead_number`).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.returns.answers import LEAD_NUMBER
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

_MOST_STRANGE = 1000
"""Unknown numbers for which a near one is looked for: more than these, and it is not our list."""


def issued_leads(
    connection: "duckdb.DuckDBPyConnection", home: Home, batches: Sequence[str], numbers: Sequence[str]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """What is known of the numbers that returned lists speak of.

    Args:
        connection: for reading the lake.
        home: where.
        batches: those with leads, oldest first.
        numbers: as `answers.lead_number` read them, distinct.

    Returns:
        lead number → the batches on whose lists it stood, oldest first (of one never on a list, those that know it);
        and, for numbers that are none, the only lead whose number differs by one character.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE spoken AS SELECT unnest($numbers::VARCHAR[]) AS lead_id", {"numbers": list(numbers)}
    )
    listed: dict[str, list[str]] = defaultdict(list)
    held: dict[str, list[str]] = defaultdict(list)
    for batch in batches:
        leads = f"read_parquet('{quoted(home.lake(batch, 'assess', 'leads'))}')"
        for lead_id, on_list in connection.execute(
            f"SELECT lead_id, held_back IS NULL FROM {leads} SEMI JOIN spoken USING (lead_id)"
        ).fetchall():
            (listed if on_list else held)[lead_id].append(batch)
    issued = {lead_id: listed.get(lead_id) or held[lead_id] for lead_id in {*listed, *held}}
    strange = [number for number in numbers if LEAD_NUMBER.fullmatch(number) and number not in issued]
    if not strange:
        return issued, {}
    # Lead numbers are ASCII, so DuckDB's byte-wise distance is right here. Only one edit: a family must not be guessed.
    leads = f"read_parquet('{quoted(home.lake(batches[-1], 'assess', 'lead_register'))}')"
    near = connection.execute(
        f"""SELECT s.number, any_value(l.lead_id) FROM (SELECT unnest($strange::VARCHAR[]) AS number) AS s
            JOIN {leads} AS l ON levenshtein(s.number, l.lead_id) = 1 GROUP BY s.number HAVING count(*) = 1""",
        {"strange": strange[:_MOST_STRANGE]},
    ).fetchall()
    return issued, dict(near)
