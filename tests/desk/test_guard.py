"""Who may open what; that a form is ours; that nothing personal leaks; that everything is on record."""

import logging
import re

import pytest
from starlette.testclient import TestClient

from pipelines.casework.access import latest
from pipelines.casework.files import read_file
from pipelines.casework.published import MASKED, Published
from tests.casework.conftest import DISTRICT
from tests.desk.conftest import PASSWORD

ALL = {"district", "town", "other", "village", "organisation"}
STAFF = {"district", "town", "village"}


def pages(app):
    return [route for route in app.routes if hasattr(route, "methods")]


MATRIX = {
    "/": ALL, "/visits": STAFF | {"other"}, "/orders": ALL, "/organisations": {"district"}, "/password": ALL, "/search": STAFF | {"other"}, "/file/{number}": STAFF,
    "/household/{number}": STAFF, "/transfers": STAFF | {"other"}, "/checks": {"district", "town", "other"},
    "/pairs": {"district", "town", "other"}, "/checks/new": {"district", "town", "other"}, "/log": {"district"}, "/accounts": {"district"},
}  # fmt: skip
"""Which role opens which page; files and households are the first town's."""


@pytest.mark.parametrize("path", MATRIX)
def test_each_role_opens_its_pages_and_no_other(path, log_in, file_no, store):
    subject = read_file(store, file_no, DISTRICT)["subject_id"]
    address = path.replace("/file/{number}", f"/file/{file_no}").replace("{number}", subject)
    for role in sorted(ALL):
        answer = log_in(role).get(address)
        assert (answer.status_code == 200) == (role in MATRIX[path]), (role, path, answer.status_code)
        if role not in MATRIX[path]:
            assert answer.status_code == 403
            assert latest(store, limit=1)[0]["allowed"] is False


def test_the_matrix_knows_every_page_that_is_shown(app):
    shown = {route.path for route in pages(app) if "GET" in route.methods and route.path != "/login"}
    of_one_matter = {"/transfer/{number}", "/check/{number}", "/order/{number}", "/pair/{number}"}
    assert shown - set(MATRIX) - of_one_matter == set()


def test_without_an_account_every_page_leads_to_the_log_in(app):
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    for route in pages(app):
        for method in sorted(route.methods - {"HEAD"}):
            if route.path == "/login":
                continue
            answer = client.request(method, route.path.replace("{number}", "D000001"))
            assert (answer.status_code, answer.headers.get("location")) == (303, "/login"), (method, route.path)


def test_no_form_is_taken_without_the_sessions_token_or_from_elsewhere(app, log_in, file_no, store):
    clerk = log_in("district")
    before = read_file(store, file_no, DISTRICT)
    for route in pages(app):
        if "POST" not in route.methods or route.path == "/login":
            continue
        address = route.path.replace("{number}", file_no)
        assert clerk.client.post(address, data={"level": "red"}).status_code == 400, route.path
        assert clerk.client.post(address, data={"csrf": "x" * 43}).status_code == 400, route.path
    token = clerk.token("/password")
    foreign = clerk.client.post(f"/file/{file_no}/level", data={"csrf": token}, headers={"origin": "http://evil.example"})
    assert foreign.status_code == 400
    assert read_file(store, file_no, DISTRICT) == before


def test_a_strange_host_name_is_refused(app):
    assert TestClient(app, base_url="http://evil.example").get("/login").status_code == 400


def test_the_cookie_and_the_headers_are_strict(app, clerks):
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    answer = client.post("/login", data={"name": clerks["town"], "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    shown = client.get("/")
    assert shown.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "script" not in shown.text.lower()


def identities(home, store, file_no):
    subject = read_file(store, file_no, DISTRICT)["subject_id"]
    members = Published(home, store).household(DISTRICT, subject, "核实线索")["members"]
    return [(one["name"], one["id_number"], one["phone"]) for one in members]


def test_names_ids_and_phones_are_masked_until_opened_for_a_reason(home, store, log_in, file_no):
    clerk = log_in("town")
    path = f"/file/{file_no}"
    values = [value for one in identities(home, store, file_no) for value in one if value and len(value) > 2]
    assert values
    masked = clerk.get(path).text
    assert not [value for value in values if value in masked]
    subject = clerk.field(path, "subject")
    assert clerk.post("/open", path, subject=subject, back=path, purpose="好奇").status_code == 400
    assert clerk.post("/open", path, subject=subject, back=path, purpose="入户走访").status_code == 303
    opened = clerk.get(path).text
    assert not [value for value in values if value not in opened]
    told = [(one["action"], one["purpose"]) for one in latest(store, limit=5, subject=subject)]
    assert ("查看完整信息", "入户走访") in told
    assert told[0] == ("查看家庭", "入户走访")
    assert ("查看家庭", MASKED) in told
    assert not [value for value in values if value in log_in("town").get(path).text]  # another session, another reason


def test_a_town_opens_nothing_of_another(store, log_in, file_no):
    subject = read_file(store, file_no, DISTRICT)["subject_id"]
    clerk = log_in("other")
    assert clerk.post("/open", subject=subject, back="/", purpose="入户走访").status_code == 403
    assert clerk.post(f"/file/{file_no}/level", level="red", reason="x", version="1").status_code == 403
    found = clerk.post("/search", words=subject)
    assert "没有找到" in found.text


def test_a_search_is_on_record_by_whom_it_found_and_never_by_what_was_typed(home, store, log_in, file_no):
    name, number, _ = identities(home, store, file_no)[0]
    for words in (name, number):
        answer = log_in("district").post("/search", words=words)
        assert answer.status_code == 200
        assert "打开" in answer.text
        entry = latest(store, limit=1)[0]
        assert entry["action"] == "查找"
        assert entry["subjects"]
        assert words not in str(entry)


def test_an_unforeseen_error_shows_and_logs_its_kind_alone(log_in, file_no, monkeypatch, caplog):
    from pipelines.desk import files

    clerk = log_in("district")

    def fail(*_):
        raise ValueError("张三 370211198003051230")

    monkeypatch.setattr(files, "read_file", fail)
    with caplog.at_level(logging.DEBUG):
        answer = clerk.get(f"/file/{file_no}")
    assert answer.status_code == 500
    assert "ValueError" in answer.text
    assert "张三" not in answer.text + caplog.text
    assert not re.search(r"\d{17}", caplog.text)


def test_nothing_that_is_done_reaches_a_log_file(home, store, log_in, file_no, caplog):
    with caplog.at_level(logging.DEBUG):
        clerk = log_in("district")
        for name, number, phone in identities(home, store, file_no):
            for words in filter(None, (name, number, phone)):
                clerk.post("/search", words=words)
                assert words not in caplog.text


def test_a_demo_account_does_not_open_a_desk_that_others_reach(home, store):
    from pipelines.casework.accounts import demo_account
    from pipelines.desk.app import create_app

    name, password = demo_account(store)
    for loopback, status in ((True, 303), (False, 400)):
        client = TestClient(create_app(home, store, loopback=loopback), base_url="http://127.0.0.1", follow_redirects=False)
        assert client.post("/login", data={"name": name, "password": password}).status_code == status


def test_logging_out_ends_the_session(log_in):
    clerk = log_in("town")
    clerk.post("/logout")
    assert clerk.client.get("/").headers["location"] == "/login"
