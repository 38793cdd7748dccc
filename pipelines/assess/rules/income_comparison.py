"""Rules on the income of today beside the same rules on the interval of fourteen classes: whose outcome would differ?

Belongs here: running the rules that read `household_income` once more with the interval in its place. Does not belong here:
changing what they find: they stay as they are until the bureau has confirmed the classes.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.rules.catalogue import Catalogue
from pipelines.assess.rules.run import SECOND_PASS, Running, find
from pipelines.storage import Home, write_parquet

if TYPE_CHECKING:
    import duckdb

READ = {"household_income", "household_income_known"}
"""The facts that the interval would take the place of: known only where it is one number, and its lower end."""


def write_comparison(
    connection: "duckdb.DuckDBPyConnection",
    place: tuple[Home, str],
    running: Sequence[Running],
    catalogue: Catalogue,
    day: dt.date,
) -> int:
    """Write `income_comparison` from `found` and a second run; `found` holds the second run's findings afterwards.

    Args:
        connection: with the views of `open_facts`, and `found` of the batch's rules.
        place: the home and the batch.
        running: all rules of the batch.
        catalogue: the facts and parameters.
        day: the date the data speaks of.

    Returns:
        the number of outcomes that would differ.
    """
    home, batch = place
    compared = [each for each in running if READ & set(each.rule.facts) and SECOND_PASS not in each.rule.facts]
    listed = ", ".join(f"'{each.rule.declared.rule}'" for each in compared) or "''"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE found_today AS FROM found WHERE rule_id IN ({listed})")
    connection.execute("""
        CREATE OR REPLACE VIEW household_fact AS
        SELECT f.* REPLACE (CASE WHEN i.low = i.high THEN i.low END AS household_income, i.low AS household_income_known)
        FROM fact_of_household AS f LEFT JOIN household_income AS i USING (household_id)
    """)
    find(connection, compared, catalogue, day)
    query = Path(__file__).with_name("income_comparison.sql").read_text(encoding="utf-8")
    return write_parquet(connection, query.replace("$batch", f"'{batch}'"), home.lake(batch, "assess", "income_comparison"))
