"""Conditions: SQL boolean expressions over facts and parameters, read so that nothing else can stand in them.

Belongs here: taking a condition apart, refusing what it may not hold, and finding which missing fact makes it unknown.
Does not belong here: which rule has which condition (`load`) and running it over the district (`findings`).

A condition is bound by DuckDB against a made-up person of the declared types before anything runs: a fact that is not
declared, a number compared with a text, a subquery or an aggregate never reach the data.
"""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.declarations import UnusableError

if TYPE_CHECKING:
    import duckdb

    from pipelines.assess.rules.catalogue import Catalogue

AS_OF = "as_of"
"""The name by which a condition or sentence calls the last day of the batch's month."""

Node = dict[str, Any]
"""An expression as DuckDB's `json_serialize_sql` writes it."""

_CLASSES = {
    "CONJUNCTION", "COMPARISON", "OPERATOR", "FUNCTION", "CONSTANT", "COLUMN_REF", "BETWEEN", "CASE", "CAST", "LAMBDA", "TYPE",
}  # fmt: skip

_FUNCTIONS = {
    "+", "-", "*", "/", "~~", "!~~", "abs", "greatest", "least", "round", "floor", "ceil", "len", "length", "contains",
    "starts_with", "list_contains", "list_has_any", "list_has_all", "list_filter", "list_value", "list_max", "list_min",
    "list_distinct", "date_diff", "datediff", "date_part", "year", "month", "date_trunc", "last_day", "age", "make_date",
    "make_interval", "to_months", "to_days", "to_years", "nullif",
}  # fmt: skip


class ConditionError(UnusableError):
    """A condition cannot be used."""


@dataclass(frozen=True)
class Condition:
    """A condition taken apart.

    Attributes:
        sql: the expression, names of derived values replaced by what they stand for.
        facts: the facts it reads, in order of first use.
        parameters: the parameter keys it reads.
        missing: an SQL expression giving, where `sql` is NULL, the sorted list of NULL facts that make it so.
        unlisted: the expression with every unknown yes-or-no fact taken for what it is where no list names anybody.
    """

    sql: str
    facts: tuple[str, ...]
    parameters: tuple[str, ...]
    missing: str
    unlisted: str


def read_condition(
    connection: "duckdb.DuckDBPyConnection",
    text: str,
    catalogue: "Catalogue",
    derived: dict[str, Node] | None = None,
    *,
    result: str = "BOOLEAN",
) -> Condition:
    """Take a condition apart and bind it.

    Args:
        connection: any; nothing is stored.
        text: the expression as an officer wrote it.
        catalogue: the facts and parameters there are.
        derived: named values of the rule, already parsed.
        result: the type the expression must have; `""` for any.

    Raises:
        ConditionError: it is no expression, names something unknown, compares what cannot be compared, …
    """
    node = parse(connection, text, derived or {})
    facts, parameters = _names(node, catalogue)
    texts: dict[int, str] = {}

    def sql(part: Node) -> str:
        return texts.get(id(part)) or texts.setdefault(id(part), _sql(connection, part))

    leaves = list(_leaves(node, ()))
    somebody = catalogue.somebody_sql(facts, parameters)
    _bind(connection, sql(node), [sql(leaf) for leaf, _ in leaves], somebody, result)
    missing = []
    for leaf, above in leaves:
        guards = " AND ".join(f"({sql(part)}) IS NULL" for part in (*above, leaf))
        missing += _missing(guards, _names(leaf, catalogue)[0], catalogue)
    listed = f"list_sort(list_distinct(list_filter([{', '.join(missing)}], lambda x: x IS NOT NULL)))"
    taken = {
        name: parse(connection, f"coalesce({name}, {catalogue.facts[name].unlisted})", {})
        for name in facts
        if catalogue.facts[name].type == "BOOLEAN"
    }
    unlisted = _sql(connection, _replaced(node, taken)) if taken else sql(node)
    return Condition(sql(node), facts, parameters, listed if missing else "[]::VARCHAR[]", unlisted)


def parse(connection: "duckdb.DuckDBPyConnection", text: str, derived: dict[str, Node]) -> Node:
    """The expression tree of a text, names of derived values replaced.

    Raises:
        ConditionError: the text is not one plain expression.
    """
    answer = json.loads(connection.execute("SELECT json_serialize_sql($1)", [f"SELECT {text}\n"]).fetchall()[0][0])
    if answer["error"]:
        place = int(answer.get("position") or 7) - 7
        near = text[max(place, 0) : place + 12].split("\n")[0]
        raise ConditionError(f"条件不是有效的 SQL 表达式，在“{near}”附近。", "检查括号、引号和 and / or 的写法。")
    statement = answer["statements"][0]["node"]
    plain = len(answer["statements"]) == 1 and len(statement.get("select_list", [])) == 1
    if not plain or statement["from_table"]["type"] != "EMPTY" or statement["where_clause"] or statement["modifiers"]:
        raise ConditionError("条件只能是一个表达式。", "不要写 select、from、where、分号和逗号。")
    node = statement["select_list"][0]
    _refuse_foreign(node)
    replaced: Node = _replaced(node, derived)
    return replaced


def _refuse_foreign(node: Node) -> None:
    for part in _walk(node):
        if part["class"] not in _CLASSES:
            raise ConditionError("条件里不能有子查询、窗口、汇总或问号。", "需要跨行计算的，请数据人员加成一个事实。")
        if part["class"] == "FUNCTION" and part["function_name"] not in _FUNCTIONS:
            raise ConditionError(
                f"条件里不能用函数 {part['function_name']}。",
                f"可以用的函数：{'、'.join(sorted(f for f in _FUNCTIONS if f[0].isalpha()))}。",
            )


def _walk(node: Any) -> Iterator[Node]:
    """Every expression of a tree, the tree itself first."""
    if isinstance(node, dict):
        if "class" in node:
            yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


def _replaced(node: Any, derived: dict[str, Node]) -> Any:
    if isinstance(node, dict):
        if node.get("class") == "COLUMN_REF" and len(node["column_names"]) == 1 and node["column_names"][0] in derived:
            return derived[node["column_names"][0]]
        return {key: _replaced(value, derived) for key, value in node.items()}
    if isinstance(node, list):
        return [_replaced(value, derived) for value in node]
    return node


def _names(node: Node, catalogue: "Catalogue") -> tuple[tuple[str, ...], tuple[str, ...]]:
    facts: dict[str, None] = {}
    parameters: dict[str, None] = {}
    bound = {name for part in _walk(node) if part["class"] == "LAMBDA" for name in _lambda_names(part)}
    for part in _walk(node):
        if part["class"] != "COLUMN_REF" or part["column_names"] == [AS_OF]:
            continue
        name = ".".join(part["column_names"])
        if name in catalogue.facts:
            facts[name] = None
        elif name in catalogue.parameters:
            parameters[name] = None
        elif name not in bound:
            near = difflib.get_close_matches(name, [*catalogue.facts, *catalogue.parameters], n=3, cutoff=0.6)
            advice = f"是不是：{'、'.join(near)}？" if near else "事实见 schemas/lake/facts.sql，参数见 schemas/parameters/。"
            raise ConditionError(f"没有叫“{name}”的事实或参数。", advice)
    return tuple(facts), tuple(parameters)


def _lambda_names(node: Node) -> list[str]:
    return [part["column_names"][0] for part in _walk(node.get("lhs")) if part["class"] == "COLUMN_REF"]


def _sql(connection: "duckdb.DuckDBPyConnection", node: Node) -> str:
    """A tree as SQL text again, parameters as fields of their group."""
    statement = json.loads(connection.execute("SELECT json_serialize_sql('SELECT 1')").fetchall()[0][0])
    statement["statements"][0]["node"]["select_list"] = [node]
    text: str = connection.execute("SELECT json_deserialize_sql($1::JSON)", [json.dumps(statement)]).fetchall()[0][0]
    return text.removeprefix("SELECT ")


def _bind(connection: "duckdb.DuckDBPyConnection", sql: str, leaves: list[str], somebody: str, result: str) -> None:
    """Bind the whole, and compute each part for one made-up person.

    DuckDB binds `age >= '六十'` without complaint and fails only where a row is compared, so a row there must be.
    """
    import duckdb

    try:
        done = connection.execute(f"SELECT ({sql}), {', '.join(f'({leaf})' for leaf in leaves)} FROM ({somebody})")
        done.fetchall()
    except duckdb.Error as error:
        reason = str(error).split("\n")[0]
        raise ConditionError(
            "条件里的类型对不上，例如拿文字与数字比较。", f"对照 schemas/lake/facts.sql 里各事实的类型改正（{reason}）。"
        ) from None
    given = str(done.description[0][1]) if done.description else ""
    if result and given != result:
        raise ConditionError(f"条件应当得出“是”或“否”，现在得出的是 {given}。", "写成比较或判断，例如 age >= 60。")


def _missing(guards: str, facts: tuple[str, ...], catalogue: "Catalogue") -> list[str]:
    """SQL naming the facts that make one part unknown, where the part and every AND / OR above it are NULL (`guards`).

    An AND that is NULL has no false part and an OR that is NULL no true one, so each of its NULL parts alone could
    decide it; a NULL part below an AND that is already false decides nothing. Where a part is NULL although all its facts
    are there (a category that says only 多重, an interval that holds the line), they are not precise enough, and count as
    missing: those that missing.yaml reports as something else, or all where it names none of them.
    """
    precise = " AND ".join(f"{fact} IS NOT NULL" for fact in facts)
    vague = {fact for fact in facts if catalogue.facts[fact].missing_as != fact} or set(facts)
    return [
        f"CASE WHEN {guards} AND ({fact} IS NULL{f' OR ({precise})' if fact in vague else ''}) "
        f"THEN '{catalogue.facts[fact].missing_as}' END"
        for fact in facts
    ]


def _leaves(node: Node, above: tuple[Node, ...]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    if node["class"] == "CONJUNCTION":
        for child in node["children"]:
            yield from _leaves(child, (*above, node))
    elif node["type"] == "OPERATOR_NOT":
        yield from _leaves(node["children"][0], above)
    else:
        yield node, above
