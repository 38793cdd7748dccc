"""Worklists: what a caseworker gets, in which order, how masked, and that no spreadsheet can spoil or run it."""

import csv
import datetime as dt
import hashlib
import re
import subprocess
import zipfile

import openpyxl
import polars as pl
import pytest
from xlsxwriter.exceptions import FileCreateError

from pipelines.assess.leads.leads import raise_leads
from pipelines.errors import DataError
from pipelines.masking import mask
from pipelines.progress import Silent
from pipelines.publish import worklists
from pipelines.publish.cells import number_proof, one_line, runs, unguarded
from pipelines.publish.worklist_policy import load_worklist_policy
from pipelines.publish.worklists import write_worklists
from tests.builders.leads_lake import OCTOBER, LeadsLake
from tests.conftest import real_part

HEADINGS = [
    "线索编号",
    "批次",
    "生成日期",
    "建议时限",
    "镇街",
    "村居",
    "网格",
    "户主",
    "家庭人口",
    "关注对象",
    "证号（脱敏）",
    "联系电话",
    "住址",
    "预警级别",
    "方向",
    "触发规则",
    "触发原因",
    "依据文件",
    "数据截至",
    "当前已享政策",
    "需核实问题",
    "可能适用政策",
    "历史线索次数",
    "上次结论",
    "核查方式",
    "核查日期",
    "核查人1",
    "核查人2",
    "核查结果码",
    "不纳入原因",
    "实际共同生活人口",
    "主要困难",
    "转办部门",
    "备注",
    "收入要问",
    "收入答复（元）",
]
"""Word for word as interface.md §2 has them."""

NASTY = ["=1+1", "+86 1", "-2", "@SUM(A1)", "\t=1+1", "\r\n=cmd|' /C calc'!A0", "007", "370211198003051230", "37021119800305123041", "1E5",
         "2026-10", "3-5", "1/2", "TRUE", "12:30", "＝1+1"]  # fmt: skip


@pytest.fixture
def lake(tmp_path):
    lake = LeadsLake(tmp_path)
    lake.rule("U01", "red", title="医疗费用负担重，未享受低保、特困", programmes=["低保"], question="还有哪些医疗费没有报销？")
    lake.rule(
        "U05",
        "orange",
        title="重度残疾人未纳入救助",
        programmes=["单人保"],
        question="日常由谁照料？",
        law=["民发〔2021〕57号 第八条"],
    )
    lake.rule("U08", "yellow", title="护理补贴未领")
    lake.rule("U10", "red", title="儿童无人抚养")
    lake.rule("O01", "red", title="死亡后仍在发放")
    return lake


def household(lake, number, rule="U01", *, batch="2026-10", place=None, child=False, person=None, **finding):
    person_id = lake.person(f"P{number:011d}", **{"birth_date": "2015-03-02" if child else "1980-03-05", **(person or {})})
    lake.household(f"H{number:011d}", person_id, **(place or {}))
    lake.finding(batch, rule, f"H{number:011d}", person_id, **finding)
    return person_id


def publish(lake, batch="2026-10", **more):
    lake.write(batch)
    raise_leads(lake.home, batch, Silent(), today=OCTOBER)
    return write_worklists(lake.home, batch, Silent(), **more)


def rows(lake, name="2026-10_王台街道_走访清单.csv", batch="2026-10"):
    with (lake.home.worklists(batch) / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def names(lake, batch="2026-10"):
    return {path.name for path in lake.home.worklists(batch).iterdir()}


def test_a_town_has_a_csv_and_an_xlsx_of_the_same_rows_with_the_columns_of_the_interface(lake):
    for number in range(3):
        household(lake, number)
    counts = publish(lake)
    assert (counts["leads"], counts["towns"], counts["files"]) == (3, 1, 2)
    assert names(lake) == {"2026-10_王台街道_走访清单.csv", "2026-10_王台街道_走访清单.xlsx", "manifest.csv"}
    raw = (lake.home.worklists("2026-10") / "2026-10_王台街道_走访清单.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 4
    listed = rows(lake)
    assert list(listed[0]) == HEADINGS
    sheet = openpyxl.load_workbook(lake.home.worklists("2026-10") / "2026-10_王台街道_走访清单.xlsx")["清单"]
    cells = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert cells[0] == HEADINGS
    assert cells[1:] == [[unguarded(text) for text in row.values()] for row in listed]


def test_the_manifest_names_every_file_with_its_rows_and_digest(lake):
    household(lake, 1)
    household(lake, 2, place={"town": "琅琊镇"})
    publish(lake)
    manifest = rows(lake, "manifest.csv")
    assert {row["file"] for row in manifest} == names(lake) - {"manifest.csv"}
    for row in manifest:
        assert row["rows"] == "1"
        assert hashlib.sha256((lake.home.worklists("2026-10") / row["file"]).read_bytes()).hexdigest() == row["sha256"]


def test_rows_are_sorted_by_level_then_due_date_then_village_and_grid(lake):
    household(lake, 1, "U08")
    household(lake, 2, "U05", place={"village": "乙村"})
    household(lake, 3, "U01", place={"village": "乙村", "grid": "002"})
    household(lake, 4, "U01", place={"village": "乙村", "grid": "001"})
    household(lake, 5, "U01", place={"village": "甲村", "grid": "009"})
    publish(lake)
    listed = rows(lake)
    assert [(row["预警级别"], row["村居"], unguarded(row["网格"])) for row in listed] == [
        ("红", "乙村", "001"), ("红", "乙村", "002"), ("红", "甲村", "009"), ("橙", "乙村", "003"), ("黄", "徐村", "003"),
    ]  # fmt: skip


def test_a_lead_says_what_is_suspected_why_and_what_must_be_asked_and_never_that_anybody_is_entitled(lake):
    person = household(lake, 1, "U01", reason="近12个月个人负担 31,000 元")
    lake.finding(
        "2026-10",
        "U05",
        "H00000000001",
        person,
        outcome="unknown",
        missing=["disability_category"],
        reason="持多重残疾证（三级）。",
    )
    lake.facts[person] = {"on_edge": True, "nursing_subsidy": True}
    publish(lake)
    (row,) = rows(lake)
    assert (
        row["触发原因"]
        == "①疑似医疗费用负担重，未享受低保、特困：近12个月个人负担 31,000 元；②待核实：重度残疾人未纳入救助：持多重残疾证（三级）"
    )
    assert row["触发规则"] == "U01、U05"
    assert row["需核实问题"] == "还有哪些医疗费没有报销？日常由谁照料？请补充：有效残疾人证的类别。"
    assert row["可能适用政策"] == "低保、单人保"
    assert row["当前已享政策"] == "低保边缘、重度残疾人护理补贴"
    assert (row["方向"], row["历史线索次数"], unguarded(row["数据截至"]), unguarded(row["建议时限"])) == (
        "应保未保",
        "0",
        "2026-10-31",
        "2026-11-06",
    )
    for word in ("符合条件", "应当纳入", "有资格", "应享受"):
        assert word not in "".join(row.values())


def test_two_persons_of_one_lead_are_told_apart_in_its_reasons(lake):
    first = household(lake, 1, "U05", person={"name": "张三丰"})
    second = lake.person("P00000000002", name="李四", id_number="370211197001011234")
    lake.household("H00000000001", first, second)
    lake.finding("2026-10", "U05", "H00000000001", second)
    publish(lake)
    (row,) = rows(lake)
    assert row["关注对象"] == "张*、李*"
    assert "（张*）" in row["触发原因"]
    assert "（李*）" in row["触发原因"]
    assert row["家庭人口"] == "2"


def test_persons_who_look_alike_under_the_mask_are_told_apart_by_the_end_of_their_ids(lake):
    first = household(lake, 1, "U05", person={"name": "刘甲", "id_number": "370211198003055605"})
    second = lake.person("P00000000002", name="刘乙", id_number="370211197001013105")
    lake.household("H00000000001", first, second)
    lake.finding("2026-10", "U05", "H00000000001", second)
    publish(lake)
    (row,) = rows(lake)
    assert row["关注对象"] == "刘*5605、刘*3105"
    assert "（刘*5605）" in row["触发原因"]


def test_suspicion_is_said_once_the_day_of_the_data_not_again_and_no_question_twice(lake):
    lake.rule("U21", "orange", title="疑似刚性支出困难家庭", question="还有哪些医疗费没有报销？家里有谁上学？")
    person = household(lake, 1, "U01", reason="个人负担 31,000 元；数据截至 2026-10-31")
    lake.finding("2026-10", "U21", "H00000000001", person, reason="支出 5 万元；数据截至 2026-10-31")
    publish(lake)
    (row,) = rows(lake)
    assert row["触发原因"] == "①疑似医疗费用负担重，未享受低保、特困：个人负担 31,000 元；②疑似刚性支出困难家庭：支出 5 万元"
    assert row["需核实问题"] == "还有哪些医疗费没有报销？家里有谁上学？"


def test_names_ids_and_phones_are_masked_for_the_village(lake):
    household(lake, 1, person={"name": "欧阳明日", "id_number": "370211198003051230", "phone": "13812345678"})
    publish(lake)
    (row,) = rows(lake)
    assert (row["户主"], row["关注对象"], row["证号（脱敏）"], row["联系电话"]) == (
        "欧阳*",
        "欧阳*",
        "**************1230",
        "138****5678",
    )
    folder = lake.home.worklists("2026-10")
    with zipfile.ZipFile(folder / "2026-10_王台街道_走访清单.xlsx") as parts:
        everything = b"".join(parts.read(name) for name in parts.namelist())
    everything += b"".join(path.read_bytes() for path in folder.glob("*.csv"))
    for secret in ("欧阳明日", "370211198003051230", "13812345678"):
        assert secret.encode() not in everything


@pytest.mark.parametrize(
    ("value", "kind", "role", "expected"),
    [
        ("张三", "name", "district", "张*"), ("张三丰", "name", "district", "张*丰"), ("欧阳明日", "name", "district", "欧阳*日"),
        ("张三丰", "name", "village", "张*"), ("阿依古丽·买买提", "name", "village", "阿*"), ("", "name", "village", ""),
        ("370211198003051230", "id_number", "town", "370211********1230"), ("3.70211E+17", "id_number", "town", "*******E+17"),
        ("370211198003051230", "id_number", "public", ""), ("86671234", "phone", "village", "******34"),
    ],
)  # fmt: skip
def test_masks_hide_what_the_role_may_not_see(value, kind, role, expected):
    assert mask(value, kind, role) == expected


def test_leads_about_children_are_in_a_file_of_their_own(lake):
    household(lake, 1, "U10", child=True)
    household(lake, 2)
    mixed = household(lake, 3, "U05")
    child = lake.person("P00000000033", birth_date="2012-05-01")
    lake.household("H00000000003", mixed, child)
    lake.finding("2026-10", "U01", "H00000000003", child)
    counts = publish(lake)
    assert counts["children"] == 2
    assert len(rows(lake)) == 1
    assert len(rows(lake, "2026-10_王台街道_儿童_走访清单.csv")) == 2


def test_eighteen_on_the_last_day_of_the_month_is_no_child(lake):
    household(lake, 1, person={"birth_date": "2008-10-31"})
    household(lake, 2, person={"birth_date": "2008-11-01"})
    assert publish(lake)["children"] == 1


def test_where_somebody_is_registered_elsewhere_that_town_gets_a_copy(lake):
    household(lake, 1, place={"town": "王台街道", "register_town": "琅琊镇"})
    counts = publish(lake)
    assert (counts["leads"], counts["copies"]) == (1, 1)
    copy = rows(lake, "2026-10_琅琊镇_抄送_走访清单.csv")
    assert copy == rows(lake)


def test_a_lead_without_a_town_is_not_lost(lake):
    household(lake, 1, place={"town": None}, person={"town": None})
    publish(lake)
    assert len(rows(lake, "2026-10_镇街不详_走访清单.csv")) == 1


def test_lists_per_village_hold_the_same_leads(lake):
    household(lake, 1, place={"village": "甲村"})
    household(lake, 2, place={"village": "乙/村"})
    publish(lake, per_village=True)
    assert {name for name in names(lake) if name.endswith(".csv")} == {
        "2026-10_王台街道_甲村_走访清单.csv", "2026-10_王台街道_乙-村_走访清单.csv", "manifest.csv"
    }  # fmt: skip


def test_what_is_held_back_is_on_no_list_and_the_answered_come_with_their_history(lake):
    household(lake, 1)
    household(lake, 2)
    lake.findings["2026-11"] = lake.findings["2026-10"]
    publish(lake)
    first, second = (
        row["lead_id"] for row in sorted(lake.read("2026-10", "assess", "leads"), key=lambda row: row["household_id"])
    )
    lake.answer("2026-10", first, "E1")
    lake.answer("2026-10", second, "F2")
    lake.write("2026-11")
    raise_leads(lake.home, "2026-11", Silent(), today=dt.date(2026, 12, 3))
    write_worklists(lake.home, "2026-11", Silent())
    (row,) = rows(lake, "2026-11_王台街道_走访清单.csv", "2026-11")
    assert (row["线索编号"], row["历史线索次数"], row["上次结论"]) == (second, "1", "F2 外出或查无此人")


def test_a_batch_without_leads_gives_an_empty_folder_with_its_manifest(lake):
    lake.findings["2026-10"] = []
    assert publish(lake)["leads"] == 0
    assert names(lake) == {"manifest.csv"}


@pytest.mark.parametrize(
    "error", [OSError(28, "no space"), FileCreateError("[Errno 28] No space left on device")], ids=["system", "wrapped"]
)
def test_a_failed_run_leaves_the_earlier_lists_as_they_were(lake, monkeypatch, error):
    household(lake, 1)
    publish(lake)
    before = {path.name: path.read_bytes() for path in lake.home.worklists("2026-10").iterdir()}
    household(lake, 2)

    def full(*_, **__):
        raise error

    monkeypatch.setattr(worklists, "open_workbook", full)
    with pytest.raises(DataError, match="磁盘空间不足"):
        publish(lake)
    assert {path.name: path.read_bytes() for path in lake.home.worklists("2026-10").iterdir()} == before
    assert [path.name for path in lake.home.worklists("2026-10").parent.iterdir()] == ["2026-10"]


def test_a_run_killed_between_putting_the_old_away_and_the_new_in_place_loses_nothing(lake):
    household(lake, 1)
    publish(lake)
    folder = lake.home.worklists("2026-10")
    folder.rename(folder.with_name(".2026-10.old"))
    (folder.with_name(".2026-10.77.new")).mkdir()
    publish(lake)
    assert [path.name for path in folder.parent.iterdir()] == ["2026-10"]
    assert len(rows(lake)) == 1


def test_the_policy_may_ask_for_an_encrypted_zip(lake, monkeypatch):
    import pyzipper

    household(lake, 1)
    household(lake, 2, "U10", child=True)
    policy = load_worklist_policy().model_copy(update={"archive": "children"})
    monkeypatch.setattr(worklists, "load_worklist_policy", lambda: policy)
    monkeypatch.delenv("ZHUDONG_ARCHIVE_PASSWORD", raising=False)
    with pytest.raises(DataError, match="密码"):
        publish(lake)
    assert not lake.home.worklists("2026-10").exists()
    monkeypatch.setenv("ZHUDONG_ARCHIVE_PASSWORD", "correct horse battery")
    publish(lake)
    assert "2026-10_王台街道_儿童_走访清单.zip" in names(lake)
    assert not any("儿童" in name and not name.endswith(".zip") for name in names(lake))
    with pyzipper.AESZipFile(lake.home.worklists("2026-10") / "2026-10_王台街道_儿童_走访清单.zip") as packed:
        inside = packed.infolist()
        assert {one.filename.rsplit(".")[-1] for one in inside} == {"csv", "xlsx"}
        with pytest.raises(RuntimeError):
            packed.read(inside[0])
        packed.setpassword(b"correct horse battery")
        assert packed.read(inside[0])
        assert all(one.wz_aes_strength == 3 for one in inside)  # 3 is 256 bits


def test_the_sheet_locks_the_facts_opens_the_answers_and_offers_the_codes(lake):
    for number in range(3):
        household(lake, number)
    publish(lake)
    book = openpyxl.load_workbook(lake.home.worklists("2026-10") / "2026-10_王台街道_走访清单.xlsx")
    sheet, guide = book["清单"], book["填写说明"]
    assert sheet.protection.sheet
    locked = {cell.value: sheet.cell(2, cell.column).protection.locked for cell in sheet[1]}
    answers = [name for name in HEADINGS[HEADINGS.index("核查方式") :] if name != "收入要问"]
    assert [name for name, closed in locked.items() if not closed] == answers
    assert all(sheet.cell(2, column).number_format == "@" for column in range(1, len(HEADINGS) + 1))
    assert (sheet.freeze_panes, sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("B2", "landscape", 9)
    footer = sheet.oddFooter
    assert (
        "内部资料" in footer.left.text,
        "2026-10" in footer.center.text,
        "&P" in footer.right.text or "&[Page]" in footer.right.text,
    ) == (True,) * 3
    checks = {str(check.sqref).split(":")[0][:-1]: check for check in sheet.data_validations.dataValidation}
    outcome = checks[openpyxl.utils.get_column_letter(HEADINGS.index("核查结果码") + 1)]
    assert outcome.type == "list"
    first, last = map(int, re.findall(r"\$A\$(\d+)", outcome.formula1))
    offered = [guide.cell(row, 1).value for row in range(first, last + 1)]
    assert [text.split()[0] for text in offered] == [
        "A1",
        "B1",
        "B2",
        "B3",
        "B4",
        "B5",
        "C1",
        "D1",
        "E1",
        "E2",
        "E3",
        "E4",
        "E5",
        "E6",
        "F1",
        "F2",
        "F3",
        "G1",
        "H1",
    ]
    told = [cell for row in guide.iter_rows(values_only=True) for cell in row if cell]
    assert {"2026-10", "3", "红 3 户"} <= set(told)


@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_a_csv_can_be_run_or_read_as_a_number_and_none_is_lost(text):
    (kept,) = pl.DataFrame({"t": [text]}).select(number_proof(one_line(pl.col("t")))).to_series()
    assert not runs(kept)
    assert "\n" not in kept
    assert "\t" not in kept
    assert not re.fullmatch(r"[\d.\-/:eE+]+", kept)
    assert unguarded(kept) == unguarded(" ".join(text.split()))


@pytest.mark.parametrize("text", ["王台街道", "张*", "**************1230", "138****5678", "L74YJTVB7TA6", "徐村3号楼2单元", ""])
def test_ordinary_text_is_left_as_it_is(text):
    assert pl.DataFrame({"t": [text]}).select(number_proof(one_line(pl.col("t")))).item() == text


def spoiled(lake):
    """Lists with everything a spreadsheet could spoil in the cells that come from the data."""
    for number, text in enumerate(NASTY):
        household(lake, number, place={"grid": text, "village": "徐村"}, person={"address": text}, reason=text)
    publish(lake)


@pytest.fixture
def office_program():
    return real_part("soffice")


def office(path, to, tmp_path):
    # A CSV as its dialogue opens it: UTF-8 by the mark, comma; 'detect special numbers' on, which is the hardest on text.
    opening = ["--infilter=CSV:44,34,76,1,,0,false,true"] if path.suffix == ".csv" else []
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless", *opening, "--convert-to", to, "--outdir", str(tmp_path), str(path)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.usefixtures("office_program")
def test_libreoffice_opens_a_list_with_ids_and_dates_as_text_and_runs_nothing(lake, tmp_path, kind):
    spoiled(lake)
    listed = rows(lake)
    source = lake.home.worklists("2026-10") / f"2026-10_王台街道_走访清单.{kind}"
    if kind == "csv":
        office(source, "xlsx:Calc MS Excel 2007 XML", tmp_path)
    else:
        office(source, "ods", tmp_path)
        (tmp_path / "2026-10_王台街道_走访清单.ods").rename(tmp_path / "again.ods")
        office(tmp_path / "again.ods", "xlsx:Calc MS Excel 2007 XML", tmp_path)
    book = openpyxl.load_workbook(tmp_path / ("2026-10_王台街道_走访清单.xlsx" if kind == "csv" else "again.xlsx"))
    opened = book.worksheets[0] if kind == "csv" else book["清单"]
    cells = [list(row) for row in opened.iter_rows(values_only=True)]
    heading = cells[0]
    assert heading == HEADINGS
    assert opened.max_row == len(NASTY) + 1
    counted = {"家庭人口", "历史线索次数"}
    for row, written in zip(cells[1:], listed, strict=True):
        for name, cell in zip(heading, row, strict=True):
            assert isinstance(cell, str) or cell is None or name in counted
            if name not in counted:
                assert unguarded(cell or "") == unguarded(written[name])
            assert not runs(str(cell or ""))


@pytest.mark.real
@pytest.mark.usefixtures("office_program")
def test_a_list_filled_in_and_saved_by_libreoffice_comes_back_whole(lake, tmp_path):
    from pipelines.returns.stage import read_returns

    spoiled(lake)
    source = lake.home.worklists("2026-10") / "2026-10_王台街道_走访清单.xlsx"
    book = openpyxl.load_workbook(source)
    for row in range(2, len(NASTY) + 2):
        book["清单"].cell(row, HEADINGS.index("核查结果码") + 1).value = "H1 暂无困难继续观察"
    back = tmp_path / "back"
    back.mkdir()
    book.active = book["清单"]
    book.save(tmp_path / "filled.xlsx")
    office(tmp_path / "filled.xlsx", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,3", back.parent)
    (tmp_path / "filled-清单.csv").rename(back / "filled.csv")
    for kind in ("linkage/person_records",):
        stage, table = kind.split("/")
        lake._write("2026-10", stage, table, f"{stage}.sql", [])
    assert read_returns(back, lake.home, Silent())["taken"] == len(NASTY)
