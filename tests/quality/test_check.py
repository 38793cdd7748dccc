"""`zhudong check`: what the run would say of the values and against the last batch, without a value shown or a file left."""

import json
import tempfile

import pytest

from pipelines.cli import main
from pipelines.contracts import load_contracts
from pipelines.extracts import extract_source
from pipelines.progress import Silent
from pipelines.quality.check import as_json, check, print_all
from pipelines.storage import Home

CONTRACTS = {source: contract for source, contract in load_contracts().items() if source == "disabled_persons"}
HEAD = "姓名,残疾人证号,残疾等级,出生日期,发证日期,联系电话,镇街\n"
GOOD = "11010519491231002X44"


@pytest.fixture
def drop(tmp_path):
    def put(*rows, batch="2026-10", name="a.csv"):
        path = tmp_path / "drop" / batch / "disabled_persons" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + "".join(rows), encoding="utf-8")
        return tmp_path / "drop"

    return put


def good(rows, town="王台街道"):
    return [f"张{chr(0x4E00 + n)},{GOOD},四级,1949-12-31,2020-01-01,,{town}\n" for n in range(rows)]


def test_each_columns_troubles_are_counted_with_row_numbers_and_no_value_is_shown(drop, capsys):
    rows = [
        *good(3),
        "李四,3.70211E+17,四级,不是日期,2026年9月,123,王台街道\n",
        "王五,110105194912310029,十级,1949-02-30,2020-01-01,,某某镇\n",
    ]
    files, values = check(drop(*rows), CONTRACTS, Silent())
    [found] = values
    assert {(one.column, one.what): (one.rows, one.first) for one in found.found} == {
        ("birth_date", "not_a_date"): (2, [("a.csv", 5), ("a.csv", 6)]),
        ("certificate", "bad_check"): (1, [("a.csv", 6)]),
        ("certificate", "truncated"): (1, [("a.csv", 5)]),
        ("grade", "unknown_code"): (1, [("a.csv", 6)]),
        ("issued_on", "month_only"): (1, [("a.csv", 5)]),
        ("phone", "not_a_phone"): (1, [("a.csv", 5)]),
        ("town", "unknown_town"): (1, [("a.csv", 6)]),
    }
    print_all(files, values)
    said = capsys.readouterr().out
    assert "“残疾人证号”证号被表格软件变成了数字，末几位已丢：1 行（a.csv 第 5 行）" in said
    for value in ("李四", "3.70211", "不是日期：不是日期", "某某镇", "110105"):
        assert value not in said


def test_what_the_limits_would_say_is_said_and_a_critical_one_is_exit_code_one(drop):
    bad = [f"李{chr(0x4E00 + n)},3.70211E+17,四级,1949-12-31,2020-01-01,,王台街道\n" for n in range(40)]
    files, values = check(drop(*bad), CONTRACTS, Silent())
    [found] = values
    assert {result.limit.measure for result in found.failed if result.limit.severity == "critical"} == {"id_usable_share"}
    assert print_all(files, values) == 1


def test_against_a_home_folder_it_says_what_the_run_would_ask_and_changes_nothing_there(drop, tmp_path):
    home = Home(tmp_path / "home", threads=1)
    folder = drop(*good(100))
    extract_source(home, "2026-10", CONTRACTS["disabled_persons"], folder, Silent())
    drop(*good(60), batch="2026-11")
    before = {path: path.stat().st_mtime_ns for path in home.root.rglob("*")}
    _, values = check(folder / "2026-11", CONTRACTS, Silent(), home)
    kinds = {(question.kind, question.subject) for question in values[0].questions}
    assert ("short", "") in kinds
    assert values[0].stops
    after = {path: path.stat().st_mtime_ns for path in home.root.rglob("*") if "tmp" not in path.parts[-2:]}
    assert after.items() <= before.items() | {(home.root / "tmp", after.get(home.root / "tmp"))}
    assert check(folder / "2026-11", CONTRACTS, Silent())[1][0].questions == []


def test_nothing_is_left_behind(drop, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    folder = drop(*good(3))
    before = sorted(folder.rglob("*"))
    check(folder, CONTRACTS, Silent())
    assert sorted(folder.rglob("*")) == before
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_machine_reads_the_same_as_json(drop, capsys):
    folder = drop(*good(3), "李四,3.7E+17,四级,x,2020-01-01,,王台街道\n", "王五,,,,,,,多\n")
    told = json.loads(as_json(*check(folder, CONTRACTS, Silent())))
    [file] = told["files"]
    assert (file["file"], file["accepted"], file["rejected"]) == ("a.csv", 4, 1)
    assert file["reasons"] == {"columns": {"rows": 1, "first": [6]}}
    [dates] = [one for one in told["columns"] if one["column"] == "birth_date"]
    assert (dates["source"], dates["what"], dates["rows"], dates["first"]) == (
        "disabled_persons",
        "not_a_date",
        1,
        [["a.csv", 5]],
    )
    assert told["stops"] is False
    assert main(["check", str(folder), "--json"]) == 1  # the other required sources are missing
    assert json.loads(capsys.readouterr().out)["stops"] is True
