"""Where Dagster keeps the record of runs: its SQLite event log, made as quick as SQLite is.

Belongs here: how that file is opened. Does not belong here: what is written in it (Dagster), how long it is kept (`assets.jobs`).

Dagster makes a new engine for every event, so that no statement's compiled form is ever used again, and waits for the disk after
each of them. A month writes some 450 events: measured with stages that do nothing, 6.1 s of processor time as it comes, 3.1 s
with the engines kept and the disk waited for at checkpoints only; on a busy disk 35 s against 10 s by the clock. In SQLite's
write-ahead mode, which Dagster uses, not waiting cannot damage the file: a power cut can lose the last moments of a run's record.
"""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy.pool import NullPool

_BUSY_SECONDS = 30
"""How long a reader or writer waits for another one."""


class EventLog(SqliteEventLogStorage):
    """Dagster's event log on SQLite, with engines that are kept. `dagster.yaml` names it; `base_dir` is the state folder."""

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "EventLog":
        """As Dagster makes it from `dagster.yaml`."""
        return cls(str(Path(config_value["base_dir"]) / "history" / "runs"), inst_data=inst_data)

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[sql.Connection]:
        with self._db_lock:
            engine = _engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection


@functools.lru_cache(maxsize=32)
def _engine(address: str) -> sql.Engine:
    engine = sql.create_engine(address, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})

    @sql.event.listens_for(engine, "connect")
    def _at_checkpoints_only(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine
