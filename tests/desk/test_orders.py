"""Service orders over the pages: the office's and the organisation's, and what an organisation never sees."""

import re
import threading

import pytest
from sqlalchemy import func, select

from pipelines.casework.access import latest
from pipelines.casework.accounts import add_account
from pipelines.casework.batch import export_tables
from pipelines.casework.clock import day_of, now
from pipelines.casework.files import belonging, read_file
from pipelines.casework.providers import save_organisation
from pipelines.casework.published import Published
from pipelines.casework.tables import service_event, service_order, service_record
from pipelines.publish.warehouse import create_tables, fill
from tests.builders.district_home import BATCH
from tests.casework.conftest import DISTRICT
from tests.desk.conftest import PASSWORD, Clerk

TODAY = str(day_of(now()))


@pytest.fixture
def centre(store):
    """An organisation that may take everything."""
    row = {"name": "某中心", "kind": "社工机构", "packages": ["资源链接", "未成年人成长"], "towns": [],
           "contract_from": day_of(now()), "contract_to": day_of(now())}  # fmt: skip
    save_organisation(store, row, None)


@pytest.fixture
def person(home, store, file_no, centre):  # noqa: ARG001  there must be somebody who serves
    """A living member of the file's household, with what identifies them."""
    subject = read_file(store, file_no, DISTRICT)["subject_id"]
    members = Published(home, store).household(DISTRICT, subject, "核实线索")["members"]
    return next(one for one in members if one["alive"] is not False)


def wish(person, **more):
    return {
        "person": person["person_id"],
        "item": "慈善",
        "units": "1",
        "asked_on": TODAY,
        "asked_by": "本人",
        "key": "w1",
        **more,
    }


def step(clerk, address, to, key, **fields):
    return clerk.post(address, address, to=to, version=clerk.field(address, "version"), key=key, **fields)


def test_an_order_goes_its_way_over_the_pages(store, log_in, file_no, person):
    village, town, organisation = log_in("village"), log_in("town"), log_in("organisation")
    made = village.post(f"/file/{file_no}/order", **wish(person))
    assert made.status_code == 303, made.text
    address = made.headers["location"]
    assert organisation.get(address).status_code == 403
    assert step(town, address, "已派", "k1", organisation="某中心").status_code == 303
    before = organisation.get(address).text
    assert not [value for value in (person["name"], person["phone"], person["address"]) if value and value in before]
    assert step(organisation, address, "已接", "k2").status_code == 303
    accepted = organisation.get(address).text
    assert not [value for value in (person["name"], person["phone"], person["address"]) if value and value not in accepted]
    assert (latest(store, limit=1)[0]["action"], latest(store, limit=1)[0]["subjects"]) == ("查看服务对象", [person["person_id"]])
    assert step(organisation, address, "服务中", "k3").status_code == 303
    done = organisation.post(f"{address}/record", address, on_day=TODAY, units="1", served_by="甲", key="r1", note="送到")
    assert done.status_code == 303, done.text
    assert step(organisation, address, "待评价", "k4").status_code == 303
    assert step(village, address, "完结", "k5", score="5", rated_by="回访").status_code == 303
    assert [one["state"] for one in belonging(store, file_no)["orders"]] == ["完结"]
    assert "送到" in town.get(address).text
    assert log_in("other").get(address).status_code == 403


def test_an_organisation_never_sees_a_file_a_finding_or_an_id(store, log_in, file_no, person):
    made = log_in("town").post(f"/file/{file_no}/order", **wish(person)).headers["location"]
    step(log_in("town"), made, "已派", "k1", organisation="某中心")
    organisation = log_in("organisation")
    step(organisation, made, "已接", "k2")
    pages = "".join(organisation.get(path).text for path in (made, "/orders", "/"))
    subject = read_file(store, file_no, DISTRICT)["subject_id"]
    assert not [value for value in (file_no, subject, person["person_id"], person["id_number"]) if value and value in pages]
    assert not re.search(r"[UO]\d\d ", pages)
    for path in (f"/file/{file_no}", f"/household/{subject}", "/visits", "/search"):
        assert organisation.get(path).status_code == 403


def test_another_organisation_sees_nothing_of_it(app, store, log_in, file_no, person):
    made = log_in("town").post(f"/file/{file_no}/order", **wish(person)).headers["location"]
    step(log_in("town"), made, "已派", "k1", organisation="某中心")
    add_account(store, "bieren", PASSWORD, "organisation", organisation="别家")
    other = Clerk(app, "bieren")
    assert made.split("/")[-1] not in other.get("/orders").text
    assert other.get(made).status_code == 403
    assert latest(store, limit=1)[0]["allowed"] is False
    assert other.post(made, to="已接", version="2", key="x").status_code == 403


def test_what_is_missing_is_told_and_nothing_is_written(store, log_in, file_no, person):
    clerk = log_in("town")
    for wrong, told in (
        ({"person": ""}, "没有选给谁"), ({"person": "P99999999999"}, "不在这一户"), ({"item": ""}, "服务项目"), ({"units": "多"}, "不是数字"),
        ({"asked_on": "昨天"}, "写得不对"), ({"asked_by": ""}, "谁点的单"), ({"key": ""}, "不完整"), ({"units": "99"}, "数量不对"),
    ):  # fmt: skip
        answer = clerk.post(f"/file/{file_no}/order", **(wish(person) | wrong))
        assert (answer.status_code, told in answer.text) == (400, True), (wrong, answer.text)
    assert belonging(store, file_no)["orders"] == []


def test_the_district_keeps_the_organisations(log_in):
    district = log_in("district")
    row = {
        "name": "某机构",
        "kind": "社工机构",
        "packages": "资源链接",
        "contract_from": "2026-01-01",
        "contract_to": "2026-12-31",
    }
    for wrong, told in (
        ({"kind": ""}, "机构类别"),
        ({"packages": ""}, "服务包"),
        ({"contract_to": "2025-01-01"}, "早于"),
        ({"name": ""}, "名称"),
    ):
        answer = district.post("/organisations", **{**row, **wrong})
        assert (answer.status_code, told in answer.text) == (400, True)
    assert district.post("/organisations", **row).status_code == 303
    assert district.post("/organisations", **row).status_code == 400
    assert district.post("/organisations", **{**row, "version": "1", "contract_to": "2027-12-31"}).status_code == 303
    assert district.post("/organisations", **{**row, "version": "1"}).status_code == 409
    assert "2027-12-31" in district.get("/organisations").text


def test_twenty_at_once_work_on_orders_and_nothing_is_lost(app, store, clerks, file_no, person):
    """Town and organisation push the same orders along while others make new ones."""
    town = Clerk(app, clerks["town"])
    address = town.post(f"/file/{file_no}/order", **wish(person)).headers["location"]
    step(town, address, "已派", "k0", organisation="某中心")
    step(Clerk(app, clerks["organisation"]), address, "已接", "k1")
    current = Clerk(app, clerks["organisation"]).field(address, "version")
    codes, lock = [], threading.Lock()

    def work(number):
        if number % 2:
            clerk = Clerk(app, clerks["organisation"])
            answer = clerk.post(address, address, to="服务中", version=current, key=f"o{number}")
        else:
            clerk = Clerk(app, clerks["town"])
            answer = clerk.post(f"/file/{file_no}/order", **wish(person, item="法律", key=f"n{number % 6}"))
        with lock:
            codes.append(answer.status_code)

    threads = [threading.Thread(target=work, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) <= {303, 409}, codes
    with store.read() as connection:
        begun = connection.execute(
            select(func.count()).select_from(service_event).where(service_event.c.to_state == "服务中")
        ).scalar()
        law = connection.execute(select(func.count()).select_from(service_order).where(service_order.c.item == "法律")).scalar()
        served = connection.execute(select(func.count()).select_from(service_record)).scalar()
    assert (begun, law, served) == (1, 3, 0)
    assert (codes.count(409), len(codes)) == (9, 20)


def test_analysts_see_orders_and_the_years_counts_after_publication(home, log_in, file_no, person):
    log_in("town").post(f"/file/{file_no}/order", **wish(person))
    export_tables(home, BATCH)
    with home.connect() as connection:
        create_tables(connection)
        for table in ("service_order", "service_event", "screened", "case_file"):
            fill(connection, home, table, [BATCH])
        ordered = connection.execute("SELECT person_id, item, state FROM service_order").fetchall()
        assert ordered == [(person["person_id"], "慈善", "待派")]
        [(served, asked)] = connection.execute(
            "SELECT amount, among FROM year_count WHERE measure = 'orders_served' AND town IS NULL"
        ).fetchall()
        assert (served, asked) == (0, 1)
        facts = home.lake(BATCH, "assess", "person_fact")
        disabled = connection.execute(f"SELECT count(*) FROM read_parquet('{facts}') WHERE has_valid_certificate").fetchone()
        assert (
            connection.execute("SELECT amount FROM year_count WHERE measure = 'disabled_screened' AND town IS NULL").fetchone()
            == disabled
        )
        assert disabled[0] > 0
