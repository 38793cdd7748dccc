"""The batch's report: one HTML page, no network, printable, nobody in it.

Belongs here: reading the counts (`report.sql`), hiding small cells, laying out the page. Does not belong here: drawing
(`charts`), which cells are hidden (`suppress`), and anything below a count.
"""

import csv
import importlib.metadata
import re
from pathlib import Path
from typing import Any

from pipelines.progress import Reporter
from pipelines.publish import charts
from pipelines.publish.suppress import SMALL, hidden_cells, shown
from pipelines.storage import SCHEMAS, Home, whole_or_absent

Row = dict[str, Any]

ID_ISSUES = {
    "borrowed_id": "用了别人的证号",
    "shared_id": "两人同号",
    "second_id": "一人两号",
    "registered_twice": "户籍重复登记",
    "said_wrong": "走访发现数据有误",
}
"""What linkage finds out about ids, as the report says it."""


def report_path(home: Home, batch: str) -> Path:
    """Where a batch's report lies."""
    return home.root / "reports" / batch / "report.html"


def write_report(home: Home, batch: str, reporter: Reporter) -> dict[str, int | float]:
    """Write `reports/<batch>/report.html` from the published warehouse.

    Returns:
        how many cells were hidden because they are small.
    """
    import jinja2

    reporter.start("批次报告", 2)
    counted = _read(home, batch)
    reporter.advance()
    page = _page(batch, counted)
    template = Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8")
    html = jinja2.Environment(autoescape=True).from_string(template).render(page)
    with whole_or_absent(report_path(home, batch)) as new:
        new.write_text(html, encoding="utf-8")
    reporter.advance()
    return {"hidden_cells": html.count(f"&lt;{SMALL}<") + html.count("※<")}


def _read(home: Home, batch: str) -> dict[str, list[Row]]:
    queries = re.split(
        r"^-- name: (\w+)$", Path(__file__).with_name("report.sql").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    counted: dict[str, list[Row]] = {}
    with home.connect(home.warehouse, read_only=True) as connection:
        for name, query in zip(queries[1::2], queries[2::2], strict=True):
            result = connection.execute(query, {"batch": batch} if "$batch" in query else {})
            columns = [column[0] for column in result.description or []]
            counted[name] = [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
    return counted


def _page(batch: str, counted: dict[str, list[Row]]) -> Row:
    towns, district, tiles = _towns(counted["towns"])
    rules, levels, rates, only_errors = _rules(counted["rules"], counted["hit_rates"])
    months = counted["months"]
    by_step = {row["title"]: row["n"] or 0 for row in counted["funnel"]}
    this = months[0] if months else {}
    before = months[1] if len(months) > 1 else None
    return {
        "batch": batch,
        "as_of": _as_of(batch),
        "small": SMALL,
        "version": importlib.metadata.version("zhudong"),
        "cards": [
            {"title": "人员", "value": shown(by_step.get("人员", 0)), "note": ""},
            {"title": "共同生活家庭", "value": shown(by_step.get("家庭", 0)), "note": ""},
            {"title": "线索", "value": shown(by_step.get("线索", 0)), "note": _change(this, before, "leads")},
            {"title": "其中红色", "value": shown(this.get("red", 0)), "note": _change(this, before, "red")},
            {"title": "新线索", "value": shown(this.get("new_leads", 0)), "note": ""},
            {"title": "已反馈", "value": shown(sum(row["n"] for row in counted["answers"])), "note": ""},
        ],
        "funnel": charts.svg(charts.funnel([{"title": t, "n": n, "label": shown(n)} for t, n in by_step.items()])),
        "towns": towns,
        "district": district,
        "town_grid": charts.svg(charts.town_grid(tiles)) if tiles else "",
        "rules": rules,
        "levels_by_rule": charts.svg(charts.levels_by_rule(levels)) if levels else "",
        "hit_rates": charts.svg(charts.hit_rates(rates)) if rates else "",
        "only_errors": only_errors,
        "sources": [_source(row) for row in counted["sources"]],
        "waiting": [row | {key: shown(row[key]) for key in ("subjects", "findings")} for row in counted["waiting"]],
        "id_issues": [
            row | {"said": ID_ISSUES.get(row["kind"], row["kind"]), "n": shown(row["n"])} for row in counted["id_issues"]
        ],
        "quality": [_quality(row) for row in counted["quality"]],
        "months": [{key: value if key == "batch" else shown(value or 0) for key, value in row.items()} for row in months],
        "months_chart": charts.svg(charts.months(_levels_of(months, "batch"))) if months else "",
        "parameters": counted["parameters"],
    }


def _as_of(batch: str) -> str:
    import calendar

    year, month = map(int, batch.split("-"))
    return f"{batch}-{calendar.monthrange(year, month)[1]}"


def _change(this: Row, before: Row | None, key: str) -> str:
    if not before or this.get(key) is None or min(this[key], before[key]) < SMALL or 0 < abs(this[key] - before[key]) < SMALL:
        return ""
    return f"较上月 {this[key] - before[key]:+,}"


def _towns(rows: list[Row]) -> tuple[list[Row], Row, list[Row]]:
    """The table of towns with small cells hidden, the district's line, and the tiles."""
    levels = ("red", "orange", "yellow")
    hidden = hidden_cells([[row[level] for level in levels] for row in rows]) if rows else []
    table = []
    for row, hides in zip(rows, hidden, strict=True):
        total = sum(row[level] for level in levels)
        cells = {level: shown(row[level], hide=hide) for level, hide in zip(levels, hides, strict=True)}
        table.append({"town": row["town"], "households": shown(row["households"]), "total": shown(total), **cells})
    sums = {key: sum(row[key] for row in rows) for key in ("households", *levels)}
    [of_district] = hidden_cells([[sums[level] for level in levels]])
    district = {level: shown(sums[level], hide=hide) for level, hide in zip(levels, of_district, strict=True)}
    district |= {"households": shown(sums["households"]), "total": shown(sum(sums[level] for level in levels))}
    with (SCHEMAS / "report" / "town_grid.csv").open(encoding="utf-8", newline="") as file:
        places = {row["town"]: row for row in csv.DictReader(file)}
    tiles = []
    for row in rows:
        if row["town"] in places:
            total = sum(row[level] for level in levels)
            rate = None if 0 < total < SMALL else round(1000 * total / max(row["households"], 1), 1)
            place = places[row["town"]]
            label = shown(total) if rate is None else f"{rate:g}"
            tiles.append(
                {"town": row["town"], "row": int(place["row"]), "column": int(place["column"]), "rate": rate, "label": label}
            )
    return table, district, tiles


def _levels_of(rows: list[Row], name: str) -> list[Row]:
    """Rows with red, orange and yellow counts as one row per level; small counts are left out of the picture."""
    return [
        {name: row[name], "level": label, "n": row[level], "rank": rank}
        for row in rows
        for rank, (level, label) in enumerate(charts.LEVELS.items())
        if row[level] >= SMALL
    ]


def _rules(rows: list[Row], answers: list[Row]) -> tuple[list[Row], list[Row], list[Row], list[str]]:
    answered = {row["rule_id"]: row for row in answers}
    table, rates, only_errors = [], [], []
    for row in rows:
        said = answered.get(row["rule_id"], {"answered": 0, "hits": 0, "data_errors": 0})
        title = f"{row['rule_id']} {row['title']}"
        # a rate is shown only where neither the hits nor the misses can be worked back to a small count
        open_to_show = said["answered"] >= SMALL and not any(
            0 < n < SMALL for n in (said["hits"], said["answered"] - said["hits"])
        )
        rate = said["hits"] / said["answered"] if said["answered"] else 0.0
        if open_to_show:
            rates.append({"rule": title, "rate": rate, "label": f"{rate:.0%}（{said['answered']:,} 条）"})
        if said["answered"] >= SMALL and said["data_errors"] == said["answered"]:
            only_errors.append(title)
        table.append(
            row
            | {
                "true_findings": shown(row["true_findings"]),
                "unknown_findings": shown(row["unknown_findings"]),
                "answered": shown(said["answered"]) if said["answered"] else "—",
                "hit_rate": f"{rate:.0%}" if open_to_show else "—",
            }
        )
    levels = _levels_of([row | {"rule": f"{row['rule_id']} {row['title']}"} for row in rows], "rule")
    return table, levels, rates, only_errors


def _source(row: Row) -> Row:
    said = f"{row['files']} 个文件" if row["arrived"] else f"未收到，上次 {row['last_arrived_batch'] or '—'}"
    linked = f"{row['linked'] / row['records']:.1%}" if row["records"] else "—"
    numbers = {key: shown(row[key] or 0) for key in ("accepted", "rejected", "skipped")}
    return row | numbers | {"said": said, "linked": linked}


def _quality(row: Row) -> Row:
    bounds = [f"{value:g}" if value is not None else "" for value in (row["expected_min"], row["expected_max"])]
    measured = "—" if row["measured"] is None else f"{row['measured']:.4g}"
    said = row["description"] or f"{row['check_name']} {row['column_name'] or ''}"
    return row | {"said": said, "measured": measured, "expected": " ～ ".join(bounds)}
