"""PostgreSQL, by ADBC: rows come as Arrow columns.

Belongs here: connecting, a cursor over the query in one read-only snapshot, PostgreSQL's types and errors.
Does not belong here: writing rows (`queries`).

The query runs as a cursor because ADBC, given parameters, holds the whole answer in memory; the parameters are bound when the
cursor is declared, and its rows are fetched in parts.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.credentials import reveal
from pipelines.fetch.declared import Postgresql, parameters_in, where_of, written_with
from pipelines.fetch.queries import ROWS, Question
from pipelines.storage import Home

if TYPE_CHECKING:
    import pyarrow as pa

_CONNECT_SECONDS = 15
_MOST_DIGITS = 38
_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "json", "jsonb", "xml", "numeric"})
_TYPES = {"month_start": "date", "month_end": "date", "batch": "text"}
_STATES = {
    "42P01": failures.no_table,
    "42703": failures.no_table,
    "3F000": failures.no_table,
    "42501": failures.denied,
    "57P01": failures.cut_off,
    "57P02": failures.cut_off,
}

Answer = TypeVar("Answer")


@contextlib.contextmanager
def ask_postgresql(place: Postgresql, key: str, home: Home, asked: Question) -> Iterator["PostgresqlRows"]:
    """Connect, and open the query's cursor.

    Raises:
        DataError: it cannot be reached, does not let us in, or does not take the query.
    """
    try:
        from adbc_driver_postgresql import dbapi
    except ModuleNotFoundError:
        raise failures.not_installed("postgresql") from None
    where = where_of(place, key)
    address = _address(place, home)
    _reach(place.host, place.port, where)
    with contextlib.ExitStack() as stack:
        try:
            connection = stack.enter_context(contextlib.closing(dbapi.connect(address)))
        except dbapi.Error as error:
            words = str(error).lower()
            raise (failures.untrusted if "ssl" in words or "certificate" in words else failures.refused)(where) from None
        cursor = stack.enter_context(contextlib.closing(connection.cursor()))
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        names = parameters_in(asked.text)
        marks = {name: f"CAST(${number} AS {_TYPES[name]})" for number, name in enumerate(names, 1)}
        _told(where, lambda: cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        _told(where, lambda: cursor.execute("SET LOCAL TimeZone = 'Asia/Shanghai'"))
        _told(
            where,
            lambda: cursor.execute(
                f"DECLARE zhudong NO SCROLL CURSOR FOR {written_with(asked.text, marks)}",
                parameters=tuple(asked.values[name] for name in names) or None,
            ),
        )
        yield PostgresqlRows(where, cursor)
        with contextlib.suppress(dbapi.Error):
            connection.rollback()


def _address(place: Postgresql, home: Home) -> str:
    said = {
        "host": place.host,
        "port": str(place.port),
        "dbname": place.database,
        "user": place.user,
        "password": reveal(place.password, home),
        "sslmode": {"verify-full": "verify-full", "require": "require", "none": "disable"}[place.tls],
        "connect_timeout": str(_CONNECT_SECONDS),
        "application_name": "zhudong",
        "client_encoding": "UTF8",
    }
    if place.tls == "verify-full":
        said["sslrootcert"] = str(home.root / place.ca) if place.ca else "system"
    return " ".join(f"{key}='{_escaped(value)}'" for key, value in said.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _reach(host: str, port: int, where: str) -> None:
    """Whether anybody listens: libpq tells a refused login and a dead line by its words only."""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError:
        raise failures.unreachable(where) from None


class PostgresqlRows:
    """The cursor's rows."""

    def __init__(self, where: str, cursor: Any) -> None:
        self._where, self._cursor = where, cursor
        self._first = self._fetch()
        self._plain = [_plain(field, where) for field in self._first.schema]
        import pyarrow as pa

        self.schema = pa.schema([pa.field(field.name, kind) for field, kind in zip(self._first.schema, self._plain, strict=True)])

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """See `queries.Rows`."""
        held = self._first
        while held.num_rows:
            yield from self._as_declared(held).to_batches()
            held = self._fetch()

    def _fetch(self) -> "pa.Table":
        def fetch() -> Any:
            self._cursor.execute(f"FETCH {ROWS} FROM zhudong")
            return self._cursor.fetch_arrow_table()

        return _told(self._where, fetch)

    def _as_declared(self, held: "pa.Table") -> "pa.Table":
        import pyarrow as pa

        columns = []
        for column, kind in zip(held.columns, self._plain, strict=True):
            stored = column.cast(column.type.storage_type) if isinstance(column.type, pa.BaseExtensionType) else column
            try:
                columns.append(stored.cast(kind))
            except pa.ArrowInvalid:  # 'NaN' is a numeric
                raise failures.bad_type(self._where, "numeric") from None
        return pa.Table.from_arrays(columns, schema=self.schema)


def _plain(field: "pa.Field", where: str) -> "pa.DataType":
    """The type a column is kept in: a `numeric` of declared places exactly, without them as its digits."""
    import pyarrow as pa

    kind = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    modifier = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1"))
    if kind == "numeric" and modifier >= 0:
        digits, places = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
        return pa.decimal128(digits, places) if places <= digits <= _MOST_DIGITS else pa.string()
    if kind in _TEXTS:
        return pa.string()
    if kind in ("int2", "int4", "int8", "float4", "float8", "bool", "date", "timestamp"):
        return field.type
    if kind == "timestamptz":
        return pa.timestamp("us", "Asia/Shanghai")
    raise failures.bad_type(where, field.name)


def _told(where: str, work: Callable[[], Answer]) -> Answer:
    """Do it; the driver's errors become ours, by their SQLSTATE."""
    from adbc_driver_postgresql import dbapi

    try:
        return work()
    except dbapi.Error as error:
        raise _failure(getattr(error, "sqlstate", None) or "", where) from None


def _failure(state: str, where: str) -> DataError:
    if state in _STATES:
        return _STATES[state](where)
    if not state or state.startswith("08"):
        return failures.cut_off(where)
    return failures.bad_query(where) if state.startswith(("42", "22", "25", "0A")) else failures.failed(where)
