"""SFTP, by asyncssh.

Belongs here: connecting with a known host key, listing, reading from an offset, telling asyncssh's errors apart.
Does not belong here: where the bytes go.
"""

import asyncio
import contextlib
import datetime as dt
import stat
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.credentials import checked, reveal
from pipelines.fetch.declared import Sftp, where_of
from pipelines.fetch.place import BLOCK, RemoteFile
from pipelines.storage import Home

if TYPE_CHECKING:
    import asyncssh

_CONNECT_SECONDS, _LOGIN_SECONDS = 15, 30
_ALIVE_SECONDS = 15
"""A line that is dead without anybody saying so is noticed after four times as long."""

Answer = TypeVar("Answer")


@contextlib.contextmanager
def open_sftp(place: Sftp, key: str, home: Home) -> Iterator["SftpPlace"]:
    """Connect and log in.

    Raises:
        DataError: the server cannot be reached, is not the known one, or refuses the login.
    """
    try:
        import asyncssh  # noqa: F401
    except ModuleNotFoundError:
        raise failures.not_installed("sftp") from None
    where = where_of(place, key)
    options = _login(place, home, where)
    with asyncio.Runner() as runner:
        with _told(where):
            connection = runner.run(_connect(place, options))
        try:
            with _told(where):
                client = runner.run(_client(connection))
            yield SftpPlace(where, runner, client)
        finally:
            with contextlib.suppress(Exception):
                connection.close()
                runner.run(asyncio.wait_for(connection.wait_closed(), _LOGIN_SECONDS))


async def _connect(place: Sftp, options: dict[str, Any]) -> "asyncssh.SSHClientConnection":
    import asyncssh

    return await asyncssh.connect(place.host, place.port, **options)


async def _client(connection: "asyncssh.SSHClientConnection") -> "asyncssh.SFTPClient":
    return await connection.start_sftp_client()


def _login(place: Sftp, home: Home, where: str) -> dict[str, Any]:
    import asyncssh

    known = home.root / place.known_hosts
    if not known.is_file():
        raise DataError(
            "找不到 known_hosts 文件，不能确认对方服务器是谁。", where=str(known), todo="向对方核实主机密钥，写进这个文件。"
        )
    try:
        hosts = asyncssh.read_known_hosts(str(known))
    except (ValueError, OSError, asyncssh.Error):
        raise failures.unknown_host(where) from None  # what cannot be read knows nobody
    password = reveal(place.password, home) if place.password else None
    keys: list[Any] = []
    if place.key:
        path = checked(place.key.file or "", home)
        try:
            keys = [asyncssh.read_private_key(str(path), passphrase=password)]
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError, ValueError):
            raise DataError(
                "私钥文件读不出来，或它的口令不对。", where=str(path), todo="换成 OpenSSH 格式的私钥，核对 password。"
            ) from None
    return {
        "username": place.user,
        "known_hosts": hosts,
        "client_keys": keys,
        "password": None if place.key else password,
        # Nothing of the machine's own: what is declared is all there is.
        "config": None,
        "agent_path": None,
        "gss_host": None,
        "connect_timeout": _CONNECT_SECONDS,
        "login_timeout": _LOGIN_SECONDS,
        "keepalive_interval": _ALIVE_SECONDS,
    }


class SftpPlace:
    """A `FilePlace` over one connection."""

    whole_at_once = False

    def __init__(self, where: str, runner: asyncio.Runner, client: "asyncssh.SFTPClient") -> None:
        self.where, self._runner, self._client = where, runner, client

    def find(self, pattern: str) -> list[RemoteFile]:
        """See `FilePlace`."""
        import asyncssh

        try:
            names = self._do(self._client.glob_sftpname(pattern))
        except asyncssh.SFTPNoSuchFile:
            return []
        found = []
        for name in names:
            path = name.filename if isinstance(name.filename, str) else name.filename.decode("utf-8", "replace")
            if name.attrs.permissions is not None and stat.S_ISREG(name.attrs.permissions):
                found.append(_file(path, name.attrs))
            else:  # a link, or a server that tells no kinds
                linked = self.look(path)
                found += [linked] if linked else []
        return sorted(found, key=lambda file: file.path)

    def look(self, path: str) -> RemoteFile | None:
        """See `FilePlace`."""
        import asyncssh

        try:
            attributes = self._do(self._client.stat(path))
        except asyncssh.SFTPNoSuchFile:
            return None
        if attributes.permissions is not None and not stat.S_ISREG(attributes.permissions):
            return None
        return _file(path, attributes)

    def read(self, path: str, offset: int) -> Iterator[bytes]:
        """See `FilePlace`; asyncssh asks for a block's parts all at once."""
        import asyncssh

        try:
            file = self._do(self._open(path))
            try:
                while block := self._do(file.read(BLOCK, offset)):
                    yield block
                    offset += len(block)
            finally:
                with contextlib.suppress(DataError, asyncssh.Error, OSError):
                    self._do(file.close())
        except asyncssh.SFTPNoSuchFile:
            raise failures.vanished(f"{self.where} {path}") from None

    async def _open(self, path: str) -> Any:
        return await self._client.open(path, "rb")

    def _do(self, work: Awaitable[Answer]) -> Answer:
        async def waited() -> Answer:
            return await work

        with _told(self.where):
            return self._runner.run(waited())


def _file(path: str, attributes: Any) -> RemoteFile:
    changed = dt.datetime.fromtimestamp(attributes.mtime, dt.UTC) if attributes.mtime is not None else None
    return RemoteFile(path, int(attributes.size or 0), changed)


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn asyncssh's errors into ours; a file that is not there stays what it is, the caller knows what it means."""
    import asyncssh

    try:
        yield
    except asyncssh.SFTPNoSuchFile:
        raise
    except asyncssh.HostKeyNotVerifiable:
        raise failures.unknown_host(where) from None
    except asyncssh.PermissionDenied:
        raise failures.refused(where) from None
    except asyncssh.SFTPPermissionDenied:
        raise failures.denied(where) from None
    except (
        asyncssh.ConnectionLost,
        asyncssh.SFTPConnectionLost,
        asyncssh.SFTPNoConnection,
        BrokenPipeError,
        ConnectionResetError,
    ):
        raise failures.cut_off(where) from None
    except (OSError, TimeoutError):
        raise failures.unreachable(where) from None
    except asyncssh.Error:
        raise failures.failed(where) from None
