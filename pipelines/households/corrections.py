"""Corrections of earlier batches (E5): which households a caseworker found to be others than the data says.

Belongs here: what an answer from the spot makes of a household. Does not belong here: reading answers (`pipelines.returns`),
and what follows for the tests of means (`pipelines.assess`). Nobody is moved: who lives with whom stays the register's word until
the register changes; a caseworker's number says how many, not who.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

_SQL = Path(__file__).with_name("corrections.sql").read_text(encoding="utf-8")


def find_disputed(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> int:
    """Fill the table `disputed` (household_id, stated_members); this batch's `changes` must have been written.

    Returns:
        the number of disputed households.
    """
    said = [b for b in home.earlier_batches(batch) if home.lake(b, "returns", "corrections").exists()]
    if not said:
        return 0
    con.execute(f"""
        CREATE TABLE stated AS
        {_union(home, said, "returns", "corrections", "lead_id, household_id, household_size, answered_on")}
        WHERE kind = 'household'
    """)
    after = [b for b in (*home.earlier_batches(batch), batch) if b > said[0] and home.lake(b, "households", "changes").exists()]
    con.execute(
        f"CREATE VIEW change AS {_union(home, after, 'households', 'changes', 'kind, from_household_id, to_household_id')}"
    )
    con.execute(_SQL)
    return int(con.execute("SELECT count(*) FROM disputed").fetchall()[0][0])


def _union(home: Home, batches: list[str], stage: str, table: str, columns: str) -> str:
    parts = (f"SELECT '{batch}' AS batch, * FROM read_parquet('{quoted(home.lake(batch, stage, table))}')" for batch in batches)
    return f"SELECT batch, {columns} FROM ({' UNION ALL BY NAME '.join(parts)})"
