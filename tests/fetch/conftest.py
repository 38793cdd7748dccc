"""What the tests of this room share: real servers, each started once, and an office that fetches from them."""

import os
import textwrap
from pathlib import Path

import pytest

from pipelines.fetch import fetch, read_fetched
from pipelines.storage import Home
from tests.fetch import servers
from tests.fetch.servers import CANARY

BATCH = "2026-10"


class Told:
    """A reporter that remembers."""

    def __init__(self):
        self.notes, self.done = [], 0

    def start(self, title, total=None):  # noqa: ARG002
        self.notes.append(title)

    def advance(self, amount=1):
        self.done += amount

    def note(self, text):
        self.notes.append(text)


class Office:
    """A home with its `sources.yaml`, and the drop folder."""

    def __init__(self, root: Path):
        self.home, self.drop, self.told = Home(root / "home"), root / "drop", Told()
        self.folder = self.drop / BATCH / "people"
        (self.home.root / "secrets").mkdir(parents=True)

    def secret(self, name: str, text: str) -> Path:
        path = self.home.root / "secrets" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def declare(self, text: str) -> None:
        (self.home.root / "sources.yaml").write_text(textwrap.dedent(text), encoding="utf-8")

    def fetch(self, *, again=True, batch=BATCH):
        return fetch(self.home, batch, self.drop, {"people", "others"}, self.told, again=again)

    def landed(self) -> dict[str, bytes]:
        """Everything below the source's folder, hidden files too."""
        return {p.relative_to(self.folder).as_posix(): p.read_bytes() for p in sorted(self.folder.rglob("*")) if p.is_file()}

    def ledger(self):
        return read_fetched(self.home, BATCH)

    def everything(self) -> bytes:
        """All that was written by us and said, but for the secrets' own files."""
        files = [p for p in self.home.root.rglob("*") if p.is_file() and p.parent.name != "secrets"]
        return (
            b"\n".join(p.read_bytes() for p in [*files, *self.drop.rglob("*")] if p.is_file())
            + "\n".join(self.told.notes).encode()
        )


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path)
    yield office
    assert CANARY.encode() not in office.everything()


@pytest.fixture(scope="session")
def sshd():
    with servers.sshd() as server:
        yield server


@pytest.fixture(scope="session")
def s3():
    with servers.s3() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql():
    with servers.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb():
    with servers.mariadb() as server:
        yield server


@pytest.fixture
def outbox(sshd):
    """An empty folder on the SFTP server."""
    import shutil

    shutil.rmtree(sshd.outbox)
    sshd.outbox.mkdir()

    def put(name: str, content: bytes | str = "x", *, age: float = 10 * 86400) -> Path:
        import time

        path = sshd.outbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (time.time() - age, time.time() - age))
        return path

    put.folder = sshd.outbox
    return put


@pytest.fixture
def by_sftp(office, sshd, outbox, monkeypatch):  # noqa: ARG001
    """An office that has a delivery from the SFTP server; `more` is added to the delivery, `place` to the place."""
    office.secret("id", (sshd.folder / "id").read_text())
    (office.home.root / "known_hosts").write_text(sshd.known_hosts())
    monkeypatch.setenv("SFTP_PHRASE", CANARY)

    def declare(*more: str, **place) -> Office:
        said = {
            "host": "127.0.0.1",
            "port": sshd.port,
            "user": sshd.user,
            "known_hosts": "known_hosts",
            "key": "{file: secrets/id}",
            "password": "{env: SFTP_PHRASE}",
        } | place
        lines = "".join(f"    {key}: {value}\n" for key, value in said.items() if value is not None)
        wanted = [*more] if any(line.startswith("files:") for line in more) else [f'files: "{sshd.outbox}/*.csv"', *more]
        delivery = "".join(f"    {line}\n" for line in wanted)
        office.declare(f"places:\n  box:\n    kind: sftp\n{lines}deliveries:\n  - source: people\n    place: box\n{delivery}")
        return office

    return declare
