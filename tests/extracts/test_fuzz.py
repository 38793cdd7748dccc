"""Whatever bytes come: an officer's message or rows that balance, never a traceback."""

import io
import zipfile

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.errors import DataError
from pipelines.extracts import extract_source
from tests.extracts.conftest import BATCH, Office

HEAD = "姓名,身份证号,金额,备注\n"
CELLS = st.one_of(
    st.text(alphabet="张三·0123456789Xx-/.,\"\n\r\t|;，='\u3000\u200b\0é合计小无", max_size=12),
    st.sampled_from(["合计", "小计", "11010519491231002X", "NULL", "\\N", "无", "填表人：", "姓名", "身份证号", "1e999", '="1"']),
)
SHEET_CELLS = st.one_of(
    st.none(), st.integers(), st.floats(), st.booleans(), st.dates(), st.sampled_from(["合计", "张三", "姓名", "无"])
)
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)


def survives(tmp_path_factory, contract, name, content):
    """Read it: what is refused names file and remedy and leaves nothing; what is accepted balances."""
    office = Office(tmp_path_factory.mktemp("fuzz"), contract)
    office.put(name, content)
    try:
        counts = extract_source(office.home, BATCH, contract, office.drop, office.told)
    except DataError as stopped:
        assert stopped.what
        assert stopped.todo
        assert name.split(".")[0] in stopped.where
        assert not office.lake()
        return False
    if not counts["files"]:  # nothing in it is a table: that is said
        assert office.told.notes
        return False
    assert counts["rows_read"] == counts["accepted"] + counts["rejected"] + counts["skipped"]
    lines = office.table(".files")
    assert (lines["rows_read"] == lines["accepted"] + lines["rejected"] + lines["skipped"]).all()
    rows, rejected = office.table(), office.table(".rejected")
    assert (rows.height, rejected.height) == (counts["accepted"], counts["rejected"])
    places = pl.concat([rows.select("file", "row_no"), rejected.select("file", "row_no")])
    assert places.is_unique().all()
    return True


@FUZZ
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.txt", "a.xlsx", "a.xls", "a.parquet", "a.zip"]))
@example(b"", "a.csv")
@example(b"PK\x03\x04", "a.xlsx")
@example(b"PAR1", "a.parquet")
@example(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls")
@example(b"\xff\xfe\x00", "a.csv")
def test_any_bytes_under_any_name(tmp_path_factory, contract, content, name):
    survives(tmp_path_factory, contract, name, content)


@FUZZ
@given(st.binary(max_size=300), st.sampled_from(["utf-8", "gb18030", "utf-16", "utf-8-sig"]), st.booleans())
def test_any_bytes_below_proper_headings(tmp_path_factory, contract, content, encoding, again):
    whole = HEAD.encode(encoding) + content + (HEAD.encode(encoding) if again else b"")
    survives(tmp_path_factory, contract, "a.csv", whole)


@FUZZ
@given(
    st.lists(st.lists(CELLS, max_size=7), max_size=12),
    st.sampled_from([",", "\t", "|", ";", "，"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_any_cells_in_any_dialect(tmp_path_factory, contract, rows, separator, end, encoding):
    text = end.join([HEAD.strip().replace(",", separator), *(separator.join(row) for row in rows)])
    survives(tmp_path_factory, contract, "a.csv", text.encode(encoding, "replace"))


@settings(FUZZ, max_examples=30)
@given(st.lists(st.lists(st.lists(SHEET_CELLS, max_size=6), max_size=6), min_size=1, max_size=3), st.booleans())
def test_any_cells_in_any_sheets(tmp_path_factory, contract, sheets, headed):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        if headed:
            sheet.append(HEAD.strip().split(","))
        for row in rows:
            sheet.append([None if isinstance(cell, float) and cell != cell else cell for cell in row])
    file = io.BytesIO()
    try:
        book.save(file)
    except ValueError:
        return  # no workbook can hold it
    survives(tmp_path_factory, contract, "a.xlsx", file.getvalue())


@pytest.fixture(scope="module")
def whole():
    """A workbook, a Parquet file and a zip that are read as they are."""
    table = {"姓名": ["张三", "李四"] * 30, "身份证号": ["1", "2"] * 30}
    book = openpyxl.Workbook()
    for row in (list(table), *zip(*table.values(), strict=True)):
        book.active.append(row)
    files = {name: io.BytesIO() for name in ("a.xlsx", "a.parquet", "a.zip")}
    book.save(files["a.xlsx"])
    pl.DataFrame(table).write_parquet(files["a.parquet"])
    with zipfile.ZipFile(files["a.zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.csv", HEAD + "张三,1,2,3\n" * 60)
    return {name: file.getvalue() for name, file in files.items()}


@settings(FUZZ, max_examples=120)
@given(
    st.sampled_from(["a.xlsx", "a.parquet", "a.zip"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 255),
    st.sampled_from(["flip", "cut", "drop"]),
)
def test_a_good_file_damaged_anywhere(tmp_path_factory, contract, whole, name, place, change, how):
    content = bytearray(whole[name])
    at = int(place * len(content))
    if how == "flip":
        content[at] ^= change
    elif how == "cut":
        del content[at:]
    else:
        del content[at : at + change]
    survives(tmp_path_factory, contract, name, bytes(content))


def test_the_good_files_are_read(tmp_path_factory, contract, whole):
    assert all(survives(tmp_path_factory, contract, name, content) for name, content in whole.items())
