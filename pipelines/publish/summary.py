"""The closing summary of a run: what came in, what was found, where it lies.

Belongs here: counts read from the published warehouse, laid out for a person. Does not belong here: the report with pictures
(`report`), and any name, id or row.
"""

from typing import Any

from pipelines.storage import Home


def print_summary(home: Home, batch: str, result: Any) -> None:
    """Print the summary of a published batch.

    Args:
        home: the home folder.
        batch: the batch that was run.
        result: what the orchestrator returned: `.stages`, a list of (title, seconds, peak memory in MB), and `.notes`, sentences.
    """
    from rich.console import Console

    console = Console(width=None if Console().is_terminal else 110, highlight=False)
    with home.connect(home.warehouse, read_only=True) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return list(connection.execute(query, {"batch": batch} if "$batch" in query else {}).fetchall())

        _sources(console, rows, batch)
        _figures(console, rows)
        _leads(console, rows)
    _stages(console, result)
    for note in getattr(result, "notes", []):
        console.print(f"[yellow]注意[/] {note}")
    files = sorted(home.worklists(batch).glob("*.xlsx"))
    console.print(f"\n[bold]走访清单[/]  {home.worklists(batch)}（{len(files)} 份）")
    console.print(f"[bold]数据库[/]    {home.warehouse}")
    report = home.root / "reports" / batch / "report.html"
    if report.exists():
        console.print(f"[bold]报告[/]      {report}")
    console.print(f"[bold]界面[/]      zhudong dev --home {home.root}")


def _table(title: str, *columns: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _sources(console: Any, rows: Any, batch: str) -> None:
    table = _table(f"批次 {batch}：收到的数据", "数据源", "文件", "接收", "退回", "说明")
    for title, arrived, files, accepted, rejected, last in rows(
        "SELECT title, arrived, files, accepted, rejected, last_arrived_batch FROM source WHERE batch = $batch"
    ):
        said = "" if arrived else f"本批次未收到{f'，上次是 {last}' if last else ''}"
        table.add_row(title, str(files), f"{accepted:,}", f"{rejected:,}", said)
    console.print(table)


def _figures(console: Any, rows: Any) -> None:
    [(persons, households, findings, leads)] = rows("SELECT persons, households, findings, leads FROM batch WHERE batch = $batch")
    [(records, certain)] = rows(
        "SELECT count(*), count(*) FILTER (match_method NOT IN ('provisional')) FROM person_record WHERE batch = $batch"
    )
    [(review,)] = rows("SELECT count(*) FROM match_review WHERE batch = $batch")
    share = f"{certain / records:.2%}" if records else "—"
    console.print(f"归并：{records:,} 条记录 → {persons:,} 人，其中 {share} 归到已知的人；{review:,} 对待人工判断")
    console.print(f"家庭：{households:,} 户　命中：{findings:,} 条　线索：{leads:,} 条（疑似，须入户核实）")
    for rule, title, why in rows("SELECT rule_id, title, not_run_reason FROM rule WHERE batch = $batch AND NOT ran"):
        console.print(f"[yellow]未运行[/] {rule} {title}：{why}")


def _leads(console: Any, rows: Any) -> None:
    table = _table("线索：镇街 × 级别", "镇街", "红", "橙", "黄", "合计", "本月暂缓")
    total = [0, 0, 0, 0, 0]
    for town, *numbers in rows("""
        SELECT coalesce(town, '镇街不明'), count(*) FILTER (level = 'red'), count(*) FILTER (level = 'orange'),
               count(*) FILTER (level = 'yellow'), count(*), count(*) FILTER (held_back IS NOT NULL)
        FROM lead WHERE batch = $batch GROUP BY 1 ORDER BY 5 DESC, 1"""):
        table.add_row(town, *(f"{number:,}" for number in numbers))
        total = [a + b for a, b in zip(total, numbers, strict=True)]
    table.add_section()
    table.add_row("全区", *(f"{number:,}" for number in total))
    console.print(table)


def _stages(console: Any, result: Any) -> None:
    stages = getattr(result, "stages", [])
    if not stages:
        return
    table = _table("用时", "环节", "秒", "内存峰值（MB）")
    for title, seconds, megabytes in stages:
        table.add_row(title, f"{seconds:.1f}", f"{megabytes:,.0f}")
    table.add_section()
    table.add_row("合计", f"{sum(stage[1] for stage in stages):.1f}", "")
    console.print(table)
