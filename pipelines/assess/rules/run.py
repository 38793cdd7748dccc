"""A rule as it runs on one day: its parameter values, its query, and the two passes over the facts.

Belongs here: looking up what a rule needs, the query that gives its findings, and what guards every rule whatever its file
says. Does not belong here: reading and writing the lake (`findings`).

Rules that read what other rules found (`household_under_findings`) run in a second pass.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.assess.rules.catalogue import Catalogue
from pipelines.assess.rules.load import BoundRule
from pipelines.assess.rules.model import ONE_LOWER
from pipelines.assess.rules.places import combined, place_of, places_of, places_sql, undecided_places
from pipelines.assess.rules.questions import ASKED, RECORDS, find_asked, listings, rests_on_questions, undecided
from pipelines.declarations import named
from pipelines.errors import DataError
from pipelines.parameters import Parameter, Value
from pipelines.progress import Reporter

if TYPE_CHECKING:
    import duckdb

SECOND_PASS = "household_under_findings"  # noqa: S105  a column, not a password
"""The fact that makes a rule wait for the first pass."""


@dataclass(frozen=True)
class Running:
    """A rule as it runs on one day: the parameter values it uses, or why it does not run.

    Attributes:
        rule: the rule.
        values: parameter values by place (`places`) and key; places without all of them are left out.
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


def prepare(rule: BoundRule, parameters: dict[str, Parameter], area: str, day: dt.date) -> Running:
    """Look up a rule's parameter values for a day, by place; a population that lacks one is left out and named."""
    values, lacking = places_of(rule.parameters, parameters, area, day, rule.declared.population)
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

    Raises:
        DataError: a condition cannot be computed for somebody.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE found (rule_id VARCHAR, rule_version VARCHAR, direction VARCHAR, outcome VARCHAR,"
        " level VARCHAR, person_id VARCHAR, household_id VARCHAR, facts VARCHAR, parameters VARCHAR, missing VARCHAR[],"
        " reason VARCHAR)"
    )
    asked = find_asked(connection)
    later = [each for each in running if SECOND_PASS in each.rule.facts]
    for second, part in ((False, [each for each in running if each not in later]), (True, later)):
        if second:
            first = "SELECT household_id, rule_id FROM found WHERE direction = 'under' AND outcome = 'true'"
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE under_findings AS"
                f" SELECT household_id, list_sort(list(DISTINCT rule_id)) AS {SECOND_PASS}"
                f" FROM ({first}{' UNION ALL ' + before if before else ''}) GROUP BY household_id"
            )
        for each in part:
            if each.runs:
                _run(connection, each, rule_query(each, catalogue, day))
                if undecided_places(each.values):
                    _run(connection, each, anywhere_query(each, catalogue, day))
                if any(asked & set(sources) for sources in listings(each.rule.screen, catalogue).values()):
                    _run(connection, each, question_query(each, catalogue, day))
            if reporter:
                reporter.advance()


def _run(connection: "duckdb.DuckDBPyConnection", running: Running, query: str) -> None:
    import duckdb

    try:
        connection.execute(f"INSERT INTO found {query}").fetchall()
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException):
        # The library's text names the value that did not fit: it must not reach a log.
        raise DataError(
            f"规则 {running.rule.declared.rule} 的条件对某些人算不出来，例如数字太大或文字不能当作数字。",
            where=running.rule.path.name,
            todo="检查条件里的乘法和类型转换；先用 zhudong rules test 试。",
        ) from None


def rule_query(running: Running, catalogue: Catalogue, day: dt.date) -> str:
    """The query that gives a rule's findings."""
    rule = running.rule
    known, lower = _levels(running)
    return f"""
        SELECT {_beginning(running)},
            CASE WHEN verdict THEN 'true' ELSE 'unknown' END,
            CASE WHEN verdict THEN {known} ELSE {lower} END,
            {_whom(running)},
            CASE WHEN verdict IS NULL THEN {rule.test.missing if rule.test else "[]"} ELSE [] END,
            {f"CASE WHEN verdict THEN {rule.reason} ELSE {rule.reason_unknown} END" if rule.test else rule.reason}
        FROM ({_subjects(running, catalogue, day)})
        WHERE ({rule.screen.sql}) AND verdict IS NOT FALSE"""


def question_query(running: Running, catalogue: Catalogue, day: dt.date) -> str:
    """The query that gives a rule's findings about those whose rows a clerk has still to place: all of them unknown."""
    rule = running.rule
    test = f"CASE WHEN verdict IS NULL THEN {rule.test.missing} ELSE [] END" if rule.test else "[]"
    return f"""
        SELECT {_beginning(running)}, 'unknown', {_levels(running)[1]}, {_whom(running)},
            list_sort(list_distinct({rule.screen.missing} || {test})),
            {undecided(rule.screen, catalogue, of_household=rule.declared.subject == "household")}
        FROM ({_subjects(running, catalogue, day, of="asked_")})
        WHERE verdict IS NOT FALSE AND {rests_on_questions(rule.screen, catalogue)}"""


def anywhere_query(running: Running, catalogue: Catalogue, day: dt.date) -> str:
    """The query that gives a rule's findings about those of whom it is not known which values hold: held against all of them."""
    rule = running.rule
    known, lower = _levels(running)
    outcome = f"""CASE WHEN NOT coalesce({rule.screen.sql}, false) OR verdict IS FALSE THEN 'none'
        WHEN verdict THEN 'true' ELSE 'unknown' END"""
    each = f"""
        SELECT *, {outcome} AS outcome, CASE WHEN verdict THEN {known} ELSE {lower} END AS level, {lower} AS lower,
            CASE WHEN verdict IS NULL THEN {rule.test.missing if rule.test else "[]"} ELSE [] END AS missing,
            {f"CASE WHEN verdict THEN {rule.reason} ELSE {rule.reason_unknown} END" if rule.test else rule.reason} AS reason,
            {_facts(running)} AS facts
        FROM ({_subjects(running, catalogue, day, anywhere=True)})"""
    return combined(each, _beginning(running), "lower", rule.declared.subject)


def _beginning(running: Running) -> str:
    declared = running.rule.declared
    return f"'{declared.rule}', '{running.version}', '{declared.direction}'"


def _whom(running: Running) -> str:
    return f"subject_person, subject_household, {_facts(running)}, place_parameters"


def _facts(running: Running) -> str:
    facts = ", ".join(f"'{name}': {name}" for name in running.rule.facts)
    return f"to_json({{{facts}}})::VARCHAR"


def _levels(running: Running) -> tuple[str, str]:
    """SQL of the level of a true finding, and of an unknown one."""
    level, red = running.rule.declared.level, running.rule.red_where
    known = f"CASE WHEN {red.sql} THEN 'red' ELSE '{level}' END" if red else f"'{level}'"
    return known, f"CASE {known} " + " ".join(f"WHEN '{one}' THEN '{below}'" for one, below in ONE_LOWER.items()) + " END"


def _subjects(running: Running, catalogue: Catalogue, day: dt.date, of: str = "", *, anywhere: bool = False) -> str:
    """Whom a rule looks at, with the facts and parameters it reads, and `verdict`, what its test says of them.

    Args:
        running: the rule.
        catalogue: the facts and parameters.
        day: the date the data speaks of.
        of: `asked_` for those only whose rows a clerk has still to place.
        anywhere: those only of whom it is not known which values hold, once for each place.
    """
    rule = running.rule
    columns = [name for name in rule.facts if name != SECOND_PASS]
    of_household = rule.declared.subject == "household"
    tables = f"{of}household_fact AS h" if of_household else f"{of}person_fact AS p"
    if of:
        columns += [name for name in ASKED.values() if name not in columns and not (of_household and name == ASKED["person"])]
    named_rows = [f"{'h' if of_household else 'p'}.{RECORDS}"] if of else []
    joined = of_household or bool(rule.parameters) or any(catalogue.facts[name].table == "household" for name in columns)
    if joined and not of_household:
        tables += " LEFT JOIN household_fact AS h ON h.household_id = p.household_id"
    household = "h.household_id" if of_household else "coalesce(p.household_id, p.left_household_id, p.register_household_id)"
    selected = [f"{'h' if catalogue.facts[name].table == 'household' else 'p'}.{name}" for name in columns]
    selected += named_rows
    selected += [f"{'NULL::VARCHAR' if of_household else 'p.person_id'} AS subject_person", f"{household} AS subject_household"]
    if SECOND_PASS in rule.facts:
        tables += f" LEFT JOIN under_findings AS u ON u.household_id = {household}"
        selected.append(f"coalesce(u.{SECOND_PASS}, []) AS {SECOND_PASS}")
    population = "h.household_population" if of_household else "p.population"
    if joined and not of_household:  # whoever moved in with a spouse is measured where they live together
        population = f"h.household_population, {population}"
    place = place_of(running.values, "h.household_town" if joined else None, f"coalesce({population})")
    guards = _guards(running, catalogue)
    if anywhere:
        tables += f" CROSS JOIN ({places_sql(undecided_places(running.values), catalogue)}) AS place"
        guards.append(f"({place}) = ''")
    else:
        tables += f" JOIN ({places_sql(running.values, catalogue)}) AS place ON place.place = {place}"
    verdict = f"({rule.test.sql})" if rule.test else "TRUE"
    return f"""
        SELECT {", ".join(selected)}, place.*, DATE '{day}' AS as_of, {verdict} AS verdict
        FROM {tables}{" WHERE " + " AND ".join(guards) if guards else ""}"""


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
