"""Opening the store: where it lies, migrations, reading and writing transactions.

Belongs here: the engine, one transaction at a time, numbers of a series. Does not belong here: what is written.

SQLite has one writer at a time: a writing transaction says so at its begin and waits its turn, so that nobody meets a lock in
the middle of their work. PostgreSQL locks rows. Either way a row with a `version` is written only by whoever read that version
(`changed`): nobody's change is lost in silence.
"""

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, insert, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipelines.casework.tables import numbering
from pipelines.errors import DataError
from pipelines.storage import Home

PATIENCE = 30
"""Seconds a writer waits for the one before it."""


class TakenError(DataError):
    """Somebody else changed it in the meantime; nothing was written."""

    def __init__(self, by: str = "别人") -> None:
        super().__init__(f"这一件刚刚已被{by}处理，您的修改没有写入。", todo="重新打开这一页，看过现在的情况再办。")


class Store:
    """One store.

    Args:
        url: SQLAlchemy's; SQLite or PostgreSQL.

    Raises:
        DataError: it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.sqlite = url.startswith("sqlite")
        arguments: dict[str, Any] = {"timeout": PATIENCE} if self.sqlite else {"connect_timeout": 10}
        # An error must not quote what somebody typed: parameters stay out of its text.
        self.engine: Engine = create_engine(
            url, connect_args=arguments, pool_pre_ping=not self.sqlite, pool_size=20, max_overflow=20, hide_parameters=True
        )
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        try:
            self._migrate()
        except DBAPIError as error:
            raise DataError(
                "打不开办理数据库。",
                where=type(error.orig).__name__,
                todo="检查 ZHUDONG_CASES 的地址、账号和数据库服务是否在运行。",
            ) from None

    def _migrate(self) -> None:
        """Bring the store to today's form; processes that start together do it one after the other."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        with self.write() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(370211)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; one view of the store as long as the block runs on SQLite."""
        with self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: all of it or nothing."""
        with self.engine.connect().execution_options(zhudong_writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so
    connection.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("zhudong_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def store_url(home: Home) -> str:
    """Where the home's store lies: `ZHUDONG_CASES`, else a file of the home folder."""
    return os.environ.get("ZHUDONG_CASES") or f"sqlite:///{home.root / 'cases' / 'cases.sqlite'}"


def open_store(home: Home) -> Store:
    """The home's store, made and brought to today's form where needed.

    Raises:
        DataError: it cannot be opened.
    """
    url = store_url(home)
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    elif not url.startswith("postgresql"):
        raise DataError("ZHUDONG_CASES 应写成 postgresql+psycopg://… 或 sqlite:///…。", todo="改正这个环境变量。")
    if url.startswith("postgresql:"):
        url = url.replace("postgresql:", "postgresql+psycopg:", 1)
    return _opened(url)


@functools.lru_cache(maxsize=8)
def _opened(url: str) -> Store:
    try:
        return Store(url)
    except SQLAlchemyError as error:
        raise DataError("打不开办理数据库。", where=type(error).__name__, todo="检查 ZHUDONG_CASES 的地址。") from None


def next_number(connection: Connection, series: str, digits: int = 6, count: int = 1) -> list[str]:
    """The next `count` numbers of a series, `D000001`, `D000002`, …; whoever asks at the same time gets the ones after.

    Args:
        connection: in a writing transaction.
        series: the letter before the digits.
        digits: at least so many.
        count: how many.
    """
    step = update(numbering).where(numbering.c.series == series).values(last=numbering.c.last + count).returning(numbering.c.last)
    last = connection.execute(step).scalar()
    if last is None:
        dialect = _dialect(connection)
        connection.execute(dialect(numbering).values(series=series, last=0).on_conflict_do_nothing())
        last = connection.execute(step).scalar_one()
    return [f"{series}{number:0{digits}d}" for number in range(last - count + 1, last + 1)]


def add_new(connection: Connection, table: Table, rows: list[dict[str, Any]], *key: str) -> int:
    """Insert the rows whose key (`key` by default) is not there yet; returns how many. What comes twice changes nothing."""
    if not rows:
        return 0
    unique = list(key or ("key",))
    # what comes back is what was written: a row count is not told alike by the two databases' drivers
    statement = _dialect(connection)(table).on_conflict_do_nothing(index_elements=unique).returning(table.c[unique[0]])
    return len(connection.execute(statement, rows).all())


def _dialect(connection: Connection) -> Any:
    """The database's own insert, which knows `ON CONFLICT`."""
    from sqlalchemy.dialects import postgresql, sqlite

    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def changed(connection: Connection, table: Table, key: str, version: int, values: dict[str, Any], by: str = "别人") -> int:
    """Write a row that was read as `version`; returns its new version.

    Raises:
        TakenError: somebody wrote it in the meantime.
    """
    column = next(iter(table.primary_key.columns))
    done = connection.execute(
        update(table).where(column == key, table.c.version == version).values(**values, version=version + 1)
    )
    if done.rowcount != 1:
        raise TakenError(by)
    return version + 1


def plain_insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, if there are any."""
    if rows:
        connection.execute(insert(table), rows)
