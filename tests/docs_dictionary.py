"""Writes docs/handbook/dictionary.md and entities.md from schemas/warehouse and sources.md from schemas/sources:
`python tests/docs_dictionary.py`. A test holds them current.
"""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.contracts import Contract

ROOT = Path(__file__).resolve().parent.parent
DICTIONARY = ROOT / "docs" / "handbook" / "dictionary.md"
SOURCES = DICTIONARY.with_name("sources.md")
ENTITIES = DICTIONARY.with_name("entities.md")

KEYS = {
    "person_id": "person", "candidate_person_id": "person", "head_person_id": "person", "household_id": "household", "lead_id": "lead",
    "rule_id": "rule", "file_no": "case_file", "transfer_id": "transfer", "source": "source", "batch": "batch",
}  # fmt: skip
"""Column → the table whose row it names. `batch` is drawn where nothing else joins a table to the others."""

FREQUENCIES = {
    "week": "每周", "month": "每月", "quarter": "每季", "half_year": "每半年", "year": "每年", "event": "有事件时", "request": "查询时",
}  # fmt: skip
TYPES = {
    "name": "姓名", "id_number": "证件号码", "disability_certificate": "残疾人证号", "sex": "性别", "date": "日期", "month": "年月",
    "money": "金额", "integer": "整数", "decimal": "数（面积、比例、份额）", "age": "年龄", "phone": "电话", "address": "住址",
    "text": "文字", "code": "代码", "set": "代码（可多个）",
}  # fmt: skip
PRIVACY = {
    "identity": "身份", "contact": "联系方式", "health": "健康", "finance": "财务", "family": "家庭", "place": "所在地", "none": "—",
}  # fmt: skip


def dictionary() -> str:
    """The dictionary as Markdown: one table per published table."""
    from pipelines.publish.warehouse import create_tables
    from pipelines.storage import Home

    lines = ["# 数据字典", "", "由 `schemas/warehouse/*.sql` 生成，请勿手改。库中可查：`SELECT * FROM dictionary`。", ""]
    lines += ["各部门送来什么、有哪些表头，见[数据源](sources.md)。", ""]
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)).connect() as connection:
        create_tables(connection)
        tables = connection.execute("SELECT table_name, comment FROM duckdb_tables() ORDER BY table_oid").fetchall()
        for table, comment in tables:
            lines += [f"## {table}", "", comment, "", "| 列 | 类型 | 含义 |", "|---|---|---|"]
            columns = connection.execute(
                "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table]
            ).fetchall()
            lines += [f"| {name} | {kind} | {said} |" for name, kind, said in columns] + [""]
        views = connection.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1").fetchall()
        lines += ["## 视图", "", *(f"- `{view}`：{comment}" for view, comment in views), ""]
    return "\n".join(lines)


def sources() -> str:
    """The departments' files as Markdown: one page per kind, in the order of their numbers."""
    from pipelines.contracts import load_contracts

    contracts = load_contracts().values()
    departments = {one for contract in contracts for one in contract.department.split("、")}
    lines = ["# 数据源", "", "由 `schemas/sources/*.yaml` 生成，请勿手改。", ""]
    lines += [f"{len(contracts)} 种文件，来自 {len(departments)} 个部门。表头写法不同的，认最左边一种和“或”后面的几种。", ""]
    for contract in contracts:
        lines += [f"## {contract.number} {contract.title}（`{contract.source}`）", "", *_facts_of(contract), ""]
        lines += ["| 表头 | 列 | 类型 | 必有 | 涉及 |", "|---|---|---|---|---|"]
        for name, column in contract.columns.items():
            kind = TYPES[column.type] + (f"：`{table}`" if (table := column.codes or column.map) else "")
            needed = "是" if column.required else ""
            headings = " 或 ".join(column.heading)
            lines.append(f"| {headings} | `{name}` | {kind} | {needed} | {PRIVACY[column.privacy]} |")
        lines.append("")
    return "\n".join(lines)


def _facts_of(contract: "Contract") -> list[str]:
    """What holds of the whole kind, one line each."""
    said = [
        f"- 部门：{contract.department}；报送：{FREQUENCIES[contract.frequency]}；{'必需' if contract.required else '可缺'}。"
    ]
    if contract.use == "authorised":
        said.append("- 只用于当天有有效核对授权的人；没有授权的，连“有没有一行”也不看。")
    if contract.subject == "household":
        said.append("- 一行说的是一户：按户主（或住址）归户，不是户主一个人的情况。")
    if contract.stale_after:
        said.append(f"- 没有新文件的月份沿用上一次的；超过 {contract.stale_after} 个月，只有写着的仍算数，没写着的不能说明没有。")
    if len(contract.members()) > 1:
        said.append(f"- 一行写了几个人（最多 {len(contract.members())} 人），各自匹配。")
    return said


def entities() -> str:
    """The published tables and what joins them, as a Mermaid diagram read off the declared columns."""
    from pipelines.lake_tables import declared_tables

    tables: dict[str, list[str]] = {}
    for path in sorted((ROOT / "schemas" / "warehouse").glob("*.sql")):
        tables |= {table: list(columns) for table, columns in declared_tables(path).items()}
    lines = [
        "# 表与表的关系", "",
        "由 `schemas/warehouse/*.sql` 生成，请勿手改。线上写的是连接用的列；`household`、`finding`、`lead`、`person_record`、`rule`、`source` 每个批次都有，",
        "连接时连同 `batch` 一起。各列的含义见[数据字典](dictionary.md)。", "", "```mermaid", "erDiagram",
    ]  # fmt: skip
    for table, columns in tables.items():
        joined = [(column, KEYS[column]) for column in columns if column in KEYS and KEYS[column] in tables]
        other = [(column, target) for column, target in joined if target != table and column != "batch"]
        for column, target in other or [one for one in joined if one[1] != table]:
            lines.append(f"    {target} ||--o{{ {table} : {column}")
    return "\n".join([*lines, "```", ""])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    ENTITIES.write_text(entities(), encoding="utf-8")
    DICTIONARY.write_text(dictionary(), encoding="utf-8")
    SOURCES.write_text(sources(), encoding="utf-8")
