"""Accounts and sessions: who somebody is.

Belongs here: passwords (Argon2id), locking after failures, sessions and their CSRF tokens, openings. Does not belong here: what a
role may do (`access`).

A wrong name and a wrong password take the same time and give the same answer. A session lies in the store by its token's
SHA-256; logging out, disabling and a new password end it at once.
"""

import datetime as dt
import functools
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from pipelines.casework.access import PURPOSES, ROLES, Actor, Entry, record
from pipelines.casework.clock import now
from pipelines.casework.store import Store
from pipelines.casework.tables import account, opening, session
from pipelines.errors import DataError, UsageError

SHORTEST = 10
"""Characters of a password."""
FAILURES = 5
"""Wrong passwords in a row before the account is locked."""
LOCKED = dt.timedelta(minutes=15)
IDLE = dt.timedelta(minutes=30)
"""A session that nobody uses for so long is over."""
LONGEST = dt.timedelta(hours=12)
"""A session is over after so long in any case."""
OPEN_FOR = dt.timedelta(minutes=30)
"""For so long an opening holds."""


@dataclass(frozen=True)
class Session:
    """A session that holds: whose, and the token its forms carry."""

    actor: Actor
    token_hash: str
    csrf: str


def add_account(store: Store, name: str, password: str, role: str, **place: Any) -> None:
    """Make an account.

    Args:
        store: where.
        name: what is typed to log in.
        password: at least `SHORTEST` characters.
        role: a key of `ROLES`.
        place: `town`, `village`, `organisation`, `title`, `loopback_only`.

    Raises:
        UsageError: the role is none, the place does not fit it, the password is too short, the name is taken.
    """
    if not name or len(name) > 64 or any(character.isspace() for character in name):
        raise UsageError("账号名应为 1 至 64 个字符，中间没有空格。")
    if role not in ROLES:
        raise UsageError(f"没有“{role}”这个角色。可用的角色：{'、'.join(f'{key}（{title}）' for key, title in ROLES.items())}。")
    if len(password) < SHORTEST:
        raise UsageError(f"密码至少 {SHORTEST} 个字符。")
    town, village = place.get("town"), place.get("village")
    if (role in ("town", "village")) != bool(town) or (role == "village") != bool(village):
        raise UsageError("镇街账号要写镇街；村居账号要写镇街和村居；别的账号都不写。")
    if (role == "organisation") != bool(place.get("organisation")):
        raise UsageError("服务机构的账号要写机构名称；别的账号不写。")
    if town and town not in known_towns():
        raise UsageError(f"没有“{town}”这个镇街（见 schemas/codes/towns.csv）。")
    row = {
        "name": name, "title": place.get("title") or name, "role": role, "town": town, "village": village,
        "organisation": place.get("organisation"), "password_hash": _hasher().hash(password),
        "loopback_only": bool(place.get("loopback_only")), "created_at": now(), "failures": 0,
    }  # fmt: skip
    with store.write() as connection:
        if connection.execute(select(account.c.name).where(account.c.name == name)).first():
            raise UsageError(f"账号“{name}”已经有了。")
        connection.execute(account.insert(), row)


@functools.cache
def known_towns() -> tuple[str, ...]:
    """The district's towns as `schemas/codes/towns.csv` names them."""
    import csv

    from pipelines.storage import SCHEMAS

    with (SCHEMAS / "codes" / "towns.csv").open(encoding="utf-8", newline="") as file:
        return tuple(dict.fromkeys(row["value"] for row in csv.DictReader(file)))


def set_password(store: Store, name: str, password: str) -> None:
    """Give an account a new password; its sessions end, and it is no longer locked or disabled.

    Raises:
        UsageError: there is no such account, or the password is too short.
    """
    if len(password) < SHORTEST:
        raise UsageError(f"密码至少 {SHORTEST} 个字符。")
    _set(store, name, password_hash=_hasher().hash(password), failures=0, locked_until=None, disabled_at=None)


def disable(store: Store, name: str) -> None:
    """Close an account; its sessions end.

    Raises:
        UsageError: there is no such account.
    """
    _set(store, name, disabled_at=now())


def _set(store: Store, name: str, **values: Any) -> None:
    with store.write() as connection:
        if connection.execute(update(account).where(account.c.name == name).values(**values)).rowcount != 1:
            raise UsageError(f"没有“{name}”这个账号。")
        connection.execute(delete(session).where(session.c.account == name))


def accounts(store: Store) -> list[dict[str, Any]]:
    """Every account without its password, by name."""
    columns = [column for column in account.columns if column.name != "password_hash"]
    with store.read() as connection:
        return [dict(row) for row in connection.execute(select(*columns).order_by(account.c.name)).mappings()]


def log_in(store: Store, name: str, password: str, *, loopback: bool = True) -> str:
    """Begin a session; returns its token, which only the cookie keeps.

    Raises:
        DataError: name and password do not fit, or the account is locked or may not be used from elsewhere.
    """
    moment = now()
    with store.read() as connection:
        row = connection.execute(select(account).where(account.c.name == name)).mappings().first()
    fits = _fits(row["password_hash"] if row else _nobody(), password) and row is not None
    usable = row is not None and row["disabled_at"] is None and not (row["locked_until"] and row["locked_until"] > moment)
    if row is not None and not fits:
        _count_failure(store, name, moment)
    if row is None or not fits or not usable or (row["loopback_only"] and not loopback):
        record(store, Entry(Actor(name if row else "?", row["role"] if row else "?"), "登录", allowed=False))
        raise DataError(
            "账号或密码不对，或者账号现在不能使用。",
            todo=f"核对后再试；连续错 {FAILURES} 次，账号停用 {LOCKED.seconds // 60} 分钟。演示账号只能在本机使用。",
        )
    token = secrets.token_urlsafe(32)
    with store.write() as connection:
        connection.execute(update(account).where(account.c.name == name).values(failures=0, locked_until=None))
        connection.execute(delete(session).where(session.c.opened_at < moment - LONGEST))
        connection.execute(
            session.insert(),
            {
                "token_hash": _hash(token),
                "account": name,
                "csrf": secrets.token_urlsafe(32),
                "opened_at": moment,
                "seen_at": moment,
            },
        )
    record(store, Entry(_actor(row), "登录"))
    return token


def _count_failure(store: Store, name: str, moment: dt.datetime) -> None:
    with store.write() as connection:
        failures = connection.execute(
            update(account).where(account.c.name == name).values(failures=account.c.failures + 1).returning(account.c.failures)
        ).scalar_one()
        if failures >= FAILURES:
            connection.execute(update(account).where(account.c.name == name).values(failures=0, locked_until=moment + LOCKED))


def resume(store: Store, token: str) -> Session | None:
    """The session of a token; None if there is none that holds. Using it keeps it open."""
    moment = now()
    with store.read() as connection:
        row = connection.execute(
            select(session, account)
            .join(account, session.c.account == account.c.name)
            .where(session.c.token_hash == _hash(token), account.c.disabled_at.is_(None))
        ).mappings().first()  # fmt: skip
    if row is None or row["seen_at"] < moment - IDLE or row["opened_at"] < moment - LONGEST:
        return None
    if row["seen_at"] < moment - dt.timedelta(minutes=1):
        with store.write() as connection:
            connection.execute(update(session).where(session.c.token_hash == row["token_hash"]).values(seen_at=moment))
    return Session(_actor(row), row["token_hash"], row["csrf"])


def log_out(store: Store, held: Session) -> None:
    """End a session."""
    with store.write() as connection:
        connection.execute(delete(opening).where(opening.c.token_hash == held.token_hash))
        connection.execute(delete(session).where(session.c.token_hash == held.token_hash))
    record(store, Entry(held.actor, "退出"))


def open_subject(store: Store, held: Session, subject: str, purpose: str) -> None:
    """Let a session see a subject's full values for `OPEN_FOR`, for a reason that is logged.

    Raises:
        DataError: there is no such reason.
    """
    if purpose not in PURPOSES:
        raise DataError("请选择查阅事由。", todo="从列表里选一项。")
    record(store, Entry(held.actor, "查看完整信息", purpose, [subject]))
    until = now() + OPEN_FOR
    with store.write() as connection:
        connection.execute(delete(opening).where(opening.c.token_hash == held.token_hash, opening.c.subject == subject))
        connection.execute(
            opening.insert(), {"token_hash": held.token_hash, "subject": subject, "purpose": purpose, "until": until}
        )


def opened(store: Store, held: Session, subject: str) -> str | None:
    """For which reason the session sees the subject's full values now; None: masked."""
    with store.read() as connection:
        row = connection.execute(
            select(opening.c.purpose, opening.c.until).where(
                opening.c.token_hash == held.token_hash, opening.c.subject == subject
            )
        ).first()
    return row.purpose if row and row.until > now() else None


def demo_account(store: Store) -> tuple[str, str] | None:
    """Make the account `demo` of the district's role, for this machine alone; its name and password, None if it is there."""
    password = secrets.token_urlsafe(9)
    try:
        add_account(store, "demo", password, "district", title="演示", loopback_only=True)
    except UsageError:
        return None
    return "demo", password


def _actor(row: Any) -> Actor:
    return Actor(row["name"], row["role"], row["town"], row["village"], row["title"], row["organisation"])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@functools.cache
def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()


@functools.cache
def _nobody() -> str:
    """A hash that nothing fits, so that a name nobody has takes as long as a wrong password."""
    hashed: str = _hasher().hash(secrets.token_urlsafe(32))
    return hashed


def _fits(hashed: str, password: str) -> bool:
    from argon2.exceptions import Argon2Error

    try:
        return bool(_hasher().verify(hashed, password))
    except Argon2Error:
        return False
