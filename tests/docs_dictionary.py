"""Writes docs/handbook/dictionary.md from schemas/warehouse: `python tests/docs_dictionary.py`. A test holds it current."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DICTIONARY = ROOT / "docs" / "handbook" / "dictionary.md"


def dictionary() -> str:
    """The dictionary as Markdown: one table per published table."""
    from pipelines.publish.warehouse import create_tables
    from pipelines.storage import Home

    lines = ["# 数据字典", "", "由 `schemas/warehouse/*.sql` 生成，请勿手改。库中可查：`SELECT * FROM dictionary`。", ""]
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


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    DICTIONARY.write_text(dictionary(), encoding="utf-8")
