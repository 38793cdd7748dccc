"""Writes docs/handbook/rulebook.md from schemas/rules and schemas/parameters: `python tests/docs_rulebook.py`. A test holds it current."""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RULEBOOK = ROOT / "docs" / "handbook" / "rulebook.md"
LEVELS = {"red": "红", "orange": "橙", "yellow": "黄"}
SUBJECTS = {"person": "个人", "household": "家庭"}


def rulebook() -> str:
    """All rules as Markdown: what each looks for, on which ground, how an ambiguous place is read, what it asks."""
    from pipelines.assess.rules.catalogue import load_catalogue
    from pipelines.assess.rules.load import load_rules

    catalogue = load_catalogue()
    lines = ["# 规则手册", "", "由 `schemas/rules/*.yaml` 生成，请勿手改；规则以 YAML 文件为准。线索只是疑似，不是认定。", ""]
    for direction, title in (("under", "应保未保"), ("over", "应退未退")):
        lines += [f"## {title}", ""]
        for rule in load_rules(catalogue=catalogue).values():
            declared = rule.declared
            if declared.direction != direction:
                continue
            red = "；急难为红" if declared.red_where else ""
            until = f" 至 {declared.valid_to}" if declared.valid_to else ""
            lines += [
                f"### {declared.rule} {declared.title}",
                "",
                f"- 级别 {LEVELS[declared.level]}{red}；对象 {SUBJECTS[declared.subject]}；{declared.valid_from} 起{until}",
                f"- 依据：{'；'.join(declared.law)}",
                f"- 引起注意：`{' '.join(declared.screen.split())}`",
            ]
            if declared.test is not None:
                lines.append(f"- 成立还须（可能不能确定）：`{' '.join(declared.test.split())}`")
            lines += [
                f"- 其中 `{name}` = `{value.expression}`（{value.title}，{value.unit}）"
                for name, value in declared.derive.items()
            ]
            lines.append(f"- 用到的数据：{'；'.join(_fact(catalogue.facts[name]) for name in rule.facts)}")
            if rule.parameters:
                lines.append(f"- 用到的参数：{'；'.join(f'{catalogue.describe(key)}（`{key}`）' for key in rule.parameters)}")
            if declared.reading:
                lines.append(f"- 读法：{declared.reading}")
            lines += [f"- 走访时问：{declared.ask}"]
            if declared.suggest:
                lines.append(f"- 可能适用：{'、'.join(declared.suggest)}")
            lines.append("")
    return "\n".join(lines)


def _fact(fact: Any) -> str:
    window = "" if fact.window in ("-", "本月", "截止日") else f"（{fact.window}）"
    return fact.meaning.split("；")[0] + window


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    RULEBOOK.write_text(rulebook(), encoding="utf-8")
