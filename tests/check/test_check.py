"""A check against a published district: who, whole household, ask, reckon, keep."""

import datetime as dt
import shutil
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import select

from pipelines.casework.access import Actor, RefusedError, latest
from pipelines.casework.files import history, read_file
from pipelines.casework.tables import check, check_item
from pipelines.check.form import judge_rows
from pipelines.check.perform import compare_income, perform, withdraw
from pipelines.check.reckon import Household, Member, reckon
from pipelines.check.report import read_report, render_html, write_xlsx
from pipelines.contracts import load_contracts
from pipelines.storage import Home
from tests.builders.district_home import BATCH
from tests.check.conftest import OFFICER, TODAY, answer, asked, row

VEHICLES = load_contracts()["vehicles"].title


def test_over_the_batchs_own_households_a_check_finds_what_the_batch_found(town):
    """The same facts and rules: whoever is checked as the batch has them gets the batch's findings, all and no other."""
    members = town.rows("""
        SELECT m.household_id, m.person_id, m.relation, m.person_id = h.head_person_id AS head, coalesce(h.register_town, h.town) AS town
        FROM MEMBER AS m JOIN (FROM HOUSEHOLD WHERE kind = 'assistance' AND NOT coalesce(disputed, false)) AS h
            ON h.household_id = m.household_id
        WHERE m.kind = 'assistance' ORDER BY m.household_id, m.person_id""")
    by_household = {}
    for one in members:
        by_household.setdefault((one["household_id"], one["town"]), []).append(one)
    households = [
        Household(key, place, tuple(Member(n, m["person_id"], m["relation"] or "", m["head"]) for n, m in enumerate(rows, 1)))
        for (key, place), rows in by_household.items()
    ]
    found = reckon(town.home, BATCH, households, items=False)
    mine = {
        (household.key, one["test"], one["outcome"])
        for household in households
        for one in found[household.key].results
        if one["test"][1:].isdigit() and one["outcome"] in ("true", "unknown")
    }
    published = {
        (one["household_id"], one["rule_id"], one["outcome"])
        for one in town.rows("SELECT household_id, rule_id, outcome FROM FINDING")
        if one["household_id"] in found
    }
    assert len(published) > 30
    assert mine == published


def test_an_applicant_is_linked_and_everything_is_written_at_once(town, store):
    people = town.household()
    [report] = asked(town.home, store, [row(one) for one in people])
    assert [one["outcome"] for one in report["members"][: len(people)]] == ["linked"] * len(people)
    assert [one["person_id"] for one in report["members"][: len(people)]] == [one["person_id"] for one in people]
    assert report["check"]["batch"] == BATCH
    file = read_file(store, people[0]["household_id"], OFFICER)
    assert any(event["kind"] == "核对" for event in history(store, file, OFFICER))


def test_the_same_data_give_the_same_report_and_other_data_another(town, store, tmp_path):
    rows = [row(one) for one in town.household()]
    first = asked(town.home, store, rows)[0]["check"]["report_hash"]
    again = asked(town.home, store, rows)[0]["check"]["report_hash"]
    copied = Home(shutil.copytree(town.home.root, tmp_path / "copy"), memory="1GB", threads=2)
    copied.lake(BATCH, "standardised", "medical_enrolment").unlink()
    other = asked(copied, store, rows)[0]["check"]["report_hash"]
    assert first == again
    assert other != first


def test_a_stranger_to_all_data_makes_tests_of_the_household_unknown_never_false(town, store):
    head = town.household()[0]
    stranger = {"name": "慕容不存在", "id_number": "", "head": False, "relation": "其他亲属", "town": head["town"], "age": 40}
    [report] = asked(town.home, store, [row(head), row(stranger, birth_date="1970-01-02")])
    assert report["members"][1]["outcome"] == "new"
    whole = [one for one in report["rules"] if one["outcome"] == "unknown" and "未能认定的家庭成员" in one["missing"]]
    assert whole
    assert all(one["verdict"] != "疑似符合" for one in report["lines"])
    assert answer(report, 2, load_contracts()["assistance_roster"].title).startswith("户籍不在本区")


def test_a_name_alone_links_nobody(town, store):
    people = town.household()
    [report] = asked(town.home, store, [row(people[0]), row(people[1], id_number="", birth_date="")])
    assert report["members"][1]["outcome"] in ("several", "new")
    assert report["members"][1]["person_id"] is None


def test_a_damaged_id_is_found_and_the_report_says_so(town, store):
    people = town.household()
    damaged = people[0]["id_number"][:-1] + ("0" if people[0]["id_number"][-1] != "0" else "1")
    [report] = asked(town.home, store, [row(people[0], id_number=damaged), *(row(one) for one in people[1:])])
    assert report["members"][0]["person_id"] == people[0]["person_id"]
    assert "校验不通过" in report["members"][0]["reason"]


def test_a_spouse_and_children_left_out_are_named(town, store):
    people = town.household("bool_or(m.relation IN ('配偶', '妻子', '丈夫'))")
    [report] = asked(town.home, store, [row(people[0])])
    missing = {one["person_id"]: one for one in report["members"] if one["role"] == "not_listed"}
    edges = town.rows(f"""SELECT person_id, other_person_id FROM EDGE WHERE kind = 'spouse'
        AND '{people[0]["person_id"]}' IN (person_id, other_person_id)""")
    spouses = {one for pair in edges for one in pair.values()} - {people[0]["person_id"]}
    assert spouses
    assert spouses & set(missing)
    assert "申请表未列入" in next(iter(missing.values()))["reason"]
    assert any("共同生活" in one for one in report["more"])


def test_somebody_whom_nothing_shows_there_is_to_be_proven(town, store):
    people = town.household()
    stranger = town.rows(f"""SELECT p.* FROM PERSON AS p JOIN FACT AS f USING (person_id)
        WHERE p.id_status = 'valid' AND p.alive AND f.age > 30 AND NOT coalesce(f.in_custody, false)
        AND f.household_id <> '{people[0]["household_id"]}' ORDER BY person_id DESC LIMIT 1""")[0]
    stranger |= {"head": False, "relation": "其他亲属", "town": people[0]["town"], "age": 40}
    [report] = asked(town.home, store, [row(people[0]), row(stranger)])
    assert report["members"][1]["role"] == "unproven"


def test_the_dead_do_not_count(town, store):
    people = town.household()
    dead = town.rows("SELECT * FROM PERSON WHERE NOT alive AND id_status = 'valid' ORDER BY person_id LIMIT 1")[0]
    dead |= {"head": False, "relation": "父亲", "town": people[0]["town"], "age": 80}
    [report] = asked(town.home, store, [row(people[0]), row(dead)])
    assert (report["members"][1]["role"], "死亡" in report["members"][1]["reason"]) == ("excluded", True)


@pytest.fixture
def owner(town):
    """A household of which a member has a vehicle, none receiving, and the owner's place in it."""
    owners = town.rows("""SELECT DISTINCT i.person_id FROM VEHICLES AS v JOIN IDENTITIES AS i USING (identity_hash)
        JOIN PERSON AS p USING (person_id) WHERE p.id_status = 'valid' AND p.alive""")
    listed = ", ".join(f"'{one['person_id']}'" for one in owners)
    people = town.household(f"bool_or(p.person_id IN ({listed}))")
    place = next(n for n, one in enumerate(people, 1) if one["person_id"] in {o["person_id"] for o in owners})
    return people, place


def rows_of(store, check_id, source):
    with store.read() as connection:
        return connection.execute(
            select(check_item).where(check_item.c.check_id == check_id, check_item.c.source == source)
        ).all()


def test_with_an_authorisation_property_is_found_and_undeclared_property_is_told(owner, town, store):
    people, place = owner
    [report] = asked(town.home, store, [row(one) for one in people])
    items = [item for item in report["members"][place - 1]["items"] if item["source"] == "vehicles"]
    assert items
    assert {item["comparison"] for item in items} == {"未申报"}


@pytest.mark.parametrize(
    "lacking",
    [
        {"form_no": ""},
        {"signed_on": str(TODAY - dt.timedelta(days=40)), "valid_to": str(TODAY - dt.timedelta(days=1))},
        {"scope": "business_registration"},
    ],
    ids=["none", "ended yesterday", "out of scope"],
)
def test_without_a_valid_authorisation_no_row_of_a_closed_source_is_anywhere(owner, town, store, lacking, tmp_path):
    people, place = owner
    rows = [row(one) for one in people]
    rows[place - 1] |= lacking
    if place == 1 and len(people) > 1:
        rows[1] |= {"signed_on": str(TODAY)}
    [report] = asked(town.home, store, rows)
    assert answer(report, place, VEHICLES) == "没有有效授权，未查"
    assert [one for one in rows_of(store, report["check"]["check_id"], "vehicles") if one.position == place] == []
    plates = town.rows(f"""SELECT v.plate FROM VEHICLES AS v JOIN IDENTITIES AS i USING (identity_hash)
        WHERE i.person_id = '{people[place - 1]["person_id"]}' AND v.plate IS NOT NULL""")
    path = tmp_path / "report.xlsx"
    write_xlsx(path, report, 1)
    book = openpyxl.load_workbook(path)
    told = render_html(report, 1) + " ".join(str(cell.value) for sheet in book for cells in sheet.iter_rows() for cell in cells)
    assert plates
    assert not [one for one in plates if one["plate"] in told]
    member_tests = [
        one for one in report["rules"] if one["position"] == place and one["test"] == "O04" and one["outcome"] == "true"
    ]
    assert member_tests == []


def test_an_authorisation_that_ends_today_still_opens(owner, town, store):
    people, place = owner
    rows = [row(one, signed_on=str(TODAY - dt.timedelta(days=5)), valid_to=str(TODAY)) for one in people]
    [report] = asked(town.home, store, rows)
    assert answer(report, place, VEHICLES) == "found"


def test_what_an_authorisation_opened_is_closed_when_it_is_withdrawn_and_the_report_stays(owner, town, store):
    people, place = owner
    [report] = asked(town.home, store, [row(one) for one in people])
    signed = report["members"][place - 1]["authorisation"]["authorisation_id"]
    withdraw(store, signed, OFFICER)
    again = read_report(store, report["check"]["check_id"], OFFICER)
    assert answer(again, place, VEHICLES) == "授权已撤回，内容已关闭"
    assert again["check"]["report_hash"] == report["check"]["report_hash"]


def test_without_anybodys_authorisation_a_stranger_is_refused_and_who_receives_is_not(town, store):
    people = town.household()
    assert "缺少授权" in asked(town.home, store, [row(one, form_no="") for one in people])[0]
    assert latest(store)[0]["allowed"] is False
    with store.read() as connection:
        assert connection.execute(select(check)).all() == []
    receiving = town.household(receiving=True)
    [report] = asked(town.home, store, [row(one, form_no="") for one in receiving])
    assert report["members"]


def test_who_applies_in_two_applications_is_told_in_the_later(town, store):
    people = town.household()
    asked(town.home, store, [row(one) for one in people])
    [report] = asked(town.home, store, [row(one, application_no="SQ2") for one in people])
    assert "同时在申请 SQ1 中" in report["members"][0]["reason"]


def test_a_source_that_did_not_come_is_told_apart_from_one_without_rows(town, store, tmp_path):
    copied = Home(shutil.copytree(town.home.root, tmp_path / "copy"), memory="1GB", threads=2)
    copied.lake(BATCH, "standardised", "school_enrolment").unlink()
    people = town.household()
    [report] = asked(copied, store, [row(one) for one in people])
    assert answer(report, 1, load_contracts()["school_enrolment"].title) == "数据没有送来，未查"


def test_another_town_can_neither_ask_nor_read(town, store):
    people = town.household()
    [report] = asked(town.home, store, [row(one) for one in people])
    stranger = Actor("li", "town", "泊里镇" if people[0]["town"] != "泊里镇" else "大村镇")
    with pytest.raises(RefusedError):
        read_report(store, report["check"]["check_id"], stranger)
    assert latest(store)[0]["allowed"] is False
    applications, _ = judge_rows([(2, row(people[0]))])
    with pytest.raises(RefusedError):
        perform(town.home, store, applications, stranger)


def test_the_applicants_copy_holds_nothing_of_the_others(town, store):
    people = town.household()
    [whole] = asked(town.home, store, [row(one) for one in people])
    copy = read_report(store, whole["check"]["check_id"], OFFICER, copy_of=1)
    assert all(one["items"] == [] and one["income"] is None for one in copy["members"] if one["position"] != 1)
    assert copy["rules"] == []
    others = [item["text"] for one in whole["members"] if one["position"] != 1 for item in one["items"] if len(item["text"]) > 25]
    html = render_html(copy, 1)
    own = {item["text"] for one in whole["members"] if one["position"] == 1 for item in one["items"]}
    assert not [text for text in others if text in html and text not in own]
    assert "第1次打印" in html


def test_every_check_is_on_record_with_who_why_whom_and_which_sources(town, store):
    people = town.household()
    asked(town.home, store, [row(one) for one in people])
    entry = next(one for one in latest(store) if one["action"] == "核对")
    assert (entry["actor"], entry["purpose"]) == ("qu", "低保")
    assert {one["person_id"] for one in people} <= set(entry["subjects"])
    assert "vehicles" in entry["sources"]


@pytest.mark.parametrize(
    ("declared", "known", "whole", "words"),
    [
        (1000, 12000, 12000, "一致"),
        (1000, 13080, 13080, "一致"),  # 9 % more
        (1000, 13320, 13320, "金额不一致"),  # 11 % more
        (1000, 10920, 10920, "一致"),  # 9 % less
        (1000, 10680, 10680, "金额不一致"),  # 11 % less
        (None, 12000, 12000, "未申报"),
        (None, 0, 0, "一致"),
        (None, 0, None, "无法核对"),
        (1000, 0, None, "无法核对"),
        (1000, 24000, None, "金额不一致"),  # what is known alone is more than was declared
        (0, 0, 0, "一致"),
    ],
)
def test_declared_and_found_income(declared, known, whole, words):
    given = [None if value is None else Decimal(value) for value in (declared, known, whole)]
    assert compare_income(*given, Decimal("0.1"))[1] == words


def test_workbook_and_page_carry_the_footer_and_no_formula(town, store, tmp_path):
    people = town.household()
    [report] = asked(town.home, store, [row(one, property="=1+1") for one in people])
    path = tmp_path / "report.xlsx"
    write_xlsx(path, report, 2)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["核对结论", "家庭成员", "各数据源", "未能核对", "规则"]
    assert all(cell.data_type != "f" for sheet in book for cells in sheet.iter_rows() for cell in cells)
    assert "仅供社会救助使用" in book["核对结论"].oddFooter.left.text
    assert "符合" not in {cell.value for row_ in book["核对结论"].iter_rows() for cell in row_}
