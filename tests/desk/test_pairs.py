"""Doubtful pairs at the desk: what a town sees, the evidence drawn, one history with the sheets."""

import re
import threading
from collections import Counter

import pytest

from pipelines.casework.access import latest
from pipelines.desk.waterfall import LABEL, WIDTH, waterfall
from pipelines.linkage.resolve.decisions import read_decisions
from pipelines.linkage.review.pair import Compared, Pair, open_questions, read_pair
from pipelines.linkage.review.questions import import_review, unsure_file
from pipelines.linkage.review.sheet import question_of, write_sheet
from tests.builders.district_home import BATCH
from tests.desk.conftest import Clerk


@pytest.fixture
def asked(home):
    found = open_questions(home, BATCH)
    assert found, "this district has nothing doubtful"
    return found


def numbers(home):
    return [one.number for one in open_questions(home, BATCH)]


def test_the_list_holds_what_is_open_and_a_page_shows_both_sides_and_a_drawing(home, log_in, asked):
    clerk, first = log_in("district"), asked[0]
    listed = clerk.get("/pairs").text
    assert all(f"/pair/{one.number}" in listed for one in asked)
    shown = clerk.get(f"/pair/{first.number}").text
    drawn = read_pair(home, BATCH, first, "district")
    weighed = [one for one in drawn.compared if one.bits is not None]
    assert weighed
    assert len(re.findall("<rect ", shown)) == len(weighed) + 2
    for one in weighed:
        assert f"{one.title} {one.bits:+.1f}" in shown


@pytest.mark.parametrize(("answer", "same"), [("是", True), ("否", False)])
def test_an_answer_is_a_decision_with_who_and_is_asked_no_more(home, store, log_in, asked, answer, same):
    number, clerk = asked[0].number, log_in("district")
    assert clerk.post(f"/pair/{number}", answer=answer, reason="电话核实").status_code == 303
    [decision] = read_decisions(home)
    assert (decision.identity_hash, decision.person_id, decision.same, decision.decided_by) == (*question_of(number), same, "qu")
    assert number not in numbers(home)
    assert clerk.get(f"/pair/{number}").status_code == 400
    told = [one for one in latest(store, limit=5) if one["action"] == f"判断是否同一人：{answer}"]
    assert [(one["purpose"], one["subjects"]) for one in told] == [(f"{number} 电话核实", [asked[0].person_id])]


def test_who_cannot_tell_is_on_record_and_it_is_asked_again_last(home, log_in, asked):
    number = asked[0].number
    assert log_in("district").post(f"/pair/{number}", answer="不确定", reason="看不出来").status_code == 303
    assert read_decisions(home) == []
    assert unsure_file(home).exists()
    again = numbers(home)
    same_record = [one for one in again if one[:14] == number[:14]]
    assert again[-len(same_record) :] == same_record


def test_what_a_sheet_answered_is_not_asked_at_the_desk(home, tmp_path, log_in, asked):
    number, sheet = asked[0].number, tmp_path / "sheet.csv"
    write_sheet(sheet, [{"number": number, "question": "1", "answer": "否", "clerk": "甲"}], "清单", [])
    import_review(home, sheet)
    assert number not in numbers(home)
    answer = log_in("district").post(f"/pair/{number}", answer="是", reason="电话核实")
    assert (answer.status_code, "已被判断" in answer.text) == (400, True)
    assert [decision.same for decision in read_decisions(home)] == [False]


def test_a_town_sees_its_own_pairs_and_no_other(store, towns, log_in, asked):
    mine, others = ([one for one in asked if (one.town == towns[0][0]) == own] for own in (True, False))
    town = log_in("town")
    listed = town.get("/pairs").text
    assert [one.number in listed for one in mine] == [True] * len(mine)
    assert others, "all of one town"
    assert others[0].number not in listed
    assert town.get(f"/pair/{others[0].number}").status_code == 403
    assert latest(store, limit=1)[0]["allowed"] is False
    assert town.post(f"/pair/{others[0].number}", answer="是", reason="电话核实").status_code == 403


def test_what_is_missing_or_unknown_is_told_and_nothing_is_written(home, log_in, asked):
    clerk, number = log_in("district"), asked[0].number
    for fields in ({"answer": "", "reason": "电话核实"}, {"answer": "是", "reason": ""}, {"answer": "是", "reason": "张三说的"}):
        assert clerk.post(f"/pair/{number}", **fields).status_code == 400
    for strange in ("Q1", "Q0000000000000-P00000000000", "'; DROP"):
        assert clerk.get(f"/pair/{strange}").status_code == 400
    assert read_decisions(home) == []


def test_of_many_who_answer_at_once_one_does_and_the_others_are_told(app, home, clerks, asked):
    codes, lock = Counter(), threading.Lock()

    def work(turn):
        clerk = Clerk(app, clerks["district"])
        code = clerk.post(f"/pair/{asked[0].number}", answer=("是", "否")[turn % 2], reason="资料相符").status_code
        with lock:
            codes[code] += 1

    threads = [threading.Thread(target=work, args=[turn]) for turn in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes[303] == 1
    assert codes[400] + codes[409] == 4  # who came later found it answered, who came at once was told
    assert len(read_decisions(home)) == 1


def test_the_drawing_ends_where_the_evidence_does_and_stays_inside():
    pair = Pair(
        [Compared("姓名", "a", "b", "同", 9.0), Compared("住址", "", "", "", None), Compared("性别", "", "", "异", -3.5)],
        -12.0,
        -6.5,
    )
    drawn = waterfall(pair)
    assert [(bar.title, bar.bits, bar.kind) for bar in drawn.bars] == [
        ("随便一个人", -12.0, "start"), ("姓名", 9.0, "for"), ("性别", -3.5, "against"), ("合计", -6.5, "sum"),
    ]  # fmt: skip
    for bar in drawn.bars:
        assert bar.left >= LABEL
        assert bar.left + bar.width <= WIDTH
    assert drawn.bars[3].left + drawn.bars[3].width == pytest.approx(drawn.even, abs=0.2)
