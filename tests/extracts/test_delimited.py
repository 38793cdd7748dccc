import csv
import functools
import io

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import DataError
from pipelines.extracts import decode, delimited
from pipelines.extracts.cells import trim
from pipelines.extracts.delimited import open_delimited
from pipelines.extracts.headings import Matcher

HEADINGS = ["姓名", "身份证号", "备注"]


@pytest.fixture
def read(contract):
    return functools.partial(read_all, Matcher(contract))


def read_all(matcher, path):
    """The rows as (row number, cells) and the table."""
    table = open_delimited(path, "people/f.csv", matcher, lambda _: None)
    rows = []
    for batch in table.batches:
        cells = batch.frame.select(pl.col(f"c{n}").fill_null("") for n in range(len(table.headings.texts)))
        extra = batch.frame["extra"].to_list() if "extra" in batch.frame.columns else [False] * batch.frame.height
        rows += [(batch.first_row + n, list(row), extra[n]) for n, row in enumerate(cells.rows())]
    return rows, table


def texts(encoding):
    """Cells that survive any CSV: no zero character, no surrogates, line ends as line feeds, within the encoding.

    Nor ḿ: GB18030 gave it another code in 2005, which iconv knows and Python does not.
    """
    return st.text(st.characters(codec=encoding, exclude_characters="\0\rḿ", exclude_categories=["Cs", "Co", "Cn"]), max_size=12)


@pytest.mark.parametrize(
    ("encoding", "python"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("gb18030", "gb18030")]
)
@pytest.mark.parametrize("separator", [",", "\t", "|"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_cell_text_survives_the_way_through_csv(read, tmp_path, encoding, python, separator, data):
    rows = data.draw(st.lists(st.lists(texts("utf-8"), min_size=3, max_size=3), max_size=8))
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=separator,
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])),
        quoting=data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerows([HEADINGS, *rows])
    path = tmp_path / "f.csv"
    path.write_bytes(out.getvalue().encode(python))
    found, table = read(path)
    assert [row for _, row, _ in found] == rows
    assert [number for number, _, _ in found] == list(range(2, len(rows) + 2))
    assert not any(extra for _, _, extra in found)
    assert table.encoding in (encoding, "gb18030" if encoding == "utf-8" else encoding)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(st.text("a张 \t\n\u3000\u00a0'\",", max_size=5), min_size=3, max_size=3), min_size=1, max_size=30),
    separator=st.sampled_from([",", "\t", "|"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_every_row_with_something_to_trim_is_named(contract, tmp_path, rows, separator, line_end, quoting):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=line_end, quoting=quoting).writerows([HEADINGS, *rows])
    path = tmp_path / "f.csv"
    path.write_bytes(out.getvalue().encode())
    for batch in open_delimited(path, "people/f.csv", Matcher(contract), lambda _: None).batches:
        assert trim(batch.frame, batch.untrimmed).equals(trim(batch.frame))
        if batch.untrimmed is not None:
            cells = batch.frame.drop("extra", strict=False)
            changed = (cells != trim(cells)).fold(lambda one, other: one.fill_null(value=False) | other.fill_null(value=False))
            assert set(changed.arg_true()) <= set(batch.untrimmed)


def test_rows_without_anything_to_trim_are_not_named(contract, tmp_path):
    path = tmp_path / "f.csv"
    rows = [["甲", "1", "a b"], ["乙", "2", "第一行\n第二行"], [" 丙", "3", ""], ["丁", "4", '"x"'], ["戊", "5", "\t"]]
    for separator in ",\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            out = io.StringIO()
            csv.writer(out, delimiter=separator, lineterminator="\r\n", quoting=quoting).writerows([HEADINGS, *rows])
            path.write_bytes(out.getvalue().encode())
            (batch,) = open_delimited(path, "people/f.csv", Matcher(contract), lambda _: None).batches
            assert batch.untrimmed is not None
            assert batch.untrimmed.to_list() == [2, 4]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.text(alphabet='a"张,\n', max_size=60),
    size=st.sampled_from([8, 16, 1 << 24]),
)
def test_the_quick_reader_agrees_with_pythons_csv_on_any_quoting(read, tmp_path, body, size):
    path = tmp_path / "f.csv"
    path.write_text("姓名,身份证号,备注\n" + body, encoding="utf-8", newline="")
    held, delimited.BATCH_ROWS = delimited.BATCH_ROWS, 8
    block, decode.BLOCK = decode.BLOCK, size
    try:
        expected = list(csv.reader(io.StringIO(body, newline=""), strict=True))
    except csv.Error:
        with pytest.raises(DataError, match="引号不成对"):
            read(path)
        return
    else:
        found, _ = read(path)
        assert [(number, row) for number, row, _ in found] == [
            (n + 2, ([*row, "", "", ""])[:3]) for n, row in enumerate(expected)
        ]
        assert [extra for *_, extra in found] == [any(cell.strip() for cell in row[3:7]) for row in expected]
    finally:
        delimited.BATCH_ROWS, decode.BLOCK = held, block


def test_after_a_block_with_a_stray_quote_the_quick_reader_takes_over_again(read, tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", 256)
    taken = []
    real = delimited._Records._quickly
    monkeypatch.setattr(delimited._Records, "_quickly", lambda records, text: taken.append(records._row) or real(records, text))
    path = tmp_path / "f.csv"
    path.write_text("姓名,身份证号,备注\n" + '甲,1,5"管\n' + '乙,2,"好"\n' * 100, encoding="utf-8")
    found, _ = read(path)
    assert [number for number, *_ in found] == list(range(2, 103))
    assert [row for _, row, _ in found] == [["甲", "1", '5"管'], *[["乙", "2", "好"]] * 100]
    assert len(taken) > 3
    assert min(taken) > 3


def test_the_quick_reader_is_what_reads_proper_files(read, tmp_path, monkeypatch):
    monkeypatch.setattr(delimited._Records, "_carefully", None)
    path = tmp_path / "f.csv"
    path.write_text('姓名,身份证号,备注\r\n"甲","1","a\r\n""b"""\r\n\r\n乙,2,\r\n', encoding="utf-8", newline="")
    found, _ = read(path)
    assert found == [(2, ["甲", "1", 'a\n"b"'], False), (3, ["", "", ""], False), (4, ["乙", "2", ""], False)]


def test_a_line_break_inside_quotes_begins_no_row_and_a_blank_line_is_one(read, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text('说明\n\n姓名,身份证号,备注\n甲,1,"第一行\n第二行"\n\n乙,2,\n', encoding="utf-8")
    found, table = read(path)
    assert table.headings.row == 3
    assert found == [(4, ["甲", "1", "第一行\n第二行"], False), (5, ["", "", ""], False), (6, ["乙", "2", ""], False)]


def test_a_stray_quote_in_an_unquoted_cell_is_a_character(read, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text('姓名,身份证号,备注\n甲,1,5"管\n乙,2,"好"\n', encoding="utf-8")
    assert [row for _, row, _ in read(path)[0]] == [["甲", "1", '5"管'], ["乙", "2", "好"]]


@pytest.mark.parametrize("rest", ["乙,2,好\n" * 10, "乙,2,好\n" * 200_000, '"丙",3,\n' + "乙,2,好\n" * 10])
def test_quoting_that_breaks_stops_the_file_and_says_in_which_row(read, tmp_path, rest):
    path = tmp_path / "f.csv"
    path.write_text('姓名,身份证号,备注\n甲,1,好\n"乙,2,好\n' + rest, encoding="utf-8")
    with pytest.raises(DataError, match="第 3 行起引号不成对"):
        read(path)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_all_three_kinds_of_line_ends_are_read(read, tmp_path, ending):
    path = tmp_path / "f.csv"
    path.write_bytes(ending.join(["姓名,身份证号,备注", "甲,1,x", "乙,2,y"]).encode())
    assert [(number, row) for number, row, _ in read(path)[0]] == [(2, ["甲", "1", "x"]), (3, ["乙", "2", "y"])]


def test_too_many_cells_are_seen_and_empty_ones_at_the_end_are_not_too_many(read, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("姓名,身份证号,备注\n甲,1,x,,\n乙,2,y,z\n丙,3\n", encoding="utf-8")
    assert read(path)[0] == [(2, ["甲", "1", "x"], False), (3, ["乙", "2", "y"], True), (4, ["丙", "3", ""], False)]


def test_headings_with_a_line_break_in_quotes_are_one_row(read, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text('标题\n"姓\n名",身份证号,备注\n甲,1,x\n', encoding="utf-8")
    found, table = read(path)
    assert (table.headings.row, found) == (2, [(3, ["甲", "1", "x"], False)])


def test_a_file_with_nothing_in_it_is_refused(read, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(" \n\n \n", encoding="utf-8")
    with pytest.raises(DataError, match="没有内容"):
        read(path)
