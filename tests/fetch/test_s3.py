"""Fetching from an S3 server that checks keys, signatures and rights."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from pipelines.errors import DataError
from pipelines.fetch import stage
from pipelines.fetch.transfer import part_of
from tests.fetch import servers
from tests.fetch.servers import CANARY, free_port

pytestmark = pytest.mark.real


@pytest.fixture
def by_s3(office, s3):
    def declare(files="out/{batch}/*.csv", *, secret=None, **place):
        office.secret("s3", secret or s3.secret)
        said = {"endpoint": f"http://127.0.0.1:{s3.port}", "bucket": "civil", "access_key": "{env: S3_KEY}"} | place
        lines = "".join(f"    {key}: {value}\n" for key, value in said.items())
        office.declare(
            f"places:\n  cloud:\n    kind: s3\n    secret_key: {{file: secrets/s3}}\n{lines}"
            f'deliveries:\n  - source: people\n    place: cloud\n    files: "{files}"\n'
        )
        return office

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S3_KEY", s3.access)
        declare.env = patch
        yield declare


@pytest.fixture
def put(s3):
    """Puts objects; all are gone before the next test."""
    for held in s3.client.list_objects_v2(Bucket="civil").get("Contents", []):
        s3.client.delete_object(Bucket="civil", Key=held["Key"])
    return s3.put


def test_keys_that_fit_land_and_only_those(by_s3, put):
    put("out/2026-10/甲.csv", "姓名".encode())
    put("out/2026-10/deeper/b.csv", b"b")
    put("out/2026-10/c.txt", b"c")
    put("out/2026-09/d.csv", b"d")
    office = by_s3()
    office.fetch()
    assert office.landed() == {"cloud/甲.csv": "姓名".encode()}
    [line] = office.ledger()
    assert (line.kind, line.remote, line.remote_bytes) == ("s3", "out/2026-10/甲.csv", 6)
    assert office.fetch() == []


def test_folders_of_towns_land_as_folders(by_s3, put):
    for town in ("a", "b"):
        put(f"out/2026-10/{town}/list.csv", town.encode())
    office = by_s3("out/{year}-{month}/*/list.csv")
    office.fetch()
    assert office.landed() == {"cloud/a/list.csv": b"a", "cloud/b/list.csv": b"b"}


def test_an_object_written_anew_is_fetched_anew(by_s3, put):
    put("out/2026-10/a.csv", b"old")
    office = by_s3()
    office.fetch()
    put("out/2026-10/a.csv", b"newer")
    office.fetch()
    assert office.landed() == {"cloud/a.csv": b"newer"}


def test_a_key_that_would_climb_out_of_the_folder_is_left(by_s3, put):
    put("out/2026-10/../../x/a.csv", b"a")
    office = by_s3("out/2026-10/*/*/*/*.csv")
    office.fetch()
    assert office.landed() == {}


def said(office) -> str:
    with pytest.raises(DataError) as error:
        office.fetch()
    assert office.landed() == {}
    assert CANARY not in str(error.value)
    assert "处理：" in str(error.value)
    return str(error.value)


def test_a_wrong_secret_or_an_unknown_key_is_told_without_it(by_s3):
    assert "拒绝登录" in said(by_s3(secret=CANARY))
    by_s3.env.setenv("S3_KEY", "AKIAUNKNOWN")
    assert "拒绝登录" in said(by_s3())


def test_a_key_without_rights_is_told(by_s3, s3):
    by_s3.env.setenv("S3_KEY", s3.nobody[0])
    assert "没有权限" in said(by_s3(secret=s3.nobody[1]))


def test_a_wrong_bucket_is_told(by_s3):
    assert "没有这个存储桶" in said(by_s3(bucket="elsewhere"))


def test_nobody_answering_and_no_tls_are_told(by_s3, s3):
    assert "连不上" in said(by_s3(endpoint=f"http://127.0.0.1:{free_port()}"))
    assert "加密连接建立不了" in said(by_s3(endpoint=f"https://127.0.0.1:{s3.port}"))


def test_an_empty_folder_is_told(by_s3, put):  # noqa: ARG001
    office = by_s3("nothing/{batch}/*.csv")
    assert office.fetch() == []
    assert any("没有本批次的文件" in note for note in office.told.notes)


def test_an_object_that_vanishes_between_listing_and_reading_is_told(by_s3, put, s3, monkeypatch):
    put("out/2026-10/a.csv", b"a")
    office = by_s3()
    real = stage.carry

    def meanwhile(*given):
        s3.client.delete_object(Bucket="civil", Key="out/2026-10/a.csv")
        return real(*given)

    monkeypatch.setattr(stage, "carry", meanwhile)
    with pytest.raises(DataError, match="不见了"):
        office.fetch()
    assert not any(name.endswith(".csv") for name in office.landed())


BIG = os.urandom(1 << 20) * 48


def test_our_process_killed_in_the_middle_goes_on_where_it_stopped(by_s3, put):
    put("out/2026-10/a.csv", BIG)
    office = by_s3()
    part = part_of(office.folder / "cloud/a.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fetch.once", office.home.root, office.drop], stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not (part.exists() and part.stat().st_size > 6 << 20):
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    held = part.stat().st_size
    assert 0 < held < len(BIG)
    [line] = office.fetch()
    assert line.resumed_from == held
    assert office.landed() == {"cloud/a.csv": BIG}


def test_the_server_killed_in_the_middle_leaves_nothing_that_is_read(office, monkeypatch):
    """A server of its own, which does not come back."""
    with servers.s3() as server:
        server.put("out/2026-10/a.csv", BIG)
        monkeypatch.setenv("S3_KEY", server.access)
        monkeypatch.setenv("S3_SECRET", server.secret)
        monkeypatch.setattr(stage, "_PAUSE_SECONDS", 0)
        office.declare(f"""
            places:
              cloud: {{kind: s3, endpoint: "http://127.0.0.1:{server.port}", bucket: civil, access_key: {{env: S3_KEY}}, secret_key: {{env: S3_SECRET}}}}
            deliveries:
              - {{source: people, place: cloud, files: "out/{{batch}}/*.csv"}}
            """)
        part = part_of(office.folder / "cloud/a.csv")
        real = stage.carry

        def killed(place, remote, target, told):
            def reading(path, offset):
                for block in read(path, offset):
                    yield block
                    with contextlib.suppress(ProcessLookupError):
                        server.process.kill()
                        server.process.wait()

            read, place.read = place.read, reading
            return real(place, remote, target, told)

        monkeypatch.setattr(stage, "carry", killed)
        with pytest.raises(DataError, match=r"连不上|传送中途断了"):
            office.fetch()
    assert part.exists()
    assert not any(name.endswith(".csv") for name in office.landed())
    assert office.ledger() == []
