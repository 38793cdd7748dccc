"""Running the rules over the district's facts: one SQL query per rule, findings out.

Belongs here: which rules run on a batch, their queries, and the tables `findings`, `rules`, `parameters`, `waiting`. Does not
belong here: what a rule says (`schemas/rules`), what a fact is (`facts`), what becomes a lead (`leads`).

Rules that read what other rules found (`household_under_findings`) run in a second pass.
"""

import csv
import datetime as dt
import functools
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.catalogue import Catalogue, load_catalogue, parameters_sql
from pipelines.assess.declared import named, read_declared
from pipelines.assess.parameters import Parameter, Value, load_parameters, write_parameters
from pipelines.assess.rules import ONE_LOWER, BoundRule, load_rules
from pipelines.assess.windows import windows
from pipelines.contracts import load_contracts
from pipelines.errors import DataError
from pipelines.progress import Reporter
from pipelines.storage import SCHEMAS, Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

POPULATIONS: tuple[str, ...] = ("urban", "rural", "")
"""Whom a value may be looked up for; empty: it is not known which, so only values for any population hold."""

SECOND_PASS = "household_under_findings"
"""The fact that makes a rule wait for the first pass."""


@dataclass(frozen=True)
class Running:
    """A rule as it runs on one day: the parameter values it uses, or why it does not run.

    Attributes:
        rule: the rule.
        values: parameter values by population and key; populations without all of them are left out.
        version: short hash of the rule file and the values.
        not_run: why it does not run, or for whom it does not; empty if it runs for all.
    """

    rule: BoundRule
    values: dict[str, dict[str, Value]]
    version: str
    not_run: str

    @property
    def runs(self) -> bool:
        """Whether it runs for anybody."""
        return bool(self.values)


@functools.cache
def district_area() -> str:
    """The GB/T 2260 code of the district that the town table is about."""
    with (SCHEMAS / "codes" / "towns.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))["area"][:6]


def run_rules(home: Home, batch: str, reporter: Reporter) -> dict[str, int | float]:
    """Hold every person and household of a batch against every rule; write the findings and what they rest on.

    Reads `assess/person_fact`, `household_fact`, `fact_records`; writes `assess/findings`, `rules`, `parameters`, `waiting`.

    Returns:
        counts: rules run and not run, findings true and unknown, by direction and level.

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
        _collect_records(connection, home, batch, running, catalogue)
        findings = write_parquet(connection, _findings_sql(batch), home.lake(batch, "assess", "findings"))
        _write_waiting(connection, home, batch, catalogue)
        absent = {source for source in load_contracts() if not home.lake(batch, "standardised", source).exists()}
        _write_rules(connection, home, batch, running, catalogue, absent)
        places = [(district_area(), population or "any") for population in POPULATIONS]
        write_parameters(connection, home, batch, parameters, places, day)
        rows = connection.execute("SELECT direction, outcome, level, count(*) FROM found GROUP BY ALL").fetchall()
    for each in running:
        if each.not_run:
            reporter.note(f"规则 {each.rule.declared.rule} {each.rule.declared.title}：{each.not_run}")
    counts: dict[str, int | float] = {"findings": findings, "rules_run": sum(each.runs for each in running)}
    counts["rules_not_run"] = len(running) - counts["rules_run"]
    for direction, outcome, level, count in rows:
        for name in (f"outcome_{outcome}", f"{direction}_{level}"):
            counts[name] = counts.get(name, 0) + count
    return counts


def open_facts(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Give the connection the views `person_fact` and `household_fact` of a batch.

    Raises:
        DataError: they are not there.
    """
    for table in ("person_fact", "household_fact"):
        path = home.lake(batch, "assess", table)
        if not path.exists():
            raise DataError(
                f"批次 {batch} 还没有计算事实。", where=f"{batch}/assess/{path.name}", todo="先运行这个批次（zhudong run）。"
            )
        connection.execute(f"CREATE OR REPLACE VIEW {table} AS FROM read_parquet('{quoted(path)}')")


def prepare(rule: BoundRule, parameters: dict[str, Parameter], area: str, day: dt.date) -> Running:
    """Look up a rule's parameter values for a day; a population that lacks one is left out and named."""
    values: dict[str, dict[str, Value]] = {}
    lacking: dict[str, list[str]] = {}
    for population in POPULATIONS:
        found = {key: parameters[key].value_on(area, rule.declared.population or population, day) for key in rule.parameters}
        held = {key: value for key, value in found.items() if value is not None}
        if len(held) == len(found):
            values[population] = held
        elif population:
            for key in found.keys() - held.keys():
                lacking.setdefault(key, []).append(population)
    if not rule.valid_on(day):
        values, why = {}, f"{day} 不在规则的有效期内"
    elif not lacking:
        why = ""
    else:
        named_keys = named([f"{parameters[key].title}（{key}）" for key in sorted(lacking)])
        whom = "" if "urban" not in values and "rural" not in values else "城镇人口" if "urban" not in values else "农村人口"
        if not whom:
            values = {}
        why = f"参数{named_keys}在 {day} 没有值，{'对' + whom if whom else ''}未运行"
    text = json.dumps({p: {k: str(v.value) for k, v in held.items()} for p, held in values.items()}, sort_keys=True)
    return Running(rule, values, hashlib.sha256((rule.digest + text).encode()).hexdigest()[:12], why)


def find(
    connection: "duckdb.DuckDBPyConnection",
    running: Sequence[Running],
    catalogue: Catalogue,
    day: dt.date,
    reporter: Reporter | None = None,
    before: str = "",
) -> None:
    """Fill the temporary table `found` from `person_fact` and `household_fact`: first all rules, then those of the second pass.

    Args:
        connection: with the two fact tables or views.
        running: the rules.
        catalogue: the facts and parameters.
        day: the date the data speaks of.
        reporter: told about each rule.
        before: a query of (household_id, rule_id) that stand as true under-coverage findings beside those found here.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE found (rule_id VARCHAR, rule_version VARCHAR, direction VARCHAR, outcome VARCHAR, level VARCHAR,"
        " person_id VARCHAR, household_id VARCHAR, facts VARCHAR, parameters VARCHAR, missing VARCHAR[], reason VARCHAR)"
    )
    later = [each for each in running if SECOND_PASS in each.rule.facts]
    for second, part in ((False, [each for each in running if each not in later]), (True, later)):
        if second:
            first = "SELECT household_id, rule_id FROM found WHERE direction = 'under' AND outcome = 'true'"
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE under_findings AS SELECT household_id, list_sort(list(DISTINCT rule_id)) AS {SECOND_PASS}"
                f" FROM ({first}{' UNION ALL ' + before if before else ''}) GROUP BY household_id"
            )
        for each in part:
            if each.runs:
                connection.execute(f"INSERT INTO found {rule_query(each, catalogue, day)}").fetchall()
            if reporter:
                reporter.advance()


def rule_query(running: Running, catalogue: Catalogue, day: dt.date) -> str:
    """The query that gives a rule's findings."""
    rule, declared = running.rule, running.rule.declared
    columns = [name for name in rule.facts if name != SECOND_PASS]
    of_household = declared.subject == "household"
    tables = "household_fact AS h" if of_household else "person_fact AS p"
    if not of_household and any(catalogue.facts[name].table == "household" for name in columns):
        tables += " LEFT JOIN household_fact AS h ON h.household_id = p.household_id"
    household = "h.household_id" if of_household else "coalesce(p.household_id, p.left_household_id, p.register_household_id)"
    selected = [f"{'h' if catalogue.facts[name].table == 'household' else 'p'}.{name}" for name in columns]
    selected += [f"{'NULL::VARCHAR' if of_household else 'p.person_id'} AS subject_person", f"{household} AS subject_household"]
    if SECOND_PASS in rule.facts:
        tables += f" LEFT JOIN under_findings AS u ON u.household_id = {household}"
        selected.append(f"coalesce(u.{SECOND_PASS}, []) AS {SECOND_PASS}")
    population = "h.household_population" if of_household else "p.population"
    tables += f" JOIN ({_places_sql(running, catalogue)}) AS place ON place.place_population = coalesce({population}, '')"
    conditions = [f"({rule.screen.sql})", "verdict IS NOT FALSE"]
    guards = _guards(running, catalogue)
    verdict = f"({rule.test.sql})" if rule.test else "TRUE"
    known = f"CASE WHEN {rule.red_where.sql} THEN 'red' ELSE '{declared.level}' END" if rule.red_where else f"'{declared.level}'"
    lower = f"CASE {known} " + " ".join(f"WHEN '{level}' THEN '{below}'" for level, below in ONE_LOWER.items()) + " END"
    facts = "to_json({" + ", ".join(f"'{name}': {name}" for name in rule.facts) + "})::VARCHAR"
    return f"""
        SELECT '{declared.rule}', '{running.version}', '{declared.direction}',
            CASE WHEN verdict THEN 'true' ELSE 'unknown' END,
            CASE WHEN verdict THEN {known} ELSE {lower} END,
            subject_person, subject_household, {facts}, place_parameters,
            CASE WHEN verdict IS NULL THEN {rule.test.missing if rule.test else "[]"} ELSE [] END,
            {f"CASE WHEN verdict THEN {rule.reason} ELSE {rule.reason_unknown} END" if rule.test else rule.reason}
        FROM (
            SELECT {", ".join(selected)}, place.*, DATE '{day}' AS as_of, {verdict} AS verdict
            FROM {tables}{" WHERE " + " AND ".join(guards) if guards else ""}
        )
        WHERE {" AND ".join(conditions)}"""


def _guards(running: Running, catalogue: Catalogue) -> list[str]:
    """What holds for every rule, whatever its file says.

    A rule about a person needs the person alive, unless it is about the dead; a rule that reads a source for authorised
    use sees only those with an authorisation (社会救助暂行办法 第58条), so that no mistake in a file can reach others.
    """
    rule = running.rule
    guards = []
    of_household = rule.declared.subject == "household"
    if not of_household and not rule.declared.about_dead:
        guards.append("p.alive IS NOT FALSE")
    if any(catalogue.facts[name].authorised for name in rule.facts):
        guards.append(
            "h.household_id IN (SELECT household_id FROM person_fact WHERE authorised)" if of_household else "p.authorised"
        )
    return guards


def _places_sql(running: Running, catalogue: Catalogue) -> str:
    rows = []
    groups = {key.split(".")[0] for key in running.rule.parameters}
    for population, held in running.values.items():
        literal = {key: str(value.value) for key, value in held.items()}
        columns = [f"{sql} AS {group}" for group, sql in parameters_sql(catalogue, dict(literal)).items() if group in groups]
        used = {
            key: {
                "value": f"{value.value.normalize():f}" if value.value is not None else None,
                "unit": catalogue.parameters[key].unit,
                "from": str(value.since),
                "document": value.document,
                "status": value.status,
                "area": value.area,
                "population": value.population,
            }
            for key, value in held.items()
        }
        text = json.dumps(used, ensure_ascii=False).replace("'", "''")
        columns = [f"'{population}' AS place_population", f"'{text}' AS place_parameters", *columns]
        rows.append(f"SELECT {', '.join(columns)}")
    return " UNION ALL ".join(rows)


def _collect_records(
    connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, running: Sequence[Running], catalogue: Catalogue
) -> None:
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
    path = quoted(home.lake(batch, "assess", "fact_records"))
    connection.execute(_sql("records.sql").replace("$fact_records", f"read_parquet('{path}')"))


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
    return write_parquet(connection, _sql("waiting.sql"), home.lake(batch, "assess", "waiting"))


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
    text, texts = pl.String, pl.List(pl.String)
    schema = dict.fromkeys(("rule_id", "rule_version", "title", "direction", "level", "subject"), text) | {"law": texts}
    schema |= {"valid_from": pl.Date, "valid_to": pl.Date, "condition": text, "question": text, "programmes": texts, "due": text}
    schema |= {"ran": pl.Boolean, "not_run_reason": text}
    connection.register("declared_rules", pl.DataFrame(rows, schema=schema).to_arrow())
    return write_parquet(connection, "FROM declared_rules", home.lake(batch, "assess", "rules"))
