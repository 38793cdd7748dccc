"""Referral lists: who gets what by when, and what comes of it."""

import csv
import datetime as dt

import openpyxl
import pytest

from pipelines.assess.leads.leads import raise_leads
from pipelines.assess.leads.workdays import add_workdays
from pipelines.progress import Silent
from pipelines.publish.referral import departments_named, load_referral_policy, write_referrals
from pipelines.returns.stage import read_returns
from tests.builders.leads_lake import OCTOBER, LeadsLake

SENT = dt.datetime(2026, 11, 20, 2, 0, tzinfo=dt.UTC)


@pytest.fixture
def lake(tmp_path):
    lake = LeadsLake(tmp_path / "home")
    lake.rule("U01", "red", title="医疗费用负担重", programmes=["低保"])
    for number in range(4):
        person = lake.person(f"P{number:011d}", name="张三丰", birth_date="2014-01-01" if number == 3 else "1980-03-05")
        lake.household(f"H{number:011d}", person)
        lake.finding("2026-10", "U01", f"H{number:011d}", person)
    lake.write("2026-10")
    lake._write("2026-10", "linkage", "person_records", "linkage.sql", [])
    raise_leads(lake.home, "2026-10", Silent(), today=OCTOBER)
    lake.numbers = [
        row["lead_id"] for row in sorted(lake.read("2026-10", "assess", "leads"), key=lambda row: row["household_id"])
    ]
    return lake


def send(lake, tmp_path, rows, name, now=SENT):
    folder = tmp_path / "back"
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_returns(folder, lake.home, Silent(), now=now)


def answered(lake, tmp_path, *answers):
    rows = [
        {"线索编号": lake.numbers[n], "核查结果码": code, "转办部门": to, "备注": "情况属实"}
        for n, (code, to) in enumerate(answers)
    ]
    return send(lake, tmp_path, rows, "走访.csv")


def listed(lake, name):
    with (lake.home.root / "referrals" / "2026-10" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def names(lake):
    folder = lake.home.root / "referrals" / "2026-10"
    return {path.name for path in folder.glob("*.csv")} - {"manifest.csv"} if folder.exists() else set()


def test_each_department_gets_what_is_its_own_by_outcome_or_by_what_the_caseworker_wrote(lake, tmp_path):
    counts = answered(lake, tmp_path, ("B1", ""), ("B4", "区医保局、市教育局"), ("E1", ""), ("B5", ""))
    assert counts["referrals"] == 4
    assert names(lake) == {
        "2026-10_民政_转办清单.csv", "2026-10_医保_转办清单.csv", "2026-10_教育_转办清单.csv", "2026-10_农业农村_儿童_转办清单.csv"
    }  # fmt: skip
    (row,) = listed(lake, "2026-10_民政_转办清单.csv")
    assert (row["线索编号"], row["转办事由"], row["走访说明"], row["关注对象"]) == (
        lake.numbers[0],
        "B1 协助申请低保或特困",
        "情况属实",
        "张*丰",
    )
    assert row["办理时限"] == f"'{add_workdays(SENT.date(), 30)[0]}"
    assert "办理结果码" in row


def test_a_departments_list_leaves_out_what_it_does_not_need(lake, tmp_path):
    answered(lake, tmp_path, ("B4", "教育"), ("B5", ""))
    assert "家庭人口" not in listed(lake, "2026-10_教育_转办清单.csv")[0]
    assert "家庭人口" in listed(lake, "2026-10_农业农村_转办清单.csv")[0]


def test_a_referral_without_a_department_goes_to_civil_affairs(lake, tmp_path):
    answered(lake, tmp_path, ("A1", ""))
    assert names(lake) == {"2026-10_民政_转办清单.csv"}


def test_the_xlsx_offers_the_results_and_opens_only_the_answers(lake, tmp_path):
    answered(lake, tmp_path, ("B1", ""))
    book = openpyxl.load_workbook(lake.home.root / "referrals" / "2026-10" / "2026-10_民政_转办清单.xlsx")
    sheet, guide = book.worksheets
    opened = [cell.value for cell in sheet[1] if not sheet.cell(2, cell.column).protection.locked]
    assert opened == ["办理结果码", "办结日期", "已落实的政策", "经办人", "办理说明"]
    assert "R1 已办结并已享受" in [cell for row in guide.iter_rows(values_only=True) for cell in row]


def test_what_came_of_it_is_returned_the_same_way_and_the_settled_is_not_sent_again(lake, tmp_path):
    answered(lake, tmp_path, ("B1", ""), ("B1", ""), ("B1", ""))
    rows = listed(lake, "2026-10_民政_转办清单.csv")
    by_number = {row["线索编号"]: row for row in rows}
    by_number[lake.numbers[0]] |= {"办理结果码": "R1", "办结日期": "2026-12-01", "经办人": "丙", "已落实的政策": "低保"}
    by_number[lake.numbers[1]] |= {"办理结果码": "R3 正在办理"}
    by_number[lake.numbers[2]] |= {"办理结果码": "R9"}
    counts = send(lake, tmp_path, list(by_number.values()), "民政回.csv", dt.datetime(2026, 12, 5, tzinfo=dt.UTC))
    assert (counts["taken"], counts["not_taken"], counts["files_known"]) == (2, 1, 1)
    results = {row["lead_id"]: row for row in lake.read("2026-10", "returns", "referral_results")}
    settled = results[lake.numbers[0]]
    assert (settled["department"], settled["result_code"], settled["closed_on"], settled["granted"]) == (
        "民政",
        "R1",
        dt.date(2026, 12, 1),
        "低保",
    )
    assert {row["线索编号"] for row in listed(lake, "2026-10_民政_转办清单.csv")} == set(lake.numbers[1:3])


def test_what_a_department_sends_back_as_not_its_own_goes_to_civil_affairs_and_is_not_lost(lake, tmp_path):
    answered(lake, tmp_path, ("B4", "医保"))
    (row,) = listed(lake, "2026-10_医保_转办清单.csv")
    send(lake, tmp_path, [{**row, "办理结果码": "R4"}], "医保回.csv", dt.datetime(2026, 12, 5, tzinfo=dt.UTC))
    assert names(lake) == {"2026-10_民政_转办清单.csv"}
    (row,) = listed(lake, "2026-10_民政_转办清单.csv")
    assert "退回" in row["请求事项"]


def test_a_household_that_a_department_found_not_to_qualify_is_not_asked_again_without_new_evidence(lake, tmp_path):
    answered(lake, tmp_path, ("B1", ""), ("B1", ""))
    rows = {row["线索编号"]: row for row in listed(lake, "2026-10_民政_转办清单.csv")}
    refused = {**rows[lake.numbers[0]], "办理结果码": "R2"}
    send(lake, tmp_path, [refused], "民政回.csv", dt.datetime(2026, 12, 5, tzinfo=dt.UTC))
    lake.findings["2026-11"] = lake.findings["2026-10"]
    lake.findings["2026-12"] = lake.findings["2026-10"]
    for batch, day in (("2026-11", dt.date(2026, 12, 10)), ("2026-12", dt.date(2027, 1, 31)), ("2027-02", dt.date(2027, 3, 10))):
        lake.findings[batch] = lake.findings["2026-10"]
        lake.write(batch)
        raise_leads(lake.home, batch, Silent(), today=day)
    leads = {row["lead_id"]: row for row in lake.read("2027-02", "assess", "leads")}
    assert (leads[lake.numbers[0]]["held_back"], leads[lake.numbers[0]]["status"]) == ("cool_down", "关闭")
    assert (leads[lake.numbers[1]]["held_back"], leads[lake.numbers[1]]["times_raised"]) == (None, 2)


def test_when_all_is_settled_or_taken_back_the_folder_holds_no_list(lake, tmp_path):
    answered(lake, tmp_path, ("B1", ""))
    send(lake, tmp_path, [{"线索编号": lake.numbers[0], "核查结果码": "E1"}], "更正.csv", dt.datetime(2026, 12, 5, tzinfo=dt.UTC))
    assert names(lake) == set()


def test_without_answers_nothing_is_written(lake):
    assert write_referrals(lake.home, "2026-10")["referrals"] == 0
    assert not (lake.home.root / "referrals").exists()


@pytest.mark.parametrize(
    ("written", "named"),
    [("医保", ["医保"]), ("区医保局、市教育局", ["医保", "教育"]), ("民政和残联", ["民政", "残联"]), ("消防救援大队", ["消防救援大队"]), ("", []), (None, [])],
)  # fmt: skip
def test_departments_are_read_as_people_write_them(written, named):
    assert departments_named(written) == named


def test_every_referred_outcome_has_a_deadline_and_says_what_is_wanted():
    for referred in load_referral_policy().outcomes.values():
        assert referred.workdays > 0
        assert referred.wanted
