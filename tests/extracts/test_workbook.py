import datetime as dt
import zipfile

import openpyxl
import pytest

from pipelines.errors import DataError


def save(office, fill, name="f.xlsx", sheets=("表",)):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in sheets:
        fill(book.create_sheet(sheet))
    office.folder.mkdir(parents=True, exist_ok=True)
    book.save(office.folder / name)


def rows(office):
    office.extract()
    return office.table().drop("file").rows(named=True)


def test_titles_above_and_totals_below_are_skipped_and_rows_keep_the_spreadsheets_numbers(office):
    def fill(sheet):
        sheet["B2"] = "某某区发放表"
        for position, text in enumerate(["序号", "姓名", "身份证号", "金额"]):
            sheet.cell(4, position + 2, text)
        sheet["C5"], sheet["D5"], sheet["E5"] = "张三", "370211199001011234", 1200.5
        sheet["C7"], sheet["D7"], sheet["E7"] = "李四", "370211199001011235", 3
        sheet["B8"], sheet["E8"] = "合计", 1203.5
        sheet["B10"] = "填表人：王五"

    save(office, fill)
    counts = office.extract()
    assert office.table().select("row_no", "name", "amount").rows() == [(5, "张三", "1200.5"), (7, "李四", "3")]
    assert (counts["rows_read"], counts["accepted"], counts["skipped"]) == (10, 2, 8)


def test_a_number_in_an_id_column_is_damaged_and_stays_so(office):
    def fill(sheet):
        sheet.append(["姓名", "身份证号", "银行账号", "金额", "备注"])
        sheet.append(["张三", 370211199001011234, 6222021234567890123, 1000, 12])

    save(office, fill)
    (row,) = rows(office)
    assert row["id_number"] == "3.70211199001011E+17"
    assert row["account"] == "6.22202123456789E+18"
    assert (row["amount"], row["note"]) == ("1000", "12")


def test_date_cells_are_iso_and_text_cells_stay_as_they_are(office):
    def fill(sheet):
        sheet.append(["姓名", "身份证号", "发放日期", "有效期至", "备注"])
        sheet.append(["张三", "37", dt.date(2026, 10, 9), dt.datetime.fromisoformat("2030-01-02T03:04:05"), True])
        sheet.append(["李四", "38", "2026.10.9", "长期", "#N/A"])

    save(office, fill)
    first, second = rows(office)
    assert (first["paid_on"], first["valid_to"], first["note"]) == ("2026-10-09", "2030-01-02 03:04:05", "是")
    assert (second["paid_on"], second["valid_to"], second["note"]) == ("2026.10.9", "长期", None)


def test_cells_merged_downwards_are_filled_downwards_and_sideways_ones_are_not(office):
    def fill(sheet):
        sheet.append(["姓名", "身份证号", "备注"])
        sheet.append(["张三", "1", "一户"])
        sheet.append(["李四", "2", None])
        sheet.append(["王五", "3", None])
        sheet.append(["合计", None, None])
        sheet.merge_cells("C2:C3")
        sheet.merge_cells("A5:B5")

    save(office, fill)
    assert [(row["name"], row["note"]) for row in rows(office)] == [("张三", "一户"), ("李四", "一户"), ("王五", None)]


def test_a_heading_merged_over_two_rows_is_found_with_those_below_it(office):
    def fill(sheet):
        sheet.append(["姓名", "证件", None, "备注"])
        sheet.append([None, "身份证号", "银行账号", None])
        sheet.append(["张三", "1", "9", "x"])
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C1")
        sheet.merge_cells("D1:D2")

    save(office, fill)
    (row,) = rows(office)
    assert (row["row_no"], row["name"], row["id_number"], row["account"], row["note"]) == (3, "张三", "1", "9", "x")


def test_every_sheet_with_the_headings_is_read_and_stands_in_its_rows_place(office):
    def fill(sheet):
        if sheet.title == "说明":
            sheet.append(["本表由某部门提供"])
        else:
            sheet.append(["姓名", "身份证号"])
            sheet.append([sheet.title, "1"])

    save(office, fill, sheets=("说明", "甲镇", "乙镇"))
    counts = office.extract()
    assert office.table().select("file", "row_no", "name").rows() == [("f.xlsx/甲镇", 2, "甲镇"), ("f.xlsx/乙镇", 2, "乙镇")]
    lines = office.table(".files").select("file", "sheet", "heading_row", "rows_read", "accepted", "skipped", "state").rows()
    assert lines == [
        ("f.xlsx/甲镇", "甲镇", 1, 2, 1, 1, "current"),
        ("f.xlsx/乙镇", "乙镇", 1, 2, 1, 1, "current"),
    ]
    assert (counts["files"], counts["accepted"]) == (1, 2)
    assert any("2 个工作表都有表头，全部读取：甲镇、乙镇" in note for note in office.told.notes)
    assert office.extract()["unchanged"] == 1


def sheets(office, **contents):
    """A workbook with a sheet per keyword: its rows."""
    save(office, lambda sheet: [sheet.append(row) for row in contents[sheet.title]], sheets=tuple(contents))


HEAD, PERSON = ["姓名", "身份证号"], ["张三", "11010519491231002X"]


def test_a_corrected_workbook_replaces_all_sheets_of_the_earlier_one(office):
    sheets(office, 一月=[HEAD, PERSON], 二月=[HEAD, ["李四", "1"]])
    office.extract()
    sheets(office, 一月=[HEAD, PERSON], 二月=[HEAD, ["李四", "2"]], 三月=[HEAD, ["王五", "3"]])
    counts = office.extract()
    assert office.table().select("file", "id_number").rows() == [
        ("f.xlsx/一月", PERSON[1]),
        ("f.xlsx/二月", "2"),
        ("f.xlsx/三月", "3"),
    ]
    assert office.table(".files")["state"].to_list() == ["replaced"] * 2 + ["current"] * 3
    assert (counts["replaced_files"], counts["read_files"]) == (1, 1)
    sheets(office, 一月=[HEAD, PERSON])
    office.extract()
    assert office.table()["file"].to_list() == ["f.xlsx"]


def test_other_files_keep_their_sheets_rows_when_one_more_comes(office):
    sheets(office, 一月=[HEAD, PERSON], 二月=[HEAD, ["李四", "1"]])
    office.extract()
    office.put("g.csv", "姓名,身份证号\n王五,3\n")
    office.extract()
    assert office.table()["file"].to_list() == ["f.xlsx/一月", "f.xlsx/二月", "g.csv"]


@pytest.mark.parametrize(
    "second",
    [
        [["姓名", "身份证号", "金额"], [*PERSON, 1]],  # a column more
        [["姓名", "备注"], ["张三", "x"]],  # no ids
        [["2026年"], ["张三", PERSON[1]]],  # no headings at all, but ids
    ],
)
def test_a_workbook_whose_sheets_differ_is_refused_by_the_sheets_name(office, second):
    sheets(office, 一月=[HEAD, PERSON], 二月=second)
    with pytest.raises(DataError) as stopped:
        office.extract()
    assert "“二月”" in stopped.value.what
    assert "f.xlsx/二月" in stopped.value.where
    assert stopped.value.todo
    assert not office.lake()


def test_a_summary_beside_the_list_is_told_and_left(office):
    sheets(office, 名单=[HEAD, PERSON], 汇总=[["金额", "备注"], [1, "x"]], 空=[])
    office.extract()
    assert office.table()["file"].to_list() == ["f.xlsx"]
    assert any("“汇总”" in note and "没有读取" in note for note in office.told.notes)


def test_a_hidden_sheet_with_rows_is_refused_and_an_empty_one_is_not(office):
    def hide(rows):
        book = openpyxl.Workbook()
        for number, (title, content) in enumerate({"名单": [HEAD, PERSON], "旧": rows}.items()):
            sheet = book.create_sheet(title)
            for row in content:
                sheet.append(row)
            sheet.sheet_state = "hidden" if number else "visible"
        book.remove(book["Sheet"])
        office.folder.mkdir(parents=True, exist_ok=True)
        book.save(office.folder / "f.xlsx")

    hide([HEAD, ["李四", "1"]])
    with pytest.raises(DataError, match="隐藏的工作表“旧”"):
        office.extract()
    hide([HEAD])
    assert office.extract()["accepted"] == 1


def test_many_rows_keep_their_order_over_batches(office, monkeypatch):
    from pipelines.extracts import workbook

    monkeypatch.setattr(workbook, "_ROWS_AT_A_TIME", 7)

    def fill(sheet):
        sheet.append(["姓名", "身份证号"])
        for number in range(50):
            sheet.append([f"人{number}", f"{number}"])

    save(office, fill)
    assert [(row["row_no"], row["name"]) for row in rows(office)] == [(n + 2, f"人{n}") for n in range(50)]


def test_a_workbook_cut_off_in_the_middle_is_refused(office):
    save(office, lambda sheet: sheet.append(["姓名", "身份证号"]))
    path = office.folder / "f.xlsx"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match="不完整"):
        office.extract()
    assert not office.lake()


def test_a_workbook_with_a_broken_sheet_is_refused(office):
    office.folder.mkdir(parents=True)
    with zipfile.ZipFile(office.folder / "f.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", "<not a workbook")
    with pytest.raises(DataError, match="损坏"):
        office.extract()


def test_a_web_page_named_xls_is_told_as_such(office):
    office.put("f.xls", "<html><table><tr><td>姓名</td></tr></table></html>")
    with pytest.raises(DataError, match="网页"):
        office.extract()
    office.put("f.xls", "\ufeff<!DOCTYPE html>\n<html></html>", "utf-16")
    with pytest.raises(DataError, match="网页"):
        office.extract()


def test_an_xlsx_under_the_name_of_a_csv_is_read_as_what_it_is(office):
    save(office, lambda sheet: (sheet.append(["姓名", "身份证号"]), sheet.append(["张三", "1"])))
    (office.folder / "f.xlsx").rename(office.folder / "f.csv")
    assert [row["name"] for row in rows(office)] == ["张三"]
