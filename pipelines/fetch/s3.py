"""S3-compatible storage, by pyarrow's own client.

Belongs here: connecting, listing, reading from an offset, telling the client's errors apart. Does not belong here: where the
bytes go.
"""

import contextlib
import datetime as dt
import fnmatch
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.credentials import reveal
from pipelines.fetch.declared import S3, where_of
from pipelines.fetch.place import BLOCK, RemoteFile, fixed_parts
from pipelines.storage import Home

_CONNECT_SECONDS, _ANSWER_SECONDS, _ATTEMPTS = 10, 60, 3
_CODE = re.compile(r"AWS Error ([A-Z_]+)")
_CURL = re.compile(r"curlCode: (\d+)")
_REFUSED = frozenset({"INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_CLIENT_TOKEN_ID", "UNRECOGNIZED_CLIENT"})
_TLS = frozenset({"35", "51", "58", "59", "60", "77", "83"})
"""curl's codes of a failed TLS handshake or an untrusted certificate."""
_NEVER_CONNECTED = frozenset({"5", "6", "7", "28"})


@contextlib.contextmanager
def open_s3(place: S3, key: str, home: Home) -> Iterator["S3Place"]:
    """Make the client; nothing is sent before the first question.

    Raises:
        DataError: a secret is not there.
    """
    from pyarrow import fs

    scheme, _, host = place.endpoint.rstrip("/").partition("://")
    where = where_of(place, key)
    with _told(where):
        client = fs.S3FileSystem(
            access_key=reveal(place.access_key, home),
            secret_key=reveal(place.secret_key, home),
            region=place.region,
            scheme=scheme,
            endpoint_override=host,
            force_virtual_addressing=place.host_in_name,
            connect_timeout=_CONNECT_SECONDS,
            request_timeout=_ANSWER_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        )
    yield S3Place(f"{where} {place.bucket}", client, place.bucket)


class S3Place:
    """A `FilePlace` in one bucket; paths are keys."""

    whole_at_once = True

    def __init__(self, where: str, client: Any, bucket: str) -> None:
        self.where, self._client, self._bucket = where, client, bucket

    def find(self, pattern: str) -> list[RemoteFile]:
        """See `FilePlace`."""
        from pyarrow import fs

        wanted = PurePosixPath(pattern.lstrip("/")).parts
        below = "/".join([self._bucket, *wanted[: fixed_parts("/".join(wanted))]])
        try:
            with _told(self.where):
                entries = self._client.get_file_info(fs.FileSelector(below, recursive=True))
        except FileNotFoundError:
            return []
        files = [_file(entry, self._bucket) for entry in entries if entry.type == fs.FileType.File]
        return sorted((file for file in files if _fits(file.path, wanted)), key=lambda file: file.path)

    def look(self, path: str) -> RemoteFile | None:
        """See `FilePlace`."""
        from pyarrow import fs

        with _told(self.where):
            entry = self._client.get_file_info(f"{self._bucket}/{path}")
        return _file(entry, self._bucket) if entry.type == fs.FileType.File else None

    def read(self, path: str, offset: int) -> Iterator[bytes]:
        """See `FilePlace`."""
        try:
            with _told(self.where, reading=True), self._client.open_input_file(f"{self._bucket}/{path}") as file:
                file.seek(offset)
                while block := file.read(BLOCK):
                    yield block
        except FileNotFoundError:
            raise failures.vanished(f"{self.where} {path}") from None


def _file(entry: Any, bucket: str) -> RemoteFile:
    return RemoteFile(entry.path.removeprefix(f"{bucket}/"), int(entry.size or 0), entry.mtime and entry.mtime.astimezone(dt.UTC))


def _fits(path: str, wanted: tuple[str, ...]) -> bool:
    parts = path.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


@contextlib.contextmanager
def _told(where: str, *, reading: bool = False) -> Iterator[None]:
    """Turn the client's errors into ours, by the code that they name; a key that is not there stays what it is."""
    try:
        yield
    except (FileNotFoundError, DataError):
        raise
    except OSError as error:
        text = str(error)  # read for its codes only: it may quote more
        code, curl = _CODE.search(text), _CURL.search(text)
        raise _failure(code[1] if code else "", curl[1] if curl else "", where, reading=reading) from None


def _failure(code: str, curl: str, where: str, *, reading: bool) -> DataError:
    if code == "NETWORK_CONNECTION" or curl:
        if curl in _TLS:
            return failures.untrusted(where)
        return failures.cut_off(where) if reading and curl not in _NEVER_CONNECTED else failures.unreachable(where)
    if code == "NO_SUCH_BUCKET":
        return failures.no_bucket(where)
    if code in _REFUSED:
        return failures.refused(where)
    if code == "ACCESS_DENIED":
        return failures.denied(where)
    return failures.cut_off(where) if reading else failures.failed(where)
