"""Where Dagster keeps the record of runs: its SQLite event log, made as quick as SQLite is.

Belongs here: how that file is opened. Does not belong here: what is written in it (Dagster), how long it is kept (`assets.jobs`).

Dagster opens the file anew for every event and closes it again: no statement's compiled form is ever used twice, and in SQLite's
write-ahead mode, which it uses, closing the last connection writes the whole log back and waits for the disk. A month writes some
450 events. Measured with stages that do nothing, on two cores that others used too: 6.1 s of processor time and 17 to 40 s by the
clock as it comes; 1.3 s and 1.4 s with one connection per file that is kept, and the disk waited for at checkpoints only. That
cannot damage the file in this mode: a power cut can lose the last moments of a run's record.
"""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy.pool import NullPool, QueuePool

_BUSY_SECONDS = 30
"""How long a reader or writer waits for another one."""


class EventLog(SqliteEventLogStorage):
    """Dagster's event log on SQLite, its files kept open. `dagster.yaml` names it; `base_dir` is the state folder."""

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "EventLog":
        """As Dagster makes it from `dagster.yaml`."""
        return cls(str(Path(config_value["base_dir"]) / "history" / "runs"), inst_data=inst_data)

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[sql.Connection]:
        with self._db_lock:
            address = self.conn_string_for_shard(shard)
            if shard not in self._initialized_dbs:
                self._initdb(sql.create_engine(address, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS}))
                self._initialized_dbs.add(shard)
            with _engine(address).connect() as connection, connection.begin():
                yield connection


@functools.lru_cache(maxsize=32)
def _engine(address: str) -> sql.Engine:
    # One connection, handed from thread to thread under the log's own lock.
    engine = sql.create_engine(
        address,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )

    @sql.event.listens_for(engine, "connect")
    def _at_checkpoints_only(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine
