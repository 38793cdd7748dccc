"""Filled-in lists that come back: every row is taken, or named with its reason."""

import datetime as dt

import openpyxl
import pytest

from pipelines.errors import DataError
from pipelines.progress import Silent
from pipelines.returns.stage import read_returns
from tests.builders.leads_lake import declared_columns
from tests.returns.conftest import SENT


def filled(row, code="B1", day="2026-11-05", **more):
    return {**row, "核查结果码": code, "核查日期": day, "核查人1": "甲", "核查人2": "乙", "核查方式": "入户", **more}


def test_a_filled_in_csv_is_taken_with_everything_that_was_written(month):
    rows = month.rows()
    rows[0] = filled(
        rows[0], "B1 协助申请低保或特困", 实际共同生活人口="3", 主要困难="疾病、残疾", 备注="已告知政策", 转办部门="民政"
    )
    month.send(rows)
    counts = month.read()
    answer = month.answers()[month.leads[0]]
    assert (counts["taken"], counts["blank"], counts["not_taken"], counts["rows"]) == (1, 3, 0, 4)
    assert answer["outcome_code"] == "B1"
    assert answer["visited_on"] == dt.date(2026, 11, 5)
    assert (answer["visitors"], answer["method"], answer["household_size"]) == ("甲、乙", "入户", 3)
    assert (answer["difficulties"], answer["note"], answer["referred_to"]) == ("疾病、残疾", "已告知政策", "民政")
    assert (answer["file"], answer["row_no"], answer["received_in"]) == ("回填.csv", 2, "2026-10")


def test_rows_not_filled_in_are_named_as_not_visited(month):
    rows = month.rows()
    month.send([filled(rows[0]), *rows[1:]])
    month.read()
    assert [(row["行号"], row["处理"]) for row in month.not_taken()] == [("3", "未采用"), ("4", "未采用"), ("5", "未采用")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_encodings_and_separators_do_not_matter(month, encoding, delimiter):
    month.send([filled(row) for row in month.rows()], encoding=encoding, delimiter=delimiter)
    assert month.read()["taken"] == 4


def test_columns_may_be_moved_and_deleted_and_titles_stand_above(month):
    rows = [filled(row) for row in month.rows()]
    month.send(rows, headings=["备注", "核查结果码", "户主", "核查日期", "线索编号"])
    path = month.folder / "回填.csv"
    path.write_bytes("王台街道十月走访结果,,,,\r\n填表人：某,,,,\r\n".encode() + path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    assert month.read()["taken"] == 4
    assert month.answers()[month.leads[0]]["row_no"] == 4


def test_a_heading_may_be_written_in_another_way(month):
    rows = [{"线 索\n编号": row["线索编号"], "核查结果": "E1", "备注（说明）": "收入超了"} for row in month.rows()]
    month.send(rows)
    month.read()
    assert {row["note"] for row in month.answers().values()} == {"收入超了"}


def test_an_xlsx_that_was_filled_in_with_real_dates_numbers_and_merged_cells_is_read(month):
    book = openpyxl.load_workbook(month.xlsx_list)
    sheet = book["清单"]
    sheet.insert_rows(1, 2)
    sheet.cell(1, 1).value = "王台街道"
    place = {cell.value: cell.column for cell in sheet[3]}
    for row in range(4, 8):
        sheet.cell(row, place["核查结果码"]).value = "F2 外出或查无此人"
    sheet.cell(4, place["核查日期"]).value = dt.datetime(2026, 11, 6)  # noqa: DTZ001  a cell has no zone
    sheet.merge_cells(start_row=4, end_row=7, start_column=place["核查日期"], end_column=place["核查日期"])
    sheet.cell(4, place["实际共同生活人口"]).value = 3
    book.save(month.folder / "王台.xlsx")
    counts = month.read()
    answers = month.answers().values()
    assert counts["taken"] == 4
    assert {answer["visited_on"] for answer in answers} == {dt.date(2026, 11, 6)}
    assert sorted(answer["household_size"] or 0 for answer in answers) == [0, 0, 0, 3]


def test_every_sheet_of_a_book_that_has_the_headings_is_read(month):
    book = openpyxl.Workbook()
    for number, row in enumerate(month.rows()[:2]):
        sheet = book.create_sheet(f"村{number}")
        sheet.append(["线索编号", "核查结果码"])
        sheet.append([row["线索编号"], "E2"])
    book.save(month.folder / "两村.xlsx")
    assert month.read()["taken"] == 2


@pytest.mark.parametrize("mangle", [str.lower, lambda text: f" {text[:4]} {text[4:]}", lambda text: text.replace("0", "O").replace("1", "I"),
                                    lambda text: "".join(chr(ord(c) + 0xFEE0) for c in text), lambda text: f"'{text}"])  # fmt: skip
def test_a_retyped_lead_number_is_recognised(month, mangle):
    rows = [filled(row) for row in month.rows()]
    for row in rows:
        row["线索编号"] = mangle(row["线索编号"])
    month.send(rows)
    assert month.read()["taken"] == 4


def test_a_wrong_number_is_reported_with_the_one_it_may_have_been_and_the_rest_is_taken(month):
    rows = [filled(row) for row in month.rows()]
    right = rows[1]["线索编号"]
    rows[1]["线索编号"] = right[:-1] + ("Z" if right[-1] != "Z" else "Y")
    rows[2]["线索编号"] = ""
    rows[3]["线索编号"] = "370211198003051230"
    month.send(rows)
    counts = month.read()
    report = month.not_taken()
    assert (counts["taken"], counts["not_taken"]) == (1, 3)
    assert [row["行号"] for row in report] == ["3", "4", "5"]
    assert right in report[0]["原因"]
    assert "没有线索编号" in report[1]["原因"]
    assert not any("370211198003051230" in "".join(row.values()) for row in report)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("Z9", "看不懂"), ("符合", "看不懂"), ("", "没有填核查结果码"), ("B1、E6", "不止一个"), ("B11", "看不懂")],
)
def test_an_unknown_code_is_reported_and_not_guessed(month, code, reason):
    rows = month.rows()
    month.send([filled(rows[0], code), filled(rows[1])])
    counts = month.read()
    assert (counts["taken"], counts["not_taken"]) == (1, 1)
    assert reason in month.not_taken()[0]["原因"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("b1", "B1"), ("Ｂ１", "B1"), ("B1协助申请低保或特困", "B1"), ("收入超", "E1"), ("查无此人", "F2"), ("E.6", "E6")],
)
def test_codes_are_read_as_people_write_them(month, code, expected):
    month.send([filled(month.rows()[0], code)])
    month.read()
    assert month.answers()[month.leads[0]]["outcome_code"] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2026.11.5", dt.date(2026, 11, 5)), ("2026年11月5日", dt.date(2026, 11, 5)), ("11月5日", dt.date(2026, 11, 5)), ("11-5", dt.date(2026, 11, 5)),
     ("46331", dt.date(2026, 11, 5)), ("'2026-11-05", dt.date(2026, 11, 5)), ("上周", None), ("2026-13-45", None), ("2027-11-05", None)],
)  # fmt: skip
def test_dates_are_read_as_people_write_them_and_a_bad_one_does_not_cost_the_answer(month, written, expected):
    month.send([filled(month.rows()[0], day=written)])
    counts = month.read()
    assert counts["taken"] == 1
    assert month.answers()[month.leads[0]]["visited_on"] == expected
    assert counts["doubtful"] == (expected is None)
    assert [row["处理"] for row in month.not_taken()] == (["已采用，请核对"] if expected is None else [])


def test_the_same_file_twice_changes_nothing(month):
    month.send([filled(row) for row in month.rows()])
    month.read()
    before = month.lake.read("2026-10", "returns", "followups")
    counts = month.read(now=dt.datetime(2026, 11, 25, tzinfo=dt.UTC))
    assert (counts["files_known"], counts["taken"], counts["rows"]) == (1, 0, 0)
    assert month.lake.read("2026-10", "returns", "followups") == before


def test_the_same_answers_in_another_file_are_repeated_not_new(month):
    rows = [filled(row) for row in month.rows()]
    month.send(rows)
    month.read()
    month.send(rows, name="再交.csv", encoding="gb18030")
    counts = month.read(now=dt.datetime(2026, 11, 25, tzinfo=dt.UTC))
    assert (counts["taken"], counts["repeated"]) == (0, 4)
    assert len(month.lake.read("2026-10", "returns", "followups")) == 4


def test_a_repeated_row_is_one_answer(month):
    row = filled(month.rows()[0])
    month.send([row, row])
    counts = month.read()
    assert (counts["taken"], counts["repeated"]) == (1, 1)


def test_a_later_answer_supersedes_and_the_earlier_stays_on_record(month):
    row = month.rows()[0]
    month.send([filled(row, "F2", "2026-11-05")])
    month.read()
    month.send([filled(row, "B1", "2026-11-18")], name="第二次.csv")
    month.read(now=dt.datetime(2026, 11, 25, tzinfo=dt.UTC))
    kept = sorted((answer["outcome_code"], answer["superseded"]) for answer in month.lake.read("2026-10", "returns", "followups"))
    assert kept == [("B1", False), ("F2", True)]


def test_of_two_answers_in_one_file_the_later_visit_stands(month):
    row = month.rows()[0]
    month.send([filled(row, "B1", "2026-11-18"), filled(row, "F2", "2026-11-05")])
    month.read()
    assert month.answers()[month.leads[0]]["outcome_code"] == "B1"


def test_an_answer_belongs_to_the_month_its_row_says_or_to_the_last_list_it_stood_on(month):
    month.lake.findings["2026-11"] = month.lake.findings["2026-10"]
    month.issue("2026-11", dt.date(2026, 12, 3))
    rows = month.rows()
    said = filled(rows[0])
    unsaid = {name: text for name, text in filled(rows[1]).items() if name != "批次"} | {"批次": ""}
    month.send([said, unsaid])
    month.read(now=dt.datetime(2026, 12, 9, tzinfo=dt.UTC))
    assert set(month.answers("2026-10")) == {month.leads[0]}
    assert set(month.answers("2026-11")) == {month.leads[1]}
    assert month.answers("2026-10")[month.leads[0]]["received_in"] == "2026-11"


def test_files_that_cannot_be_read_are_told_and_the_others_are_read(month):
    (month.folder / "坏.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (month.folder / "别的.csv").write_text("姓名,电话\n甲,1\n", encoding="utf-8")
    month.send([filled(row) for row in month.rows()])
    counts = month.read()
    assert (counts["files_unreadable"], counts["taken"]) == (2, 4)
    assert "表头" in month.not_taken("别的.csv")[0]["原因"]
    assert "损坏" in month.not_taken("坏.xlsx")[0]["原因"]


def test_what_the_stage_writes_itself_is_not_read_again(month):
    folder = month.home.returns("2026-10")
    folder.mkdir(parents=True)
    month.folder = folder
    month.send([filled(month.rows()[0], "Z9"), filled(month.rows()[1], "E6")])
    month.read()
    assert {path.name for path in folder.iterdir()} == {"回填.csv", "回填.csv_未采用.csv", "数据质量_医保·结算.csv"}
    assert month.read()["files"] == 1


def test_an_empty_folder_gives_nothing_and_a_missing_one_is_told(month):
    assert month.read()["files"] == 0
    with pytest.raises(DataError, match="找不到"):
        read_returns(month.folder / "nowhere", month.home, Silent())


def test_a_zip_with_a_chinese_name_from_windows_and_a_password_is_read(month, monkeypatch):
    import pyzipper

    month.send([filled(row) for row in month.rows()])
    content = (month.folder / "回填.csv").read_bytes()
    (month.folder / "回填.csv").unlink()
    monkeypatch.setenv("ZHUDONG_ARCHIVE_PASSWORD", "correct horse")
    with pyzipper.AESZipFile(month.folder / "王台.zip", "w", encryption=pyzipper.WZ_AES) as packed:
        packed.setpassword(b"correct horse")
        packed.writestr("回填.csv", content)
    assert month.read()["taken"] == 4
    assert month.answers()[month.leads[0]]["file"] == "王台.zip/回填.csv"


def test_an_answer_that_the_data_is_wrong_becomes_a_correction_per_record_and_a_list_per_source(month):
    rows = month.rows()
    month.send([filled(rows[0], "E6"), filled(rows[1], "E5", 实际共同生活人口="5"), filled(rows[2], "B1")])
    month.read()
    corrections = month.lake.read("2026-10", "returns", "corrections")
    data = [row for row in corrections if row["kind"] == "data"]
    household = [row for row in corrections if row["kind"] == "household"]
    assert [
        (row["lead_id"], row["source"], row["file"], row["row_no"], row["person_id"], row["identity_hash"]) for row in data
    ] == [(month.leads[0], "medical_settlement", "a.csv", 2, "P00000000000", 1000)]
    assert {(row["lead_id"], row["person_id"], row["household_size"]) for row in household} == {
        (month.leads[1], "P00000000001", 5), (month.leads[1], "Q00000000001", 5)
    }  # fmt: skip
    quality = month.lake.read("2026-10", "returns", "source_quality")
    assert quality == [{"source": "medical_settlement", "leads": 3, "wrong_leads": 2, "wrong_records": 1}]
    listed = (month.home.returns("2026-10") / "数据质量_医保·结算.csv").read_text(encoding="utf-8-sig")
    assert listed.splitlines()[1].startswith("a.csv,2,")


def test_a_correction_goes_when_a_later_answer_takes_it_back(month):
    row = month.rows()[0]
    month.send([filled(row, "E6")])
    month.read()
    month.send([filled(row, "B1", "2026-11-19")], name="更正.csv")
    month.read(now=dt.datetime(2026, 11, 26, tzinfo=dt.UTC))
    assert month.lake.read("2026-10", "returns", "corrections") == []


def test_the_tables_are_as_declared(month):
    month.send([filled(month.rows()[0], "E6")])
    month.read()
    for table in ("followups", "files", "corrections", "source_quality"):
        with month.home.connect() as con:
            rows = con.sql(f"FROM read_parquet('{month.home.lake('2026-10', 'returns', table)}')")
            assert list(zip(rows.columns, map(str, rows.types), strict=True)) == declared_columns("returns.sql", table)


def test_an_answer_to_the_lists_income_question_is_kept_for_the_person_and_class_that_were_asked_about(month):
    month.lake._write("2026-10", "assess", "household_income", "", [
        {"household_id": f"H{n:011d}", "question_person_id": f"Q{n:011d}" if n else None, "question_class": 2 if n else None}
        for n in range(4)
    ])  # fmt: skip
    rows = month.rows()
    month.send([
        filled(rows[0], **{"收入答复（元）": "9000"}),  # this household was asked nothing
        filled(rows[1], **{"收入答复（元）": "1.2万元"}),
        filled(rows[2], **{"收入答复（元）": "说不清"}),
        filled(rows[3], **{"收入答复（元）": "没有"}),
    ])  # fmt: skip
    counts = month.read()
    answers = month.lake.read("2026-10", "returns", "income_answers")
    assert [(row["person_id"], row["class"], row["amount"], row["stated_on"], row["row_no"]) for row in answers] == [
        ("Q00000000001", 2, 12000, dt.date(2026, 11, 5), 3),
        ("Q00000000003", 2, 0, dt.date(2026, 11, 5), 5),
    ]
    assert (counts["taken"], counts["income"], counts["doubtful"]) == (4, 2, 1)
    assert [(row["行号"], "收入答复看不懂" in row["原因"]) for row in month.not_taken()] == [("4", True)]


def test_a_later_return_corrects_an_income_answer_and_one_without_it_leaves_it(month):
    month.lake._write("2026-10", "assess", "household_income", "", [
        {"household_id": "H00000000001", "question_person_id": "Q00000000001", "question_class": 2}
    ])  # fmt: skip
    row = month.rows()[1]
    later = SENT
    for name, answer in (("一.csv", "5000"), ("二.csv", "6000"), ("三.csv", "")):
        month.send([filled(row, **{"收入答复（元）": answer, "备注": name})], name=name)
        later += dt.timedelta(days=1)
        month.read(now=later)
    assert [row["amount"] for row in month.lake.read("2026-10", "returns", "income_answers")] == [6000]
