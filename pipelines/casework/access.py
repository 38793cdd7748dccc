"""Who reads whom, and the log of it, which nothing switches off.

Belongs here: actors and what their role lets them see, the log. Does not belong here: passwords and sessions (`accounts`), which
values are masked how (`schemas/masking.yaml`).

A page gets people's data from `pipelines.casework.published` alone, which takes an `Entry` and writes it before it reads: a log
that cannot be written means a page that is not shown.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from pipelines.casework.clock import now
from pipelines.casework.store import Store, plain_insert
from pipelines.casework.tables import access_log
from pipelines.errors import DataError

ROLES = {"district": "区级", "town": "镇街", "village": "村居", "organisation": "服务机构"}
"""Roles of the desk; what each sees of a value stands in `schemas/masking.yaml`."""

PURPOSES = ("受理申请", "入户走访", "核实线索", "办理转办", "本人或家属查询", "定期复核", "督查检查")
"""Why somebody's data is opened."""


class RefusedError(DataError):
    """This account may not see or do this; the attempt is on record."""

    def __init__(self, what: str = "您的账号不能查看或办理这一项。") -> None:
        super().__init__(what, todo="需要的话请联系区民政局管理员。本次访问已登记。")


@dataclass(frozen=True)
class Actor:
    """Who acts: an account, or the program itself.

    Attributes:
        name: the account's.
        role: a key of `ROLES`, or `program`.
        town: whom a town or village account is limited to.
        village: whom a village account is limited to.
        title: how the person is shown.
        organisation: whose orders an account of an organisation sees.
    """

    name: str
    role: str
    town: str | None = None
    village: str | None = None
    title: str = ""
    organisation: str | None = None

    def covers(self, town: str | None, village: str | None = None) -> bool:
        """Whether somebody of this town and village is this actor's to see. A place that is not known is the district's."""
        if self.role in ("district", "program"):
            return True
        if self.role == "town":
            return town is not None and town == self.town
        if self.role == "village":
            return town is not None and town == self.town and village is not None and village == self.village
        return False


PROGRAM = Actor("program", "program", title="程序")


@dataclass(frozen=True)
class Entry:
    """One line of the log, before the data is read."""

    actor: Actor
    action: str
    purpose: str | None = None
    subjects: Sequence[str] = ()
    sources: Sequence[str] = ()
    allowed: bool = True
    at: dt.datetime = field(default_factory=now)


def record(store: Store, entry: Entry) -> None:
    """Write one line of the log. Subjects are opaque numbers; what was typed into a search is not kept."""
    with store.write() as connection:
        plain_insert(
            connection,
            access_log,
            [
                {
                    "at": entry.at,
                    "actor": entry.actor.name,
                    "role": entry.actor.role,
                    "action": entry.action,
                    "purpose": entry.purpose,
                    "subjects": list(entry.subjects),
                    "sources": list(entry.sources),
                    "allowed": entry.allowed,
                }
            ],
        )


def demand(store: Store, actor: Actor, place: tuple[str | None, str | None], action: str, subject: str) -> None:
    """Refuse, and log the refusal, unless the place is the actor's.

    Raises:
        RefusedError: it is not.
    """
    if not actor.covers(*place):
        record(store, Entry(actor, action, subjects=[subject], allowed=False))
        raise RefusedError


def latest(store: Store, *, limit: int = 200, subject: str | None = None) -> list[dict[str, Any]]:
    """The log's last lines, newest first; of one subject where given."""
    with store.read() as connection:
        rows = connection.execute(select(access_log).order_by(access_log.c.number.desc()).limit(limit if not subject else 5000))
        found: Iterable[dict[str, Any]] = [dict(row) for row in rows.mappings()]
    return [row for row in found if subject is None or subject in row["subjects"]][:limit]
