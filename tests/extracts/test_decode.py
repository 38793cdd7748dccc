import codecs
import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import DataError
from pipelines.extracts import decode
from pipelines.extracts.decode import detect, sha256, utf8_blocks

TEXT = "姓名,备注\n" + "".join(f"张{chr(0x4E00 + n)},第{n}行，㐀𠮷·Ⅱ\n" for n in range(300))


@pytest.fixture(params=[1 << 24, 100], ids=["one block", "many blocks"])
def block(request, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", request.param)


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("utf-8", TEXT.encode()),
        ("utf-8-sig", TEXT.encode("utf-8-sig")),
        ("utf-16", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
        ("utf-16", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("utf-16", TEXT.encode("utf-16-le")),
        ("utf-16", TEXT.encode("utf-16-be")),
        ("gb18030", TEXT.encode("gb18030")),
        ("gb18030", "姓名,备注\n甲,乙\n".encode("gbk")),
        ("utf-8", b"name,id\nA,1\n"),
    ],
)
def test_the_encoding_is_told_and_the_text_comes_out_as_utf8(tmp_path, name, content):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    encoded = detect(path, "f")
    assert encoded.name == name
    text = b"".join(utf8_blocks(path, encoded, "f")).decode()
    assert text in (TEXT, "姓名,备注\n甲,乙\n", "name,id\nA,1\n")


@pytest.mark.usefixtures("block")
def test_a_file_whose_chinese_begins_after_the_first_block_is_still_told(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"a,b\n" * 500 + "张三,李四\n".encode("gb18030"))
    encoded = detect(path, "f")
    assert encoded.name == "gb18030"
    assert b"".join(utf8_blocks(path, encoded, "f")).decode().endswith("张三,李四\n")


@pytest.mark.usefixtures("block")
def test_a_bad_byte_in_utf8_stops_with_its_line_and_is_not_taken_for_gb18030(tmp_path):
    path = tmp_path / "f.csv"
    good = "张三李四王五,赵六孙七\n" * 20
    for mark in (b"", codecs.BOM_UTF8):
        path.write_bytes(mark + good.encode() + b"\xff\xfe\n" + good.encode())
        with pytest.raises(DataError, match="UTF-8 读到第 21 行"):
            list(utf8_blocks(path, detect(path, "f"), "f"))


def test_a_short_utf8_file_with_a_bad_byte_is_told_as_such(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes("姓名,身份证号,备注\n张三,1,".encode() + b"\xe5\xbc,2\n")
    with pytest.raises(DataError, match="UTF-8 读到第 2 行"):
        detect(path, "f")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=5, max_size=200))
def test_gb18030_is_never_taken_for_damaged_utf8(tmp_path, text):
    path = tmp_path / "f.csv"
    path.write_bytes(f"姓名,身份证号\n{text},1\n".encode("gb18030"))
    assert detect(path, "f").name == "gb18030"


@pytest.mark.usefixtures("block")
def test_a_bad_byte_in_gb18030_stops_with_its_line(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes("张三,李四\n".encode("gb18030") * 50 + b"\xff\xff,1\n" + "王五\n".encode("gb18030"))
    with pytest.raises(DataError, match="第 51 行"):
        list(utf8_blocks(path, detect(path, "f"), "f"))


@pytest.mark.parametrize(
    "content", [bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 50, b"\0" * 100, b"a,b\n\0\0\0\n"]
)
def test_binary_is_refused(tmp_path, content):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="二进制"):
        detect(path, "f")


def test_a_zero_byte_far_into_the_file_is_refused_too(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", 64)
    for content in ("甲,乙\n" * 2000, "张三,乙\n" * 2000):
        for encoding in ("utf-8", "gb18030"):
            path = tmp_path / "f.csv"
            path.write_bytes(content.encode(encoding) + b"x\0\n")
            with pytest.raises(DataError, match="二进制"):
                list(utf8_blocks(path, detect(path, "f"), "f"))


def test_pythons_codec_reads_what_the_c_library_reads(tmp_path, monkeypatch):
    path = tmp_path / "f.csv"
    path.write_bytes(TEXT.encode("gb18030"))
    quick = list(utf8_blocks(path, detect(path, "f"), "f"))
    monkeypatch.setattr(decode, "_iconv", lambda: None)
    assert list(utf8_blocks(path, detect(path, "f"), "f")) == quick


def test_the_digest_is_the_files_and_every_byte_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", 7)
    path = tmp_path / "f"
    path.write_bytes(b"0123456789" * 10)
    told = []
    assert sha256(path, told.append) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(told) == 100
