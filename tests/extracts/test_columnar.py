import datetime as dt

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import DataError


def test_typed_columns_come_out_as_text_and_the_first_row_is_row_two(office):
    office.folder.mkdir(parents=True)
    pl.DataFrame(
        {
            "金额（万元）": [1.15, None, 2.0],
            "身份证号": [370211199001011234, 2, 3],
            "姓名": ["张三", " 李四", "王五"],
            "发放日期": [dt.date(2026, 10, 1), None, dt.date(2026, 10, 3)],
            "有效期至": [dt.datetime.fromisoformat("2027-01-01"), dt.datetime.fromisoformat("2027-01-01T12:00"), None],
            "备注": [True, False, None],
            "别的": [[1], [2], [3]],
        }
    ).write_parquet(office.folder / "f.parquet")
    counts = office.extract()
    assert office.table().drop("file", "account").rows() == [
        (2, "张三", "370211199001011234", "11500", "2026-10-01", "2027-01-01", "是"),
        (3, "李四", "2", None, None, "2027-01-01 12:00:00", "否"),
        (4, "王五", "3", "20000", "2026-10-03", None, None),
    ]
    assert (counts["rows_read"], counts["skipped"]) == (4, 1)


def test_an_id_kept_as_a_fraction_is_damaged(office):
    office.folder.mkdir(parents=True)
    pl.DataFrame({"姓名": ["张三"], "身份证号": [370211199001011234.0]}).write_parquet(office.folder / "f.parquet")
    office.extract()
    assert office.table()["id_number"].to_list() == ["3.70211199001011E+17"]


def test_a_parquet_file_cut_off_is_refused(office):
    office.folder.mkdir(parents=True)
    path = office.folder / "f.parquet"
    pl.DataFrame({"姓名": ["张三"], "身份证号": ["1"]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="不完整"):
        office.extract()


def test_a_damaged_page_stops_without_a_word_of_the_content(office):
    office.folder.mkdir(parents=True)
    path = office.folder / "f.parquet"
    pl.DataFrame({"姓名": [f"张{n}" for n in range(5000)], "身份证号": [str(n) for n in range(5000)]}).write_parquet(path)
    octets = bytearray(path.read_bytes())
    octets[100:2000] = b"\xff" * 1900
    path.write_bytes(octets)
    with pytest.raises(DataError, match="不完整"):
        office.extract()
    assert not office.lake()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("rows_per_group", [7, 1000])
def test_the_few_texts_that_need_trimming_are_found_among_many(office, rows_per_group, kind):
    office.folder.mkdir(parents=True)
    names = [("" if n % 3 else None) if n % 5 else f"张{n}" for n in range(200)]
    names[50], names[100] = " 李四\u3000", "\u200b王 五"
    notes = [f"\t{n}" if n == 199 else "x y" if n % 9 == 0 else None for n in range(200)]
    table = pa.table(
        {"姓名": pa.array(names, kind), "身份证号": [f"370211800101{n:03}" for n in range(200)], "备注": pa.array(notes, kind)}
    )
    pq.write_table(table, office.folder / "f.parquet", row_group_size=rows_per_group)
    office.extract()
    assert office.table()["name"].to_list() == [name.strip(" \u3000\u200b") or None if name else None for name in names]
    assert office.table()["note"].to_list() == [*notes[:199], "199"]
