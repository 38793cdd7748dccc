"""Common writings are read a short way and all others the long way: the two say the same; the hash is that of what is written.

A zero-width space is cut off by every reading but is in no short way's pattern, so a text with one behind it goes the long way.
"""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts import load_contracts
from pipelines.standardise import columns
from pipelines.standardise.addresses import read_addresses
from pipelines.standardise.projection import _IDENTIFYING

LONG_WAY = "\u200b"
CONTRACTS = load_contracts()
MAN, WOMAN = "370211198503124516", "37021119870615122X"

amounts = st.from_regex(r"-?[0-9]{1,16}([.][0-9]{1,2})?|-?[0-9]{1,3}(,[0-9]{3}){1,4}([.][0-9]{1,2})?", fullmatch=True)
mobiles = st.one_of(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.from_regex(r"1[3-9][0-9](00000000|12345678|88888888)", fullmatch=True),
    st.just("13800138000"),
)
plain = st.from_regex(r"[!-&(-_a-~一-龥]([ -~一-龥]{0,6}[!-~一-龥])?", fullmatch=True)
ids = st.from_regex(r"(37021119|11010120|99999919)[0-9]{9}[0-9X]", fullmatch=True)


@pytest.mark.parametrize(
    ("macro", "writings"),
    [
        ("money", amounts),
        ("whole_number", st.from_regex(r"-?[0-9]{1,18}", fullmatch=True)),
        ("phone", mobiles),
        ("plain_text", plain),
    ],
)
def test_a_text_says_the_same_on_both_ways(say, macro, writings):
    @given(st.lists(writings, min_size=1, max_size=30))
    def both_ways(texts):
        assert say(f"{macro}(t)", texts) == say(f"{macro}(t)", [text + LONG_WAY for text in texts])

    both_ways()


@given(st.lists(ids, min_size=1, max_size=30))
def test_an_id_says_the_same_on_both_ways(read_ids, texts):
    assert read_ids(texts) == read_ids([text + LONG_WAY for text in texts])


signs = st.one_of(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), st.characters(min_codepoint=0xFF00, max_codepoint=0xFFEF)
)


@given(st.lists(st.one_of(st.text(max_size=12), st.text(signs, max_size=12)), min_size=1, max_size=30))
def test_the_normal_form_of_ascii_narrow_or_wide_is_found_without_python_and_is_the_same(say, texts):
    texts = [text.replace("\x00", "") for text in texts]
    assert say("nfkc(t)", texts) == say("arrow_nfkc(t)", texts)
    assert say("nfkc(t)", ["1-a ~'", "１－ａ\u3000～＇", None]) == ["1-a ~'", "1-a ~'", None]


parts = st.sampled_from(
    ["青岛市黄岛区", "王台镇", "徐家村", "社区", "东方花园", "12", "3", "十二", "号", "号楼", "#", "单元", "室", "-", "~", ",", " ", "a", "("]
)  # fmt: skip


@given(st.lists(st.lists(parts, max_size=8).map("".join), min_size=1, max_size=40, unique=True))
def test_an_address_says_the_same_on_both_ways(connection, texts):
    said = []
    for written in (texts, [text + LONG_WAY for text in texts]):
        connection.register("address_raw", pa.table({"raw": pa.array(written, pa.string())}))
        read_addresses(connection)
        connection.unregister("address_raw")
        found = {raw: rest for raw, *rest in connection.execute("FROM address_values").fetchall()}
        said.append([found[text] for text in written])
    assert said[0] == said[1]


@given(st.from_regex(r"[东方花园路]{0,4}[0-9]{1,4}", fullmatch=True))
def test_a_house_with_its_kind_written_is_the_house_without(connection, house):
    connection.register("address_raw", pa.table({"raw": [house, f"{house}号"]}))
    read_addresses(connection)
    connection.unregister("address_raw")
    assert connection.execute("SELECT DISTINCT rest FROM address_values").fetchall() == [(f"{house}号",)]


def test_the_identity_hash_is_that_of_the_texts_in_the_lake(standardised):
    register = CONTRACTS["police_household"]
    rows = [
        {"household_no": "H1", "relation": "户主", "name": "张三", "id_number": MAN, "town": "王台镇", "marital_status": "已婚"},
        {"household_no": "H1", "relation": "邻居", "name": "欧阳娜", "id_number": WOMAN[:17] + "1", "file": "b.csv"},
        {"household_no": "H2", "name": "阿·布", "sex": "女", "birth_date": "1990-01-01", "phone": "13812345670"},
    ]
    records, _ = standardised(register, rows)
    path = standardised.home.lake("2026-10", "standardised", register.source)
    schema = pq.read_schema(path)
    assert all(schema.field(name).type == pa.string() for name, kind in columns(register).items() if kind == "VARCHAR")
    assert [(r["source"], r["file"], r["surname"], r["id_status"], r["sex"], r["relation"]) for r in records] == [
        ("police_household", "a.csv", "张", "valid", "1", "户主"),
        ("police_household", "a.csv", None, "missing", "2", None),
        ("police_household", "b.csv", "欧阳", "bad_check", None, None),
    ]
    with standardised.home.connect() as connection:
        hashes = connection.execute(
            f"SELECT hash({', '.join(_IDENTIFYING)}) FROM read_parquet('{path}') ORDER BY record_id"
        ).fetchall()
    assert [r["identity_hash"] for r in records] == [value for (value,) in hashes]


def test_a_source_whose_names_and_codes_are_all_empty_is_still_read(standardised):
    records, _ = standardised(CONTRACTS["police_household"], [{"household_no": "H1", "id_number": MAN}])
    assert [(r["surname"], r["relation"], r["marital_status"], r["id_status"]) for r in records] == [(None, None, None, "valid")]
