"""The report (核对报告): what a check found, as a page, a workbook, and a line of a CSV.

Belongs here: reading a check from the store and laying it out. Does not belong here: what was found (`perform`).

Words are 疑似符合, 疑似不符合, 不能确定: a report decides nothing. What one member's sources say is not shown to another: the
applicant's copy holds nothing of them.
"""

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import select, update

from pipelines.casework.access import Actor, Entry, RefusedError, record
from pipelines.casework.clock import day_of, now
from pipelines.casework.store import Store
from pipelines.casework.tables import authorisation, check, check_asked, check_item, check_member, check_result
from pipelines.check.declared import KINDS, load_sources
from pipelines.contracts import load_contracts
from pipelines.errors import DataError
from pipelines.parameters import load_parameters
from pipelines.storage import whole_or_absent

TEMPLATES = Path(__file__).with_name("templates")
ROLES = {"counted": "计入", "not_listed": "未列入", "unproven": "待证实", "excluded": "不计入"}
OUTCOMES = {"linked": "已认定", "several": "可能是几个人，未认定", "new": "数据中没有此人"}
WITHDRAWN = "授权已撤回，内容已关闭"
VERDICTS = {"true": "疑似符合", "false": "疑似不符合", "unknown": "不能确定"}


def read_report(store: Store, check_id: str, actor: Actor, *, copy_of: int | None = None, log: bool = True) -> dict[str, Any]:
    """A check with everything that its report shows.

    Args:
        store: where it is.
        check_id: K….
        actor: who reads.
        copy_of: the applicant's copy of this position: nothing of the others'.
        log: False for a program that has logged the reading itself.

    Raises:
        DataError: there is none.
        RefusedError: it is another town's; logged.
    """
    with store.read() as connection:
        head = connection.execute(select(check).where(check.c.check_id == check_id)).mappings().first()
        if head is None:
            raise DataError("没有这份核对报告。", todo="核对编号。")
        parts = {
            name: [dict(row) for row in connection.execute(select(table).where(table.c.check_id == check_id)).mappings()]
            for name, table in (
                ("members", check_member), ("items", check_item), ("asked", check_asked), ("results", check_result),
                ("authorisations", authorisation),
            )
        }  # fmt: skip
    allowed = actor.covers(head["town"]) or (actor.role == "village" and actor.town == head["town"])
    persons = [one["person_id"] for one in parts["members"] if one["person_id"]]
    if log or not allowed:
        record(store, Entry(actor, "查看核对报告", head["matter"], [check_id, *persons], allowed=allowed))
    if not allowed:
        raise RefusedError
    return _laid_out(dict(head), parts, copy_of)


def _laid_out(head: dict[str, Any], parts: dict[str, list[dict[str, Any]]], copy_of: int | None) -> dict[str, Any]:
    signed = {one["authorisation_id"]: one for one in parts["authorisations"]}
    closed = _closed(parts["asked"], signed)
    members = [
        _member(one, parts, signed, closed) if copy_of in (None, one["position"]) else _veiled(one, signed)
        for one in sorted(parts["members"], key=lambda row: row["position"])
    ]
    tests = [row for row in parts["results"] if row["test"] != "declared_income"]
    names = {one["position"]: one["name"] for one in members}
    days = load_parameters()["check.valid_days"].value_on("000000", "any", day_of(now()))
    valid_days = int(days.value) if days and days.value is not None else 30
    return {
        "check": head, "members": members, "copy_of": copy_of,
        "lines": [row | {"verdict": VERDICTS[row["outcome"]]} for row in tests if row["test"].startswith("income_")],
        "programmes": [row | {"verdict": VERDICTS[row["outcome"]]} for row in _in_order(tests)],
        "rules": [] if copy_of is not None else [
            row | {"who": names.get(row["position"],
            "全户")} for row in sorted(tests, key=lambda r: (r["outcome"] != "true", r["test"]))
            if row["test"][:1] in "UO" and row["test"][1:].isdigit() and row["outcome"] != "false"
        ],
        "valid_until": day_of(head["asked_at"]) + dt.timedelta(days=valid_days),
        "more": sorted({why for one in members for why in _wanted(one)}),
    }  # fmt: skip


def _person(one: dict[str, Any], signed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What every copy says of a member: who, whether they count, what they signed."""
    mine = [s for s in signed.values() if s["person_id"] == one["person_id"] and s["name"] == one["name"]]
    return one | {
        "role_title": ROLES[one["role"]], "outcome_title": OUTCOMES[one["outcome"]], "authorisation": mine[0] if mine else None,
    }  # fmt: skip


def _veiled(one: dict[str, Any], signed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A member in somebody else's copy."""
    return _person(one, signed) | {"hidden": True, "items": [], "unasked": [], "nothing": [], "income": None}


def _member(
    one: dict[str, Any],
    parts: dict[str, list[dict[str, Any]]],
    signed: dict[str, dict[str, Any]],
    closed: set[tuple[int, str]],
) -> dict[str, Any]:
    """A member with what every source said, and what none was asked."""
    contracts, answers = load_contracts(), load_sources().answers

    def title(row: dict[str, Any]) -> str:
        return contracts[row["source"]].title if row["source"] in contracts else str(row["source"])

    def is_closed(row: dict[str, Any]) -> bool:
        return (row["position"], row["source"]) in closed

    items = [row for row in parts["items"] if row["position"] == one["position"] and not is_closed(row)]
    asked = [row for row in parts["asked"] if row["position"] == one["position"]]
    told = [row | {"title": title(row), "kind_title": KINDS[row["kind"]]} for row in items]
    results = [row for row in parts["results"] if row["position"] == one["position"] and row["test"] == "declared_income"]
    return _person(one, signed) | {
        "hidden": False,
        "items": sorted(told, key=lambda row: (list(KINDS).index(row["kind"]), row["source"], row["number"])),
        "unasked": [
            {"title": title(row), "why": WITHDRAWN if is_closed(row) else answers[row["answer"]]}
            for row in asked
            if is_closed(row) or row["answer"] not in ("found", "nothing")
        ],
        "nothing": [title(row) for row in asked if row["answer"] == "nothing" and not is_closed(row)],
        "income": results[0] if results else None,
    }


def _in_order(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from pipelines.check.reckon import programmes

    place = {name: number for number, name in enumerate(programmes())}
    return sorted((row for row in tests if row["test"].startswith("P:")), key=lambda row: place.get(row["title"], 99))


def _closed(asked: Iterable[dict[str, Any]], signed: dict[str, dict[str, Any]]) -> set[tuple[int, str]]:
    """What an authorisation opened that has been taken back since."""
    contracts = load_contracts()
    return {
        (row["position"], row["source"])
        for row in asked
        if row["authorisation_id"]
        and signed[row["authorisation_id"]]["withdrawn_on"]
        and row["source"] in contracts
        and contracts[row["source"]].use == "authorised"
    }


def _wanted(member: dict[str, Any]) -> list[str]:
    """Which papers would answer what no source could."""
    found = []
    if member["outcome"] != "linked" and member["role"] != "excluded":
        found.append(f"{member['relation']}：身份证或户口簿，核对姓名和证号")
    if any("没有有效授权" in one["why"] for one in member["unasked"]):
        found.append(f"{member['relation']}：本人（未成年人由监护人）签署的授权书")
    if member["role"] == "unproven":
        found.append(f"{member['relation']}：与申请人亲属关系或共同居住的证明")
    if member["role"] == "not_listed":
        found.append(f"{member['relation']}：说明是否共同生活；共同生活的补填申请表并签署授权书")
    return found


def printed(store: Store, check_id: str) -> int:
    """Count one more printing; returns which it is."""
    with store.write() as connection:
        return int(
            connection.execute(
                update(check)
                .where(check.c.check_id == check_id)
                .values(printed_times=check.c.printed_times + 1)
                .returning(check.c.printed_times)
            ).scalar_one()
        )


def render_html(report: dict[str, Any], printing: int) -> str:
    """The report as one page by itself, to print or keep."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report_page.html").render(report=report, printing=printing, style=style)


def write_xlsx(path: Path, report: dict[str, Any], printing: int) -> None:
    """The report as a workbook: one sheet for the household, one for the rows of the sources, one for what was not asked."""
    import xlsxwriter

    head = report["check"]
    with (
        whole_or_absent(path) as new,
        xlsxwriter.Workbook(str(new), {"strings_to_formulas": False, "strings_to_urls": False}) as book,
    ):
        bold, wrap = (
            book.add_format({"bold": True, "font_name": "宋体"}),
            book.add_format({"text_wrap": True, "valign": "top", "font_name": "宋体"}),
        )

        def sheet(name: str, headings: list[str], rows: Iterable[Iterable[Any]], widths: list[int]) -> None:
            made = book.add_worksheet(name)
            made.set_landscape()
            made.set_paper(9)
            made.fit_to_pages(1, 0)
            made.set_footer(f"&L仅供社会救助使用　{head['check_id']}&R第{printing}次打印　第 &P 页")
            made.freeze_panes(1, 0)
            made.repeat_rows(0)
            for place, (heading, width) in enumerate(zip(headings, widths, strict=True)):
                made.set_column(place, place, width, wrap)
                made.write_string(0, place, heading, bold)
            for number, row in enumerate(rows, 1):
                for place, value in enumerate(row):
                    made.write_string(number, place, "" if value is None else str(value), wrap)

        facts = [
            ("核对报告编号", head["check_id"]), ("申请编号", head["application_no"]),
            ("申请事项", head["matter"]), ("受理镇街", head["town"]),
            ("受理日期", head["accepted_on"]), ("数据截至", head["as_of"]), ("报告有效至", report["valid_until"]),
            *((f"核对结论：{row['title']}", f"{row['verdict']}　{row['words']}") for row in report["lines"]),
            *((f"核对结论：{row['title']}", f"{row['verdict']}　{row['words']}") for row in report["programmes"]),
            ("需要补充的材料", "\n".join(report["more"])), ("说明",
            "数据比对的结果，不是认定；能否享受政策由审核确认决定。仅供社会救助使用。"),
        ]  # fmt: skip
        sheet("核对结论", ["项目", "内容"], facts, [32, 90])
        people = [
            (one["position"], one["name"], one["id_number"], one["relation"],
            one["outcome_title"], one["role_title"], one["reason"],
             one["authorisation"]["form_no"] if one["authorisation"] else "无",
             one["authorisation"]["valid_to"] if one["authorisation"] else "",
             one["income"]["words"] if one["income"] else "")
            for one in report["members"]
        ]  # fmt: skip
        sheet("家庭成员", ["序号", "姓名", "证号", "与申请人关系", "认定", "是否计入",
        "说明", "授权书编号", "授权有效至", "申报收入比对"], people,
              [6, 10, 22, 12, 16, 10, 40, 16, 12, 14])  # fmt: skip
        rows = [
            (one["position"], one["name"], i["kind_title"], i["title"], i["text"], i["amount"], i["period_from"], i["period_to"],
             {True: "计入", False: "不计入", None: "待定"}[i["counted"]], i["comparison"], i["file"], i["row_no"])
            for one in report["members"] for i in one["items"]
        ]  # fmt: skip
        sheet("各数据源", ["序号", "姓名", "类别", "来源", "内容", "金额", "起", "止", "是否计入", "比对", "文件", "行号"], rows,
              [6, 10, 8, 20, 50, 12, 12, 12, 8, 10, 24, 8])  # fmt: skip
        lacking = [
            (one["position"], one["name"], one_["title"], one_["why"]) for one in report["members"] for one_ in one["unasked"]
        ]
        sheet("未能核对", ["序号", "姓名", "来源", "原因"], lacking, [6, 10, 24, 50])
        rules = [
            (row["test"], row["title"], row["who"], VERDICTS_OF_RULES[row["outcome"]], row["words"], "、".join(row["missing"]))
            for row in report["rules"]
        ]
        sheet("规则", ["规则", "名称", "对象", "结果", "说明", "缺什么"], rules, [8, 28, 10, 12, 70, 24])


VERDICTS_OF_RULES = {"true": "成立", "unknown": "不能确定", "false": "不成立"}


def write_results(path: Path, reports: Iterable[dict[str, Any]], refused: Iterable[tuple[str, int | str, str]]) -> None:
    """One line a household for a system that asked for many: no name, no id."""
    with whole_or_absent(path) as new, new.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["申请编号", "行号", "核对报告编号", "数据截至", "结果", "说明"])
        for report in reports:
            head = report["check"]
            for row in [*report["lines"], *report["programmes"]]:
                writer.writerow([head["application_no"], "", head["check_id"], head["as_of"], row["title"], row["verdict"]])
        for application, row_no, reason in refused:
            writer.writerow([application, row_no, "", "", "没有核对", reason])
