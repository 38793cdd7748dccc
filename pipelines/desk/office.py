"""The district's own pages: accounts and the access log.

Belongs here: those two. Does not belong here: writing the log (`casework.access`).
"""

from starlette.responses import Response

from pipelines.casework.access import Entry, latest, record
from pipelines.casework.accounts import accounts, add_account, disable, known_towns, set_password
from pipelines.desk.web import Call, go, page, show
from pipelines.errors import DataError, UsageError


def _log(call: Call) -> Response:
    subject = call.request.query_params.get("subject", "").strip() or None
    record(call.store, Entry(call.actor, "查看访问记录", subjects=[subject] if subject else []))
    return show(call, "log.html", rows=latest(call.store, subject=subject), subject=subject or "")


def _accounts(call: Call) -> Response:
    return show(call, "accounts.html", rows=accounts(call.store), towns=known_towns())


def _add(call: Call) -> Response:
    place = {name: call.text(name) or None for name in ("town", "village", "title", "organisation")}
    try:
        add_account(call.store, call.text("name"), call.form.get("password", ""), call.text("role"), **place)
    except UsageError as error:
        raise DataError(str(error), todo="改正后再提交。") from None
    record(call.store, Entry(call.actor, "新建账号", subjects=[call.text("name")]))
    return go("/accounts")


def _change(call: Call) -> Response:
    name = call.text("name")
    try:
        if call.text("action") == "disable":
            if name == call.actor.name:
                raise DataError("不能停用自己的账号。", todo="请另一位管理员办理。")
            disable(call.store, name)
        else:
            set_password(call.store, name, call.form.get("password", ""))
    except UsageError as error:
        raise DataError(str(error), todo="改正后再提交。") from None
    record(call.store, Entry(call.actor, "停用账号" if call.text("action") == "disable" else "重设密码", subjects=[name]))
    return go("/accounts")


_DISTRICT = ("district",)

PAGES = [
    page("/log", _log, roles=_DISTRICT),
    page("/accounts", _accounts, roles=_DISTRICT),
    page("/accounts", _add, method="POST", roles=_DISTRICT),
    page("/accounts/change", _change, method="POST", roles=_DISTRICT),
]
