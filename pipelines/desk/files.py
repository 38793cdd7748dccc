"""Search, a household's file, opening it, and what is written into it.

Belongs here: the pages of one household. Does not belong here: the rules by which a file changes (`casework`).
"""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.casework.access import PURPOSES, Entry, demand, record
from pipelines.casework.accounts import open_subject
from pipelines.casework.answering import METHODS, Visit, record_visit
from pipelines.casework.declared import load_needs, load_packages
from pipelines.casework.files import HOUSEHOLD, Place, belonging, history, open_file, read_file, set_adviser
from pipelines.casework.levels import set_level
from pipelines.casework.orders import ASKED_BY
from pipelines.casework.published import MOST_FOUND
from pipelines.casework.tables import check
from pipelines.desk.web import Call, go, page, show
from pipelines.errors import DataError
from pipelines.publish.worklist_policy import load_worklist_policy


def _search(call: Call) -> Response:
    return show(call, "search.html", found=None, most=MOST_FOUND)


def _find(call: Call) -> Response:
    words = call.text("words")
    if words[:1].upper() in ("D", "L") and len(words) >= 7:
        file = read_file(call.store, words.upper(), call.actor)
        return go(f"/file/{file['file_no']}")
    return show(call, "search.html", found=call.desk.published.search(call.actor, words), most=MOST_FOUND)


def _household(call: Call) -> Response:
    """A household's file if it has one; else what the batch knows, and the button that makes one."""
    household_id = call.request.path_params["number"]
    try:
        return go(f"/file/{read_file(call.store, household_id, call.actor)['file_no']}")
    except DataError as error:
        if type(error) is not DataError:
            raise
    purpose = call.purpose(household_id)
    found = call.desk.published.household(call.actor, household_id, purpose)
    return show(call, "household.html", opened_for=purpose, household=found, subject=household_id)


def _make(call: Call) -> Response:
    household_id = call.request.path_params["number"]
    call.desk.published.household(call.actor, household_id, "建档")
    town, village, grid = call.desk.published.place_of(household_id)
    with call.store.write() as connection:
        file = open_file(connection, HOUSEHOLD, household_id, Place(town, village, grid), call.actor)
    return go(f"/file/{file['file_no']}")


def _proposed(household: dict[str, Any] | None) -> list[str]:
    """Services that what the rules found suggests, each once."""
    needs = load_needs().needs
    found = household["findings"] if household else []
    return list(dict.fromkeys(item for one in found if one["outcome"] == "true" for item in needs.get(one["rule_id"], ())))


def _file(call: Call) -> Response:
    file = read_file(call.store, call.request.path_params["number"], call.actor)
    purpose = call.purpose(file["subject_id"])
    try:
        household = call.desk.published.household(call.actor, file["subject_id"], purpose)
    except DataError as error:
        if type(error) is not DataError:
            raise
        household = None  # gone from the last batch: the file still says what was
        record(call.store, Entry(call.actor, "查看档案", purpose, [file["subject_id"]]))
    return show(
        call, "file.html", opened_for=purpose, file=file, household=household, subject=file["subject_id"],
        events=history(call.store, file, call.actor), outcomes=load_outcomes(), methods=METHODS, key=uuid.uuid4().hex,
        columns=load_worklist_policy().columns, of=belonging(call.store, file["file_no"]),
        packages=load_packages().packages, asked_by=ASKED_BY, proposed=_proposed(household),
    )  # fmt: skip


def _open(call: Call) -> Response:
    """Full values for half an hour, for a reason."""
    assert call.session
    subject, back = call.text("subject"), call.text("back")
    place = _place(call, subject)
    if call.text("purpose") not in PURPOSES:
        raise DataError("请选择查阅事由。", todo="从列表里选一项。")
    demand(call.store, call.actor, place, "查看完整信息", subject)
    open_subject(call.store, call.session, subject, call.text("purpose"))
    return go(back if back.startswith(("/file/", "/household/", "/check/")) else f"/household/{subject}")


def _place(call: Call, subject: str) -> tuple[str | None, str | None]:
    """Where a file, a check or a household of the last batch is."""
    if subject.startswith("K"):
        with call.store.read() as connection:
            return connection.execute(select(check.c.town).where(check.c.check_id == subject)).scalar(), None
    try:
        file = read_file(call.store, subject, call.actor)
    except DataError as error:
        if type(error) is not DataError:
            raise
        return call.desk.published.place_of(subject)[:2]
    return file["town"], file["village"]


def _visit(call: Call) -> Response:
    file = read_file(call.store, call.request.path_params["number"], call.actor)
    try:
        day = dt.date.fromisoformat(call.text("visited_on"))
    except ValueError:
        raise DataError("核查日期没有写，或写得不对。", todo="写成 2026-11-05 这样。") from None
    given = Visit(
        visited_on=day, method=call.text("method"), visitors=(call.text("visitor_1"), call.text("visitor_2")),
        outcome_code=call.text("outcome"), lives_with=call.number("lives_with") if call.text("lives_with") else None,
        difficulties=call.text("difficulties"), departments=call.text("departments"), note=call.text("note"),
        key=call.text("key"),
    )  # fmt: skip
    record_visit(call.store, file["file_no"], call.number("version"), given, call.actor)
    return go(f"/file/{file['file_no']}")


def _level(call: Call) -> Response:
    file = read_file(call.store, call.request.path_params["number"], call.actor)
    set_level(call.store, file | {"version": call.number("version")}, call.text("level"), call.text("reason"), call.actor)
    return go(f"/file/{file['file_no']}")


def _adviser(call: Call) -> Response:
    file = read_file(call.store, call.request.path_params["number"], call.actor)
    set_adviser(call.store, file | {"version": call.number("version")}, call.text("adviser") or None, call.actor)
    return go(f"/file/{file['file_no']}")


_STAFF = ("district", "town", "village")

PAGES = [
    page("/search", _search, roles=_STAFF),
    page("/search", _find, method="POST", roles=_STAFF),
    page("/household/{number}", _household, roles=_STAFF),
    page("/household/{number}", _make, method="POST", roles=_STAFF),
    page("/open", _open, method="POST", roles=_STAFF),
    page("/file/{number}", _file, roles=_STAFF),
    page("/file/{number}/visit", _visit, method="POST", roles=_STAFF),
    page("/file/{number}/level", _level, method="POST", roles=_STAFF),
    page("/file/{number}/adviser", _adviser, method="POST", roles=("district", "town")),
]
