"""The batch's report: one HTML page, no network, printable, nobody in it.

Belongs here: reading the counts (`report.sql`), hiding small cells, what stands where on the page (`report.html.j2`). Does not
belong here: which cells are hidden (`suppress`), and anything below a count.

Bars are the template's: a width in per cent beside its number. They break no word, fit any width, follow the reader's colours and
are read aloud as the table they stand in; drawn as pictures, labels were cut off wherever a font was wider than the drawer's.
"""

import csv
import importlib.metadata
import re
from pathlib import Path
from typing import Any

from pipelines.month import as_of
from pipelines.progress import Reporter
from pipelines.publish.suppress import SMALL, hidden_cells, shown
from pipelines.storage import SCHEMAS, Home, whole_or_absent

Row = dict[str, Any]

LEVELS = {"red": "红", "orange": "橙", "yellow": "黄"}
WASTE_FROM = 10
"""Answers from which on a rule is said to waste visits, and the most rules that are named."""
WASTE_NAMED = 5

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
    rules, only_errors = _rules(counted["rules"], counted["hit_rates"])
    months = counted["months"]
    by_step = {row["title"]: row["n"] or 0 for row in counted["funnel"]}
    this = months[0] if months else {}
    before = months[1] if len(months) > 1 else None
    return {
        "batch": batch,
        "as_of": as_of(batch).isoformat(),
        "small": SMALL,
        "levels": LEVELS,
        "version": importlib.metadata.version("zhudong"),
        "cards": [
            {"title": "人员", "value": shown(by_step.get("人员", 0)), "note": ""},
            {"title": "共同生活家庭", "value": shown(by_step.get("家庭", 0)), "note": ""},
            {"title": "线索", "value": shown(by_step.get("线索", 0)), "note": _change(this, before, "leads")},
            {"title": "其中红色", "value": shown(this.get("red", 0)), "note": _change(this, before, "red")},
            {"title": "新线索", "value": shown(this.get("new_leads", 0)), "note": ""},
            {"title": "已反馈", "value": shown(sum(row["n"] for row in counted["answers"])), "note": ""},
        ],
        "last": _last_month(counted["last_month"]),
        "year": [
            row
            | {
                "amount": shown(row["amount"]),
                "rate": _rate(row["amount"], row["among"]) if row["among"] != row["amount"] else "",
            }
            for row in counted["year"]
        ],
        "waste": _waste(counted["rules"], counted["hit_rates"]),
        "deliveries": [said for row in counted["deliveries"] if (said := _delivery(row))],
        "funnel": _funnel(by_step),
        "towns": towns,
        "district": district,
        "tiles": tiles,
        "tile_columns": max((int(tile["column"]) for tile in tiles), default=1),
        "rules": rules,
        "only_errors": only_errors,
        "sources": [_source(row) for row in counted["sources"]],
        "waiting": [row | {key: shown(row[key]) for key in ("subjects", "findings")} for row in counted["waiting"]],
        "id_issues": [
            row | {"said": ID_ISSUES.get(row["kind"], row["kind"]), "n": shown(row["n"])} for row in counted["id_issues"]
        ],
        "quality": [_quality(row) for row in counted["quality"]],
        "months": _months(months),
        "parameters": counted["parameters"],
    }


def _rate(part: int, whole: int) -> str:
    """A share, only where neither it nor its rest can be worked back to a small count."""
    if whole < SMALL or 0 < part < SMALL or 0 < whole - part < SMALL:
        return "—"
    return f"{part / whole:.0%}"


def _last_month(rows: list[Row]) -> Row | None:
    """What became of the last batch's lists: the district, and town by town; None in the first batch."""
    if not rows:
        return None
    keys = ("sent", "visited", "confirmed", "aided", "late")
    sums = {key: sum(row[key] for row in rows) for key in keys}
    whole = {"sent": "sent", "visited": "sent", "confirmed": "visited", "aided": "visited", "late": "sent"}

    def told(row: Row) -> Row:
        return {key: shown(row[key]) for key in keys} | {f"{key}_rate": _rate(row[key], row[whole[key]]) for key in keys}

    # The towns' small cells are hidden together, so that the district's sums do not give one away.
    hidden = hidden_cells([[row[key] for key in keys] for row in rows])
    towns = [
        told(row) | {key: shown(row[key], hide=hide) for key, hide in zip(keys, hides, strict=True)} | {"town": row["town"]}
        for row, hides in zip(rows, hidden, strict=True)
    ]
    by_town = {row["town"]: row for row in rows}
    towns.sort(key=lambda town: by_town[town["town"]]["visited"] / max(by_town[town["town"]]["sent"], 1))
    return {"batch": rows[0]["batch"], "district": told(sums), "towns": towns}


def _waste(rules: list[Row], answers: list[Row]) -> list[str]:
    """The rules after which most visits found nothing, as sentences."""
    titles = {row["rule_id"]: row["title"] for row in rules}
    missed = [
        (row["answered"] - row["hits"], row)
        for row in answers
        if row["answered"] >= WASTE_FROM and row["hits"] / row["answered"] < 0.5 and _rate(row["hits"], row["answered"]) != "—"
    ]
    missed.sort(key=lambda one: (-one[0], one[1]["rule_id"]))
    return [
        f"{row['rule_id']} {titles.get(row['rule_id'], '')}："
        f"走访 {row['answered']:,} 次，{number:,} 次不属实（{number / row['answered']:.0%}）"
        for number, row in missed[:WASTE_NAMED]
    ]


def _delivery(row: Row) -> str:
    """What is late or worse than last time with a department's data; empty where the numbers are too small to say it."""
    if not row["arrived"]:
        return f"{row['title']}：没有送来，上次是 {row['last_arrived_batch'] or '—'}"
    told = []
    if row["accepted"] < 0.8 * row["accepted_before"] and row["accepted_before"] >= 10 * SMALL:
        told.append(f"比上次少 {1 - row['accepted'] / row['accepted_before']:.0%}")
    if row["failed"] > row["failed_before"]:
        told.append(f"质量提醒 {row['failed']} 项（上次 {row['failed_before']} 项）")
    return f"{row['title']}：{'，'.join(told)}" if told else ""


def _funnel(by_step: dict[str, int]) -> list[Row]:
    """The steps from rows to lists: number, and the share of the step before where both count the same thing."""
    same = {"接收行": "来源行", "命中家庭": "家庭", "本月派发": "线索"}
    steps = []
    for title, number in by_step.items():
        share = _rate(number, by_step[same[title]]) if title in same else ""
        steps.append({"title": title, "n": shown(number), "of": f"占{same[title]} {share}" if share not in ("", "—") else ""})
    return steps


def _bars(row: Row, most: int) -> list[Row]:
    """A row's levels as bar parts in per cent of the longest bar; small counts are left out of the picture."""
    return [
        {"level": level, "width": round(100 * row[level] / most, 1), "n": row[level]} for level in LEVELS if row[level] >= SMALL
    ]


def _months(rows: list[Row]) -> list[Row]:
    most = max((sum(row[level] for level in LEVELS) for row in rows), default=0) or 1
    return [
        {key: value if key == "batch" else shown(value or 0) for key, value in row.items()}
        | {"bars": _bars(row, most), "visited_rate": _rate(row["visited"], row["leads"] - row["held_back"])}
        for row in rows
    ]


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
            tiles.append({"town": row["town"], "row": place["row"], "column": place["column"], "rate": rate, "label": label})
    highest = max((tile["rate"] or 0 for tile in tiles), default=0) or 1
    for tile in tiles:
        tile["shade"] = None if tile["rate"] is None else round(10 + 80 * tile["rate"] / highest)
    return table, district, tiles


def _rules(rows: list[Row], answers: list[Row]) -> tuple[list[Row], list[str]]:
    answered = {row["rule_id"]: row for row in answers}
    most = max((row["red"] + row["orange"] + row["yellow"] for row in rows), default=0) or 1
    table, only_errors = [], []
    for row in rows:
        said = answered.get(row["rule_id"], {"answered": 0, "hits": 0, "data_errors": 0})
        if said["answered"] >= SMALL and said["data_errors"] == said["answered"]:
            only_errors.append(f"{row['rule_id']} {row['title']}")
        table.append(
            row
            | {
                "true_findings": shown(row["true_findings"]),
                "unknown_findings": shown(row["unknown_findings"]),
                "answered": shown(said["answered"]) if said["answered"] else "—",
                "hit_rate": _rate(said["hits"], said["answered"]),
                "bars": _bars(row, most),
            }
        )
    return table, only_errors


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
