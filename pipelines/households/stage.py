"""The households stage: linked persons and the register → edges, households, members, what changed.

Belongs here: the order of the steps, what the batch before left, and writing. Does not belong here: any step's SQL
(the `.sql` files beside this one).
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from pipelines.contracts import load_contracts
from pipelines.households.corrections import find_disputed
from pipelines.linkage.views import earlier_batch, view_linkage, view_sources
from pipelines.month import as_of
from pipelines.progress import Reporter
from pipelines.storage import SCHEMAS, Home, check_batch, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

SOURCES = (
    "police_household",
    "marriage",
    "custody",
    "disabled_persons",
    "poverty_monitoring",
    "assistance_roster",
    "grid_reports",
)
"""What this stage reads of the standardised tables."""

_STEPS = {
    "组成家庭：户籍": ("register", "spouses"),
    "组成家庭：配偶与亲子": ("edges",),
    "组成家庭：救助家庭": ("assistance", "ids", "places"),
}

_OLD = {
    "edge": (
        "person_id VARCHAR, other_person_id VARCHAR, kind VARCHAR, role VARCHAR, source VARCHAR, file VARCHAR, row_no INTEGER"
    ),
    "member": "household_id VARCHAR, kind VARCHAR, person_id VARCHAR, head_person_id VARCHAR, left_it BOOLEAN",
}

_OUTPUT = Path(__file__).with_name("output.sql").read_text(encoding="utf-8")


def build_households(home: Home, batch: str, reporter: Reporter, collective_size: int | None = None) -> dict[str, int | float]:
    """Build a batch's households from its linked persons and write the tables of schemas/lake/households.sql.

    Args:
        home: where the lake lies; the batch must have been standardised and linked.
        batch: the month, `YYYY-MM`.
        reporter: told each step.
        collective_size: a 户号 with more rows is a 集体户; by default the parameter household.collective_size.

    Returns:
        counts: edges, households, members, left_household, issues, changes, apart (households that live in another town
        than their register's), collective, disputed.

    Raises:
        DataError: the batch has not been linked.
    """
    check_batch(batch)
    contracts = load_contracts()
    day = as_of(batch)
    size = collective_size if collective_size is not None else _collective_size(day)
    counts: dict[str, int | float] = {}
    with home.connect() as con:
        view_sources(con, home, batch, [contracts[source] for source in SOURCES])
        view_linkage(con, home, batch)
        con.execute(f"SET VARIABLE batch = '{batch}'; SET VARIABLE as_of = DATE '{day}'; SET VARIABLE collective_size = {size}")
        _load_earlier(con, home, batch)
        for title, steps in _STEPS.items():
            reporter.start(title)
            for step in steps:
                con.execute(Path(__file__).with_name(f"{step}.sql").read_text(encoding="utf-8"))
        reporter.start("组成家庭：写出")
        con.execute(_OUTPUT)
        for table in ("edges", "members", "left_household", "issues", "changes", "households"):
            if table == "households":
                counts["disputed"] = find_disputed(con, home, batch)
            counts[table] = write_parquet(con, f"FROM out_{table}", home.lake(batch, "households", table))
        counts |= _counted(con)
    return counts


def _load_earlier(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Make `old_member` and `old_edge` of the batch before (empty without one), its persons by the ids they have today."""
    before = earlier_batch(home, batch, "households", "members")
    if before is None:
        for table, columns in _OLD.items():
            con.execute(f"CREATE TABLE old_{table} ({columns})")
        return
    path = {
        table: quoted(home.lake(before, "households", table)) for table in ("edges", "households", "members", "left_household")
    }
    con.execute(
        "CREATE VIEW alias AS SELECT old_person_id, any_value(person_id) AS person_id FROM person_alias GROUP BY old_person_id"
    )
    con.execute(f"""
        CREATE TABLE old_edge AS
        SELECT coalesce(a.person_id, e.person_id) AS person_id, coalesce(b.person_id, e.other_person_id) AS other_person_id,
            e.kind, e.role, e.source, e.file, e.row_no
        FROM read_parquet('{path["edges"]}') AS e
        LEFT JOIN alias AS a ON a.old_person_id = e.person_id
        LEFT JOIN alias AS b ON b.old_person_id = e.other_person_id
        WHERE e.kind = 'parent'
    """)
    con.execute(f"""
        CREATE TABLE old_member AS
        SELECT o.household_id, o.kind, coalesce(a.person_id, o.person_id) AS person_id, h.head_person_id, o.left_it
        FROM (
            SELECT household_id, kind, person_id, false AS left_it FROM read_parquet('{path["members"]}')
            UNION ALL
            SELECT household_id, 'assistance', person_id, true FROM read_parquet('{path["left_household"]}')
        ) AS o
        JOIN (SELECT household_id, head_person_id FROM read_parquet('{path["households"]}')) AS h USING (household_id)
        LEFT JOIN alias AS a ON a.old_person_id = o.person_id
    """)


def _collective_size(day: dt.date) -> int:
    """The parameter household.collective_size that holds on a day, from its declaration."""
    declared = yaml.safe_load((SCHEMAS / "parameters" / "household.yaml").read_text(encoding="utf-8"))
    values = [value for value in declared["values"] if value["from"] <= day]
    return int(max(values, key=lambda value: value["from"])["value"])


def _counted(con: "duckdb.DuckDBPyConnection") -> dict[str, int | float]:
    row = con.execute("""
        SELECT count(*) FILTER (kind = 'assistance' AND member_count > 0),
            count(*) FILTER (kind = 'assistance' AND register_town IS NOT NULL),
            count(*) FILTER (kind = 'register' AND collective)
        FROM household
    """).fetchall()[0]
    return dict(zip(("assistance_households", "apart", "collective"), row, strict=True))
