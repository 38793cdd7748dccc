"""The sheets that go along on a visit: what they say, that they print on their pages, and that they come back."""

import datetime as dt
import subprocess

import openpyxl
import pytest

from pipelines.assess.leads.leads import raise_leads
from pipelines.progress import Silent
from pipelines.publish.visit_forms import fitted, whole_yuan
from pipelines.publish.worklists import write_worklists
from pipelines.returns.stage import read_returns
from tests.builders.leads_lake import OCTOBER, LeadsLake
from tests.conftest import real_part

LIST = "2026-10_王台街道_走访清单.xlsx"
CHILDREN = "2026-10_王台街道_儿童_走访清单.xlsx"


@pytest.fixture
def lake(tmp_path):
    lake = LeadsLake(tmp_path)
    lake.rule("U01", "red", title="医疗费用负担重", programmes=["低保"], question="还有哪些医疗费没有报销？")
    lake.rule("U05", "orange", title="重度残疾人未纳入救助", programmes=["单人保"], question="日常由谁照料？")
    lake.rule("U10", "red", title="儿童无人抚养")
    return lake


def publish(lake):
    lake.write("2026-10")
    lake._write("2026-10", "linkage", "person_records", "", [])
    raise_leads(lake.home, "2026-10", Silent(), today=OCTOBER)
    return write_worklists(lake.home, "2026-10", Silent())


def book(lake, name=LIST):
    return openpyxl.load_workbook(lake.home.worklists("2026-10") / name)


def forms(workbook):
    """The forms by lead number: label → value."""
    found = {}
    for row in workbook["走访表"].iter_rows():
        for cell in row:
            if cell.value == "线索编号":
                found[row[cell.column].value] = form = {}
            if cell.value and cell.column < 8 and row[cell.column].value is not None:
                form[cell.value] = row[cell.column].value
    return found


def three_of_a_family(lake):
    head = lake.person("P1", name="张大山", sex="1", birth_date="1958-05-01")
    sons = [
        lake.person(f"P{n}", name=name, sex="1", birth_date=born)
        for n, name, born in ((2, "张小河", "1985-02-03"), (3, "张小海", "2015-01-01"))
    ]
    lake.household("H1", head, *sons)
    said = "近12个月个人负担 60,871.55 元，高于 30,000 元（医保结算、民政在册）；数据截至 2026-10-31"
    lake.finding("2026-10", "U05", "H1", sons[0], reason="有重度残疾人（残联）")
    lake.finding("2026-10", "U01", "H1", head, reason=said, records=[("medical_settlement", "a.csv", 2)])


def test_a_form_says_in_plain_words_who_lives_there_and_why_the_strongest_first(lake):
    three_of_a_family(lake)
    publish(lake)
    [form] = forms(book(lake)).values()
    assert form["家里有谁"] == "户主 张*（男，68岁）；子 张*（男，41岁）；儿子（男，11岁）".replace("；子 ", "；儿子 ")
    assert form["为什么来"].split("\n") == [
        "1. 疑似医疗费用负担重（户主）：近12个月个人负担 60,872 元，高于 30,000 元。",
        "2. 疑似重度残疾人未纳入救助（儿子41岁）：有重度残疾人。",
    ]
    assert (form["要问什么"], form["住址"]) == ("还有哪些医疗费没有报销？日常由谁照料？", "徐村12号")
    assert form["看哪些材料"] == "户口簿、身份证；医药费票据、报销单"
    whole = "".join(str(value) for value in form.values())
    assert "U01" not in whole
    assert "1230" not in whole, "no part of an id is needed at the door"


def test_a_house_number_alone_gets_its_village(lake):
    lake.household("H1", lake.person("P1", address="349号", village="下庄"), village="下庄")
    lake.finding("2026-10", "U01", "H1", "P1")
    publish(lake)
    [form] = forms(book(lake)).values()
    assert form["住址"] == "下庄349号"


def test_a_child_is_told_by_age_and_sex_without_a_name(lake):
    lake.household("H1", lake.person("P1", name="欧阳小雨", sex="2", birth_date="2015-06-01"))
    lake.finding("2026-10", "U10", "H1", "P1")
    publish(lake)
    [form] = forms(book(lake, CHILDREN)).values()
    assert form["家里有谁"] == "户主（女，11岁）"


def test_the_overview_goes_by_level_and_then_from_door_to_door(lake):
    for number, (rule, village, address) in enumerate(
        [("U05", "甲村", "甲路2号"), ("U01", "乙村", "乙路10号"), ("U01", "乙村", "乙路9号"), ("U01", "甲村", "甲路1号")]
    ):
        lake.household(f"H{number}", lake.person(f"P{number}", address=address), village=village)
        lake.finding("2026-10", rule, f"H{number}", f"P{number}")
    publish(lake)
    leads = {row["lead_id"]: row["household_id"] for row in lake.read("2026-10", "assess", "leads")}
    rows = list(book(lake)["走访总表"].iter_rows(min_row=2, values_only=True))
    assert [(row[1], row[4], leads[row[7]]) for row in rows] == [
        ("红", "乙村", "H2"), ("红", "乙村", "H1"), ("红", "甲村", "H3"), ("橙", "甲村", "H0"),
    ]  # fmt: skip
    assert [leads[number] for number in forms(book(lake))] == ["H2", "H1", "H3", "H0"]


def test_amounts_lose_their_fen_and_long_texts_their_end_with_a_word_about_it():
    assert whole_yuan("30,000.49 元和 9.50元，3.5 倍") == "30,000 元和 10元，3.5 倍"
    assert fitted("短", 2) == "短"
    cut = fitted("长" * 200, 2)
    assert cut.endswith("（全文见“清单”）")
    assert len(cut) <= 72


def fill(workbook, lead_id, **answers):
    """Fill in a lead's form."""
    sheet, here = workbook["走访表"], False
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == "线索编号":
                here = row[cell.column].value == lead_id
            if here and cell.value in answers:
                row[cell.column].value = answers[cell.value]


@pytest.fixture
def two(lake):
    for number in (1, 2):
        lake.household(f"H{number}", lake.person(f"P{number}"))
        lake.finding("2026-10", "U01", f"H{number}", f"P{number}")
    publish(lake)
    return lake, sorted(row["lead_id"] for row in lake.read("2026-10", "assess", "leads"))


def answers(lake):
    return {row["lead_id"]: row for row in lake.read("2026-10", "returns", "followups") if not row["superseded"]}


def test_what_is_filled_in_on_a_form_comes_back_as_if_it_stood_in_the_list(two, tmp_path):
    lake, (one, other) = two
    workbook = book(lake)
    fill(workbook, one, 核查结果码="B1 协助申请低保或特困", 核查日期="2026-11-05", 核查人1="甲", 核查人2="乙", 备注="已告知")
    list_ = workbook["清单"]
    places = {cell.value: cell.column for cell in list_[1]}
    for row in range(2, list_.max_row + 1):
        if list_.cell(row, 1).value == other:
            list_.cell(row, places["核查结果码"]).value = "H1"
    (tmp_path / "back").mkdir()
    workbook.save(tmp_path / "back" / "王台.xlsx")
    counts = read_returns(tmp_path / "back", lake.home, Silent())
    assert (counts["rows"], counts["taken"], counts["not_taken"]) == (2, 2, 0)
    assert (answers(lake)[one]["outcome_code"], answers(lake)[one]["visited_on"]) == ("B1", dt.date(2026, 11, 5))
    assert (answers(lake)[one]["visitors"], answers(lake)[one]["note"]) == ("甲、乙", "已告知")
    assert answers(lake)[other]["outcome_code"] == "H1"


def test_a_lead_answered_on_both_and_not_alike_is_named_with_both_rows(two, tmp_path):
    lake, (one, other) = two
    workbook = book(lake)
    for lead in (one, other):
        fill(workbook, lead, 核查结果码="B1")
    list_ = workbook["清单"]
    places = {cell.value: cell.column for cell in list_[1]}
    for row in range(2, list_.max_row + 1):
        list_.cell(row, places["核查结果码"]).value = "B1" if list_.cell(row, 1).value == one else "E1"
    (tmp_path / "back").mkdir()
    workbook.save(tmp_path / "back" / "王台.xlsx")
    counts = read_returns(tmp_path / "back", lake.home, Silent())
    assert (counts["taken"], counts["not_taken"]) == (1, 1)
    assert set(answers(lake)) == {one}
    told = (lake.home.returns("2026-10") / "王台.xlsx_未采用.csv").read_text(encoding="utf-8-sig")
    assert "填得不一样" in told


@pytest.mark.real
def test_a_town_prints_as_one_overview_page_and_one_page_a_household_and_comes_back_from_an_office_program(two, tmp_path):
    office, pages = real_part("soffice"), real_part("pdfinfo")
    lake, (one, _) = two
    three_of_a_family(lake)
    publish(lake)
    workbook = book(lake)
    for name in ("清单", "填写说明"):
        del workbook[name]
    fill(workbook, one, 核查结果码="B1 协助申请低保或特困")
    workbook.save(tmp_path / "forms.xlsx")

    def convert(to):
        call = [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", to, "--outdir", tmp_path]
        subprocess.run([*call, tmp_path / "forms.xlsx"], check=True, capture_output=True, timeout=120)

    convert("pdf")
    told = subprocess.run([pages, tmp_path / "forms.pdf"], check=True, capture_output=True, text=True).stdout
    assert next(line.split()[-1] for line in told.splitlines() if line.startswith("Pages")) == "3"  # two households share no page
    convert("ods")
    (tmp_path / "forms.xlsx").unlink()
    (tmp_path / "back").mkdir()
    call = [
        office,
        f"-env:UserInstallation=file://{tmp_path}/office",
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        tmp_path / "back",
    ]
    subprocess.run([*call, tmp_path / "forms.ods"], check=True, capture_output=True, timeout=120)
    assert read_returns(tmp_path / "back", lake.home, Silent())["taken"] == 1
