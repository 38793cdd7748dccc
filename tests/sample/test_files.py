"""The files are read again with other programs than those that read them in earnest."""

import csv
import datetime as dt
import io
import zipfile

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from pipelines.contracts import load_contracts
from pipelines.sample.sources import SOURCES

CONTRACTS = load_contracts()
TOUCHED = ("id_", "name_", "dot", "rare", "second_id", "shared_id")


def decoded(data):
    if data.startswith(b"\xff\xfe"):
        return data.decode("utf-16")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("unknown encoding")


def separated(text):
    first = text.split("\r\n", 3)[:3]
    sep = max("\t|,", key=lambda one: sum(line.count(one) for line in first))
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=sep))


def sheet(folder, file):
    """All rows of a file as a spreadsheet would show them, the first being row 1."""
    packed, _, name = file.rpartition("/")
    if packed:
        with zipfile.ZipFile(folder / packed) as archive:
            return separated(decoded(archive.read(name)))
    path = folder / name
    if path.suffix == ".xlsx":
        return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        return [frame.columns, *frame.rows()]
    return separated(decoded(path.read_bytes()))


def headings_of(rows, contract):
    """The heading row's number and where each canonical column stands."""
    for number, row in enumerate(rows[:6]):
        places = {}
        for name, column in contract.text_columns().items():
            for place, text in enumerate(row):
                if str(text).replace(" ", "").split("（元")[0].split("（万元")[0] in column.heading:
                    places[name] = place
        if len(places) >= 4:
            return number, places
    raise AssertionError("no heading row")


@pytest.mark.parametrize("source", SOURCES)
def test_row_numbers_of_the_truth_lead_to_the_true_persons_name_and_id(district, source):
    people = {
        row[0]: row[1:]
        for row in pl.read_parquet(district / "truth" / "person.parquet").select("true_person", "name", "id_number").rows()
    }
    records = pl.read_parquet(district / "truth" / "person_record.parquet").filter(pl.col("source") == source)
    defects = pl.read_parquet(district / "truth" / "defect.parquet").filter(pl.col("source") == source)
    touched = set(
        defects.filter(pl.any_horizontal(pl.col("defect").str.starts_with(start) for start in TOUCHED))
        .select("file", "row_no", "member_no")
        .rows()
    )
    members = CONTRACTS[source].members()
    compared = 0
    for (file,), part in records.group_by("file"):
        rows = sheet(district / "2026-10" / source, file)
        _, places = headings_of(rows, CONTRACTS[source])
        for row_no, member_no, person in part.select("row_no", "member_no", "true_person").iter_rows():
            if (file, row_no, member_no) in touched:
                continue
            row = rows[row_no - 1]
            name, number = people[person]
            fields = members[member_no]
            assert row[places[fields["name"]]] == name
            if "id_number" in fields:
                assert row[places[fields["id_number"].removesuffix(".id")]][:18] == number
            compared += 1
    assert compared >= 0.5 * len(records) * (source != "grid_reports")


def test_every_data_row_is_somebodys_or_named_as_nobodys(district):
    records = pl.read_parquet(district / "truth" / "person_record.parquet")
    nobody = pl.read_parquet(district / "truth" / "defect.parquet").filter(
        pl.col("defect").is_in(["row_of_nobody", "house_only"])
    )
    for source in SOURCES:
        known = set(records.filter(pl.col("source") == source).select("file", "row_no").rows())
        known |= set(nobody.filter(pl.col("source") == source).select("file", "row_no").rows())
        for file in {file for file, _ in known}:
            rows = sheet(district / "2026-10" / source, file)
            heading, places = headings_of(rows, CONTRACTS[source])
            footers = sum(1 for row in rows[heading + 1 :] if str(row[0]).startswith(("合计", "总计", "填表人", "制表人")))
            numbers = {row_no for at, row_no in known if at == file}
            assert numbers == set(range(heading + 2, len(rows) - footers + 1))
            assert places


def test_the_files_are_as_mixed_as_departments_send_them(district):
    batch = district / "2026-10"
    heads = [path.read_bytes()[:3] for path in (batch / "police_household").iterdir()]
    assert len(heads) == 23
    assert sum(head == b"\xef\xbb\xbf" for head in heads) >= 2
    assert sum(head[:2] == b"\xff\xfe" for head in heads) >= 2
    orders = {tuple(sheet(batch / "police_household", path.name)[0]) for path in sorted((batch / "police_household").iterdir())}
    assert len(orders) > 15
    kinds = {path.suffix for path in batch.rglob("*") if path.is_file()}
    assert kinds == {".csv", ".xlsx", ".parquet", ".zip"}


def test_dates_in_a_spreadsheet_are_dates_and_amounts_are_numbers(district):
    batch = district / "2026-10"
    deaths = sheet(batch / "police_death", "死亡注销202610.xlsx")
    birth = deaths[0].index("出生日期")
    assert {type(row[birth]) for row in deaths[1:] if row[birth] != ""} == {dt.date}
    roster = sheet(batch / "assistance_roster", "救助在册202610.xlsx")
    heading, places = headings_of(roster, CONTRACTS["assistance_roster"])
    assert heading == 1
    assert {type(row[places["month_amount"]]) for row in roster[2:-2]} == {float}


def test_titles_stand_above_and_totals_below(district):
    rows = sheet(district / "2026-10" / "assistance_roster", "救助在册202610.xlsx")
    assert rows[0][0] == "黄岛区社会救助在册对象花名册"
    assert [row[0] for row in rows[-2:]] == ["合计", "填表人：        审核人："]
    poverty = sheet(district / "2026-10" / "poverty_monitoring", "防返贫监测202610.xlsx")
    assert headings_of(poverty, CONTRACTS["poverty_monitoring"])[0] == 2


def test_money_is_written_to_the_cent():
    from pipelines.sample.files import _money

    frame = pl.DataFrame({"fen": [0, 5, -5, 123_456_789, -123_456, None]})
    plain, grouped, large = (
        frame.select(_money(pl.col("fen"), style).alias("yuan"))["yuan"].to_list() for style in ("", "thousands", "万元")
    )
    assert large[3] == "123.456789"
    assert plain == ["0.00", "0.05", "-0.05", "1234567.89", "-1234.56", None]
    assert grouped == ["0.00", "0.05", "-0.05", "1,234,567.89", "-1,234.56", None]
