"""Facts: what rules may speak of, one row per person and one per household of a batch.

Belongs here: the order in which facts are computed, what a missing source or authorisation makes unknown, and writing the
tables that schemas/lake/facts.sql declares. Does not belong here: any fact's own reckoning (`*.sql`), any threshold
(`pipelines.parameters`), any rule.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.deliveries import carry
from pipelines.assess.facts.houses import view_houses
from pipelines.assess.facts.possible import write_possible
from pipelines.contracts import Contract, load_contracts
from pipelines.errors import DataError
from pipelines.lake_tables import Column, column_list, lake_table
from pipelines.linkage.views import earlier_batch, view_linkage, view_sources
from pipelines.month import windows
from pipelines.progress import Reporter
from pipelines.storage import SCHEMAS, Home, check_batch, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

ALWAYS_SCREENED = ("police_household", "police_death", "marriage", "assistance_roster")
"""Who people are, whom they live with and who already receives: without these nobody could tell whom an authorisation covers."""

AUTHORISATIONS = "authorisations.csv"
"""In the home folder: 编号 (a person's or household's id), 授权开始, 授权结束 (empty: until withdrawn)."""

_STEPS = {
    "计算事实：在册救助": ("base", "assistance"),
    "计算事实：残疾": ("disability",),
    "计算事实：医疗": ("medical",),
    "计算事实：收入、参保、学籍": ("income",),
    "计算事实：家庭关系、监测": ("family", "monitoring"),
    "计算事实：住房、灾损": ("dwellings", "houses"),
}

OF_SOURCE = Path(__file__).with_name("of_source")

_READS = re.compile(r"\b(?:src|house|known|sure|has)_(\w+)")


def sources_read(contracts: Mapping[str, Contract]) -> list[str]:
    """The sources that facts are made of: those that the SQL of this room names, in the order of their numbers."""
    named = {name for path in Path(__file__).parent.rglob("*.sql") for name in _READS.findall(path.read_text(encoding="utf-8"))}
    return [source for source in contracts if source in named]


def compute_facts(home: Home, batch: str, reporter: Reporter) -> dict[str, int | float]:
    """Compute the facts of a batch's persons and households.

    Args:
        home: where the lake lies; the batch's households must have been built.
        batch: the month, `YYYY-MM`.
        reporter: told each step.

    Returns:
        counts: persons, households, records, income_unknown (households), authorised (persons).

    Raises:
        DataError: the households of the batch are not there, or the authorisation list cannot be read.
    """
    check_batch(batch)
    contracts = load_contracts()
    read = {source: contracts[source] for source in sources_read(contracts)}
    with home.connect() as con:
        present = view_sources(con, home, batch, list(read.values()))
        view_linkage(con, home, batch)
        _view_households(con, home, batch)
        fresh, carried = carry(con, home, batch, read, present)
        set_variables(con, batch, read, fresh)
        load_towns(con)
        _load_authorisations(con, home)
        load_earlier(con, home, batch)
        write_possible(con, home, batch, read, fresh | carried)
        run_steps(con, home, batch, Sources(contracts, read, fresh, carried), reporter)
        return _write(con, home, batch, reporter, carried)


@dataclass(frozen=True)
class Sources:
    """What there is to read.

    Attributes:
        contracts: all of them.
        read: those that facts are made of.
        fresh: those whose silence says something.
        carried: those of which an earlier delivery speaks on.
    """

    contracts: Mapping[str, Contract]
    read: Mapping[str, Contract]
    fresh: set[str]
    carried: set[str]


def run_steps(
    con: "duckdb.DuckDBPyConnection", home: Home, batch: str, sources: Sources, reporter: Reporter, withheld: str = ""
) -> None:
    """Every step up to the persons' facts, over the relations that the connection holds.

    `withheld` is a table of person_id: those who took their authorisation back, whom no roster opens either.
    """
    for title, steps in _STEPS.items():
        reporter.start(title)
        for step in steps:
            if step == "houses":
                view_houses(con, home, batch, sources.read)
            run_step(con, step)
            if step == "assistance":
                run_step(con, "authorised")
                if withheld:
                    con.execute(f"DELETE FROM authorised WHERE person_id IN (SELECT person_id FROM {withheld})")
                _tell_unmatched(con, reporter)
                _limit_to_purpose(con, sources.contracts, sources.read, sources.fresh | sources.carried, sources.fresh)
                _load_questions(con, home, batch)


def run_step(con: "duckdb.DuckDBPyConnection", step: str) -> None:
    """Run one of the SQL files beside this module."""
    con.execute(Path(__file__).with_name(f"{step}.sql").read_text(encoding="utf-8"))


def join_persons(con: "duckdb.DuckDBPyConnection") -> None:
    """Make the view `person_income`: every person's facts, those of one source each from its file in `of_source`.

    Such a file is a query of person_id and of columns that schemas/lake/facts.sql declares; what it means that the source does
    not list somebody is the same for all of them and said here.
    """
    run_step(con, "person")
    declared = lake_table("facts", "person_fact")
    facts, joins = ["j.*"], []
    for path in sorted(OF_SOURCE.glob("*.sql")):
        source = path.stem
        con.execute(f"CREATE TABLE fact_of_{source} AS\n{path.read_text(encoding='utf-8')}")
        names = [name for name in con.table(f"fact_of_{source}").columns if name != "person_id"]
        facts += [f"{_said_by(source, name, declared[name])} AS {name}" for name in names]
        joins.append(f"LEFT JOIN fact_of_{source} AS {source} USING (person_id)")
    con.execute(f"CREATE VIEW person_said AS SELECT {', '.join(facts)} FROM person_joined AS j {' '.join(joins)}")
    run_step(con, "person_income")


def _said_by(source: str, name: str, column: Column) -> str:
    """A fact of one source in SQL.

    Whether somebody is on its list is not known while a row of it may be theirs (sure_…); an amount without that row is still a
    lower bound (known_…).
    """
    value = f"{source}.{name}"
    if column.type == "BOOLEAN":
        return f"fact({source}.person_id, sure_{source}(j.authorised, j.asked_sources), {value}, {column.default or 'false'})"
    if column.default:
        return f"fact({source}.person_id, known_{source}(j.authorised), {value}, {column.default})"
    return value


def _write(
    con: "duckdb.DuckDBPyConnection", home: Home, batch: str, reporter: Reporter, carried: set[str]
) -> dict[str, int | float]:
    counts: dict[str, int | float] = {}
    reporter.start("计算事实：写出人员")
    join_persons(con)
    path = home.lake(batch, "assess", "person_fact")
    counts["persons"] = write_parquet(con, f"SELECT {column_list('facts', 'person_fact')} FROM person_income", path)
    # Households are summed up from the file just written: holding the wide table as well would take twice the memory.
    con.execute(f"CREATE VIEW person_written AS FROM read_parquet('{quoted(path)}')")
    reporter.start("计算事实：写出家庭")
    run_step(con, "household")
    select = f"SELECT {column_list('facts', 'household_fact')} FROM household_wide"
    counts["households"] = write_parquet(con, select, home.lake(batch, "assess", "household_fact"))
    records = Path(__file__).with_name("records.sql").read_text(encoding="utf-8")
    carried_rows = [f"SELECT person_id, source, file, row_no FROM src_{source}" for source in sorted(carried)]
    records = "\nUNION ALL\n".join([records, "SELECT person_id, source, file, row_no FROM unnamed_record", *carried_rows])
    counts["records"] = write_parquet(con, records, home.lake(batch, "assess", "fact_records"))
    counts["income_unknown"], counts["authorised"] = con.execute("""
        SELECT (SELECT count(*) FROM member_sum WHERE income IS NULL), (SELECT count(*) FROM authorised)
    """).fetchall()[0]
    return counts


def _view_households(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    views = {"edge": "edges", "household": "households", "member": "members", "left_household": "left_household"}
    for view, table in views.items():
        path = home.lake(batch, "households", table)
        if not path.exists():
            raise DataError("这个批次还没有组成家庭，不能计算事实。", where=f"批次 {batch}", todo="从头运行这个批次。")
        con.execute(f"CREATE VIEW {view} AS FROM read_parquet('{quoted(path)}')")


def set_variables(con: "duckdb.DuckDBPyConnection", batch: str, read: Mapping[str, Contract], present: set[str]) -> None:
    """Give the connection the dates of a batch's windows, and which sources came."""
    con.execute(f"SET VARIABLE batch = '{batch}'")
    for name, day in windows(batch).variables().items():
        con.execute(f"SET VARIABLE {name} = DATE '{day}'")
    for source in read:
        con.execute(f"SET VARIABLE has_{source} = {source in present}")


def _limit_to_purpose(
    con: "duckdb.DuckDBPyConnection", contracts: Mapping[str, Contract], read: Iterable[str], there: set[str], fresh: set[str]
) -> None:
    """Close sources of authorised use for everybody without an authorisation, and say whom each can be asked about.

    `known_<source>(authorised)` is whether a source can be asked about somebody: there is a delivery that is not stale,
    and it may be read for them. `sure_<source>(authorised, asked)` is whether "not listed" means no: it can, and no row
    of it may yet turn out to be theirs.
    """
    limited = [source for source in contracts if contracts[source].use == "authorised" and source not in ALWAYS_SCREENED]
    con.execute(f"SET VARIABLE restricted = {limited}::VARCHAR[]")
    for source in read:
        restricted = source in limited
        known = "false" if source not in fresh else "authorised" if restricted else "true"
        con.execute(f"CREATE MACRO known_{source}(authorised) AS {known}")
        con.execute(
            f"CREATE MACRO sure_{source}(authorised, asked) AS {known} AND NOT coalesce(list_contains(asked, '{source}'), false)"
        )
        if restricted and source in there:
            con.execute(f"ALTER VIEW src_{source} RENAME TO all_{source}")
            con.execute(f"CREATE VIEW src_{source} AS FROM all_{source} SEMI JOIN authorised USING (person_id)")


def _load_questions(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Make `asked` (person_id, sources): of which sources a row may be somebody's, which nobody has decided yet.

    Rows of authorised use are nobody's business without an authorisation, not even as a possibility.
    """
    path = home.lake(batch, "assess", "possible_records")
    rows = f"read_parquet('{quoted(path)}')" if path.exists() else "(SELECT '' AS person_id, '' AS source WHERE false)"
    con.execute(f"""
        CREATE TABLE asked AS
        SELECT person_id, list_sort(list(DISTINCT source)) AS sources
        FROM {rows}
        WHERE NOT list_contains(getvariable('restricted'), source) OR person_id IN (SELECT person_id FROM authorised)
        GROUP BY person_id
    """)


def load_towns(con: "duckdb.DuckDBPyConnection") -> None:
    """Make `town`: the name and kind (urban, rural) of each town."""
    path = quoted(SCHEMAS / "codes" / "towns.csv")
    con.execute(f"""
        CREATE TABLE town AS
        SELECT value AS town, any_value(kind) AS kind FROM read_csv('{path}', all_varchar = true) GROUP BY value
    """)


def _load_authorisations(con: "duckdb.DuckDBPyConnection", home: Home) -> None:
    """Make `authorisation` (subject, begins, ends) of the home's list; empty without one."""
    import duckdb

    path = home.root / AUTHORISATIONS
    con.execute("CREATE TABLE authorisation (subject VARCHAR, begins DATE, ends DATE)")
    if not path.exists():
        return
    try:
        con.execute(f"""
            INSERT INTO authorisation
            SELECT trim("编号"), trim("授权开始")::DATE, nullif(trim("授权结束"), '')::DATE
            FROM read_csv('{quoted(path)}', header = true, all_varchar = true, encoding = 'utf-8')
            WHERE nullif(trim("编号"), '') IS NOT NULL
        """)
    except duckdb.Error:
        raise DataError(
            "核对授权登记表读不出来。",
            where=AUTHORISATIONS,
            todo="表头应为 编号,授权开始,授权结束；日期写成 2026-10-01；文件存为 UTF-8 的 CSV。",
        ) from None


def _tell_unmatched(con: "duckdb.DuckDBPyConnection", reporter: Reporter) -> None:
    """Say how many authorisations name nobody: a mistyped number must not look like a refusal."""
    unmatched = con.execute("""
        SELECT count(*) FROM authorisation AS a
        WHERE a.subject NOT IN (SELECT person_id FROM person UNION ALL SELECT old_person_id FROM person_alias)
            AND a.subject NOT IN (SELECT household_id FROM household)
    """).fetchall()[0][0]
    if unmatched:
        reporter.note(f"核对授权登记表（{AUTHORISATIONS}）里有 {unmatched} 行的编号找不到人或家庭，没有生效；请核对编号。")


def load_earlier(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Make `earlier_fact`: what the batch before knew of each person's certificate, by today's person ids."""
    before = earlier_batch(home, batch, "assess", "person_fact")
    con.execute(f"SET VARIABLE has_earlier = {before is not None}")
    if before is None:
        con.execute("CREATE TABLE earlier_fact (person_id VARCHAR, has_valid_certificate BOOLEAN, disability_grade INTEGER)")
        return
    con.execute(f"""
        CREATE TABLE earlier_fact AS
        SELECT coalesce(a.person_id, f.person_id) AS person_id, bool_or(f.has_valid_certificate) AS has_valid_certificate,
            min(f.disability_grade) AS disability_grade
        FROM read_parquet('{quoted(home.lake(before, "assess", "person_fact"))}') AS f
        LEFT JOIN (SELECT old_person_id, any_value(person_id) AS person_id FROM person_alias GROUP BY old_person_id) AS a
            ON a.old_person_id = f.person_id
        WHERE f.certificate_on_record OR f.certificate_on_record IS NULL
        GROUP BY 1
    """)
