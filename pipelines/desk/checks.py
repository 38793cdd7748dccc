"""Checks: the list, the form at the window, a file of forms, a report, its copies and its workbook.

Belongs here: their pages. Does not belong here: checking (`pipelines.check`).
"""

import tempfile
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from starlette.responses import Response

from pipelines.casework.access import PURPOSES
from pipelines.casework.clock import day_of, now
from pipelines.casework.tables import check
from pipelines.check.declared import load_sources
from pipelines.check.form import MOST_MEMBERS, Refused, judge_rows, read_form
from pipelines.check.perform import Done, perform, withdraw
from pipelines.check.report import printed, read_report, render_html, write_xlsx
from pipelines.desk.web import HEADERS, Call, go, page, show
from pipelines.errors import DataError

ROWS = 6
"""People a form shows; more are added with “再加几行”."""


def _list(call: Call) -> Response:
    query = select(check).where(check.c.kind != "recheck").order_by(check.c.check_id.desc()).limit(100)
    if call.actor.role == "town":
        query = query.where(check.c.town == call.actor.town)
    changed = select(check).where(check.c.kind == "recheck", check.c.change.not_in(("无变化", "首次")))
    if call.actor.role == "town":
        changed = changed.where(check.c.town == call.actor.town)
    with call.store.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        changes = [dict(row) for row in connection.execute(changed.order_by(check.c.check_id.desc()).limit(100)).mappings()]
    return show(call, "checks.html", rows=rows, changes=changes)


def _form(call: Call) -> Response:
    asked = call.request.query_params.get("rows", "")
    count = min(int(asked), MOST_MEMBERS) if asked.isdigit() else ROWS
    return show(
        call, "check_new.html", count=max(count, 1), matters=load_sources().matters, key=uuid.uuid4().hex[:8], asked=None,
        town=call.actor.town or "",
    )  # fmt: skip


_COLUMNS = (
    "name",
    "id_number",
    "relation",
    "birth_date",
    "phone",
    "income",
    "property",
    "form_no",
    "signed_on",
    "valid_to",
    "signed_by",
)


def _ask(call: Call) -> Response:
    """The form at the window: one household."""
    common = {
        "application_no": call.text("application_no"), "matter": call.text("matter"), "town": call.text("town"),
        "accepted_on": call.text("accepted_on") or str(day_of(now())),
    }  # fmt: skip
    rows = []
    for number in range(1, MOST_MEMBERS + 1):
        cells = {name: call.text(f"{name}_{number}") for name in _COLUMNS}
        if cells["name"] or cells["id_number"]:
            rows.append((number, cells | common | {"address": "", "sex": "", "scope": "全部"}))
    if not rows:
        raise DataError("没有填任何人。", todo="至少填申请人本人。")
    applications, refused = judge_rows(rows)
    return _answered(call, perform(call.desk.home, call.store, applications, call.actor) if not refused else [], refused)


def _file(call: Call) -> Response:
    """A file of forms; each household a report."""
    if "file" not in call.files:
        raise DataError("没有选文件，或文件超过 5 MB。", todo="选一个 CSV 或 XLSX 文件。")
    name, content = call.files["file"]
    suffix = Path(name).suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise DataError("文件应为 CSV 或 XLSX。", todo="另存为 CSV 或 XLSX 后再交。")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"form{suffix}"
        path.write_bytes(content)
        applications, refused = read_form(path)
    return _answered(call, perform(call.desk.home, call.store, applications, call.actor), refused)


def _answered(call: Call, done: list[Done], refused: list[Refused]) -> Response:
    made = [one for one in done if one.check_id]
    if len(made) == 1 and len(done) == 1 and not refused:
        return go(f"/check/{made[0].check_id}")
    stopped = [(one.application_no, one.row_no, one.reason) for one in refused]
    stopped += [(one.application_no, 0, one.refused) for one in done if not one.check_id]
    return show(call, "check_done.html", status=200 if made else 400, made=made, stopped=stopped)


def _report(call: Call) -> Response:
    number = call.request.path_params["number"]
    purpose = call.purpose(number)
    return show(
        call, "check.html", opened_for=purpose, report=read_report(call.store, number, call.actor), detailed=purpose is not None,
        subject=number,
    )  # fmt: skip


def _paper(call: Call) -> Response:
    """The report to print, for a reason; an applicant's copy where a member is named."""
    number = call.request.path_params["number"]
    report = _for_paper(call, number)
    return Response(render_html(report, printed(call.store, number)), media_type="text/html", headers=_PAPER)


_PAPER = HEADERS | {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def _workbook(call: Call) -> Response:
    number = call.request.path_params["number"]
    report = _for_paper(call, number)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        write_xlsx(path, report, printed(call.store, number))
        content = path.read_bytes()
    name = quote(f"{number}_核对报告.xlsx")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(content, media_type=kind, headers=HEADERS | {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"})


def _for_paper(call: Call, number: str) -> dict[str, Any]:
    if call.text("purpose") not in PURPOSES:
        raise DataError("请选择查阅事由。", todo="从列表里选一项。")
    copy_of = int(call.text("copy_of")) if call.text("copy_of").isdigit() else None
    from pipelines.casework.access import Entry, record

    record(call.store, Entry(call.actor, "打印核对报告", call.text("purpose"), [number]))
    return read_report(call.store, number, call.actor, copy_of=copy_of)


def _withdraw(call: Call) -> Response:
    number = call.request.path_params["number"]
    report = read_report(call.store, number, call.actor)
    wanted = call.text("authorisation")
    if wanted not in {one["authorisation"]["authorisation_id"] for one in report["members"] if one["authorisation"]}:
        raise DataError("这份报告没有这份授权。", todo="刷新后再试。")
    withdraw(call.store, wanted, call.actor)
    return go(f"/check/{number}")


_STAFF = ("district", "town")

PAGES = [
    page("/checks", _list, roles=_STAFF),
    page("/checks/new", _form, roles=_STAFF),
    page("/checks/new", _ask, method="POST", roles=_STAFF),
    page("/checks/file", _file, method="POST", roles=_STAFF),
    page("/check/{number}", _report, roles=_STAFF),
    page("/check/{number}/paper", _paper, method="POST", roles=_STAFF),
    page("/check/{number}/xlsx", _workbook, method="POST", roles=_STAFF),
    page("/check/{number}/withdraw", _withdraw, method="POST", roles=_STAFF),
]
