"""Logging in and out, and one's own password.

Belongs here: the three forms. Does not belong here: sessions (`casework.accounts`).
"""

from starlette.responses import Response

from pipelines.casework.accounts import IDLE, LONGEST, log_in, log_out, set_password
from pipelines.desk.web import COOKIE, Call, go, page, show
from pipelines.errors import DataError, UsageError


def _login(call: Call) -> Response:
    return go("/") if call.session else show(call, "login.html", error=None)


def _enter(call: Call) -> Response:
    try:
        token = log_in(call.store, call.text("name"), call.form.get("password", ""), loopback=call.desk.loopback)
    except DataError as error:
        return show(call, "login.html", status=400, error=error)
    answer = go("/")
    secure = call.request.url.scheme == "https"
    answer.set_cookie(COOKIE, token, max_age=int(LONGEST.total_seconds()), httponly=True, samesite="strict", secure=secure)
    return answer


def _leave(call: Call) -> Response:
    if call.session:
        log_out(call.store, call.session)
    answer = go("/login")
    answer.delete_cookie(COOKIE)
    return answer


def _password(call: Call) -> Response:
    return show(call, "password.html", minutes=IDLE.seconds // 60)


def _change(call: Call) -> Response:
    if call.form.get("password", "") != call.form.get("again", ""):
        raise DataError("两次写的新密码不一样。", todo="重新填写。")
    log_in(call.store, call.actor.name, call.form.get("old", ""), loopback=call.desk.loopback)
    try:
        set_password(call.store, call.actor.name, call.form.get("password", ""))
    except UsageError as error:
        raise DataError(str(error), todo="换一个长一些的密码。") from None
    return go("/login")


PAGES = [
    page("/login", _login, public=True),
    page("/login", _enter, method="POST", public=True),
    page("/logout", _leave, method="POST"),
    page("/password", _password),
    page("/password", _change, method="POST"),
]
