"""Rules: what `schemas/rules/*.yaml` declares, checked before anything runs.

Belongs here: loading, and every check of a rule against facts, parameters and documents. Does not belong here: its model
(`model`), how a condition is read (`conditions`), how a rule runs (`run`), how its cases are run (`cases`).
"""

import datetime as dt
import hashlib
import re
import tempfile
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.rules.catalogue import Catalogue, load_catalogue
from pipelines.assess.rules.conditions import Condition, ConditionError, Node, parse, read_condition
from pipelines.assess.rules.model import Rule
from pipelines.assess.rules.questions import ASKED
from pipelines.assess.rules.reasons import placeholders, sentence
from pipelines.contracts import code_table
from pipelines.declarations import Declared, UnusableError, named, read_declared, validated
from pipelines.parameters import Parameter, load_parameters
from pipelines.storage import SCHEMAS, Home

if TYPE_CHECKING:
    import duckdb

_FILE_NAME = re.compile(r"([UO]\d{2})_[a-z0-9_]+")


@dataclass(frozen=True)
class BoundRule:
    """A rule whose conditions are bound to declared facts and parameters, ready to run.

    Attributes:
        declared: as the officer wrote it.
        path: its file.
        digest: of the file's bytes; with the parameter values it is the rule's version.
        screen: what must be true.
        test: what may be unknown; None is always true.
        red_where: where the level is red.
        reason: SQL of the sentence of a true finding.
        reason_unknown: SQL of the sentence of an unknown one.
        facts: all facts it reads, conditions and sentences.
        parameters: all parameter keys it reads.
    """

    declared: Rule
    path: Path
    digest: str
    screen: Condition
    test: Condition | None
    red_where: Condition | None
    reason: str
    reason_unknown: str | None
    facts: tuple[str, ...]
    parameters: tuple[str, ...]

    @property
    def condition(self) -> str:
        """Screen and test as one readable text, for the published rule table."""
        screen = " ".join(self.declared.screen.split())
        return screen if self.declared.test is None else f"{screen}  ⟹  {' '.join(self.declared.test.split())}"

    def valid_on(self, day: dt.date) -> bool:
        """Whether the rule is in force."""
        return self.declared.valid_from <= day and (self.declared.valid_to is None or day <= self.declared.valid_to)


@contextmanager
def scratch() -> "Iterator[duckdb.DuckDBPyConnection]":
    """A connection for checking declarations: in memory, of no home."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder), memory="500MB", threads=1).connect() as connection:
        yield connection


def load_rules(
    folder: Path = SCHEMAS / "rules", *, parameters: dict[str, Parameter] | None = None, catalogue: Catalogue | None = None
) -> dict[str, BoundRule]:
    """Every rule of a folder by id, checked.

    Raises:
        DeclarationError: a rule has a mistake; says file, line and what to do.
    """
    catalogue = catalogue or load_catalogue(parameters=load_parameters() if parameters is None else parameters)
    units = tuple((one.parameter, one.unit) for one in catalogue.parameters.values())
    key = (folder, _files(folder), tuple(catalogue.facts.values()), units)
    if key not in _LOADED:
        _LOADED.clear()
        _LOADED[key] = _load_rules(folder, catalogue)
    return dict(_LOADED[key])


_LOADED: dict[Hashable, dict[str, BoundRule]] = {}
"""The rules last loaded, by all that decides what they are: binding them takes a second, and a run asks several times."""


def _files(folder: Path) -> tuple[tuple[str, int, int], ...]:
    paths = [*sorted(folder.glob("*.yaml")), SCHEMAS / "documents.yaml", SCHEMAS / "codes" / "programme.csv"]
    return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)


def _load_rules(folder: Path, catalogue: Catalogue) -> dict[str, BoundRule]:
    documents = load_documents()
    rules: dict[str, BoundRule] = {}
    with scratch() as connection:
        for path in sorted(folder.glob("*.yaml")):
            rule = _load_rule(connection, path, catalogue, documents)
            if rule.declared.rule in rules:
                raise read_declared(path)[0].refuse(
                    f"规则编号 {rule.declared.rule} 用了两次，另一处在 {rules[rule.declared.rule].path.name}。",
                    "rule",
                    todo="换一个没有用过的编号。",
                )
            rules[rule.declared.rule] = rule
    return dict(sorted(rules.items(), key=lambda item: ("UO".index(item[0][0]), item[0])))


def load_rule(path: Path) -> BoundRule:
    """One rule file, checked.

    Raises:
        DeclarationError: it has a mistake.
    """
    catalogue = load_catalogue(parameters=load_parameters())
    with scratch() as connection:
        return _load_rule(connection, path, catalogue, load_documents())


def load_documents(path: Path = SCHEMAS / "documents.yaml") -> tuple[str, ...]:
    """The numbers and titles by which a law may be cited."""
    listed = read_declared(path)[0].data["documents"]
    return tuple(word for document in listed for word in (document["number"], document["title"]))


def _load_rule(
    connection: "duckdb.DuckDBPyConnection", path: Path, catalogue: Catalogue, documents: tuple[str, ...]
) -> BoundRule:
    documents_of_file = read_declared(path)
    declared = documents_of_file[0]
    rule = validated(declared, Rule, example="schemas/rules/ 里别的规则")
    name = _FILE_NAME.fullmatch(path.stem)
    if len(documents_of_file) != 1 or not name or name.group(1) != rule.rule:
        raise declared.refuse(
            f"一个文件写一条规则，文件名是“编号_英文名.yaml”；这里规则编号是 {rule.rule}。", "rule", todo="改文件名或编号。"
        )
    for number, law in enumerate(rule.law):
        if not law.startswith(documents):
            raise declared.refuse(
                "引用的文件没有登记。", "law", number, todo="以 schemas/documents.yaml 里的文号或名称开头；新文件先登记在那里。"
            )
    programmes = code_table("programme")
    for number, programme in enumerate(rule.suggest):
        if programme not in programmes:
            raise declared.refuse(
                f"没有叫“{programme}”的救助项目。",
                "suggest",
                number,
                todo=f"可写：{named(list(dict.fromkeys(programmes.values())))}。",
            )
    bound = _bind(connection, rule, declared, path, catalogue)
    _check_cases(rule, bound, declared, catalogue)
    return bound


def _bind(connection: "duckdb.DuckDBPyConnection", rule: Rule, declared: Declared, path: Path, catalogue: Catalogue) -> BoundRule:
    derived: dict[str, Node] = {}
    units = {}
    for name, value in rule.derive.items():
        with _telling(declared, "derive", name):
            if name in catalogue.facts or name in catalogue.parameters:
                raise ConditionError(f"“{name}”已经是事实或参数的名字。", "换一个名字。")
            node = parse(connection, value.expression, derived)
            read_condition(connection, value.expression, catalogue, derived, result="")
            derived[name] = node
            units[name] = value.unit
    conditions: dict[str, Condition | None] = {}
    for part in ("screen", "test", "red_where"):
        text = getattr(rule, part)
        with _telling(declared, part):
            conditions[part] = read_condition(connection, text, catalogue, derived) if text is not None else None
    sentences: dict[str, str | None] = {}
    used: dict[str, None] = {}
    cited: dict[str, None] = {}
    for condition in conditions.values():
        if condition:
            used |= dict.fromkeys(condition.facts)
            cited |= dict.fromkeys(condition.parameters)
    for part in ("reason", "reason_unknown"):
        text = getattr(rule, part)
        with _telling(declared, part):
            shown = {name: read_condition(connection, name, catalogue, derived, result="") for name in derived}
            sentences[part] = (
                sentence(text, catalogue, {name: (shown[name].sql, units[name]) for name in derived}) if text else None
            )
            for name in placeholders(text or ""):
                used |= {name: None} if name in catalogue.facts else {}
                cited |= {name: None} if name in catalogue.parameters else {}
    _check_scope(rule, declared, tuple(used), catalogue)
    screen, reason = conditions["screen"], sentences["reason"]
    assert screen is not None and reason is not None
    return BoundRule(
        declared=rule,
        path=path,
        digest=hashlib.sha256(path.read_bytes()).hexdigest()[:12],
        screen=screen,
        test=conditions["test"],
        red_where=conditions["red_where"],
        reason=reason,
        reason_unknown=sentences["reason_unknown"],
        facts=tuple(used),
        parameters=tuple(cited),
    )


@contextmanager
def _telling(declared: Declared, *place: str) -> Iterator[None]:
    try:
        yield
    except UnusableError as error:
        raise declared.refuse(f"{place[-1]}：{error}", *place, todo=error.todo) from None


def _check_scope(rule: Rule, declared: Declared, facts: tuple[str, ...], catalogue: Catalogue) -> None:
    if rule.subject == "household":
        for fact in facts:
            if catalogue.facts[fact].table == "person":
                raise declared.refuse(
                    f"对象是家庭（household）的规则用了个人的事实 {fact}。",
                    "subject",
                    todo="改用家庭的事实，或把 subject 改成 person。",
                )
    authorised = [fact for fact in facts if catalogue.facts[fact].authorised]
    if authorised and rule.direction == "under":
        raise declared.refuse(
            f"{named(authorised)} 来自须经授权才能用的数据，不能用来在全体居民里发现线索。",
            "screen",
            todo="这类事实只能用于核查已享受救助、有授权记录的家庭（direction: over）。",
        )


def _check_cases(rule: Rule, bound: BoundRule, declared: Declared, catalogue: Catalogue) -> None:
    for number, case in enumerate(rule.cases):
        for fact in {**rule.given, **case.facts}:
            place = ("cases", number, fact) if fact in case.facts else ("given", fact)
            if fact not in catalogue.facts:
                raise declared.refuse(f"用例里的“{fact}”不是事实。", *place, todo="事实见 schemas/lake/facts.sql。")
            if fact not in bound.facts and fact not in ASKED.values():
                raise declared.refuse(f"用例给了“{fact}”，但规则没有用到它。", *place, todo="删去，或在条件里用上。")
    wanted = {
        "成立（expect: true）": any(case.expect == "true" for case in rule.cases),
        "不成立（expect: none）": any(case.expect == "none" for case in rule.cases),
        "边界（boundary: true）": any(case.boundary for case in rule.cases),
        "缺数据（某个事实写 null）": any(value is None for case in rule.cases for value in case.facts.values()),
        "不在有效期或无参数（expect: not_run）": any(case.expect == "not_run" for case in rule.cases),
        "待核实（expect: unknown）": rule.test is None or any(case.expect == "unknown" for case in rule.cases),
    }
    lacking = [kind for kind, there in wanted.items() if not there]
    if lacking:
        raise declared.refuse(f"用例不全，还缺：{named(lacking)}。", "cases", todo="照着 schemas/rules/ 里别的规则补上。")
