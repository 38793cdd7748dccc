"""Working at the desk: a visit, a level, a transfer, two clerks at one file, a batch published meanwhile."""

import threading
from collections import Counter

from sqlalchemy import func, select

from pipelines.casework.clock import day_of, now
from pipelines.casework.files import belonging, history, read_file
from pipelines.casework.tables import case_event, case_file, visit
from pipelines.progress import Silent
from pipelines.publish.warehouse import build_warehouse
from pipelines.storage import Home
from tests.builders.district_home import BATCH
from tests.casework.conftest import DISTRICT
from tests.desk.conftest import Clerk

TODAY = str(day_of(now()))


def visit_form(clerk, file_no, **more):
    page = f"/file/{file_no}"
    return {
        "page": page, "version": clerk.field(page, "version"), "key": clerk.field(page, "key"), "visited_on": TODAY, "method": "入户",
        "visitor_1": "甲", "visitor_2": "乙", "outcome": "B1", "note": "", **more,
    }  # fmt: skip


def test_a_visit_answers_the_lead_and_reports_to_the_department(store, log_in, file_no):
    clerk = log_in("village")
    answer = clerk.post(f"/file/{file_no}/visit", **visit_form(clerk, file_no))
    assert answer.status_code == 303, answer.text
    after = belonging(store, file_no)
    assert {lead["state"] for lead in after["leads"]} == {"已答复"}
    assert [one["state"] for one in after["transfers"]] == ["已上报"]
    assert "走访" in {event["kind"] for event in history(store, read_file(store, file_no, DISTRICT), DISTRICT)}


def test_what_is_missing_is_told_and_nothing_is_written(store, log_in, file_no):
    clerk = log_in("town")
    before = read_file(store, file_no, DISTRICT)
    for wrong, told in (
        ({"visitor_2": ""}, "两个人"), ({"outcome": ""}, "结果码"), ({"visited_on": "下周"}, "写得不对"), ({"outcome": "B4"}, "转办部门"),
        ({"version": ""}, "不是数字"),
    ):  # fmt: skip
        answer = clerk.post(f"/file/{file_no}/visit", **visit_form(clerk, file_no, **wrong))
        assert (answer.status_code, told in answer.text) == (400, True), answer.text
    assert read_file(store, file_no, DISTRICT) == before
    assert belonging(store, file_no)["visits"] == []


def test_the_form_sent_twice_is_one_visit_and_a_second_clerks_old_page_is_told(store, log_in, file_no):
    first, second = log_in("town"), log_in("district")
    form, late = visit_form(first, file_no), visit_form(second, file_no)
    assert first.post(f"/file/{file_no}/visit", **form).status_code == 303
    assert first.post(f"/file/{file_no}/visit", **form).status_code == 303
    answer = second.post(f"/file/{file_no}/visit", **late)
    assert answer.status_code == 409
    assert "已被" in answer.text
    assert len(belonging(store, file_no)["visits"]) == 1


def test_a_transfer_goes_its_way_over_the_pages(store, log_in, file_no):
    village, town = log_in("village"), log_in("town")
    page = f"/file/{file_no}"
    made = village.post(f"{page}/transfer", page, matter="危房", wanted="请鉴定", department="", key="one")
    address = made.headers["location"]
    steps = [
        ("已受理", {}),
        ("已分办", {"department": "住建"}),
        ("办理中", {}),
        ("已办结", {"result": "R1", "closed_on": TODAY, "granted": "改造"}),
    ]
    for number, (to, fields) in enumerate(steps):
        answer = town.post(address, address, to=to, version=town.field(address, "version"), key=f"k{number}", **fields)
        assert answer.status_code == 303, answer.text
        assert to in town.get(address).text
    assert [one["state"] for one in belonging(store, file_no)["transfers"]] == ["已办结"]
    assert log_in("other").get(address).status_code == 403


def test_a_household_without_a_file_gets_one(home, store, log_in):
    with store.read() as connection:
        known = set(connection.execute(select(case_file.c.subject_id)).scalars())
    with home.connect(home.warehouse, read_only=True) as connection:
        everybody = connection.execute("SELECT household_id FROM household WHERE kind = 'assistance' ORDER BY 1").fetchall()
    other = next(row[0] for row in everybody if row[0] not in known)
    clerk = log_in("district")
    assert "还没有档案" in clerk.get(f"/household/{other}").text
    made = clerk.post(f"/household/{other}")
    assert made.headers["location"].startswith("/file/D")
    assert read_file(store, other, DISTRICT)["care_level"] == "none"


def test_a_new_publication_is_read_at_once_and_clicks_go_on_while_it_is_made(home, log_in, file_no):
    clerk = log_in("district")
    answers, stop = [], threading.Event()

    def click():
        while not stop.is_set():
            answers.append(clerk.get(f"/file/{file_no}").status_code)

    thread = threading.Thread(target=click)
    thread.start()
    before = home.warehouse.stat().st_ino
    build_warehouse(Home(home.root, memory="1GB", threads=1), BATCH, Silent())
    stop.set()
    thread.join()
    assert home.warehouse.stat().st_ino != before
    assert set(answers) == {200}
    assert clerk.get(f"/file/{file_no}").status_code == 200


def test_twenty_clerks_at_once_lose_nothing_and_meet_no_lock(app, store, clerks):
    """Each raises and lowers nothing but writes visits and transfers into files that others write into at the same time."""
    with store.read() as connection:
        files = connection.execute(select(case_file.c.file_no).order_by(case_file.c.file_no).limit(6)).scalars().all()
        before = connection.execute(select(func.count()).select_from(case_event)).scalar()
    outcomes, lock = Counter(), threading.Lock()

    def work(number):
        clerk = Clerk(app, clerks["district"])
        for turn in range(5):
            file_no = files[(number + turn) % len(files)]
            kind = ("visit", "transfer", "look")[(number + turn) % 3]
            if kind == "visit":
                answer = clerk.post(f"/file/{file_no}/visit", **visit_form(clerk, file_no, outcome="H1", method="电话"))
            elif kind == "transfer":
                fields = {"matter": f"事{number}-{turn}", "wanted": "请核实", "key": f"{number}-{turn}"}
                answer = clerk.post(f"/file/{file_no}/transfer", **fields)
            else:
                answer = clerk.get(f"/file/{file_no}")
            with lock:
                outcomes[kind, answer.status_code] += 1

    threads = [threading.Thread(target=work, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {code for _, code in outcomes} <= {200, 303, 409}, outcomes
    with store.read() as connection:
        visits = connection.execute(select(func.count()).select_from(visit)).scalar()
        events = connection.execute(select(func.count()).select_from(case_event)).scalar()
    assert visits == outcomes["visit", 303]
    assert events - before >= outcomes["visit", 303] + outcomes["transfer", 303]
    assert sum(outcomes.values()) == 100
