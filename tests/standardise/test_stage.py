"""The stage: declared output for every source, record ids, identity from several places, warnings, nothing personal in errors."""

import datetime as dt

import duckdb
import pyarrow as pa
import pytest

from pipelines.contracts import load_contracts
from pipelines.errors import DataError
from pipelines.progress import Silent
from pipelines.standardise import columns, empty, empty_query, relation, standardise_source
from pipelines.storage import SCHEMAS, Home

CONTRACTS = load_contracts()
MAN, WOMAN = "370211198503124516", "37021119870615122X"
REGISTER = CONTRACTS["police_household"]


def register_row(**said):
    return {"household_no": "H1", "relation": "户主", "name": "张三", "id_number": MAN} | said


def declared_identity():
    with duckdb.connect() as connection:
        connection.execute((SCHEMAS / "lake" / "standardise.sql").read_text(encoding="utf-8"))
        return [(name, kind) for name, kind, *_ in connection.execute("DESCRIBE identity").fetchall()]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_source_has_the_declared_columns_filled_or_empty(contract, standardised):
    names = {column: "张三" for column, declared in contract.text_columns().items() if declared.type == "name"}
    standardised(contract, [names])
    with standardised.home.connect() as connection:
        written = connection.execute(f"DESCRIBE FROM {relation(standardised.home, '2026-10', contract)}").fetchall()
        absent = connection.execute(f"DESCRIBE {empty_query(contract)}").fetchall()
        as_arrow = connection.from_arrow(empty(contract)).to_arrow_table().schema  # type: ignore[attr-defined]
    described = [(name, kind) for name, kind, *_ in written]
    assert described[: len(declared_identity())] == declared_identity()
    assert described == [(name, kind) for name, kind, *_ in absent]
    assert [name for name, _ in described] == as_arrow.names == list(columns(contract))


def test_types_of_attributes_are_as_declared():
    assert columns(CONTRACTS["disabled_persons"]) | {
        "certificate": "VARCHAR",
        "certificate_status": "VARCHAR",
        "certificate_category": "VARCHAR",
        "certificate_grade": "VARCHAR",
        "category": "VARCHAR[]",
        "grade": "VARCHAR",
        "issued_on": "DATE",
    } == columns(CONTRACTS["disabled_persons"])
    assert columns(CONTRACTS["tax_income"])["income"] == "DECIMAL(18,2)"
    assert columns(CONTRACTS["medical_enrolment"])["paid_year"] == "BIGINT"
    assert columns(CONTRACTS["assistance_roster"])["from_month"] == "DATE"


def test_a_record_id_says_source_file_row_and_member_and_files_are_numbered_in_order(standardised):
    rows = [register_row(file=file, row_no=row) for file, row in (("b/乙.csv", 3), ("a/甲.csv", 1_000_000), ("b/乙.csv", 4))]
    records, _ = standardised(REGISTER, rows)
    parts = [
        (r["record_id"] >> 56, r["record_id"] >> 40 & 0xFFFF, r["record_id"] >> 4 & 0xFFFFFFFFF, r["record_id"] & 15)
        for r in records
    ]
    assert parts == [(1, 1, 1_000_000, 0), (1, 2, 3, 0), (1, 2, 4, 0)]
    assert [(r["file"], r["row_no"], r["member_no"]) for r in records] == [
        ("a/甲.csv", 1_000_000, 0),
        ("b/乙.csv", 3, 0),
        ("b/乙.csv", 4, 0),
    ]


def test_what_the_source_says_comes_before_what_the_id_says(standardised):
    records, _ = standardised(
        REGISTER,
        [
            register_row(sex="女", birth_date="1985.3.13"),
            register_row(),
            register_row(id_number=MAN[:17] + "0"),
            register_row(sex="未说明"),
        ],
    )
    assert [(r["sex"], r["sex_from_id"], r["birth_date"], r["birth_date_from_id"]) for r in records] == [
        ("2", False, dt.date(1985, 3, 13), False),
        ("1", True, dt.date(1985, 3, 12), True),
        (None, False, None, False),
        ("1", True, dt.date(1985, 3, 12), True),
    ]


def test_a_birth_date_in_the_future_is_not_believed(standardised):
    records, _ = standardised(REGISTER, [register_row(birth_date="2026-11-01"), register_row(birth_date="2026-10-31")])
    assert [(r["birth_date"], r["birth_date_from_id"], r["warnings"]) for r in records] == [
        (dt.date(1985, 3, 12), True, ["birth_date:not_possible"]),
        (dt.date(2026, 10, 31), False, []),
    ]


def test_a_whole_register_row_is_read(standardised):
    row = register_row(
        name="欧陽 娜娜（户主）",
        former_name="欧阳 小娜",
        sex="女性",
        birth_date="31118",
        marital_status="已婚",
        address="山东省青岛市黄岛区王台镇徐家村三号楼2单元501室",
        town=None,
        village=None,
        grid=" 王台０１网格 ",
        phone="+86 138-1234-5670",
    )
    (record,), _ = standardised(REGISTER, [row])
    expected = {
        "name": "欧陽娜娜",
        "name_key": "欧阳娜娜",
        "name_pinyin": "ou yang na na",
        "surname": "欧阳",
        "former_name": "欧阳小娜",
        "sex": "2",
        "birth_date": dt.date(1985, 3, 12),
        "phone": "13812345670",
        "address": "3-2-501",
        "town": "王台街道",
        "village": "徐家",
        "grid": "王台01网格",
        "household_key": "H1",
        "marital_status": "20",
        "relation": "户主",
        "warnings": [],
    }
    assert {name: record[name] for name in expected} == expected


def test_half_a_village_moved_to_a_renamed_town_is_one_village(standardised):
    rows = [
        register_row(town="王台镇", village="徐家村", address="徐家12号"),
        register_row(town="王台街道", village="徐家社区居委会", address="徐家村12号"),
    ]
    records, _ = standardised(REGISTER, rows)
    assert {(r["town"], r["village"], r["address"]) for r in records} == {("王台街道", "徐家", "12号")}


def test_the_town_is_found_in_its_column_else_the_address_else_the_village(standardised):
    rows = [
        register_row(town="珠海街道", address="王台镇徐家村12号", village="大村镇徐家村"),
        register_row(address="王台镇徐家村12号", village="大村镇徐家村"),
        register_row(address="12号", village="大村镇徐家村"),
        register_row(address="12号", village="徐家村"),
    ]
    records, _ = standardised(REGISTER, rows)
    assert [r["town"] for r in records] == ["珠海街道", "王台街道", "大村镇", None]
    assert {r["village"] for r in records} == {"徐家"}


def test_keys_and_texts_lose_what_a_spreadsheet_put_in(standardised):
    records, _ = standardised(
        REGISTER,
        [register_row(household_no="'００１", ethnicity="汉族\u200b"), register_row(household_no="001", ethnicity="汉族")],
    )
    assert {(r["household_key"], r["ethnicity"]) for r in records} == {("001", "汉族")}


def test_what_cannot_be_read_becomes_null_and_the_row_says_which_column(standardised):
    rows = [
        register_row(
            birth_date="1900-01-00",
            sex="甲",
            marital_status="很好",
            phone="无",
            relation="邻居",
            town="城关镇",
            name="张三、李四",
        ),
        register_row(phone="13800000000"),
    ]
    records, counts = standardised(REGISTER, rows)
    assert set(records[0]["warnings"]) == {
        "name:several_names",
        "birth_date:not_a_date",
        "sex:unknown_code",
        "marital_status:unknown_code",
        "phone:not_a_phone",
        "relation:unknown_code",
        "town:unknown_town",
    }
    assert (records[0]["marital_status"], records[0]["relation"], records[0]["town"]) == (None, None, "城关镇")
    assert records[1]["warnings"] == ["phone:not_a_phone"]
    assert counts["warned"] == 2


def test_the_last_day_of_9999_is_an_open_end_where_ends_may_be_open(standardised):
    row = {"name": "张三", "certificate": MAN + "43", "valid_to": "9999-12-31", "issued_on": "9999-12-31"}
    (record,), _ = standardised(CONTRACTS["disabled_persons"], [row])
    assert (record["valid_to"], record["warnings"]) == (None, ["issued_on:not_a_date"])


def test_an_open_end_is_null_without_a_warning_and_only_where_it_is_declared(standardised):
    row = {"name": "张三", "certificate": MAN + "43", "valid_to": "长期", "issued_on": "长期"}
    (record,), _ = standardised(CONTRACTS["disabled_persons"], [row])
    assert (record["valid_to"], record["issued_on"]) == (None, None)
    assert record["warnings"] == ["issued_on:not_a_date"]


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (MAN + "43", (MAN + "43", "valid", "4", "3", MAN, "valid")),
        (MAN.lower() + "43B1", (MAN + "43", "valid", "4", "3", MAN, "valid")),
        (MAN, (MAN, "malformed", None, None, MAN, "valid")),
        (MAN[:15] + "00000", (MAN[:15], "truncated", None, None, MAN[:15], "truncated")),
        (MAN[:6] + MAN[8:17] + "63", (MAN + "63", "lifted", "6", "3", MAN, "lifted")),
        (MAN[:17] + "043", (MAN[:17] + "043", "bad_check", "4", "3", MAN[:17] + "0", "bad_check")),
        (None, (None, "missing", None, None, None, "missing")),
    ],
)
def test_a_certificate_says_id_category_and_grade(standardised, certificate, said):
    (r,), _ = standardised(CONTRACTS["disabled_persons"], [{"name": "张三", "certificate": certificate}])
    assert said == tuple(
        r[c] for c in ("certificate", "certificate_status", "certificate_category", "certificate_grade", "id_number", "id_status")
    )


def test_settlement_money_dates_and_repeats_are_kept_row_by_row(standardised):
    row = {
        "settlement_id": "S１",
        "name": "张三",
        "id_number": MAN,
        "settled_on": "20260305",
        "total_cost": "-1,200.50",
        "pooled_fund": "甲",
    }
    records, _ = standardised(CONTRACTS["medical_settlement"], [row, row])
    assert [(r["settlement_id"], str(r["total_cost"]), r["pooled_fund"], r["settled_on"]) for r in records] == [
        ("S1", "-1200.50", None, dt.date(2026, 3, 5))
    ] * 2
    assert records[0]["warnings"] == ["pooled_fund:not_an_amount"]


def test_a_month_column_gives_the_first_day_of_any_date(standardised):
    row = {"name": "张三", "id_number": MAN, "income": "1", "period_from": "2026-03-31", "period_to": "2026年3月"}
    (record,), _ = standardised(CONTRACTS["tax_income"], [row])
    assert (record["period_from"], record["period_to"]) == (dt.date(2026, 3, 1), dt.date(2026, 3, 1))


def test_no_warning_and_no_count_holds_a_value(standardised):
    rows = [register_row(name="秘密□", phone="秘密电话", birth_date="秘密日", town="秘密镇", relation="秘密", id_number="秘密X1")]
    records, counts = standardised(REGISTER, rows)
    assert "秘密" not in repr([r["warnings"] for r in records]) + repr(counts)
    assert records[0]["warnings"]


def test_running_twice_gives_the_same_table(standardised):
    rows = [register_row(row_no=n, name=f"王{chr(0x4E00 + n)}", former_name="李○") for n in range(2, 500)]
    assert standardised(REGISTER, rows) == standardised(REGISTER, rows)


def test_a_source_that_sent_nothing_leaves_no_table_even_after_an_earlier_run(standardised):
    standardised(REGISTER, [register_row()])
    home = standardised.home
    home.lake("2026-10", "extracts", "police_household").unlink()
    assert standardise_source(home, "2026-10", REGISTER, Silent()) == {"rows": 0, "records": 0, "warned": 0}
    assert not home.lake("2026-10", "standardised", "police_household").exists()


def test_a_broken_extract_is_said_in_chinese_without_its_content_and_leaves_the_old_table(standardised):
    standardised(REGISTER, [register_row()])
    home: Home = standardised.home
    written = home.lake("2026-10", "standardised", "police_household").read_bytes()
    home.lake("2026-10", "extracts", "police_household").write_bytes("PAR1 张三".encode())
    with pytest.raises(DataError) as error:
        standardise_source(home, "2026-10", REGISTER, Silent())
    assert "公安 · 户籍人口" in str(error.value)
    assert "张三" not in str(error.value)
    assert error.value.__suppress_context__
    assert home.lake("2026-10", "standardised", "police_household").read_bytes() == written


def test_an_extract_without_rows_gives_a_table_without_rows(standardised):
    records, counts = standardised(REGISTER, [])
    assert (records, counts["records"]) == ([], 0)
    assert isinstance(empty(REGISTER), pa.Table)


def test_dates_of_two_digit_years_and_of_months_are_read_by_their_own_column_and_keep_what_precision_they_have(standardised):
    contract = load_contracts()["disabled_persons"]
    born = "19850312"
    number = f"370211{born}451"
    certificate = number + "6" + "44"
    rows = [
        {"name": "张三", "certificate": certificate, "birth_date": "1985年3月", "issued_on": "26/9/1", "valid_to": "2036年8月"},
        {"name": "李四", "birth_date": "一九八五年三月十二日", "issued_on": "二〇二六年九月一日", "valid_to": "长期"},
        {"name": "王五", "birth_date": "26/9/1", "issued_on": "60/9/1"},
    ]
    first, second, third = standardised(contract, rows)[0]
    assert first["birth_date"] == dt.date(1985, 3, 12)  # the id says the day
    assert (first["issued_on"], first["valid_to"]) == (dt.date(2026, 9, 1), dt.date(2036, 8, 31))  # until the month's end
    assert first["warnings"] == ["birth_date:month_only", "valid_to:month_only"]
    assert (second["birth_date"], second["issued_on"], second["warnings"]) == (dt.date(1985, 3, 12), dt.date(2026, 9, 1), [])
    assert (third["birth_date"], third["issued_on"]) == (None, None)  # 1926 or 2026, 1960 or 2060: said, not guessed
    assert third["warnings"] == ["birth_date:not_a_date", "issued_on:not_a_date"]
