"""Real servers for the tests: OpenSSH, PostgreSQL and MariaDB from Debian, moto's S3 server from PyPI. Each on a port of its own."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

CANARY = "Canary-9f3e7-秘密"
"""Every secret of the tests holds it: it may stand nowhere but where it was put."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        assert process.poll() is None, "the server ended by itself"
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


def program(name: str) -> str:
    """A server's program; skips where it is not installed, fails where `ZHUDONG_REQUIRE_REAL` is set."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = path or (str(newest[-1]) if newest else None)
    if found is None:
        if os.environ.get("ZHUDONG_REQUIRE_REAL"):
            pytest.fail(f"{name} is not installed and ZHUDONG_REQUIRE_REAL asks for it")
        pytest.skip(f"{name} is not installed")
    return found


def _end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
        return
    process.kill()
    process.wait()


@dataclass
class Sshd:
    """An OpenSSH server that lets the user of the tests in with a key that has a pass phrase."""

    port: int
    user: str
    folder: Path
    outbox: Path
    process: subprocess.Popen

    def sessions(self) -> list[int]:
        """The processes that serve somebody: children and theirs."""
        parents = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                text = entry.read_text()
                parents[int(entry.parent.name)] = int(text.rsplit(")", 1)[1].split()[1])
        found, todo = [], [self.process.pid]
        while todo:
            here = todo.pop()
            below = [child for child, parent in parents.items() if parent == here]
            found += below
            todo += below
        return found

    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self.port} {(self.folder / 'host.pub').read_text()}"


@contextlib.contextmanager
def sshd():
    server, keygen = program("sshd"), program("ssh-keygen")
    folder = Path(tempfile.mkdtemp(prefix="sshd-"))
    port, user = free_port(), pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(parents=True, exist_ok=True)
    for name, phrase in (("host", ""), ("id", CANARY), ("stranger", "")):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", phrase, "-f", str(folder / name)], check=True)
    (folder / "authorized").write_text((folder / "id.pub").read_text())
    (folder / "outbox").mkdir()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile {folder}/pid\nAuthorizedKeysFile {folder}/authorized\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\nMaxStartups 100\n"
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([server, "-D", "-e", "-f", str(folder / "config")], stderr=log)
        try:
            wait_for(port, process)
            yield Sshd(port, user, folder, folder / "outbox", process)
        finally:
            _end(process)
            shutil.rmtree(folder)


@dataclass
class Bucket:
    """A bucket on moto's server, which checks keys and signatures."""

    port: int
    access: str
    secret: str
    client: object
    process: subprocess.Popen

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket="civil", Key=key, Body=content)


@contextlib.contextmanager
def s3():
    pytest.importorskip("moto", reason="moto is not installed")
    pytest.importorskip("flask", reason="flask is not installed")
    import boto3

    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # The first four calls make the user; every one after that is held against its rights.
    env = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "6"}
    process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], env=env, **quiet)
    try:
        wait_for(port, process)
        address = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"}
        iam = boto3.client("iam", aws_access_key_id="a", aws_secret_access_key="b", **address)
        keys = []
        for user, action in (("reader", "s3:*"), ("nobody", "iam:GetUser")):
            iam.create_user(UserName=user)
            keys.append(iam.create_access_key(UserName=user)["AccessKey"])
            policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
            iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(policy))
        reader, nobody = keys
        pair = {"aws_access_key_id": reader["AccessKeyId"], "aws_secret_access_key": reader["SecretAccessKey"]}
        client = boto3.client("s3", **pair, **address)
        client.create_bucket(Bucket="civil")
        bucket = Bucket(port, reader["AccessKeyId"], reader["SecretAccessKey"], client, process)
        bucket.nobody = (nobody["AccessKeyId"], nobody["SecretAccessKey"])
        yield bucket
    finally:
        _end(process)


@dataclass
class Database:
    """A database server with one account that may read what it is granted."""

    port: int
    folder: Path
    run: object
    process: subprocess.Popen


def _as_nobody(name: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--clear-groups"] if os.geteuid() == 0 else []


def _own(folder: Path, user: str) -> None:
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", user, str(folder)], check=True)


@contextlib.contextmanager
def postgresql():
    initdb, postgres = program("initdb"), program("postgres")
    folder, port = Path(tempfile.mkdtemp(prefix="pg-")), free_port()
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    (folder / "password").write_text(CANARY)
    openssl = shutil.which("openssl")
    if openssl:
        made = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "9",
            "-subj",
            "/CN=localhost",
        ]
        names = ["-addext", "subjectAltName=DNS:localhost"]
        keys = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
        subprocess.run([openssl, *made, *names, *keys], check=True, capture_output=True)
        (folder / "key.pem").chmod(0o600)
    _own(folder, user)
    become = _as_nobody(user)
    made = [
        initdb,
        "-D",
        f"{folder}/data",
        "-A",
        "scram-sha-256",
        f"--pwfile={folder}/password",
        "-U",
        "owner",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run([*become, *made, "--no-sync"], check=True, capture_output=True, cwd=folder)
    secure = ["-c", "ssl=on", "-c", f"ssl_cert_file={folder}/cert.pem", "-c", f"ssl_key_file={folder}/key.pem"] if openssl else []
    call = [
        postgres,
        "-D",
        f"{folder}/data",
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "fsync=off",
        "-c",
        "listen_addresses=localhost",
        *secure,
    ]
    process = subprocess.Popen([*become, *call], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        wait_for(port, process)

        def run(sql: str) -> str:
            env = {**os.environ, "PGPASSWORD": CANARY}
            call = [
                program("psql"),
                "-h",
                "localhost",
                "-p",
                str(port),
                "-U",
                "owner",
                "-d",
                "postgres",
                "-qAt",
                "-v",
                "ON_ERROR_STOP=1",
            ]
            for _ in range(50):
                done = subprocess.run(call, input=sql, env=env, capture_output=True, text=True)
                if "starting up" not in done.stderr:
                    break
                time.sleep(0.2)
            assert done.returncode == 0, done.stderr
            return done.stdout

        run(f"CREATE ROLE reader LOGIN PASSWORD '{CANARY}'")
        yield Database(port, folder, run, process)
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def mariadb():
    server = program("mariadbd")
    pymysql = pytest.importorskip("pymysql", reason="pymysql is not installed")
    folder, port = Path(tempfile.mkdtemp(prefix="my-")), free_port()
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    (folder / "data").mkdir()
    _own(folder, user)
    become = _as_nobody(user) if user != "nobody" else ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    made = [
        program("mariadb-install-db"),
        "--no-defaults",
        f"--datadir={folder}/data",
        "--auth-root-authentication-method=normal",
    ]
    subprocess.run([*become, *made, "--skip-test-db"], check=True, capture_output=True, cwd=folder)
    common = ["--no-defaults", f"--datadir={folder}/data", f"--socket={folder}/s", f"--pid-file={folder}/pid"]
    call = [server, *common, f"--port={port}", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
    call += [f"--init-file={folder}/init.sql"]
    (folder / "init.sql").write_text(
        f"CREATE OR REPLACE USER owner@'127.0.0.1' IDENTIFIED BY '{CANARY}';\nGRANT ALL ON *.* TO owner@'127.0.0.1' WITH GRANT OPTION;\n",
        encoding="utf-8",
    )
    _own(folder, user)  # under a strict umask the server could not read what root has just written
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*become, *call], stderr=log, stdout=log, cwd=folder)
    try:
        wait_for(port, process)

        def connected():
            """The port opens before the server lets anybody in: it hangs up, or does not know the owner yet."""
            account = {"user": "owner", "password": CANARY.encode(), "charset": "utf8mb4", "autocommit": True}
            for _ in range(150):
                with contextlib.suppress(pymysql.err.OperationalError):
                    return pymysql.connect(host="127.0.0.1", port=port, **account)
                time.sleep(0.2)
            raise AssertionError(f"the server lets nobody in: {(folder / 'log').read_text(errors='replace')[-1500:]}")

        def run(*statements: str):
            with connected() as connection:
                cursor = connection.cursor()
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall()

        run("CREATE DATABASE gateway CHARACTER SET utf8mb4", f"CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{CANARY}'")
        yield Database(port, folder, run, process)
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)
