"""MySQL and MariaDB, by PyMySQL.

Belongs here: connecting, a cursor that leaves the rows on the server until they are asked for, MySQL's types and errors.
Does not belong here: writing rows (`queries`).

PyMySQL puts parameters into the text itself, escaped for the connection's character set, before it sends it; they are two dates
and a month that was checked, never anything of a row.
"""

import contextlib
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.credentials import reveal
from pipelines.fetch.declared import Mysql, parameters_in, where_of, written_with
from pipelines.fetch.queries import ROWS, Question
from pipelines.storage import Home

if TYPE_CHECKING:
    import pyarrow as pa

_CONNECT_SECONDS = 15
_BINARY_CHARSET = 63
_WHOLE = frozenset({1, 2, 3, 8, 9, 13})
"""FIELD_TYPE: TINY, SHORT, LONG, LONGLONG, INT24, YEAR."""
_TEXTS = frozenset({15, 245, 247, 248, 249, 250, 251, 252, 253, 254})
"""VARCHAR, JSON, ENUM, SET, the BLOB and TEXT family, VAR_STRING, STRING."""
_CODES = {
    1045: failures.refused,
    1698: failures.refused,
    1044: failures.refused,
    1049: failures.refused,
    1142: failures.denied_or_absent,
    1143: failures.denied_or_absent,
    1370: failures.denied_or_absent,
    1146: failures.no_table,
    1054: failures.no_table,
    1064: failures.bad_query,
    2003: failures.unreachable,
    2006: failures.cut_off,
    2013: failures.cut_off,
    2026: failures.untrusted,
}

Answer = TypeVar("Answer")


@contextlib.contextmanager
def ask_mysql(place: Mysql, key: str, home: Home, asked: Question) -> Iterator["MysqlRows"]:
    """Connect, and send the query.

    Raises:
        DataError: it cannot be reached, does not let us in, or does not take the query.
    """
    try:
        import pymysql
        import pymysql.cursors
    except ModuleNotFoundError:
        raise failures.not_installed("mysql") from None
    where = where_of(place, key)
    secure = _tls(place, home)
    password = reveal(place.password, home)

    def connect() -> Any:
        return pymysql.connect(
            host=place.host,
            port=place.port,
            user=place.user,
            password=password.encode(),  # of a text it would take Latin letters only
            database=place.database,
            charset="utf8mb4",
            connect_timeout=_CONNECT_SECONDS,
            ssl=secure,
            ssl_disabled=secure is None,
            local_infile=False,
        )

    connection = _told(where, connect)
    cursor = connection.cursor(pymysql.cursors.SSCursor)
    try:
        names = parameters_in(asked.text)
        text = written_with(asked.text.replace("%", "%%"), {name: f"%({name})s" for name in names}) if names else asked.text
        values = {name: asked.values[name] for name in names} or None
        _told(where, lambda: cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        _told(where, lambda: cursor.execute("START TRANSACTION READ ONLY"))
        _told(where, lambda: cursor.execute(text, values))
        if cursor.description is None:
            raise failures.bad_query(where)
        yield MysqlRows(where, cursor)
    finally:
        with contextlib.suppress(Exception):
            # close() would first read all rows that were not asked for, and so would the cursor, when it goes.
            if cursor._result is not None:  # noqa: SLF001
                cursor._result.unbuffered_active = False  # noqa: SLF001
            connection._force_close()  # noqa: SLF001


def _tls(place: Mysql, home: Home) -> ssl.SSLContext | None:
    if place.tls == "none":
        return None
    context = ssl.create_default_context(cafile=str(home.root / place.ca) if place.ca else None)
    if place.tls == "require":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class MysqlRows:
    """The cursor's rows."""

    def __init__(self, where: str, cursor: Any) -> None:
        import pyarrow as pa

        self._where, self._cursor = where, cursor
        fields = cursor._result.fields  # noqa: SLF001  the description leaves the character set out
        self.schema = pa.schema([pa.field(field.name, _type(field, where)) for field in fields])

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """See `queries.Rows`."""
        import pyarrow as pa

        while rows := _told(self._where, lambda: self._cursor.fetchmany(ROWS)):
            columns = zip(*rows, strict=True)
            arrays = [self._array(column, field) for column, field in zip(columns, self.schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _array(self, column: tuple[Any, ...], field: "pa.Field") -> "pa.Array":
        import pyarrow as pa

        try:
            return pa.array(column, type=field.type)
        except pa.ArrowException:  # a date that is none (0000-00-00 comes as a text), a number of more than 38 digits
            raise failures.bad_type(self._where, field.name) from None


def _type(field: Any, where: str) -> "pa.DataType":
    import pyarrow as pa

    if field.type_code in _WHOLE:
        return pa.decimal128(20, 0) if field.type_code == 8 else pa.int64()  # BIGINT UNSIGNED is longer than 64 bits' numbers
    if field.type_code in (0, 246):  # DECIMAL
        return pa.decimal128(38, field.scale)
    if field.type_code in (4, 5):
        return pa.float64()
    if field.type_code == 10:
        return pa.date32()
    if field.type_code in (7, 12):
        return pa.timestamp("us")
    if field.type_code in _TEXTS and field.charsetnr != _BINARY_CHARSET:
        return pa.string()
    raise failures.bad_type(where, field.name)


def _told(where: str, work: Callable[[], Answer]) -> Answer:
    """Do it; the client's errors become ours, by their number."""
    import pymysql

    try:
        return work()
    except pymysql.MySQLError as error:
        raise _failure(error.args[0] if error.args else 0, where) from None
    except ssl.SSLError:
        raise failures.untrusted(where) from None
    except OSError:
        raise failures.cut_off(where) from None


def _failure(number: Any, where: str) -> DataError:
    return _CODES.get(number, failures.failed)(where)
