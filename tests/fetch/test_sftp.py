"""Fetching from a real OpenSSH server."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from pipelines.errors import DataError
from pipelines.fetch import stage
from pipelines.fetch.transfer import part_of
from tests.fetch.servers import CANARY, free_port

pytestmark = pytest.mark.real
BIG = os.urandom(1 << 20) * 64


def test_what_fits_the_pattern_lands_with_its_digest_and_time_in_the_ledger(by_sftp, outbox):
    outbox("甲.csv", "姓名\n张三\n")
    outbox("b.csv", "b")
    outbox("c.txt")
    office = by_sftp()
    office.fetch()
    assert office.landed() == {"box/b.csv": b"b", "box/甲.csv": "姓名\n张三\n".encode()}
    lines = office.ledger()
    assert [(line.file, line.kind, line.bytes, line.state) for line in lines] == [
        ("box/b.csv", "sftp", 1, "current"),
        ("box/甲.csv", "sftp", 14, "current"),
    ]
    assert lines[0].sha256 == hashlib.sha256(b"b").hexdigest()
    assert lines[0].asked_at <= lines[0].fetched_at


def test_what_was_fetched_is_not_fetched_again_until_it_changes(by_sftp, outbox):
    path = outbox("a.csv", "old")
    outbox("b.csv", "b")
    office = by_sftp()
    assert len(office.fetch()) == 2
    before = (office.folder / "box/b.csv").stat().st_mtime_ns
    assert office.fetch() == []
    outbox("a.csv", "corrected", age=9 * 86400)
    assert [line.file for line in office.fetch()] == ["box/a.csv"]
    assert office.landed()["box/a.csv"] == b"corrected"
    assert [line.state for line in office.ledger() if line.file == "box/a.csv"] == ["replaced", "current"]
    assert (office.folder / "box/b.csv").stat().st_mtime_ns == before
    path.unlink()
    office.fetch()
    assert office.landed()["box/a.csv"] == b"corrected", "what was fetched stays"
    assert [line.state for line in office.ledger() if line.file == "box/a.csv"] == ["replaced", "withdrawn"]
    assert any("已经没有了" in note for note in office.told.notes)


def test_a_file_taken_out_of_the_drop_folder_is_fetched_again(by_sftp, outbox):
    outbox("a.csv", "a")
    office = by_sftp()
    office.fetch()
    (office.folder / "box/a.csv").unlink()
    office.fetch()
    assert office.landed() == {"box/a.csv": b"a"}


def test_names_of_files_still_being_written_and_hidden_ones_are_left(by_sftp, outbox, sshd):
    for name in ("a.csv", ".hidden.csv", "b.csv.part", "~$c.csv"):
        outbox(name)
    office = by_sftp(f'files: "{sshd.outbox}/*"')
    office.fetch()
    assert set(office.landed()) == {"box/a.csv"}


def test_links_are_followed_and_folders_are_no_files(by_sftp, outbox):
    real = outbox("kept/a.txt", "a")
    (outbox.folder / "a.csv").symlink_to(real)
    (outbox.folder / "folder.csv").mkdir()
    office = by_sftp()
    office.fetch()
    assert office.landed() == {"box/a.csv": b"a"}


def test_an_empty_outbox_is_told(by_sftp, sshd):
    office = by_sftp(f'files: "{sshd.outbox}/{{batch}}/*.csv"')
    assert office.fetch() == []
    assert any("没有本批次的文件" in note for note in office.told.notes)


def test_a_file_that_grows_while_it_is_looked_at_twice_is_not_taken(by_sftp, outbox, monkeypatch):
    outbox("done.csv", "whole", age=0)
    path = outbox("growing.csv", "half", age=0)
    office = by_sftp("settle_seconds: 1")
    with monkeypatch.context() as patched:

        def written_to(seconds):
            assert 0 < seconds <= 1
            with path.open("a") as file:
                file.write(" more")

        patched.setattr("pipelines.fetch.complete.time.sleep", written_to)
        with pytest.raises(DataError, match="还在改动"):
            office.fetch()
    assert not any(name.endswith(".csv") for name in office.landed()), "a delivery comes whole or not at all"
    office.fetch()
    assert office.landed() == {"box/done.csv": b"whole", "box/growing.csv": b"half more"}


def test_a_delivery_with_done_marks_waits_for_all_of_them(by_sftp, outbox):
    for name in ("a.csv", "a.csv.done", "b.csv"):
        outbox(name)
    office = by_sftp("complete: done")
    with pytest.raises(DataError, match=r"还没有传完：有 1 个文件旁边还没有 \.done"):
        office.fetch()
    assert office.landed() == {}
    outbox("b.csv.done")
    office.fetch()
    assert set(office.landed()) == {"box/a.csv", "box/b.csv"}


def test_a_delivery_with_a_list_is_held_against_it(by_sftp, outbox):
    outbox("a.csv", "a")
    outbox("b.csv", "half of b")
    office = by_sftp("complete: manifest")
    with pytest.raises(DataError, match="还没有清单"):
        office.fetch()
    listed = {"a.csv": b"a", "b.csv": b"b whole", "c.csv": b"c"}
    outbox("SHA256SUMS", "".join(f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in listed.items()))
    with pytest.raises(DataError, match="清单里有而没有到的 1 个"):
        office.fetch()
    outbox("c.csv", "c")
    with pytest.raises(DataError, match="校验值不符"):
        office.fetch()
    assert not any(name.endswith(".csv") for name in office.landed())
    outbox("b.csv", "b whole", age=5 * 86400)
    office.fetch()
    assert office.landed() == {f"box/{name}": text for name, text in listed.items()}
    outbox("SHA256SUMS", "these are no digests\n")
    with pytest.raises(DataError, match="清单读不懂"):
        office.fetch()


def _when_it_grows(part, least, act):
    def watching():
        for _ in range(20_000):
            with contextlib.suppress(OSError):
                if part.stat().st_size >= least:
                    act()
                    return
            time.sleep(0.0005)

    thread = threading.Thread(target=watching)
    thread.start()
    return thread


def test_our_process_killed_in_the_middle_goes_on_where_it_stopped(by_sftp, outbox):
    outbox("a.csv", BIG)
    office = by_sftp()
    part = part_of(office.folder / "box/a.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fetch.once", office.home.root, office.drop], stderr=subprocess.DEVNULL
    )
    _when_it_grows(part, 9 << 20, lambda: process.send_signal(signal.SIGKILL)).join()
    assert process.wait() == -signal.SIGKILL
    held = part.stat().st_size
    assert 0 < held < len(BIG)
    assert not any(name.endswith(".csv") for name in office.landed())
    [line] = office.fetch()
    assert line.resumed_from == held
    assert office.landed() == {"box/a.csv": BIG}
    assert line.sha256 == hashlib.sha256(BIG).hexdigest()


def _kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_servers_process_killed_in_the_middle_is_gone_on_with_over_a_new_line(by_sftp, outbox, sshd, monkeypatch):
    monkeypatch.setattr(stage, "_PAUSE_SECONDS", 0)
    outbox("a.csv", BIG)
    office = by_sftp()
    part = part_of(office.folder / "box/a.csv")
    thread = _when_it_grows(part, 9 << 20, lambda: _kill(sshd.sessions()))
    [line] = office.fetch()
    thread.join()
    assert line.resumed_from >= 9 << 20
    assert office.landed() == {"box/a.csv": BIG}


def test_a_line_that_keeps_breaking_is_told_and_gone_on_with_by_the_next_fetch(by_sftp, outbox, sshd, monkeypatch):
    monkeypatch.setattr(stage, "_ATTEMPTS", 1)
    outbox("a.csv", BIG)
    office = by_sftp()
    part = part_of(office.folder / "box/a.csv")
    thread = _when_it_grows(part, 9 << 20, lambda: _kill(sshd.sessions()))
    with pytest.raises(DataError, match="传送中途断了"):
        office.fetch()
    thread.join()
    assert not any(name.endswith(".csv") for name in office.landed())
    [line] = office.fetch()
    assert line.resumed_from
    assert office.landed() == {"box/a.csv": BIG}


def test_an_unfinished_copy_of_another_file_or_with_a_spoilt_end_begins_again(by_sftp, outbox):
    from pipelines.fetch.place import RemoteFile
    from pipelines.fetch.transfer import _identity, _note

    path = outbox("a.csv", BIG)
    office = by_sftp()
    part = part_of(office.folder / "box/a.csv")
    import datetime as dt

    changed = dt.datetime.fromtimestamp(int(path.stat().st_mtime), dt.UTC)
    for content, size in ((BIG[:5000] + bytes(100), len(BIG)), (BIG[:5000], len(BIG) + 1)):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        _note(part).write_text(_identity(RemoteFile(str(path), size, changed)), encoding="utf-8")
        [line] = office.fetch()
        assert line.resumed_from == 0
        assert office.landed() == {"box/a.csv": BIG}
        (office.folder / "box/a.csv").unlink()
    part.write_bytes(BIG[:5000])
    _note(part).write_text(_identity(RemoteFile(str(path), len(BIG), changed)), encoding="utf-8")
    [line] = office.fetch()
    assert line.resumed_from == 5000
    assert office.landed() == {"box/a.csv": BIG}


def said(office) -> str:
    with pytest.raises(DataError) as error:
        office.fetch()
    assert office.landed() == {}
    text = str(error.value)
    assert CANARY not in text
    assert "处理：" in text
    return text


def test_nobody_answering_is_told(by_sftp):
    assert "连不上" in said(by_sftp(port=free_port()))


def test_a_login_refused_is_told(by_sftp, sshd, office):
    by_sftp(key="{file: secrets/stranger}", password=None)
    office.secret("stranger", (sshd.folder / "stranger").read_text())
    assert "拒绝登录" in said(office)


def test_a_password_refused_is_told_without_it(by_sftp):
    assert "拒绝登录" in said(by_sftp(key=None))


def test_a_host_whose_key_is_unknown_or_another_one_is_not_trusted(by_sftp, sshd, office):
    by_sftp()
    known = office.home.root / "known_hosts"
    for text in (
        "",
        sshd.known_hosts().replace((sshd.folder / "host.pub").read_text(), (sshd.folder / "id.pub").read_text()),
        "x\n",
    ):
        known.write_text(text)
        assert "主机密钥不在 known_hosts 里" in said(office)
    known.unlink()
    assert "找不到 known_hosts" in said(office)


def test_a_key_others_can_read_or_a_wrong_pass_phrase_is_told(by_sftp, office, monkeypatch):
    by_sftp()
    monkeypatch.setenv("SFTP_PHRASE", "wrong")
    assert "私钥文件读不出来" in said(office)
    (office.home.root / "secrets/id").chmod(0o644)
    assert "别人也能读" in said(office)


def test_a_file_that_vanishes_between_listing_and_reading_is_told(by_sftp, outbox, monkeypatch):
    path = outbox("a.csv", "a")
    office = by_sftp()
    real = stage.carry

    def meanwhile(*given):
        path.unlink()
        return real(*given)

    monkeypatch.setattr(stage, "carry", meanwhile)
    with pytest.raises(DataError, match="不见了"):
        office.fetch()
    assert not any(name.endswith(".csv") for name in office.landed())


def test_a_full_disk_is_told_and_leaves_nothing(by_sftp, outbox, tmp_path):
    """On a real file system of two megabytes."""
    small = tmp_path / "drop"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", small], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        outbox("a.csv", BIG)
        office = by_sftp()
        assert "磁盘空间不足" in said(office)
        import pipelines.fetch.transfer as transfer

        with pytest.MonkeyPatch.context() as patch:  # nobody foresaw it: the disk fills while bytes come
            patch.setattr(transfer.shutil, "disk_usage", lambda _: type("free", (), {"free": 1 << 40}))
            assert "磁盘空间不足" in said(office)
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_source_that_fails_does_not_keep_the_others_out_and_all_are_told(by_sftp, outbox, sshd, office):
    outbox("a.csv", "a")
    by_sftp()
    text = (office.home.root / "sources.yaml").read_text()
    text += f'  - source: others\n    place: gone\n    files: "{sshd.outbox}/*.csv"\n'
    gone = (
        text.split("places:\n")[1].split("deliveries:")[0].replace("  box:", "  gone:").replace(str(sshd.port), str(free_port()))
    )
    office.declare(text.replace("deliveries:", gone + "deliveries:"))
    with pytest.raises(DataError, match="others：连不上"):
        office.fetch()
    assert office.landed() == {"box/a.csv": b"a"}
    assert [line.file for line in office.ledger()] == ["box/a.csv"]


def test_a_batch_run_again_uses_what_was_fetched_where_the_place_is_gone(by_sftp, outbox):
    outbox("a.csv", "a")
    by_sftp().fetch()
    office = by_sftp(port=free_port())
    assert office.fetch(again=False) == []
    assert any("沿用" in note and "连不上" in note for note in office.told.notes)
    with pytest.raises(DataError, match="连不上"):
        office.fetch(again=True)


def test_two_fetches_at_once_are_refused(by_sftp, outbox):
    outbox("a.csv", "a")
    office = by_sftp()
    with stage._only_fetch(office.home), pytest.raises(DataError, match="正在取数"):
        office.fetch()
