"""What every page needs: who asks, whether the form is ours, how an error is shown.

Belongs here: the call (request, session, store), rendering, the guard around a page. Does not belong here: any one page.

Nothing personal stands in an address: searches and forms are POSTed, addresses hold opaque numbers. An error page says what the
clerk can do; an unforeseen one says its kind alone.
"""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.casework.access import PURPOSES, ROLES, Actor, Entry, RefusedError, record
from pipelines.casework.accounts import Session, opened, resume
from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import load_levels
from pipelines.casework.published import Published
from pipelines.casework.store import Store, TakenError
from pipelines.check.report import TEMPLATES
from pipelines.errors import DataError
from pipelines.masking import Kind, mask
from pipelines.month import SHANGHAI
from pipelines.storage import Home

LOG = logging.getLogger("zhudong.desk")
COOKIE = "zhudong"
MASKED_AS = {"district": "district", "town": "town", "village": "village", "organisation": "public"}
"""Which role of `schemas/masking.yaml` each role of the desk sees as."""
LARGEST = 5_000_000
"""Bytes of a file that a form may bring."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Desk:
    """What all pages share."""

    home: Home
    store: Store
    published: Published
    loopback: bool
    """Whether only this machine can reach it."""


@dataclass
class Call:
    """One request as a page sees it."""

    desk: Desk
    request: Request
    session: Session | None
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Who asks."""
        assert self.session
        return self.session.actor

    @property
    def store(self) -> Store:
        """The case store."""
        return self.desk.store

    def text(self, name: str) -> str:
        """A form field, trimmed; empty where it is missing."""
        return self.form.get(name, "").strip()

    def number(self, name: str) -> int:
        """A whole number of the form.

        Raises:
            DataError: it is none.
        """
        try:
            return int(self.text(name))
        except ValueError:
            raise DataError("表单不完整或有一项不是数字。", todo="退回上一页重新填写。") from None

    def purpose(self, subject: str) -> str | None:
        """For which reason this session sees the subject's full values now; None: masked."""
        return opened(self.store, self.session, subject) if self.session else None


Page = Callable[[Call], Response]


def show(call: Call, template: str, *, status: int = 200, opened_for: str | None = None, **values: Any) -> Response:
    """Render a page.

    Args:
        call: the request.
        template: its file.
        status: of HTTP.
        opened_for: the reason for which full values are shown; None: as the role's masking says.
        values: what the template reads.
    """
    role = MASKED_AS[call.session.actor.role] if call.session else "public"

    def shown(value: str | None, kind: Kind) -> str:
        return (value or "") if opened_for else mask(value, kind, role)

    text = _environment().get_template(template).render(
        call=call, actor=call.session.actor if call.session else None, csrf=call.session.csrf if call.session else "",
        shown=shown, opened_for=opened_for, purposes=PURPOSES, roles=ROLES, levels=load_levels().levels, today=day_of(now()),
        moment=_moment, **values,
    )  # fmt: skip
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def go(address: str) -> Response:
    """To another page, after a form was taken."""
    return RedirectResponse(address, status_code=303, headers=HEADERS)


def _moment(value: Any) -> str:
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if value else ""


def _environment() -> Environment:
    if not _ENVIRONMENT:
        _ENVIRONMENT.append(
            Environment(
                loader=FileSystemLoader([Path(__file__).with_name("templates"), TEMPLATES]),
                autoescape=select_autoescape(default=True),
                undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            )
        )  # fmt: skip
    return _ENVIRONMENT[0]


_ENVIRONMENT: list[Environment] = []


def page(path: str, handler: Page, *, method: str = "GET", roles: tuple[str, ...] = (), public: bool = False) -> Route:
    """A route to a page.

    Args:
        path: as Starlette writes it.
        handler: given the call; runs in a thread.
        method: GET shows, POST changes.
        roles: who may; empty: everybody with an account.
        public: without an account as well.
    """

    async def answer(request: Request) -> Response:
        desk: Desk = request.app.state.desk
        form, files = await _form(request) if method == "POST" else ({}, {})
        return await run_in_threadpool(_guarded, Call(desk, request, None, form, files), handler, roles, public)

    return Route(path, answer, methods=[method], name=f"{method} {path}")


async def _form(request: Request) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    if int(request.headers.get("content-length") or 0) > LARGEST:
        return {}, {}
    data: FormData = await request.form(max_files=5, max_fields=600, max_part_size=200_000)
    form: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read(LARGEST + 1)
            if value.filename and len(content) <= LARGEST:
                files[name] = (value.filename, content)
        else:
            form[name] = f"{form[name]}、{value}" if form.get(name) else value
    return form, files


def _guarded(call: Call, handler: Page, roles: tuple[str, ...], public: bool) -> Response:
    try:
        token = call.request.cookies.get(COOKIE)
        call.session = resume(call.store, token) if token else None
        if call.session is None and not public:
            return go("/login")
        if call.request.method == "POST":
            _demand_own_form(call, public)
        _demand_role(call, roles)
        return handler(call)
    except RefusedError as error:
        return show(call, "error.html", status=403, error=error)
    except TakenError as error:
        return show(call, "error.html", status=409, error=error)
    except DataError as error:
        return show(call, "error.html", status=400, error=error)
    except Exception as error:  # noqa: BLE001  whatever it is, its text may quote a row
        LOG.error("%s on %s", type(error).__name__, call.request.scope["route"].path)  # noqa: TRY400  a traceback may quote a row
        failed = DataError(f"程序出错（{type(error).__name__}），没有写入任何内容。", todo="再试一次；仍然出错请告诉维护人员。")
        return show(call, "error.html", status=500, error=failed)


def _demand_role(call: Call, roles: tuple[str, ...]) -> None:
    if roles and call.actor.role not in roles:
        record(call.store, Entry(call.actor, f"打开 {call.request.scope['route'].path}"[:32], allowed=False))
        raise RefusedError


def _demand_own_form(call: Call, public: bool) -> None:
    """Refuse a form that another site sent: wrong origin, or without the session's token."""
    origin = call.request.headers.get("origin")
    ours = origin is None or origin.split("://")[-1] == call.request.headers.get("host")
    expected = call.session.csrf if call.session else ""
    given = call.form.get("csrf", "")
    if not ours or (not public and not hmac.compare_digest(given.encode(), expected.encode())):
        raise DataError("表单已过期，或不是从本页提交的；没有写入任何内容。", todo="退回上一页，刷新后重新提交。")
