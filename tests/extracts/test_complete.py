"""Files of the drop folder that their senders' marks, or their own restlessness, say are not whole."""

import hashlib
import os
import time

import pytest

from pipelines.errors import DataError
from pipelines.extracts.complete import awaited, check_marks, wait_until_still

CSV = "姓名,身份证号\n张三,1\n"


def listed(**files):
    return "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}.csv\n" for name, text in files.items())


def test_where_nobody_uses_marks_none_are_asked_for(office):
    office.put("a.csv", CSV)
    assert awaited(office.folder) == 0
    assert office.extract()["files"] == 1


def test_where_one_file_has_its_done_mark_every_file_in_the_folder_needs_one(office):
    for name in ("a.csv", "a.csv.done", "b.csv", "town/c.csv"):
        office.put(name, CSV)
    assert awaited(office.folder) == 1
    with pytest.raises(DataError, match=r"没有 \.done 标记") as error:
        office.extract()
    assert "2026-10/people/b.csv" in str(error.value)
    assert not office.lake()
    office.put("b.csv.done", "")
    assert office.extract()["files"] + office.extract()["duplicate_files"] >= 1
    assert awaited(office.folder) == 0


def test_marks_are_no_data_and_nobody_hears_of_them(office):
    for name, text in (("a.csv", CSV), ("a.csv.done", ""), ("SHA256SUMS", listed(a=CSV))):
        office.put(name, text)
    office.extract()
    assert not any("不是表格文件" in note for note in office.told.notes)


def test_a_list_is_held_against_the_files(office):
    office.put("SHA256SUMS", listed(a=CSV, b="b"))
    office.put("a.csv", CSV)
    assert awaited(office.folder) == 1
    with pytest.raises(DataError, match="清单里的文件没有到"):
        office.extract()
    office.put("b.csv", "half")
    with pytest.raises(DataError, match="校验值不符"):
        check_marks(office.folder)
    office.put("b.csv", "b")
    check_marks(office.folder)
    office.put("c.csv", "c")
    with pytest.raises(DataError, match="不在清单里"):
        check_marks(office.folder)
    office.put("SHA256SUMS", "no list\n")
    assert awaited(office.folder) == 1
    with pytest.raises(DataError, match="清单读不懂"):
        check_marks(office.folder)


def test_what_lay_there_for_long_is_not_waited_for_and_what_came_just_now_is(office, monkeypatch):
    monkeypatch.setenv("ZHUDONG_SETTLE", "5")
    slept, path = [], office.put("a.csv", CSV)
    monkeypatch.setattr("pipelines.extracts.complete.time.sleep", slept.append)
    wait_until_still([office.folder], office.told.note)
    assert 4 < slept.pop() <= 5
    assert any("看它们是否还在变化" in note for note in office.told.notes)
    os.utime(path, (time.time() - 6, time.time() - 6))
    wait_until_still([office.folder], office.told.note)
    wait_until_still([office.drop / "nothing"], office.told.note)
    assert not slept


def test_a_file_that_grows_meanwhile_stops_it(office, monkeypatch):
    monkeypatch.setenv("ZHUDONG_SETTLE", "5")
    path = office.put("a.csv", CSV)
    monkeypatch.setattr("pipelines.extracts.complete.time.sleep", lambda _: path.write_text(CSV * 2, encoding="utf-8"))
    with pytest.raises(DataError, match="还在变化"):
        wait_until_still([office.folder], office.told.note)


def test_a_file_that_comes_meanwhile_stops_it_too(office, monkeypatch):
    monkeypatch.setenv("ZHUDONG_SETTLE", "5")
    office.put("a.csv", CSV)
    monkeypatch.setattr("pipelines.extracts.complete.time.sleep", lambda _: office.put("b.csv", CSV))
    with pytest.raises(DataError, match="还在变化"):
        wait_until_still([office.folder], office.told.note)
