import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.contracts import Contract, load_contracts
from pipelines.errors import DataError, UsageError
from pipelines.extracts import extract_source, stage
from pipelines.progress import Silent
from pipelines.storage import SCHEMAS, Home

HEAD = "姓名,身份证号,备注\n"


def declared(table):
    """Column names and types of a table of schemas/lake/extracts.sql."""
    connection = duckdb.connect()
    connection.execute((SCHEMAS / "lake" / "extracts.sql").read_text(encoding="utf-8"))
    return connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()


def written(path: Path):
    return duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{path}')").fetchall()


def files(office, *columns):
    return office.table(".files").select(columns).rows()


def balanced(office):
    for line in office.table(".files").iter_rows(named=True):
        assert line["rows_read"] == line["accepted"] + line["rejected"] + line["skipped"]
    current = office.table(".files").filter(pl.col("state") == "current")
    assert office.table().height == current["accepted"].sum()
    assert office.table(".rejected").height == current["rejected"].sum()


def test_the_three_tables_are_as_declared(office, contract):
    office.put("a.csv", HEAD + "张三,1,x\n,,y\n")
    office.extract()
    assert written(office.path(".files")) == declared("files")
    assert written(office.path(".rejected")) == declared("rejected")
    assert written(office.path()) == [
        ("file", "VARCHAR"),
        ("row_no", "INTEGER"),
        *((name, "VARCHAR") for name in contract.text_columns()),
    ]


def test_every_contract_reads_a_file_of_its_own_first_headings(tmp_path):
    for source, contract in load_contracts().items():
        columns = contract.text_columns()
        folder = tmp_path / "drop" / "2026-10" / source
        folder.mkdir(parents=True)
        cells = [f"值{n}" for n in range(len(columns))]
        lines = ["说明"] * contract.rows_above + [",".join(column.heading[0] for column in columns.values()), ",".join(cells)]
        (folder / "a.csv").write_text("\n".join(lines), encoding="gb18030")
        counts = extract_source(Home(tmp_path / "home"), "2026-10", contract, tmp_path / "drop", Silent())
        assert counts["accepted"] == 1
        assert counts["skipped"] == contract.rows_above + 1
        rows = pl.read_parquet(tmp_path / "home" / "lake" / "2026-10" / "extracts" / f"{source}.parquet")
        assert rows.rows() == [("a.csv", contract.rows_above + 2, *cells)]


@pytest.mark.parametrize(
    ("row", "fate"),
    [
        ("小计,,,3,", "skipped"),  # the label in a column outside the contract
        ("合计,23,,3,", "skipped"),
        ("王台街道小计,23人,,,", "skipped"),
        ("总 计,,23人,500.00,", "skipped"),
        (",合计23人,,,", "skipped"),
        (",一组小计,5,,", "skipped"),
        ("Total,,,5,", "skipped"),
        (",23,,,", "nobody"),  # a number is no name
        ("9,,370211,,x", "nobody"),
        ("9,,3.70211E+17,,x", "nobody"),  # nobody is found with what a spreadsheet left of an id
        ("9,,110105194912310021,,x", "nobody"),  # wrong check digit
        ("9,无名氏,0,,x", "nobody"),
        ("9,,11010519491231002x,,x", "accepted"),
        ("9,,１１０１０５１９４９１２３１００２Ｘ,,x", "accepted"),
        ("9,,110105491231002,,x", "accepted"),
        ("9,张三,0,,x", "accepted"),
        ("小计,张三,11010519491231002X,5,", "accepted"),
        ("9,司马小计,,,", "accepted"),
        ("9,?伟,,,", "accepted"),
    ],
)
def test_a_total_is_skipped_wherever_its_label_stands_and_a_row_that_names_nobody_is_never_a_person(office, row, fate):
    office.put("a.csv", f"序号,姓名,身份证号,金额,备注\n1,李四,11010519491231002X,1,\n{row}\n")
    counts = office.extract()
    assert (counts["accepted"], counts["rejected"], counts["skipped"]) == {
        "accepted": (2, 0, 1),
        "nobody": (1, 1, 1),
        "skipped": (1, 0, 2),
    }[fate]
    balanced(office)


def test_every_row_ends_in_one_place_with_its_number(office):
    office.put(
        "a.csv",
        "某某表,,\n填报单位：某局,,\n"  # 1, 2
        + HEAD  # 3
        + "张三,1,好\n"  # 4
        + "李四,,只有名字\n"  # 5
        + ",11010519491231002X,只有证号\n"  # 6
        + ",,谁也不是\n"  # 7
        + "/,无,谁也不是\n"  # 8
        + "\n,,\n"  # 9, 10
        + "王五,3,多,一格\n"  # 11
        + "姓名,身份证号,备注\n"  # 12
        + "小 计,,3\n"  # 13
        + "赵六,4\n"  # 14
        + "合计：,,4\n填表人：某某,,审核人：某某\n制表日期：2026年10月,,\n",  # 15 to 17
    )
    counts = office.extract()
    assert office.table().select("row_no", "name", "id_number", "note").rows() == [
        (4, "张三", "1", "好"),
        (5, "李四", None, "只有名字"),
        (6, None, "11010519491231002X", "只有证号"),
        (14, "赵六", "4", None),
    ]
    assert office.table(".rejected").select("row_no", "reason_code").rows() == [(7, "nobody"), (8, "nobody"), (11, "columns")]
    assert (counts["rows_read"], counts["accepted"], counts["rejected"], counts["skipped"]) == (17, 4, 3, 10)
    balanced(office)


def test_a_reason_is_chinese_and_holds_nothing_of_the_row(office):
    office.put("a.csv", HEAD + "王五,3,多,秘密\n")
    office.extract()
    (row,) = office.table(".rejected").rows(named=True)
    assert (row["batch"], row["source"], row["file"], row["row_no"]) == ("2026-10", "people", "a.csv", 2)
    assert re.search(r"[\u4e00-\u9fff]", row["reason"])
    assert "秘密" not in row["reason"]
    assert "王五" not in row["reason"]


def test_somebody_named_like_a_total_with_an_id_is_a_person(office):
    office.put("a.csv", HEAD + "合计,370211199001011234,\n")
    assert office.extract()["accepted"] == 1


def test_columns_may_stand_in_another_order_in_each_file(office):
    office.put("b.csv", "备注\t身份证号\t姓名\nx\t1\t张三\n", "utf-16")
    office.put("a.csv", "公民身份号码|人员姓名|金额（万元）\n2|李四|1.5\n", "gb18030")
    office.extract()
    assert office.table().select("file", "name", "id_number", "amount", "note").rows() == [
        ("a.csv", "李四", "2", "15000", None),
        ("b.csv", "张三", "1", None, "x"),
    ]
    assert files(office, "file", "encoding", "format", "heading_row") == [
        ("a.csv", "gb18030", "csv", 1),
        ("b.csv", "utf-16", "csv", 1),
    ]


def test_unknown_headings_are_told_and_never_loaded(office):
    office.put("a.csv", "姓名,身份证号,病史,姓名\n张三,1,绝密,李四\n")
    office.extract()
    assert files(office, "unknown_headings") == [(["病史", "姓名"],)]
    assert any("病史" in note for note in office.told.notes)
    assert "绝密" not in str(office.table().rows())
    assert "李四" not in str(office.table().rows())


def test_what_is_alike_in_many_files_is_told_once(office):
    for n in range(5):
        office.put(f"{n}.csv", f"姓名,身份证号,序号\n甲,{n},1\n")
    office.extract()
    assert office.told.notes == ["people/0.csv 等 5 个文件：合同里没有的列，没有读取：序号"]


def test_a_second_variant_of_a_column_fills_what_the_first_leaves_empty(office):
    office.put("a.csv", "人员姓名,姓名,身份证号\n乙,甲,1\n丙,,2\n")
    office.extract()
    assert office.table()["name"].to_list() == ["甲", "丙"]
    assert any("另一种叫法" in note for note in office.told.notes)


def test_the_same_file_again_changes_nothing(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    first = office.extract()
    before = office.lake()
    again = office.extract()
    assert office.lake() == before
    assert again["unchanged"] == 1
    assert first["unchanged"] == 0
    assert {key: again[key] for key in ("rows_read", "accepted", "rejected", "skipped", "files")} == {
        key: first[key] for key in ("rows_read", "accepted", "rejected", "skipped", "files")
    }


def test_a_corrected_file_replaces_the_earlier_rows_and_the_earlier_line_stays(office):
    office.put("a.csv", HEAD + "张三,1,\n,,x\n")
    office.put("b.csv", HEAD + "李四,2,\n,,y\n")
    office.extract()
    office.put("a.csv", HEAD + "王五,3,\n赵六,4,\n")
    counts = office.extract()
    assert office.table().select("file", "row_no", "name").rows() == [
        ("a.csv", 2, "王五"),
        ("a.csv", 3, "赵六"),
        ("b.csv", 2, "李四"),
    ]
    assert office.table(".rejected").select("file", "row_no").rows() == [("b.csv", 3)]
    assert files(office, "file", "state") == [("a.csv", "replaced"), ("b.csv", "current"), ("a.csv", "current")]
    assert (counts["read_files"], counts["replaced_files"]) == (1, 1)
    balanced(office)


def test_going_back_to_an_earlier_content_is_a_correction_too(office):
    for name in ("张三", "李四", "张三"):
        office.put("a.csv", HEAD + f"{name},1,\n")
        office.extract()
    assert office.table()["name"].to_list() == ["张三"]
    assert files(office, "state") == [("replaced",), ("replaced",), ("current",)]
    assert office.extract()["unchanged"] == 1


def test_the_same_content_under_a_second_name_is_loaded_once(office):
    office.put("b.csv", HEAD + "张三,1,\n")
    office.extract()
    office.put("a.csv", HEAD + "张三,1,\n")
    counts = office.extract()
    assert office.table()["file"].to_list() == ["b.csv"]
    assert files(office, "file", "state", "accepted") == [("b.csv", "current", 1), ("a.csv", "duplicate", 0)]
    assert counts["duplicate_files"] == 1
    assert any("a.csv 与 b.csv" in note for note in office.told.notes)
    before = office.lake()
    assert office.extract()["unchanged"] == 1
    assert office.lake() == before
    balanced(office)


def test_a_duplicate_that_is_corrected_is_loaded(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    office.put("b.csv", HEAD + "张三,1,\n")
    office.extract()
    office.put("b.csv", HEAD + "李四,1,\n")
    office.extract()
    assert office.table().select("file", "name").rows() == [("a.csv", "张三"), ("b.csv", "李四")]
    balanced(office)


def test_a_file_that_has_gone_stays_read_until_one_of_its_name_replaces_it(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    office.put("b.csv", HEAD + "李四,2,\n")
    office.extract()
    (office.folder / "a.csv").unlink()
    assert office.extract()["unchanged"] == 1
    office.put("c.csv", HEAD + "王五,3,\n")
    counts = office.extract()
    assert office.table()["name"].to_list() == ["张三", "李四", "王五"]
    assert counts["gone_files"] == 1
    assert any("a.csv 已不在" in note for note in office.told.notes)
    office.put("a.csv", HEAD)
    office.extract()
    assert office.table()["name"].to_list() == ["李四", "王五"]
    balanced(office)


def test_a_renamed_file_is_not_loaded_twice(office):
    office.put("a.csv", HEAD + "张三,1,\n")
    office.extract()
    (office.folder / "a.csv").rename(office.folder / "b.csv")
    office.extract()
    assert office.table()["file"].to_list() == ["a.csv"]


def test_another_contract_has_the_files_read_again(office):
    office.put("a.csv", "姓名,身份证号,说明\n张三,1,x\n")
    office.extract()
    columns = office.contract.model_dump()
    columns["columns"]["note"]["heading"].append("说明")
    office.contract = Contract.model_validate(columns)
    counts = office.extract()
    assert counts["unchanged"] == 0
    assert office.table()["note"].to_list() == ["x"]
    assert files(office, "state") == [("current",)]


BROKEN = {
    "missing heading": ("b.csv", "姓名,备注\n张三,x\n".encode(), "身份证号"),
    "no headings": ("b.csv", "张三,370211199001011234\n".encode(), "没有找到表头"),
    "empty": ("b.csv", b"", "空的"),
    "binary": ("b.csv", bytes(range(256)) * 40, "二进制"),
    "broken quoting": ("b.csv", (HEAD + "甲,1,\n" * 50 + '"乙,2,\n' + "丙,3,\n" * 50).encode(), "第 52 行起引号不成对"),
    "other month": ("b202609.csv", (HEAD + "李四,1,\n").encode(), "月份对不上"),
    "bad bytes": ("b.csv", (HEAD + "张三李四王五赵六,1,\n" * 10).encode() + b"\xff\n", "第 12 行"),
    "truncated zip": ("b.zip", b"PK\x03\x04" + b"\0" * 50, "不完整"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_one_bad_file_stops_its_source_and_leaves_the_lake_as_it_was(office, broken):
    office.put("a.csv", HEAD + "张三,1,\n")
    office.extract()
    before = office.lake()
    name, content, message = BROKEN[broken]
    office.put(name, content)
    office.put("c.csv", HEAD + "王五,3,\n")
    with pytest.raises(DataError) as stop:
        office.extract()
    assert message in stop.value.what
    assert name in stop.value.where
    assert stop.value.todo
    assert "张三" not in str(stop.value)
    assert office.lake() == before


@pytest.mark.parametrize("point", ["rejected", "rows", "ledger"])
def test_a_process_killed_while_it_puts_tables_in_place_is_made_good_by_the_next_run(office, monkeypatch, point):
    office.put("a.csv", HEAD + "张三,1,\n,,x\n")
    office.extract()
    office.put("a.csv", HEAD + "李四,2,\n")
    real = stage.whole_or_absent

    class Killed(BaseException):
        pass

    if point == "ledger":
        monkeypatch.setattr(stage, "write_ledger", lambda *_: (_ for _ in ()).throw(Killed))
    else:
        import contextlib

        @contextlib.contextmanager
        def dying(path):
            with real(path) as new:
                yield new
                if (".rejected" in path.name) == (point == "rejected"):
                    raise Killed

        monkeypatch.setattr(stage, "whole_or_absent", dying)
    with pytest.raises(Killed):
        office.extract()
    monkeypatch.undo()
    office.put("a.csv", HEAD + "张三,1,\n,,x\n")  # and meanwhile the earlier file is put back
    office.extract()
    assert office.table()["name"].to_list() == ["张三"]
    assert office.table(".rejected").height == 1
    balanced(office)


def test_a_full_disk_stops_with_nothing_changed(office, monkeypatch):
    import pyarrow.parquet as pq

    office.put("a.csv", HEAD + "张三,1,\n")
    office.extract()
    before = office.lake()
    office.put("a.csv", HEAD + "李四,1,\n")

    class Full(pq.ParquetWriter):
        def write_table(self, *_args, **_more):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "ParquetWriter", Full)
    with pytest.raises(DataError, match="磁盘空间不足"):
        office.extract()
    assert office.lake() == before


def test_headings_that_do_not_fit_most_rows_stop_the_file(office):
    office.put("a.csv", HEAD + "张三,1,x,y\n" * 30)
    with pytest.raises(DataError, match="30 行"):
        office.extract()
    assert not office.lake()


def test_rows_lost_on_the_way_are_noticed_before_anything_is_in_place(office, monkeypatch):
    office.put("a.csv", HEAD + "张三,1,x\n李四,2,y\n")
    real = stage.Landing.add
    monkeypatch.setattr(stage.Landing, "add", lambda landing, rows: real(landing, rows.head(1)))
    with pytest.raises(DataError, match="核对不符"):
        office.extract()
    assert not office.lake()


def test_a_required_source_without_files_stops_and_an_optional_one_counts_nothing(office):
    assert office.extract()["files"] == 0
    assert not office.path().exists()
    office.contract = office.contract.model_copy(update={"required": True})
    with pytest.raises(DataError, match="缺少必需的数据源"):
        office.extract()


def test_a_file_with_headings_only_is_an_empty_table(office):
    office.put("a.csv", HEAD)
    assert office.extract()["accepted"] == 0
    assert office.table().height == 0


def test_a_batch_that_is_no_month_is_wrong_usage(office):
    with pytest.raises(UsageError):
        extract_source(office.home, "2026-13", office.contract, office.drop, office.told)


def test_what_is_told_never_holds_a_row(office):
    office.put("a.csv", "姓名,身份证号,备注,其他\n张三,370211199001011234,x,秘密\n,,y,\n王五,1,2,3,4\n")
    office.extract()
    told = " ".join(office.told.notes + office.told.titles)
    for secret in ("张三", "3702", "秘密", "王五"):
        assert secret not in told


def test_several_files_and_batches_keep_the_files_order(office, monkeypatch):
    from pipelines.extracts import decode, landing

    monkeypatch.setattr(decode, "BLOCK", 64)
    monkeypatch.setattr(landing, "BATCH_ROWS", 20)
    for name in ("c.csv", "a.csv", "b.csv"):
        office.put(name, HEAD + "".join(f"{name}{n},{n},\n" for n in range(100)))
    office.extract()
    assert office.table().select("file", "row_no", "name").rows() == [
        (name, n + 2, f"{name}{n}") for name in ("a.csv", "b.csv", "c.csv") for n in range(100)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_file_that_ends_in_the_middle_of_a_row_was_not_sent_whole_and_is_stopped(office, encoding):
    rows = "".join(f"甲{n},,6217000000000000{n},120.00,2026-10-09,,\n" for n in range(10, 30))
    whole = "姓名,身份证号,银行账号,金额,发放日期,有效期至,备注\n" + rows
    office.put("a.csv", whole[: whole.rindex(",120") + 2], encoding)  # the last amount reads 1, not 120
    with pytest.raises(DataError, match="没有传完") as stopped:
        office.extract()
    assert "第 21 行" in str(stopped.value)
    assert office.lake() == {}


@pytest.mark.parametrize(
    "last", ["甲,,1,120.00,2026-10-09,,", "甲,,1", "填表人：乙"], ids=["whole row", "short row with line end", "footer"]
)
def test_a_last_line_that_is_whole_or_ended_or_no_data_is_not_a_file_cut_short(office, last):
    end = "\n" if last == "甲,,1" else ""
    office.put("a.csv", f"姓名,身份证号,银行账号,金额,发放日期,有效期至,备注\n丙,,2,5.00,2026-10-09,,\n{last}{end}")
    assert office.extract()["accepted"] == (1 if last.startswith("填表人") else 2)
