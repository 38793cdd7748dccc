"""The heart of a check: households in, what every source answered, what it says, and which tests hold, out; in sets.

Belongs here: running the batch's own facts and rules over some households with their own authorisations, and telling what is
evidence from what is not. Does not belong here: forms, the store, reports.

Only `found` and `nothing` are evidence. A member whom nobody could link makes every test of the whole household unknown, never
false.
"""

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.assess.facts.compute import Sources
from pipelines.assess.facts.few import facts_of_few, gather_rows
from pipelines.assess.income.compute import income_of_few
from pipelines.assess.rules.catalogue import load_catalogue
from pipelines.assess.rules.findings import with_income
from pipelines.assess.rules.load import BoundRule, load_rules
from pipelines.assess.rules.run import find, prepare
from pipelines.check.declared import load_sources
from pipelines.contracts import Contract, load_contracts
from pipelines.month import as_of
from pipelines.parameters import Parameter, district_area, load_parameters
from pipelines.progress import Reporter, Silent
from pipelines.storage import SCHEMAS, Home, quoted

if TYPE_CHECKING:
    import duckdb

NOBODY = "未能认定的家庭成员"


@dataclass(frozen=True)
class Member:
    """A member as the reckoning sees one.

    Attributes:
        position: in the form.
        person_id: who; None where nobody could be linked.
        relation: to the applicant.
        head: the applicant.
        scope: of the sources that need it, those that an authorisation opens; `("全部",)` all.
        withdrawn: an authorisation was taken back: nothing opens them, no roster either.
        several: more than one person is possible.
    """

    position: int
    person_id: str | None
    relation: str
    head: bool = False
    scope: tuple[str, ...] = ()
    withdrawn: bool = False
    several: bool = False


@dataclass(frozen=True)
class Household:
    """A household to be checked."""

    key: str
    town: str | None
    members: tuple[Member, ...]


@dataclass
class Reckoned:
    """What came out for one household: rows as the store keeps them."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    incomes: dict[int, tuple[Decimal | None, Decimal | None]] = field(default_factory=dict)
    """Per member: yearly income known, and in full (None: not known)."""


def reckon(
    home: Home, batch: str, households: Sequence[Household], *, items: bool = True, reporter: Reporter | None = None
) -> dict[str, Reckoned]:
    """Check households against a batch.

    Args:
        home: where the batch lies.
        batch: a finished month.
        households: one or ten thousand.
        items: whether every row is told; without, only the answers and tests are (存量复核).
        reporter: told each step.

    Returns:
        by the household's key.
    """
    contracts = load_contracts()
    with home.connect() as con:
        _load(con, households)
        sources = gather_rows(con, home, batch, contracts, "SELECT DISTINCT person_id FROM checked WHERE person_id IS NOT NULL")
        _household_tables(con, home, batch)
        facts_of_few(con, home, batch, sources, reporter or Silent())
        income_of_few(con, home, batch, sources.fresh, reporter or Silent(), load_parameters())
        con.execute("ALTER TABLE household_fact RENAME TO fact_of_household")
        with_income(con)
        found = {household.key: Reckoned() for household in households}
        _answers(con, sources, found)
        if items:
            for contract in contracts.values():
                _tell_rows(con, contract, found)
        _facts(con, found)
        _tests(con, batch, found, households)
    return found


def _load(con: "duckdb.DuckDBPyConnection", households: Iterable[Household]) -> None:
    """Make `checked`: a row per member."""
    import polars as pl

    rows = [
        (h.key, h.town, m.position, m.person_id, m.relation, m.head, list(m.scope), m.withdrawn, m.several)
        for h in households
        for m in h.members
    ]
    schema: dict[str, Any] = {
        "key": pl.String, "town": pl.String, "position": pl.Int32, "person_id": pl.String,
        "relation": pl.String, "head": pl.Boolean,
        "scope": pl.List(pl.String), "withdrawn": pl.Boolean, "several": pl.Boolean,
    }  # fmt: skip
    con.register("given", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
    con.execute("CREATE TEMP TABLE checked AS FROM given")
    con.unregister("given")


def _household_tables(con: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """The households as the facts' steps read them: the checked ones are the assistance households, whoever is in them."""
    members = f"read_parquet('{quoted(home.lake(batch, 'households', 'members'))}')"
    left = f"read_parquet('{quoted(home.lake(batch, 'households', 'left_household'))}')"
    con.execute(f"""CREATE TABLE member AS
        SELECT DISTINCT key AS household_id, 'assistance' AS kind, person_id, relation FROM checked WHERE person_id IS NOT NULL
        UNION ALL BY NAME
        SELECT household_id, kind, person_id, relation FROM {members}
        WHERE kind = 'register' AND person_id IN (FROM near_person)""")
    con.execute("""CREATE TABLE household AS
        SELECT key AS household_id, 'assistance' AS kind, max(person_id) FILTER (head) AS head_person_id, any_value(town) AS town,
            NULL::VARCHAR AS village, NULL::VARCHAR AS grid, NULL::VARCHAR AS register_town, count(*)::INTEGER AS member_count,
            false AS collective, false AS disputed, NULL::INTEGER AS stated_members
        FROM checked GROUP BY key""")
    # who died or is in custody left the batch's household of a checked member: theirs now
    con.execute(f"""CREATE TABLE left_household AS
        SELECT DISTINCT l.person_id, c.key AS household_id, l.reason, l.basis
        FROM {left} AS l JOIN {members} AS m ON m.household_id = l.household_id AND m.kind = 'assistance'
        JOIN checked AS c ON c.person_id = m.person_id""")
    con.execute("""CREATE TABLE authorisation AS
        SELECT DISTINCT person_id AS subject, DATE '1900-01-01' AS begins, NULL::DATE AS ends
        FROM checked WHERE list_contains(scope, '全部') AND NOT withdrawn AND person_id IS NOT NULL""")
    con.execute("CREATE TABLE withheld AS SELECT DISTINCT person_id FROM checked WHERE withdrawn AND person_id IS NOT NULL")


def _answers(con: "duckdb.DuckDBPyConnection", sources: Sources, found: dict[str, Reckoned]) -> None:
    """Ask every source about every member (check.md, step 3)."""
    declared = load_sources().sources
    for contract in sources.contracts.values():
        source = contract.source
        item = declared.get(source)
        local = bool(item and item.district_only)
        closed = contract.use == "authorised"
        opened = f"(a.person_id IS NOT NULL OR (list_contains(c.scope, '{source}') AND NOT c.withdrawn))" if closed else "true"
        rows = f"row_{source}" if closed else f"src_{source}"
        query = f"""
            SELECT c.key, c.position,
                CASE WHEN NOT {source in sources.fresh | sources.carried} THEN 'not_delivered'
                    WHEN NOT {opened} THEN 'not_authorised'
                    WHEN s.person_id IS NOT NULL THEN 'found'
                    WHEN NOT {source in sources.fresh} THEN 'stale'
                    WHEN c.several OR list_contains(coalesce(q.sources, []), '{source}') THEN 'doubtful'
                    WHEN {local} AND NOT coalesce(f.in_register, false) THEN 'not_resident'
                    ELSE 'nothing' END AS answer
            FROM checked AS c
            LEFT JOIN authorised AS a USING (person_id)
            LEFT JOIN (SELECT DISTINCT person_id FROM {rows}) AS s USING (person_id)
            LEFT JOIN asked AS q USING (person_id)
            LEFT JOIN (SELECT person_id, in_register FROM person_fact) AS f USING (person_id)
            ORDER BY c.key, c.position"""
        for key, position, answer in con.execute(query).fetchall():
            found[key].asked.append({"position": position, "source": source, "answer": answer})


def _tell_rows(con: "duckdb.DuckDBPyConnection", contract: Contract, found: dict[str, Reckoned]) -> None:
    """Every row of a source that may be told, in words and figures."""
    item = load_sources().sources.get(contract.source)
    told = {
        name: column.heading[0]
        for name, column in contract.columns.items()
        if column.privacy not in ("identity", "contact", "place") and not column.repeat
    }
    have = {row[0] for row in con.execute(f"DESCRIBE row_{contract.source}").fetchall()}
    closed = contract.use == "authorised"
    opened = ""
    if closed:
        opened = f"""WHERE s.person_id IN (SELECT person_id FROM authorised)
            OR (list_contains(c.scope, '{contract.source}') AND NOT c.withdrawn)"""
    amount = _column(item.amount if item else None, have)
    since, until, day = (_column(name, have) for name in ((item.since, item.until, item.day) if item else (None, None, None)))
    words = [
        f"CASE WHEN s.{name} IS NOT NULL THEN '{title}：' || {_text(name, column_type)} END"
        for name, title in told.items()
        if name in have and (column_type := contract.columns[name].type)
    ]
    query = f"""
        SELECT c.key, c.position, list_filter([{", ".join(words) or "NULL"}], lambda w: w IS NOT NULL) AS words,
            {amount} AS amount, {since} AS since, {until} AS until, {day} AS day, s.file, s.row_no
        FROM checked AS c JOIN row_{contract.source} AS s USING (person_id) {opened}
        ORDER BY c.key, c.position, since, day, s.file, s.row_no"""
    for key, position, texts, value, begins, ends, on, file, row_no in con.execute(query).fetchall():
        found[key].items.append(
            {
                "position": position, "source": contract.source, "kind": item.kind if item else "state",
                "text": "；".join(texts), "amount": value, "period_from": begins or on, "period_to": ends, "source_date": on,
                "file": file, "row_no": row_no, "counted": item.counted if item else None,
            }
        )  # fmt: skip


def _column(name: str | None, have: set[str]) -> str:
    return f"s.{name}" if name and name in have else "NULL"


def _text(name: str, column_type: str) -> str:
    if column_type == "set":
        return f"list_aggregate(s.{name}, 'string_agg', '、')"
    if column_type == "month":
        return f"strftime(s.{name}, '%Y-%m')"
    return f"s.{name}::VARCHAR"


def _facts(con: "duckdb.DuckDBPyConnection", found: dict[str, Reckoned]) -> None:
    cursor = con.execute("SELECT * FROM household_fact")
    names = [column[0] for column in cursor.description or []]
    for row in cursor.fetchall():
        found[row[0]].facts = dict(zip(names, row, strict=True))
    incomes = "SELECT c.key, c.position, f.income_known, f.income FROM checked AS c JOIN person_fact AS f USING (person_id)"
    for key, position, known, whole in con.execute(incomes).fetchall():
        found[key].incomes[position] = (known, whole)


def _tests(con: "duckdb.DuckDBPyConnection", batch: str, found: dict[str, Reckoned], households: Sequence[Household]) -> None:
    """Every rule over the households' facts; then income against the lines; then each programme by what its rules say."""
    parameters = load_parameters()
    catalogue = load_catalogue(parameters=parameters)
    rules = load_rules(parameters=parameters, catalogue=catalogue)
    day = as_of(batch)
    running = [prepare(rule, parameters, district_area(), day) for rule in rules.values()]
    find(con, running, catalogue, day)
    hits: dict[tuple[str, str], list[tuple[str | None, str, str, list[str], str]]] = {}
    for rule_id, household, person, outcome, reason, missing, used in con.execute(
        "SELECT rule_id, household_id, person_id, outcome, reason, missing, parameters FROM found"
    ).fetchall():
        hits.setdefault((household, rule_id), []).append((person, outcome, reason, missing or [], used))
    ran = {each.rule.declared.rule for each in running if each.runs}
    for household in households:
        out = found[household.key]
        place = {member.person_id: member.position for member in household.members if member.person_id}
        unknown = [member for member in household.members if member.person_id is None]
        by_rule: dict[str, str] = {}
        for rule_id, rule in rules.items():
            rows = hits.get((household.key, rule_id), [])
            whole = rule.declared.subject == "household"
            by_rule[rule_id] = _outcome(rows, ran=rule_id in ran, doubt=bool(unknown) and whole)
            for person, outcome, reason, missing, used in rows:
                doubt = bool(unknown) and whole
                out.results.append(
                    _result(rule_id, rule, place.get(person or "", 0), "unknown" if doubt else outcome, reason,
                            [*missing, *([NOBODY] if doubt else [])], used)
                )  # fmt: skip
            if not rows and by_rule[rule_id] != "not_run":
                missing = [NOBODY] if by_rule[rule_id] == "unknown" else []
                out.results.append(_result(rule_id, rule, 0, by_rule[rule_id], "", missing, "{}"))
        out.results += _lines(out, household, day, parameters)
        out.results += _programmes(rules, by_rule, out)


def _outcome(rows: list[Any], *, ran: bool, doubt: bool) -> str:
    if not ran:
        return "not_run"
    if doubt:
        return "unknown"
    outcomes = {row[1] for row in rows}
    return "true" if "true" in outcomes else "unknown" if "unknown" in outcomes else "false"


def _result(rule_id: str, rule: BoundRule, position: int, outcome: str, *rest: Any) -> dict[str, Any]:
    import json

    words, missing, used = rest
    return {
        "test": rule_id, "position": position, "title": rule.declared.title, "outcome": outcome, "low": None, "high": None,
        "line": None, "words": words, "parameters": json.loads(used or "{}"), "missing": sorted(set(missing)),
    }  # fmt: skip


def _lines(out: Reckoned, household: Household, day: dt.date, parameters: dict[str, Parameter]) -> list[dict[str, Any]]:
    """Income per head and month, an interval, against 低保 and 低保边缘."""
    size = len(household.members)
    unlinked = any(member.person_id is None for member in household.members)
    known = Decimal(out.facts.get("household_income_low") or 0)
    whole = out.facts.get("household_income_high")
    low = (known / size / 12).quantize(Decimal("0.01"))
    high = None if whole is None or unlinked else (Decimal(whole) / size / 12).quantize(Decimal("0.01"))
    population = out.facts.get("household_population") or "any"
    standard = parameters["dibao.standard"].value_on(district_area(), population, day)
    times = parameters["edge.multiplier"].value_on(district_area(), population, day)
    rows = []
    tests = (("income_dibao", "低保标准", Decimal(1)), ("income_edge", "低保边缘家庭收入线", times.value if times else None))
    for test, name, multiple in tests:
        title = f"人均月收入不高于{name}"
        line = standard.value * multiple if standard and standard.value is not None and multiple is not None else None
        outcome = "unknown"
        if line is not None and low > line:
            outcome = "false"
        elif line is not None and high is not None and high <= line:
            outcome = "true"
        missing = ["标准"] if line is None else [] if outcome != "unknown" else ["有成员的收入不能确定"]
        told = f"人均月收入 {low}" + (f" 至 {high} 元" if high is not None else " 元以上，上限不能确定")
        rows.append(
            {"test": test, "position": 0, "title": title, "outcome": outcome,
            "low": low, "high": high, "line": line, "words": told,
             "parameters": {"dibao.standard": str(standard.value) if standard else None}, "missing": missing}
        )  # fmt: skip
    return rows


@functools.cache
def programmes() -> tuple[str, ...]:
    """The programmes in their declared order."""
    import csv

    with (SCHEMAS / "codes" / "programme.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row["value"] for row in csv.DictReader(file))


def _programmes(rules: dict[str, BoundRule], by_rule: dict[str, str], out: Reckoned) -> list[dict[str, Any]]:
    """Each programme in the declared order, and what decides it.

    Who receives it already is held against the rules of over-coverage; who does not, against those that suggest it and its line.
    """
    declared = load_sources().programmes
    over = {key: by_rule[key] for key, rule in rules.items() if rule.declared.direction == "over"}
    lines = {row["test"]: row["outcome"] for row in out.results if row["test"].startswith("income_")}
    rows = []
    for programme in programmes():
        suggesting = {
            key: by_rule[key]
            for key, rule in rules.items()
            if programme in rule.declared.suggest and rule.declared.direction == "under"
        }
        of = declared.get(programme)
        if of and out.facts.get(of.fact):
            outcome, words = _receiving(over)
        else:
            outcome, words = _suggested(suggesting, lines.get(of.line) if of and of.line else None)
        rows.append(
            {"test": f"P:{programme}"[:64], "position": 0, "title": programme, "outcome": outcome, "low": None, "high": None,
             "line": None, "words": words, "parameters": {}, "missing": []}
        )  # fmt: skip
    return rows


def _receiving(over: dict[str, str]) -> tuple[str, str]:
    """Whoever receives: still, as far as the rules of over-coverage tell."""
    for outcome, verdict, words in (("true", "false", "已在册，疑似不再符合"), ("unknown", "unknown", "已在册，未能确定")):
        rules = [key for key, one in over.items() if one == outcome]
        if rules:
            return verdict, f"{words}：{'、'.join(rules)}"
    return "true", "已在册，没有发现不再符合的情形"


def _suggested(suggesting: dict[str, str], line: str | None) -> tuple[str, str]:
    """Whoever does not receive: by the rules that suggest the programme, then by its income line."""
    holding = [key for key, outcome in suggesting.items() if outcome == "true"]
    if holding:
        return "true", f"成立：{'、'.join(holding)}"
    if line == "false":
        return "false", "人均月收入高于线"
    if line is not None:
        return "unknown", "人均月收入不高于线，财产等待核实" if line == "true" else "收入不能确定"
    open_ = [key for key, outcome in suggesting.items() if outcome == "unknown"]
    if open_:
        return "unknown", f"不能确定：{'、'.join(open_)}"
    return "false", f"不成立：{'、'.join(suggesting)}"
