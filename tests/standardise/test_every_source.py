"""Every kind of the second group, by its contract alone: its headings, codes, totals and certificates, and whose its rows are.

One drop folder and one lake hold them all; a kind that needed Python of its own would fail here or be named in the code.
"""

import csv
import io
import re
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import code_table, load_contracts
from pipelines.errors import DataError
from pipelines.extracts.stage import extract_source
from pipelines.linkage.lake import person_records
from pipelines.linkage.stage import link
from pipelines.progress import Silent
from pipelines.standardise import standardise_source
from pipelines.storage import SCHEMAS, Home
from tests.standardise.test_new_source import id_with_check

BATCH = "2026-10"
CONTRACTS = load_contracts()
KINDS = [source for source, contract in CONTRACTS.items() if contract.number > 16]
ADULT, NAME = id_with_check("37021119620307001"), "王小明"
CHILD = id_with_check("37021120200103002")
VALUES = {
    "name": NAME, "id_number": ADULT, "disability_certificate": ADULT + "42", "sex": "男", "date": "2026-09-15", "month": "2026-09",
    "money": "1,200.50", "integer": "2026", "decimal": "1/8", "age": "64", "phone": "13905321234", "address": "王台街道徐村12号",
}  # fmt: skip
"""A good value of each type."""


def good_row(contract):
    """A row that fills every column, the child of a birth or a child's file younger than its parents."""
    row = {name: VALUES.get(column.type, "王台街道" if name == "town" else "一项") for name, column in contract.columns.items()}
    row |= {name: next(iter(code_table(column.codes))) for name, column in contract.columns.items() if column.codes}
    if contract.source == "children":
        row |= {"name": "王小小", "id_number": CHILD}
    if contract.source == "births":
        row |= {"child_name": "王小小", "sex": "女", "mother_name": "李芳", "mother_id": id_with_check("37021119920101002")}
    return row


def sheet(contract, rows, which=0, without=""):
    """A CSV with each column's heading of this number (the last where it has fewer), and a total below."""
    columns = {name: column for name, column in contract.columns.items() if name != without}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.heading[min(which, len(column.heading) - 1)] for column in columns.values()])
    writer.writerows([row[name] for name in columns] for row in rows)
    return text.getvalue() + "合计" + "," * (len(columns) - 1) + "\n"


def writings(contract):
    """One row for every writing of every code, and the value it must become: (row, column, value)."""
    good = good_row(contract)
    for name, column in contract.columns.items():
        if column.codes:
            for writing, value in code_table(column.codes).items():
                if writing not in ("无", "-"):  # as in every source: nothing
                    yield {**good, name: writing}, name, value


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """All kinds, read and standardised, in one home with a register of the people they speak of; and linked."""
    folder = tmp_path_factory.mktemp("kinds")
    home = Home(folder / "home", memory="500MB", threads=1)
    register = (
        f"户号,与户主关系,姓名,公民身份号码,出生日期\n001,户主,{NAME},{ADULT},1962-03-07\n001,孙女,王小小,{CHILD},2020-01-03\n"
    )
    put(folder, "police_household", "户籍.csv", register)
    for source in KINDS:
        contract = CONTRACTS[source]
        good = good_row(contract)
        for which in range(max(len(column.heading) for column in contract.columns.values())):
            put(folder, source, f"{which}.csv", sheet(contract, [good], which))
        if coded := [row for row, _, _ in writings(contract)]:
            put(folder, source, "codes.csv", sheet(contract, [good, *coded]))
        put(
            folder, source, "certificates.csv", sheet(contract, [as_certificate(contract, good, tail) for tail in ("42", "42B1")])
        )
    for source in ("police_household", *KINDS):
        extract_source(home, BATCH, CONTRACTS[source], folder / "drop", Silent())
        standardise_source(home, BATCH, CONTRACTS[source], Silent())
    link(home, BATCH, CONTRACTS, Silent())
    return home


def put(folder, source, name, text):
    path = folder / "drop" / BATCH / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def as_certificate(contract, row, tail):
    """The row with a disability certificate's number in every column of an id."""
    ids = [name for name, column in contract.columns.items() if column.type in ("id_number", "disability_certificate")]
    return {**row, **{name: row[name][:18] + tail for name in ids}}


def rows_of(home, source, file):
    table = pl.read_parquet(home.lake(BATCH, "standardised", source))
    return table.filter((pl.col("file") == file) & (pl.col("member_no") == 0)).sort("row_no")


def test_the_kinds_are_thirty_four_and_the_departments_twenty_four():
    numbers = [contract.number for contract in CONTRACTS.values()]
    assert set(range(1, 39)) <= set(numbers)
    assert len({one for contract in CONTRACTS.values() for one in contract.department.split("、")}) == 24


def test_only_funds_property_and_banks_ask_for_an_authorisation_among_the_second_group():
    closed = {source for source in KINDS if CONTRACTS[source].use == "authorised"}
    assert closed == {"housing_fund", "real_estate", "finance_check"}


def test_no_program_text_names_a_kind():
    """What is reckoned from a kind must name it (assess), and the generator; reading, standardising, linking, the graph never do."""
    words = set(KINDS) - {"children", "births", "employment", "disasters", "charity"}  # words of English as well
    named = re.compile(rf"\b({'|'.join(words)})\b|src_({'|'.join(KINDS)})\b")
    root = Path(SCHEMAS).parent
    for path in [*(root / "assets").glob("*.py"), *(root / "pipelines").rglob("*.py")]:
        if not {"sample", "assess"} & set(path.parts):
            assert not named.search(path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("source", KINDS)
def test_every_variant_of_a_heading_is_read_as_the_first(town, source):
    contract = CONTRACTS[source]
    columns = [name for name in rows_of(town, source, "0.csv").columns if name not in ("record_id", "file", "identity_hash")]
    first = rows_of(town, source, "0.csv").select(columns)
    assert first.height == 1
    for which in range(1, max(len(column.heading) for column in contract.columns.values())):
        assert rows_of(town, source, f"{which}.csv").select(columns).equals(first)


@pytest.mark.parametrize("source", KINDS)
def test_a_good_row_keeps_no_warning_but_of_unmapped_wordings(town, source):
    [warnings] = rows_of(town, source, "0.csv")["warnings"].to_list()
    assert [one for one in warnings if not one.endswith("not_mapped")] == []


@pytest.mark.parametrize("source", [source for source in KINDS if any(writings(CONTRACTS[source]))])
def test_every_writing_of_a_code_is_its_value(town, source):
    read = rows_of(town, source, "codes.csv")
    for place, (_, name, value) in enumerate(writings(CONTRACTS[source]), 1):
        assert read[name][place] == value
    assert read.height == 1 + sum(1 for _ in writings(CONTRACTS[source]))


@pytest.mark.parametrize("source", KINDS)
def test_a_total_is_skipped_and_every_other_row_accepted(town, source):
    ledger = pl.read_parquet(town.lake(BATCH, "extracts", f"{source}.files"))
    assert ledger["skipped"].to_list() == [2] * ledger.height  # the headings and the total
    assert ledger["rejected"].sum() == 0
    assert (ledger["rows_read"] == ledger["accepted"] + ledger["skipped"]).all()


@pytest.mark.parametrize("source", KINDS)
def test_a_certificate_of_twenty_or_twenty_two_digits_is_an_id(town, source):
    read = rows_of(town, source, "certificates.csv")
    has_id = any("id_number" in fields for number, fields in CONTRACTS[source].members().items() if number == 0)
    assert read["id_status"].to_list() == (["valid", "valid"] if has_id else ["missing", "missing"])
    if has_id:
        assert {len(number) for number in read["id_number"]} == {18}


@pytest.mark.parametrize("source", KINDS)
def test_a_row_is_whose_id_it_bears(town, source):
    contract = CONTRACTS[source]
    members = [number for number, fields in contract.members().items() if "id_number" in fields]
    with town.connect() as connection:
        register = connection.execute(f"""SELECT row_no, person_id FROM {person_records(town, BATCH)}
            WHERE source = 'police_household' ORDER BY row_no""").fetchall()  # fmt: skip
        whose = connection.execute(f"""SELECT DISTINCT member_no, person_id FROM {person_records(town, BATCH)}
            WHERE source = '{source}' AND member_no IN ({", ".join(map(str, members or [99]))}) AND NOT (source = 'births' AND member_no = 1)
            ORDER BY 1""").fetchall()  # fmt: skip
    man, girl = (person for _, person in register)
    expected = {number: girl if source == "children" and number == 0 else man for number in members}
    expected.pop(1, None) if source == "births" else None
    assert dict(whose) == expected


@pytest.mark.parametrize("source", KINDS)
def test_a_required_heading_that_is_missing_stops_the_file_by_name(tmp_path, source):
    contract = CONTRACTS[source]
    name = next(name for name, column in reversed(contract.columns.items()) if column.required)
    put(tmp_path, source, "a.csv", sheet(contract, [good_row(contract)], without=name))
    with pytest.raises(DataError, match=contract.columns[name].heading[0]):
        extract_source(Home(tmp_path / "home", memory="500MB", threads=1), BATCH, contract, tmp_path / "drop", Silent())
