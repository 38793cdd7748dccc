"""Reading what officers declare: YAML whose every mistake is told with its file, its line and what to do.

Belongs here: reading a YAML file with the line of each part, and turning a model's complaint into a plain Chinese one.
Does not belong here: what a rule or a parameter is (`rules`, `parameters`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.errors import DeclarationError

Place = tuple[str | int, ...]
"""Where in a declaration something stands: keys and list positions from the top."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Model = TypeVar("Model", bound=BaseModel)


class UnusableError(ValueError):
    """A text inside a declaration cannot be used; says why in plain Chinese, without any data. Whoever knows the file adds where.

    Args:
        what: what is wrong.
        todo: what to do.
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what)
        self.todo = todo


_PLAIN = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这个项目，可能写错了字",
    "union_tag_invalid": "取值不在允许的范围内，应为 {expected}",
    "union_tag_not_found": "缺少说明是哪一种的那一项",
    "literal_error": "取值不在允许的范围内，应为 {expected}",
    "string_type": "应为文字",
    "list_type": "应为列表，写成 [甲, 乙]",
    "dict_type": "应为“项: 值”的形式",
    "date_type": "应为日期，写成 2024-01-01",
    "date_from_datetime_parsing": "应为日期，写成 2024-01-01",
    "date_parsing": "应为日期，写成 2024-01-01",
    "decimal_parsing": "应为数字",
    "decimal_type": "应为数字",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "bool_type": "应为 true 或 false",
    "too_short": "至少要有一项",
    "string_pattern_mismatch": "写法不对",
    "model_type": "应为“项: 值”的形式",
}


@dataclass(frozen=True)
class Declared:
    """One YAML document with the line each of its parts stands in."""

    path: Path
    data: Any
    lines: dict[Place, int]

    def line(self, *place: str | int) -> int:
        """The line (1 the first) of a part, or of the nearest part above it that is there."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1

    def refuse(self, what: str, *place: str | int, todo: str) -> DeclarationError:
        """The error that refuses this declaration, ready to raise."""
        return DeclarationError(what, where=f"{self.path.name} 第 {self.line(*place)} 行", todo=todo)


def read_declared(path: Path) -> list[Declared]:
    """Every YAML document of a file.

    Raises:
        DeclarationError: the file is not YAML, or a key stands twice.
    """
    loader = _Loader(path.read_text(encoding="utf-8"))
    documents = []
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            lines: dict[Place, int] = {}
            _note_lines(node, (), lines, path)
            documents.append(Declared(path, loader.construct_document(node), lines))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" 第 {mark.line + 1} 行" if mark else ""
        raise DeclarationError(
            "文件不是有效的 YAML。",
            where=f"{path.name}{line}",
            todo="检查缩进（用空格，不用制表符）、英文冒号后的空格和引号是否成对。",
        ) from None
    finally:
        loader.dispose()
    return documents


def _note_lines(node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            if below in lines:
                raise DeclarationError(
                    f"“{key.value}”写了两次。", where=f"{path.name} 第 {key.start_mark.line + 1} 行", todo="删去其中一处。"
                )
            lines[below] = key.start_mark.line + 1
            _note_lines(value, below, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _note_lines(value, (*place, number), lines, path)


def validated(declared: Declared, model: type[Model], *, example: str) -> Model:
    """The declaration as its model.

    Args:
        declared: the document.
        model: what it should be.
        example: where a right one stands, for the advice.

    Raises:
        DeclarationError: it does not fit; tells the first mistake by line.
    """
    try:
        return model.model_validate(declared.data)
    except ValidationError as error:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")  # a misspelt key explains a missing one
        place = tuple(part for part in first["loc"] if part != "function-after")
        name = " → ".join(str(part + 1) if isinstance(part, int) else part for part in place)
        plain = _PLAIN.get(first["type"])
        if first["type"] == "value_error":
            plain = str(first["ctx"]["error"])
        elif plain:
            context = first.get("ctx", {})
            expected = str(context.get("expected", context.get("expected_tags", "")))
            plain = plain.replace("{expected}", expected.replace(" or ", " 或 "))
        what = f"“{name}”：{plain or '写法不对'}。" if name else f"{plain or '写法不对'}。"
        raise declared.refuse(what, *place, todo=f"照着 {example} 改正。") from None


def named(words: Sequence[str]) -> str:
    """Words as a Chinese enumeration."""
    return "、".join(words)
