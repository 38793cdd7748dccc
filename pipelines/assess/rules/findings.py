"""Findings: a batch's facts held against every rule, and the tables that say what came out and what it rests on.

Belongs here: the tables `findings`, `rules`, `parameters`, `waiting`. Does not belong here: what a rule says
(`schemas/rules`), how it runs (`run`), what a fact is (`facts.compute`), what becomes a lead (`leads.leads`).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.assess.rules.catalogue import Catalogue, load_catalogue
from pipelines.assess.rules.income_comparison import write_comparison
from pipelines.assess.rules.load import load_rules
from pipelines.assess.rules.places import NOT_KNOWN, POPULATIONS, towns
from pipelines.assess.rules.questions import TO_DECIDE
from pipelines.assess.rules.run import Running, find, prepare
from pipelines.contracts import load_contracts
from pipelines.declarations import named, read_declared
from pipelines.errors import DataError
from pipelines.month import windows
from pipelines.parameters import district_area, load_parameters, write_parameters
from pipelines.progress import Reporter
from pipelines.storage import SCHEMAS, Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb


def run_rules(home: Home, batch: str, reporter: Reporter) -> dict[str, int | float]:
    """Hold every person and household of a batch against every rule; write the findings and what they rest on.

    Reads `assess/person_fact`, `household_fact`, `fact_records`; writes `assess/findings`, `rules`, `parameters`, `waiting`,
    `income_comparison`.

    Returns:
        counts: rules run and not run, findings true and unknown, by direction and level; place_not_known, those undecided for it.

    Raises:
        DeclarationError: a rule or parameter has a mistake; nothing was run.
        DataError: the facts of the batch are not there.
    """
    parameters = load_parameters()
    catalogue = load_catalogue(parameters=parameters)
    rules = load_rules(parameters=parameters, catalogue=catalogue)
    day = windows(batch).as_of
    running = [prepare(rule, parameters, district_area(), day) for rule in rules.values()]
    reporter.start("对照规则", len(running))
    with home.connect() as connection:
        open_facts(connection, home, batch)
        find(connection, running, catalogue, day, reporter)
        _collect_records(connection, running, catalogue)
        findings = write_parquet(connection, _findings_sql(batch), home.lake(batch, "assess", "findings"))
        _write_waiting(connection, home, batch, catalogue)
        absent = {source for source in load_contracts() if not home.lake(batch, "standardised", source).exists()}
        _write_rules(connection, home, batch, running, catalogue, absent)
        places = [(area, population or "any") for area in (district_area(), *towns().values()) for population in POPULATIONS]
        write_parameters(connection, home, batch, parameters, places, day)
        rows = connection.execute("SELECT direction, outcome, level, count(*) FROM found GROUP BY ALL").fetchall()
        unplaced = _place_not_known(connection)
        differing = write_comparison(connection, (home, batch), running, catalogue, day)
    for each in running:
        if each.not_run:
            reporter.note(f"规则 {each.rule.declared.rule} {each.rule.declared.title}：{each.not_run}")
    counts: dict[str, int | float] = {"findings": findings, "rules_run": sum(each.runs for each in running)}
    counts["rules_not_run"] = len(running) - counts["rules_run"]
    counts["place_not_known"] = unplaced
    if unplaced:
        reporter.note(f"{unplaced} 条因为不知道户籍或居住在哪个镇街（城镇、农村标准结论不同）而不能确定，列为待核实。")
    counts["income_would_differ"] = differing
    for direction, outcome, level, count in rows:
        for name in (f"outcome_{outcome}", f"{direction}_{level}"):
            counts[name] = counts.get(name, 0) + count
    return counts


def open_facts(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Give the connection the views `person_fact`, `household_fact` (with the income's interval) and `fact_records` of a batch.

    Raises:
        DataError: they are not there.
    """
    for table in ("person_fact", "household_fact", "household_income", "fact_records"):
        path = home.lake(batch, "assess", table)
        if not path.exists():
            raise DataError(
                f"批次 {batch} 还没有计算事实和收入。",
                where=f"{batch}/assess/{path.name}",
                todo="先运行这个批次（zhudong run）。",
            )
        view = "fact_of_household" if table == "household_fact" else table
        connection.execute(f"CREATE OR REPLACE VIEW {view} AS FROM read_parquet('{quoted(path)}')")
    possible = home.lake(batch, "assess", "possible_records")
    if possible.exists():  # not in a batch of an earlier version; of authorised use only what the facts may speak of
        connection.execute(f"""CREATE OR REPLACE VIEW possible_records AS FROM read_parquet('{quoted(possible)}')
            SEMI JOIN (SELECT person_id, unnest(asked_sources) AS source FROM person_fact) USING (person_id, source)""")
    else:
        connection.execute("""CREATE OR REPLACE VIEW possible_records AS
            SELECT '' AS person_id, '' AS source, '' AS file, 0::INTEGER AS row_no WHERE false""")
    with_income(connection)


def with_income(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make the view `household_fact` of `fact_of_household` and `household_income`: what rules speak of."""
    connection.execute("""
        CREATE OR REPLACE VIEW household_fact AS
        SELECT f.*, i.low AS household_income_low, i.high AS household_income_high, i.deduction_low AS household_deduction_low,
            i.deduction_high AS household_deduction_high, i.open_classes AS household_income_open,
            i.undelivered AS household_income_undelivered
        FROM fact_of_household AS f LEFT JOIN household_income AS i USING (household_id)
    """)


def _collect_records(connection: "duckdb.DuckDBPyConnection", running: Sequence[Running], catalogue: Catalogue) -> None:
    """Make `finding_records`: for each finding the source rows of the facts it rests on, as JSON."""
    reads: list[tuple[str, str, str]] = []
    for each in running:
        for name in each.rule.facts:
            fact = catalogue.facts[name]
            scopes = {"household": ["member"], "person": ["father", "mother"] if name.startswith(("father_", "mother_")) else []}
            reads += [
                (each.rule.declared.rule, scope, source) for scope in ["self", *scopes[fact.table]] for source in fact.sources
            ]
    connection.execute("CREATE OR REPLACE TEMP TABLE rule_reads (rule_id VARCHAR, scope VARCHAR, source VARCHAR)")
    if reads:
        connection.execute(f"INSERT INTO rule_reads VALUES {', '.join(str(row) for row in sorted(set(reads)))}")
    connection.execute(_sql("records.sql"))


def _place_not_known(connection: "duckdb.DuckDBPyConnection") -> int:
    """How many findings are undecided only because the values of different places decide differently."""
    missing = list(NOT_KNOWN.values())
    count = connection.execute("SELECT count(*) FROM found WHERE list_has_any(missing, ?::VARCHAR[])", [missing]).fetchall()
    return int(count[0][0])


def _sql(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _findings_sql(batch: str) -> str:
    return _sql("findings.sql").replace("$batch", f"'{batch}'")


def _write_waiting(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, catalogue: Catalogue) -> int:
    import polars as pl

    contracts = load_contracts()
    supply = read_declared(SCHEMAS / "missing.yaml")[0].data["supply"]
    rows = []
    for name, fact in catalogue.facts.items():
        given = supply.get(name, {})
        source = given.get("source") or (fact.sources[0] if fact.sources else None)
        rows.append(
            {
                "fact": name,
                "meaning": fact.meaning,
                "source": source,
                "department": contracts[source].department if source else None,
                "what": given.get("what") or fact.meaning,
                "of_member": given.get("of_member"),
            }
        )
    schema = dict.fromkeys(("fact", "meaning", "source", "department", "what", "of_member"), pl.String)
    connection.register("supply", pl.DataFrame(rows, schema=schema).to_arrow())
    return write_parquet(
        connection, _sql("waiting.sql").replace("$to_decide", f"'{TO_DECIDE}'"), home.lake(batch, "assess", "waiting")
    )


def _write_rules(
    connection: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    running: Iterable[Running],
    catalogue: Catalogue,
    absent: set[str],
) -> int:
    import polars as pl

    titles = {key: contract.title for key, contract in load_contracts().items()}
    rows = []
    for each in running:
        declared = each.rule.declared
        without = sorted({source for name in each.rule.facts for source in catalogue.facts[name].sources if source in absent})
        told = [each.not_run] if each.not_run else []
        if without and each.runs:
            told.append(f"本批没有 {named([titles[source] for source in without])}，由它们决定的部分不能确定")
        rows.append(
            {
                "rule_id": declared.rule,
                "rule_version": each.version,
                "title": declared.title,
                "direction": declared.direction,
                "level": declared.level,
                "subject": declared.subject,
                "law": list(declared.law),
                "valid_from": declared.valid_from,
                "valid_to": declared.valid_to,
                "condition": each.rule.condition,
                "question": declared.ask,
                "programmes": list(declared.suggest),
                "due": f"due_days.{declared.level}",
                "ran": each.runs,
                "not_run_reason": "；".join(told) or None,
            }
        )
    schema: dict[str, Any] = dict.fromkeys(rows[0], pl.String)
    schema |= dict.fromkeys(("law", "programmes"), pl.List(pl.String)) | dict.fromkeys(("valid_from", "valid_to"), pl.Date)
    schema["ran"] = pl.Boolean
    connection.register("declared_rules", pl.DataFrame(rows, schema=schema).to_arrow())
    return write_parquet(connection, "FROM declared_rules", home.lake(batch, "assess", "rules"))
