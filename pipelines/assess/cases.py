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

from pipelines.assess.catalogue import Catalogue, load_catalogue
from pipelines.assess.declared import named, read_declared
from pipelines.assess.parameters import Parameter, load_parameters
from pipelines.assess.rule_model import Case
from pipelines.assess.rules import BoundRule, load_rules, scratch
from pipelines.assess.running import SECOND_PASS, Running, find, prepare
from pipelines.errors import DeclarationError, UsageError
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
    with scratch() as connection:
        for number, case in enumerate(rule.declared.cases):
            place = f"{rule.path.name} 第 {declared.line('cases', number)} 行"
            running = prepare(rule, parameters, case.area, case.as_of)
            if case.population not in running.values:
                yield Came(case, "not_run", None, [], None, place)
                continue
            _fill(connection, rule, case, catalogue, declared.line("cases", number))
            outcome = _found(connection, running, catalogue, case.as_of)
            yield Came(case, *outcome, place) if outcome else Came(case, "none", None, [], None, place)


def _fill(connection: "duckdb.DuckDBPyConnection", rule: BoundRule, case: Case, catalogue: Catalogue, line: int) -> None:
    """Make the two fact tables of one case: one person in one household, what the case does not say not known."""
    import duckdb

    given = {**rule.declared.given, **case.facts}
    common: dict[str, dict[str, Any]] = {
        "person": {"alive": True, "authorised": True, "population": case.population},
        "household": {"household_population": case.population},
    }
    for table in ("person", "household"):
        values = common[table] | {
            name: value for name, value in given.items() if catalogue.facts[name].table == table and name != SECOND_PASS
        }
        selected, bound = ["'P' AS person_id"] if table == "person" else [], []
        selected.append("'H' AS household_id")
        for fact in catalogue.facts.values():
            if fact.table == table and fact.name != SECOND_PASS:
                bound.append(values.get(fact.name))
                selected.append(f"${len(bound)}::{fact.type} AS {fact.name}")
        connection.execute(f"DROP TABLE IF EXISTS {table}_fact")
        types = ", ".join(
            f"{fact.name} {fact.type}" for fact in catalogue.facts.values() if fact.table == table and fact.name != SECOND_PASS
        )
        keys = "person_id VARCHAR, household_id VARCHAR" if table == "person" else "household_id VARCHAR"
        connection.execute(f"CREATE TABLE {table}_fact ({keys}, {types})")
        try:
            connection.execute(f"INSERT INTO {table}_fact SELECT {', '.join(selected)}", bound)
        except duckdb.Error:
            raise DeclarationError(
                f"用例“{case.name}”里有一个事实的值类型不对。",
                where=f"{rule.path.name} 第 {line} 行",
                todo="对照 schemas/lake/facts.sql：日期写 2026-01-31，类别写 [肢体]，是否写 true/false，不知道写 null。",
            ) from None
    connection.execute("CREATE OR REPLACE TEMP TABLE case_findings (household_id VARCHAR, rule_id VARCHAR)")
    for rule_id in given.get(SECOND_PASS) or []:
        connection.execute("INSERT INTO case_findings VALUES ('H', $1)", [rule_id])


def _found(
    connection: "duckdb.DuckDBPyConnection", running: Running, catalogue: Catalogue, day: dt.date
) -> tuple[str, str, list[str], str] | None:
    find(connection, [running], catalogue, day, before="SELECT household_id, rule_id FROM case_findings")
    rows = connection.execute("SELECT outcome, level, missing, reason FROM found").fetchall()
    assert len(rows) <= 1
    return rows[0] if rows else None


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
