"""A real PostgreSQL server, started for the tests and stopped after them."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = found[-1] if found else shutil.which("initdb")
    return Path(path).parent if path else None


def _as_somebody() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    name = next((user for user in ("postgres", "nobody") if _known(user)), None)
    if name is None:
        pytest.skip("no user but root to run PostgreSQL as")
    return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups"]


def _known(user: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(user))
    return False


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database on a server of our own."""
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("ZHUDONG_REQUIRE_REAL"):
            pytest.fail("PostgreSQL is not installed and ZHUDONG_REQUIRE_REAL asks for it")
        pytest.skip("PostgreSQL is not installed")
    somebody = _as_somebody()
    folder = Path(tempfile.mkdtemp(prefix="zhudong-pg-"))
    if somebody:
        shutil.chown(folder, somebody[1].split("=")[1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([*somebody, *command], check=True, capture_output=True, cwd=folder)

    data = str(folder / "data")
    run(str(binaries / "initdb"), "-D", data, "-U", "zhudong", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=120"
    run(str(binaries / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql+psycopg://zhudong@127.0.0.1:{port}/postgres"
    finally:
        run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
