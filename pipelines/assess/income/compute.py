"""Household income: statements per member and class, deductions, and the interval of each household.

Belongs here: the order in which it is reckoned, what did not come, what was stated, and writing the tables that
`schemas/lake/income.sql` declares. Does not belong here: any class's own reckoning (`*.sql`), any line (`schemas/rules`).

An interval is [low, high] in yuan over the 12 months of the batch; no upper bound is infinity here and NULL in the lake.
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.deliveries import carry
from pipelines.assess.income.classes import IncomeClass, load_classes
from pipelines.contracts import load_contracts
from pipelines.errors import DataError
from pipelines.linkage.views import view_linkage, view_sources
from pipelines.month import windows
from pipelines.parameters import Parameter, district_area, load_parameters
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

SOURCES = (
    "tax_income", "social_insurance", "employment", "pensions", "benefit_card", "land_subsidies", "real_estate", "finance_check",
    "temporary_aid", "charity", "school_aid", "rehabilitation",
)  # fmt: skip
"""What the classes and deductions are made of, beside the facts."""

_GROUPS = ("income", "support", "deduct", "education", "crop", "pension", "min_wage", "dibao", "edge")
"""Groups of parameters that this stage reads: columns `<group>_<name>` of `parameter`."""

_STEPS = {"计算收入：各类收入": ("classes",), "计算收入：赡养、抚养": ("kin",), "计算收入：扣减和家庭": ("household",)}


def compute_income(
    home: Home, batch: str, reporter: Reporter, *, parameters: dict[str, Parameter] | None = None
) -> dict[str, int | float]:
    """Reckon the income of a batch's assistance households; writes `income_statement` and `household_income`.

    Args:
        home: where the lake lies; the batch's facts must have been computed.
        batch: the month, `YYYY-MM`.
        reporter: told each step.
        parameters: other values than the declared ones.

    Returns:
        counts: statements, households, closed (households whose income is one number), unbounded, asked (with a question).

    Raises:
        DataError: the batch has no facts.
        DeclarationError: the classes or parameters are wrongly declared.
    """
    check_batch(batch)
    with home.connect() as con:
        present = _open(con, home, batch)
        run_steps(con, home, batch, present, reporter, load_parameters() if parameters is None else parameters)
        return _write(con, home, batch)


def run_steps(
    con: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    present: set[str],
    reporter: Reporter,
    parameters: dict[str, Parameter],
) -> None:
    """Every step over what the connection holds: person_fact, household_fact, edge, member, person, src_<source>."""
    classes = load_classes()
    con.execute("SET VARIABLE income_sources = ?::VARCHAR[]", [sorted({source for one in classes for source in one.needs})])
    _load_parameters(con, batch, parameters)
    _load_statements(con, home, batch)
    _run(con, "earners")
    for title, steps in _STEPS.items():
        reporter.start(title)
        for step in steps:
            if step == "kin":
                _add_undelivered(con, classes, present)
                _run(con, "stated")
            _run(con, step)
    _load_classes(con, classes)


def income_of_few(
    con: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    present: set[str],
    reporter: Reporter,
    parameters: dict[str, Parameter],
) -> None:
    """Make the tables `income_statement` and `household_income` of the households that the connection holds (`facts.few`).

    The steps' own tables lie in a schema of their own, which is dropped: their names are the facts' as well.
    """
    con.execute("CREATE SCHEMA reckoning; SET search_path = 'reckoning,main'")
    con.execute(f"SET VARIABLE has_pensions = {'pensions' in present}")
    run_steps(con, home, batch, present, reporter, parameters)
    statements, households = output_queries(batch)
    con.execute(f"CREATE TABLE main.income_statement AS {statements}")
    con.execute(f"CREATE TABLE main.household_income AS {households}")
    con.execute("SET search_path = 'main'; DROP SCHEMA reckoning CASCADE")


def _open(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> set[str]:
    """Make the views that the steps read; returns the sources that came.

    A source of authorised use is empty but for those with an authorisation (社会救助暂行办法 第五十八条).
    """
    contracts = load_contracts()
    tables = {"person_fact": "assess", "household_fact": "assess", "edges": "households", "members": "households"}
    for table, stage in tables.items():
        path = home.lake(batch, stage, table)
        if not path.exists():
            raise DataError("这个批次还没有计算事实，不能计算收入。", where=f"批次 {batch}", todo="从头运行这个批次。")
        con.execute(f"CREATE VIEW {table.removesuffix('s')} AS FROM read_parquet('{quoted(path)}')")
    read = {source: contracts[source] for source in SOURCES}
    present = view_sources(con, home, batch, list(read.values()))
    view_linkage(con, home, batch)
    present, _ = carry(con, home, batch, read, present)
    for source in SOURCES:
        if contracts[source].use == "authorised":
            con.execute(f"ALTER VIEW src_{source} RENAME TO all_{source}")
            con.execute(
                f"CREATE VIEW src_{source} AS FROM all_{source} SEMI JOIN (FROM person_fact WHERE authorised) USING (person_id)"
            )
    for name, day in windows(batch).variables().items():
        con.execute(f"SET VARIABLE {name} = DATE '{day}'")
    con.execute(f"SET VARIABLE has_pensions = {'pensions' in present}")
    return present


def _load_parameters(con: "duckdb.DuckDBPyConnection", batch: str, parameters: dict[str, Parameter]) -> None:
    """Make `parameter`: one row per population ('' where it is not known), a column per value; NULL where none holds.

    What is paid by the month is held against the value of that month: `basic_not_counted`.
    """
    day = windows(batch).as_of
    keys = sorted(key for key in parameters if key.split(".")[0] in _GROUPS)
    rows = []
    for population in ("urban", "rural", ""):
        held = {key: parameters[key].value_on(district_area(), population or "any", day) for key in keys}
        figures = {key: "NULL" if value is None else str(value.value) for key, value in held.items()}
        crops = ", ".join(figures[key] for key in keys if key.startswith("crop."))
        columns = [f"{figure}::DOUBLE AS {key.replace('.', '_')}" for key, figure in figures.items()]
        columns += [f"list_{end}([{crops}]::DOUBLE[]) AS crop_{name}" for end, name in (("min", "least"), ("max", "most"))]
        rows.append(f"SELECT '{population}' AS population, {', '.join(columns)}")
    con.execute(f"CREATE TABLE parameter AS {' UNION ALL '.join(rows)}")
    spared = parameters["pension.basic_not_counted"]
    con.execute("CREATE TABLE basic_not_counted (month DATE, amount DOUBLE)")
    for first in _months(day):
        value = spared.value_on(district_area(), "any", first)
        con.execute("INSERT INTO basic_not_counted VALUES (?, ?)", [first, None if value is None else value.value])


def _months(day: dt.date) -> list[dt.date]:
    """The first days of the 12 months that end with that of a day."""
    last = day.year * 12 + day.month - 1
    return [dt.date(month // 12, month % 12 + 1, 1) for month in range(last - 11, last + 1)]


def _load_statements(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Make `stated`: the last answer about each member and class that came back within the 12 months, by today's person ids."""
    con.execute(
        "CREATE TABLE answer (person_id VARCHAR, class TINYINT, amount DOUBLE, stated_on DATE, file VARCHAR, row_no INTEGER)"
    )
    for month in [*home.earlier_batches(batch), batch]:
        path = home.lake(month, "returns", "income_answers")
        if path.exists():
            con.execute(
                f"INSERT INTO answer SELECT person_id, class, amount, stated_on, file, row_no FROM read_parquet('{quoted(path)}')"
            )
    con.execute("""
        CREATE TABLE stated AS
        SELECT coalesce(l.person_id, a.person_id) AS person_id, a.class,
            arg_max(a.amount, (a.stated_on, a.file, a.row_no)) AS amount, max(a.stated_on) AS stated_on,
            arg_max(a.file, (a.stated_on, a.file, a.row_no)) AS file, arg_max(a.row_no, (a.stated_on, a.file, a.row_no)) AS row_no
        FROM answer AS a
        LEFT JOIN (SELECT old_person_id, any_value(person_id) AS person_id FROM person_alias GROUP BY old_person_id) AS l
            ON l.old_person_id = a.person_id
        WHERE a.stated_on BETWEEN getvariable('from_12m') AND getvariable('as_of') + INTERVAL 2 MONTH
        GROUP BY 1, 2
    """)


def _add_undelivered(con: "duckdb.DuckDBPyConnection", classes: list[IncomeClass], present: set[str]) -> None:
    """Where no source of a class came, it is not known of those who could have it; what another source says stands."""
    for one in classes:
        if one.needs and not present & set(one.needs):
            con.execute(f"""
                INSERT INTO statement
                SELECT household_id, person_id, {one.number}, 0, 'inf', 'not_delivered', true, NULL, NULL, NULL,
                    getvariable('as_of')
                FROM earner
                WHERE ({one.who}) AND NOT dead AND person_id NOT IN (SELECT person_id FROM statement WHERE class = {one.number})
            """)


def _load_classes(con: "duckdb.DuckDBPyConnection", classes: list[IncomeClass]) -> None:
    con.execute("CREATE TABLE income_class (class TINYINT, title VARCHAR, ask VARCHAR)")
    con.executemany("INSERT INTO income_class VALUES (?, ?, ?)", [(one.number, one.title, one.ask) for one in classes])


def _run(con: "duckdb.DuckDBPyConnection", step: str) -> None:
    con.execute(Path(__file__).with_name(f"{step}.sql").read_text(encoding="utf-8"))


def output_queries(batch: str) -> tuple[str, str]:
    """The queries of the two tables: statements, households."""
    output = Path(__file__).with_name("output.sql").read_text(encoding="utf-8").replace("$batch", f"'{batch}'")
    statements, households = output.split(";\n")[:2]
    return statements, households


def _write(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> dict[str, int | float]:
    statements, households = output_queries(batch)
    counts: dict[str, int | float] = {
        "statements": write_parquet(con, statements, home.lake(batch, "assess", "income_statement")),
        "households": write_parquet(con, households, home.lake(batch, "assess", "household_income")),
    }
    counts["closed"], counts["unbounded"], counts["asked"] = con.execute("""
        SELECT (SELECT count(*) FROM income WHERE low = high), (SELECT count(*) FROM income WHERE high = 'inf'),
            (SELECT count(*) FROM question)
    """).fetchall()[0]
    return counts
