"""Carrying alerts out of the outbox: by mail and by webhook, again until somebody took them.

Belongs here: channels, retries. Does not belong here: what is told (`alerts`).

Every alert reaches each channel at least once: it is ticked off after the channel took it, never before. Who receives it twice
tells by its key (`Message-ID`, `Idempotency-Key`). Without `alerts.yaml` in the home folder alerts stand on the desk alone.
"""

import contextlib
import datetime as dt
import functools
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from email.message import EmailMessage
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from pipelines.casework.clock import now
from pipelines.casework.declared import load_levels
from pipelines.casework.store import Store, TakenError, changed
from pipelines.casework.tables import outbox
from pipelines.declarations import read_declared, validated
from pipelines.storage import Home

PATIENCE = 20
"""Seconds a server has to answer."""
FIRST, LONGEST = dt.timedelta(minutes=1), dt.timedelta(hours=6)
"""The wait after the first failure; it doubles until the longest."""
CLAIM = dt.timedelta(minutes=5)
"""For so long an alert is with whoever took it up; then another may."""
MOST = 500
"""Alerts of one round."""
IN_A_MAIL = 50
"""Alerts of one mail."""

Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Smtp(_Part):
    """A mail server and who is written to."""

    host: str
    port: Annotated[int, Field(gt=0, lt=65536)] = 25
    security: Literal["none", "starttls", "tls"] = "starttls"
    user: str = ""
    sender: Address
    to: dict[str, list[Address]]
    """`区`, or a town's name → addresses."""


class Webhook(_Part):
    """An address that takes alerts as JSON."""

    url: Annotated[str, Field(pattern=r"^https?://")]


class Channels(_Part):
    """The whole of alerts.yaml."""

    link: Annotated[str, Field(pattern=r"^https?://")]
    """The desk's address, as readers call it."""
    smtp: Smtp | None = None
    webhook: Webhook | None = None


def load_channels(home: Home) -> Channels | None:
    """The home's channels; None: it has none.

    Raises:
        DeclarationError: `alerts.yaml` has a mistake.
    """
    path = Path(home.root) / "alerts.yaml"
    return validated(read_declared(path)[0], Channels, example="docs/handbook/desk.md") if path.exists() else None


def send_alerts(store: Store, channels: Channels | None, moment: dt.datetime | None = None) -> dict[str, int]:
    """Send what waits and whose time has come; returns counts: sent, failed, waiting (without a channel, or for their time).

    Several may run at once: each alert is taken up by one. Alerts to the same reader go in one mail.
    """
    moment = moment or now()
    counts = {"sent": 0, "failed": 0}
    open_ = outbox.c.sent_at.is_(None)
    if channels:
        ready = select(outbox).where(open_, outbox.c.next_at <= moment).order_by(outbox.c.number).limit(MOST)
        with store.read() as connection:
            rows = [dict(row) for row in connection.execute(ready).mappings()]
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in rows:
            if _take_up(store, row, moment):
                groups.setdefault((row["reader"], row["town"] or ""), []).append(row)
        for group in groups.values():
            for start in range(0, len(group), IN_A_MAIL):
                _send(group[start : start + IN_A_MAIL], channels)
            for row in group:
                counts["failed" if row["failure"] else "sent"] += 1
                _tick_off(store, row, moment)
    with store.read() as connection:
        left = connection.execute(select(func.count()).select_from(outbox).where(open_)).scalar_one()
    return counts | {"waiting": left - counts["failed"]}


def _take_up(store: Store, row: dict[str, Any], moment: dt.datetime) -> bool:
    try:
        with store.write() as connection:
            row["version"] = changed(connection, outbox, row["number"], row["version"], {"next_at": moment + CLAIM})
    except TakenError:
        return False
    return True


def _send(rows: list[dict[str, Any]], channels: Channels) -> None:
    """Send alerts of one reader to each channel that has not taken them yet; `done` and `failure` of each say how it went."""
    for row in rows:
        row["failure"] = None
    if channels.smtp and (waiting := [row for row in rows if "smtp" not in row["done"]]):
        _try("smtp", waiting, functools.partial(_mail, waiting, channels, channels.smtp))
    if channels.webhook:
        for row in rows:
            if "webhook" not in row["done"]:
                _try("webhook", [row], functools.partial(_post, row, channels, channels.webhook))


def _try(name: str, rows: list[dict[str, Any]], way: Callable[[], None]) -> None:
    try:
        way()
    except (OSError, ValueError, HTTPException) as error:  # a server's words may quote anything: its kind alone is kept
        for row in rows:
            row["failure"] = f"{name} {type(error).__name__}"
    else:
        for row in rows:
            row["done"] = [*row["done"], name]


def _tick_off(store: Store, row: dict[str, Any], moment: dt.datetime) -> None:
    values: dict[str, Any] = {"done": row["done"], "attempts": row["attempts"] + 1, "failure": row["failure"]}
    if row["failure"]:
        values["next_at"] = moment + min(FIRST * 2 ** min(row["attempts"], 20), LONGEST)
    else:
        values["sent_at"] = now()
    # who was slower than its claim has sent it a second time: at least once, and the key tells
    with contextlib.suppress(TakenError), store.write() as connection:
        changed(connection, outbox, row["number"], row["version"], values)


def _key(*rows: dict[str, Any]) -> str:
    """The idempotency key of alerts that go together."""
    return hashlib.sha256("\n".join(row["key"] for row in rows).encode()).hexdigest()


def _link(row: dict[str, Any], channels: Channels) -> str:
    return f"{channels.link.rstrip('/')}/file/{row['file_no']}"


def _mail(rows: list[dict[str, Any]], channels: Channels, smtp: Smtp) -> None:
    """Mail alerts of one reader: numbers and levels, nobody's name.

    Raises:
        OSError: the server did not take it.
        ValueError: nobody is named who reads for this town.
    """
    import smtplib

    to = smtp.to.get("区" if rows[0]["reader"] == "district" else rows[0]["town"]) or smtp.to.get("区")
    if not to:
        raise ValueError("no reader")
    titles = load_levels().levels
    lines = [f"{row['kind']}　档案 {row['file_no']}　{titles[row['level']].title}　{_link(row, channels)}" for row in rows]
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = f"[主动发现] {len(rows)} 条提醒", smtp.sender, ", ".join(to)
    message["Message-ID"] = f"<{_key(*rows)[:32]}@{smtp.sender.partition('@')[2]}>"
    message.set_content("\n".join([*lines, "", "请在办理台查看和办理。本邮件不含个人信息，请勿回复。", ""]))
    kind = smtplib.SMTP_SSL if smtp.security == "tls" else smtplib.SMTP
    with kind(smtp.host, smtp.port, timeout=PATIENCE) as server:
        if smtp.security == "starttls":
            import ssl

            server.starttls(context=ssl.create_default_context())
        if smtp.user:
            server.login(smtp.user, os.environ.get("ZHUDONG_SMTP_PASSWORD", ""))
        if server.send_message(message):
            raise OSError("some readers were refused")


def _post(row: dict[str, Any], channels: Channels, webhook: Webhook) -> None:
    """Post one alert as JSON, signed where `ZHUDONG_WEBHOOK_SECRET` is set.

    Raises:
        OSError: the server did not take it, or leads elsewhere.
    """
    import urllib.request

    body = json.dumps(
        {"key": _key(row), "kind": row["kind"], "file_no": row["file_no"], "level": row["level"], "town": row["town"],
         "reader": row["reader"], "link": _link(row, channels)}, ensure_ascii=False,
    ).encode()  # fmt: skip
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": _key(row)}
    secret = os.environ.get("ZHUDONG_WEBHOOK_SECRET", "")
    if secret:
        headers["X-Zhudong-Signature"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    class Staying(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: Any, **_more: Any) -> None:
            """Nobody sends an alert on to another place; the answer is an error then."""

    request = urllib.request.Request(webhook.url, data=body, headers=headers, method="POST")  # noqa: S310  http(s), see Webhook
    with urllib.request.build_opener(Staying).open(request, timeout=PATIENCE):
        pass
