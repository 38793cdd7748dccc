"""The desk in a real browser: by keyboard alone, at a phone's width, on paper.

With `ZHUDONG_PICTURES=1` the pages are kept as the handbooks' pictures (docs/images/desk_*.png).
"""

import os
from pathlib import Path

import pytest

from pipelines.casework.clock import day_of, now
from pipelines.casework.files import belonging, read_file
from pipelines.casework.providers import save_organisation
from pipelines.linkage.review.pair import open_questions
from tests.builders.district_home import BATCH
from tests.casework.conftest import DISTRICT
from tests.check.conftest import Town, row
from tests.desk.conftest import PASSWORD, served

pytestmark = pytest.mark.real
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"


@pytest.fixture
def address(app, clerks):  # noqa: ARG001  the accounts must be there
    with served(app) as url:
        yield url


def enter(page, address, name):
    page.goto(address)
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('待办')")


def picture(page, name):
    if os.environ.get("ZHUDONG_PICTURES"):
        page.screenshot(path=PICTURES / f"desk_{name}.png")


def tab_to(page, selector, most=80):
    """Press Tab until the focus is there."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_a_clerk_opens_a_file_and_writes_a_visit_without_a_mouse(browser, address, clerks, store, file_no):
    with browser() as page:
        enter(page, address, clerks["village"])
        picture(page, "home")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        tab_to(page, "a[href='/search']")
        page.keyboard.press("Enter")
        page.wait_for_selector("[name=words]")
        page.keyboard.type(file_no)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"h1:has-text('{file_no}')")
        tab_to(page, "[name=purpose]")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        tab_to(page, ".open button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".opened")
        tab_to(page, "summary")
        if not page.evaluate("document.activeElement.parentElement.open"):
            page.keyboard.press("Enter")
        tab_to(page, "[name=visitor_1]")
        page.keyboard.type("甲")
        page.keyboard.press("Tab")
        page.keyboard.type("乙")
        page.keyboard.press("Tab")
        page.keyboard.type("B1")
        tab_to(page, "form[action$='/visit'] button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".timeline >> text=走访")
        assert [one["outcome_code"] for one in belonging(store, file_no)["visits"]] == ["B1"]


def test_every_page_fits_a_phone(browser, address, clerks, file_no, store):
    subject = read_file(store, file_no, DISTRICT)["subject_id"]
    with browser(width=390, height=844) as page:
        enter(page, address, clerks["district"])
        for path in ("/", "/visits", "/search", f"/file/{file_no}", f"/household/{subject}", "/transfers", "/checks", "/checks/new", "/orders", "/organisations", "/pairs",
                     "/log", "/accounts", "/password"):  # fmt: skip
            page.goto(address + path)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, (path, width)
            if path.startswith("/file/"):
                picture(page, "phone")


def test_a_file_on_paper_has_its_content_and_who_printed_it_and_no_buttons(browser, address, clerks, file_no):
    with browser() as page:
        enter(page, address, clerks["district"])
        page.goto(f"{address}/file/{file_no}")
        picture(page, "file")
        page.emulate_media(media="print")
        assert not page.is_visible("nav")
        assert not page.is_visible("form")
        assert page.is_visible(".printed")
        assert page.is_visible("table")
        assert len(page.pdf(format="A4")) > 10_000


def test_a_household_is_checked_at_the_window_and_nothing_leaves_the_machine(browser, address, clerks, home):
    people = Town(home).household()
    asked = []
    with browser() as page:
        page.on("request", lambda request: asked.append(request.url))
        enter(page, address, clerks["district"])
        page.goto(f"{address}/checks/new")
        for number, person in enumerate(people[:2], 1):
            cells = row(person)
            for name in ("name", "id_number", "relation", "form_no", "signed_on"):
                page.fill(f"[name={name}_{number}]", cells[name])
        page.fill("[name=application_no]", "SQ-2026-001")
        page.fill("[name=town]", people[0]["town"])
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('核对报告')", timeout=90_000)
        assert people[0]["name"] not in page.content()
        page.select_option(".open [name=purpose]", "受理申请")
        page.click(".open button")
        page.wait_for_selector(".opened")
        assert people[0]["name"] in page.content()
        picture(page, "check")
        page.click("summary")
        page.select_option("form[action$='/xlsx'] [name=purpose]", "受理申请")
        with page.expect_download() as download:
            page.click("form[action$='/xlsx'] button")
        assert download.value.suggested_filename.endswith("_核对报告.xlsx")
    assert asked
    assert {url.split("/")[2] for url in asked} == {address.split("/")[2]}


def test_an_organisation_takes_an_order_and_serves_it_by_keyboard(browser, address, clerks, store, file_no):
    row = {"name": "某中心", "kind": "社工机构", "packages": ["资源链接"], "towns": [], "contract_from": day_of(now()),
           "contract_to": day_of(now())}  # fmt: skip
    save_organisation(store, row, None)
    with browser() as page:
        enter(page, address, clerks["town"])
        page.goto(f"{address}/file/{file_no}")
        page.click("summary:has-text('点单')")
        page.select_option("form[action$='/order'] [name=person]", index=1)
        page.select_option("[name=item]", "慈善")
        page.select_option("[name=asked_by]", "本人")
        page.click("form[action$='/order'] button")
        page.wait_for_selector("h1:has-text('待派')")
        page.select_option("[name=organisation]", "某中心")
        page.click("button:has-text('派单')")
        page.wait_for_selector("h1:has-text('已派')")
        order = page.url.split("/")[-1]
        page.goto(f"{address}/orders")
        picture(page, "orders")
    with browser(width=390, height=844) as page:
        page.goto(address)
        page.fill("[name=name]", clerks["organisation"])
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('服务订单')")
        tab_to(page, f"a[href='/order/{order}']")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=接单以后显示")
        picture(page, "organisation")
        for state in ("已接", "服务中"):
            tab_to(page, f"details:has(input[value='{state}']) button")
            page.keyboard.press("Enter")
            page.wait_for_selector(f"h1:has-text('{state}')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.fill("[name=served_by]", "甲")
        page.click("button:has-text('提交服务记录')")
        page.wait_for_selector("h2:has-text('服务记录')")


def test_a_doubtful_pair_is_judged_with_its_evidence_drawn(browser, address, clerks, home):
    first = open_questions(home, BATCH)[0].number
    with browser() as page:
        enter(page, address, clerks["district"])
        page.goto(f"{address}/pair/{first}")
        assert not page.is_visible("svg rect")
        page.click("summary")
        page.wait_for_selector("svg rect")
        picture(page.locator("svg"), "pair")
        page.select_option("[name=answer]", "否")
        page.select_option("[name=reason]", "电话核实")
        page.click("button:has-text('提交判断')")
        page.wait_for_selector("h1:has-text('待判断')")
        assert first not in page.content()
