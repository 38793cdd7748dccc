"""The cases of rules: worked examples in the rule files, run through the very query that runs over the district.

Belongs here: running cases, telling which failed and how, and the skeleton of a new rule. Does not belong here: what a
case is (`rules.Case`).
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.assess.rules.catalogue import Catalogue, Fact, load_catalogue
from pipelines.assess.rules.load import BoundRule, load_rules, scratch
from pipelines.assess.rules.model import Case
from pipelines.assess.rules.questions import ASKED
from pipelines.assess.rules.run import SECOND_PASS, Running, find, prepare
from pipelines.declarations import named, read_declared
from pipelines.errors import DeclarationError, UsageError
from pipelines.parameters import Parameter, load_parameters
from pipelines.progress import Reporter
from pipelines.storage import SCHEMAS

if TYPE_CHECKING:
    import duckdb

_NEW_NAME = re.compile(r"[UO]\d{2}_[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Came:
    """What came out of one case, beside what was expected.

    Attributes:
        case: the case.
        outcome: true, none, unknown or not_run.
        level: of the finding; None without one.
        missing: what an unknown finding misses.
        reason: the sentence; None without a finding.
        place: file and line of the case.
    """

    case: Case
    outcome: str
    level: str | None
    missing: list[str]
    reason: str | None
    place: str

    @property
    def differences(self) -> list[str]:
        """What is not as expected, in words; empty if all is."""
        case = self.case
        told = []
        if case.expect != self.outcome:
            told.append(f"期望 {case.expect}，得到 {self.outcome}")
        if case.expect == "unknown" and sorted(case.missing) != self.missing:
            told.append(f"期望缺 {named(sorted(case.missing)) or '无'}，得到缺 {named(self.missing) or '无'}")
        if case.level and case.level != self.level:
            told.append(f"期望级别 {case.level}，得到 {self.level or '无'}")
        if case.reason and case.reason != self.reason:
            told.append(f"期望说明“{case.reason}”，得到“{self.reason or '无'}”")
        return told


def run_cases(rule: BoundRule, parameters: dict[str, Parameter], catalogue: Catalogue) -> Iterator[Came]:
    """Run every case of a rule.

    Raises:
        DeclarationError: a case gives a fact a value that is not of the fact's type.
    """
    declared = read_declared(rule.path)[0]
    places = [f"{rule.path.name} 第 {declared.line('cases', number)} 行" for number in range(len(rule.declared.cases))]
    groups: dict[tuple[str, dt.date], list[int]] = {}
    for number, case in enumerate(rule.declared.cases):
        groups.setdefault((case.area, case.as_of), []).append(number)
    came: dict[int, Came] = {}
    with scratch() as connection:
        for (area, day), numbers in groups.items():
            running = prepare(rule, parameters, area, day)
            run = [number for number in numbers if rule.declared.cases[number].population in running.values]
            found = _found(connection, running, catalogue, day, run, places) if run else {}
            for number in numbers:
                case, place = rule.declared.cases[number], places[number]
                nothing = Came(case, "none" if number in run else "not_run", None, [], None, place)
                came[number] = Came(case, *found[number], place) if number in found else nothing
    yield from (came[number] for number in range(len(places)))


def _found(
    connection: "duckdb.DuckDBPyConnection",
    running: Running,
    catalogue: Catalogue,
    day: dt.date,
    run: list[int],
    places: list[str],
) -> dict[int, tuple[str, str, list[str], str]]:
    """The findings of some cases by their numbers: each case is one person in one household."""
    rule = running.rule
    read = [
        catalogue.facts[name]
        for name in dict.fromkeys((*rule.facts, "population", "household_population", "alive", "authorised", *ASKED.values()))
    ]
    columns = {
        table: [fact for fact in read if fact.table == table and fact.name != SECOND_PASS] for table in ("person", "household")
    }
    keys = {"person": "person_id VARCHAR, left_household_id VARCHAR, register_household_id VARCHAR, ", "household": ""}
    for table, facts in columns.items():
        connection.execute(f"DROP TABLE IF EXISTS {table}_fact")
        typed = ", ".join(f"{fact.name} {fact.type}" for fact in facts)
        connection.execute(f"CREATE TABLE {table}_fact ({keys[table]}household_id VARCHAR, {typed})")
    connection.execute("CREATE OR REPLACE TEMP TABLE case_findings (household_id VARCHAR, rule_id VARCHAR)")
    for number in run:
        case = rule.declared.cases[number]
        given: dict[str, Any] = dict.fromkeys(("alive", "authorised"), True)
        given |= dict.fromkeys(("population", "household_population"), case.population)
        given |= rule.declared.given | case.facts
        for table, facts in columns.items():
            person = {"person_id": f"P{number}"} if table == "person" else {}
            _insert(connection, f"{table}_fact", {**person, "household_id": f"H{number}"}, facts, given, case, places[number])
        for rule_id in given.get(SECOND_PASS) or []:
            connection.execute("INSERT INTO case_findings VALUES ($1, $2)", [f"H{number}", rule_id])
    find(connection, [running], catalogue, day, before="SELECT household_id, rule_id FROM case_findings")
    rows = connection.execute("SELECT household_id[2:]::INTEGER, outcome, level, missing, reason FROM found").fetchall()
    assert len(rows) == len({row[0] for row in rows})
    return {row[0]: row[1:] for row in rows}


def _insert(
    connection: "duckdb.DuckDBPyConnection",
    table: str,
    keys: dict[str, str],
    facts: list[Fact],
    given: dict[str, Any],
    case: Case,
    place: str,
) -> None:
    import duckdb

    names = [*keys, *(fact.name for fact in facts)]
    values = [*keys.values(), *(given.get(fact.name) for fact in facts)]
    typed = [f"${position}" for position in range(1, len(keys) + 1)]
    typed += [f"${position}::{fact.type}" for position, fact in enumerate(facts, len(keys) + 1)]
    try:
        connection.execute(f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(typed)}", values)
    except duckdb.Error:
        raise DeclarationError(
            f"用例“{case.name}”里有一个事实的值类型不对。",
            where=place,
            todo="对照 schemas/lake/facts.sql：日期写 2026-01-31，类别写 [肢体]，是否写 true/false，不知道写 null。",
        ) from None


def rules_test(reporter: Reporter, folder: Path = SCHEMAS / "rules") -> bool:
    """Run all cases of all rules and tell each that failed: file, line, case, what was expected and what came.

    Returns:
        whether all came out as expected.

    Raises:
        DeclarationError: a rule cannot be read at all.
    """
    parameters = load_parameters()
    catalogue = load_catalogue(parameters=parameters)
    rules = load_rules(folder, parameters=parameters, catalogue=catalogue)
    reporter.start("运行规则用例", len(rules))
    count, failed = 0, 0
    for rule in rules.values():
        for came in run_cases(rule, parameters, catalogue):
            count += 1
            if came.differences:
                failed += 1
                reporter.note(f"✗ {came.place} 用例“{came.case.name}”：{'；'.join(came.differences)}")
        reporter.advance()
    reporter.note(f"{len(rules)} 条规则，{count} 个用例，{failed} 个不符。")
    return failed == 0


def rules_new(name: str, folder: Path = SCHEMAS / "rules") -> Path:
    """Write the skeleton of a new rule: complete and valid, so that it can be changed step by step and tested at each.

    Args:
        name: id and English name, `U40_heating_cost`.
        folder: where rules stand.

    Returns:
        the file.

    Raises:
        UsageError: the name is not of that form, or its id is taken.
    """
    if not _NEW_NAME.fullmatch(name):
        raise UsageError("规则名写成“编号_英文名”，例如 U40_heating_cost；U 应保未保，O 应退未退。")
    if taken := sorted(folder.glob(f"{name[:3]}_*.yaml")):
        raise UsageError(f"编号 {name[:3]} 已经用于 {taken[0].name}，请换一个。")
    path = folder / f"{name}.yaml"
    skeleton = (SCHEMAS / "rule_skeleton.yaml").read_text(encoding="utf-8")
    path.write_text(
        skeleton.replace("U99", name[:3]).replace("direction: under", f"direction: {'under' if name[0] == 'U' else 'over'}"),
        encoding="utf-8",
    )
    return path
