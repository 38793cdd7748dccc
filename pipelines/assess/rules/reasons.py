"""Reasons: one plain Chinese sentence per finding, composed in SQL from a rule's template.

Belongs here: the templates' grammar (`{fact}`, `{parameter}`, `{as_of}`) and how a value is written by its unit. Does not
belong here: what a sentence says (the rule files).
"""

import difflib
import re
from typing import TYPE_CHECKING

from pipelines.declarations import UnusableError

if TYPE_CHECKING:
    from pipelines.assess.rules.catalogue import Catalogue

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class TemplateError(UnusableError):
    """A template names something that is not there."""


def placeholders(template: str) -> list[str]:
    """The names between braces, in order."""
    return _PLACEHOLDER.findall(template)


def sentence(template: str, catalogue: "Catalogue", derived: dict[str, tuple[str, str]]) -> str:
    """A template as an SQL text expression. `as_of` is a column of whoever runs it.

    Args:
        template: the sentence with `{name}` where values stand.
        catalogue: the facts and parameters there are.
        derived: the rule's own named values: SQL and unit of each.

    Raises:
        TemplateError: a name is unknown, or a brace is alone.
    """
    pieces = []
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        pieces.append(_quoted(template[position : match.start()]))
        pieces.append(f"COALESCE({_written(match.group(1), catalogue, derived)}, '未知')")
        position = match.end()
    pieces.append(_quoted(template[position:]))
    if "{" in (rest := _PLACEHOLDER.sub("", template)) or "}" in rest:
        raise TemplateError("句子里的花括号不成对。", "写成 {事实名}。")
    return " || ".join(piece for piece in pieces if piece != "''") or "''"


def _written(name: str, catalogue: "Catalogue", derived: dict[str, tuple[str, str]]) -> str:
    if name == "as_of":
        return "strftime(as_of, '%Y-%m-%d')"
    if name in derived:
        sql, unit = derived[name]
        return written(f"({sql})", "DECIMAL", unit)
    if name in catalogue.facts:
        fact = catalogue.facts[name]
        return written(name, fact.type, fact.unit)
    if name in catalogue.parameters:
        return _figure(name, catalogue.parameters[name].unit)
    near = difflib.get_close_matches(name, [*catalogue.facts, *catalogue.parameters, *derived, "as_of"], n=3, cutoff=0.6)
    advice = f"是不是：{'、'.join(near)}？" if near else "只能写事实、参数、derive 里的名字和 as_of。"
    raise TemplateError(f"句子里的“{{{name}}}”不是事实或参数。", advice)


def written(sql: str, type_: str, unit: str) -> str:
    """SQL that writes a value as a person reads it: `43,210.50 元`, `2026-10-31`, `肢体、智力`, `50%`, `是`.

    Args:
        sql: the value.
        type_: its DuckDB type.
        unit: its unit; 元… is money, 占比 a share, month a month.
    """
    if type_.endswith("[]"):
        return f"array_to_string(list_sort({sql}), '、')"
    if type_ == "BOOLEAN":
        return f"CASE WHEN {sql} THEN '是' WHEN NOT {sql} THEN '否' END"
    if type_ == "DATE":
        return f"strftime({sql}, '{'%Y-%m' if unit == '月' else '%Y-%m-%d'}')"
    if type_ == "VARCHAR":
        return sql
    if unit.split("/")[0] == "元":
        return f"format('{{:,.2f}} 元', ({sql})::DOUBLE)"
    if unit == "占比":
        return f"format('{{:.4g}}%', ({sql})::DOUBLE * 100)"
    return f"format('{{:.10g}}', ({sql})::DOUBLE)"


def _figure(sql: str, unit: str) -> str:
    """A parameter as officers write it: money without decimals where it has none (`30,000 元`)."""
    if unit.startswith("元"):
        whole = f"({sql}) = floor({sql})"
        return f"CASE WHEN {whole} THEN format('{{:,.0f}} 元', ({sql})::DOUBLE) ELSE format('{{:,.2f}} 元', ({sql})::DOUBLE) END"
    return written(sql, "DECIMAL", unit)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
