"""Why a lead: everything behind it on one page, masked for whoever reads it."""

import re
import shutil
from html.parser import HTMLParser

import pytest

from pipelines.assess.explain.explain import explain_lead, explain_lead_html, row_ranges
from pipelines.assess.leads.leads import raise_leads
from pipelines.assess.rules.findings import run_rules
from pipelines.errors import DataError, UsageError
from pipelines.progress import Silent
from tests.builders.facts_lake import FactsLake
from tests.builders.leads_lake import OCTOBER, LeadsLake

BATCH = "2026-10"
H, FATHER, SON = "H0000000000A", "P0000000000A", "P0000000000B"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A father with a burden and a son of multiple disability whose categories nobody wrote down; and the lead's number."""
    root = tmp_path_factory.mktemp("explained")
    people = LeadsLake(root)
    people.person(FATHER, name="欧阳<明>日", id_number="370211196003051230", phone="13812345678")
    people.person(SON, name="欧阳小明", id_number="370211199003051238", phone="13912345678")
    people.household(H, FATHER, SON)
    people.write(BATCH)
    facts = FactsLake(root, BATCH)
    facts.household(H, household_size=2)
    facts.person(FATHER, H, age=66, medical_burden_12m=43210.5, on_dibao=False)
    facts.person(SON, H, age=36, has_valid_certificate=True, disability_grade=3, disability_category=["多重"])
    for row in (7, 8, 9, 12):
        facts.record(FATHER, "medical_settlement", "医保结算.csv", row)
    facts.record(SON, "disabled_persons", "残联.csv", 3)
    run_rules(facts.write().home, BATCH, Silent())
    raise_leads(facts.home, BATCH, Silent(), today=OCTOBER)
    (lead,) = people.leads(BATCH).values()
    return facts.home, lead["lead_id"]


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.parts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.parts.append(data)


def web_page(home, lead, role="district"):
    page = Text()
    page.feed(explain_lead_html(home, lead, role))
    return page


def test_the_page_says_who_why_by_what_data_by_which_document_what_is_unknown_and_what_to_ask(made):
    text = explain_lead(*made)
    for part in (
        "疑似应保未保　红色",
        "近12个月政策范围内个人负担 43,210.50 元，高于 30,000 元",
        "医保 · 结算　医保结算.csv　第 7–9、12 行",
        "med_alert.absolute） = 30,000 元，2021-01-01 起，区实践",
        "国办发〔2021〕42号",
        "尚不知道：有效残疾人证的类别",
        "请 残联 · 持证残疾人 补",
        "□ 残疾证上写的是哪几类残疾？",
        "可能适用：",
        "线索只是疑似，不是认定",
        "数据截至 2026-10-31",
    ):
        assert part in text, part


def test_the_web_page_says_the_same_as_the_text(made):
    told = "".join(web_page(*made).parts)
    for part in (
        "43,210.50 元",
        "7–9、12",
        "医保结算.csv",
        "尚不知道",
        "30,000 元",
        "残疾证上写的是哪几类残疾",
        "可能适用",
        "线索只是疑似",
    ):
        assert part in told, part


def test_the_web_page_loads_nothing_runs_nothing_and_names_stay_text(made):
    page = web_page(*made)
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert not any(name in attrs for _, attrs in page.tags for name in ("src", "href", "onload"))
    assert "明" not in {tag for tag, _ in page.tags}
    assert ("html", {"lang": "zh-CN"}) in page.tags


@pytest.mark.parametrize("role", ["district", "town", "village", "public"])
def test_no_role_sees_a_whole_name_or_id(made, role):
    home, lead = made
    for page in (explain_lead(home, lead, role), explain_lead_html(home, lead, role)):
        for whole in ("欧阳小明", "欧阳<明>日", "370211196003051230", "370211199003051238", "13812345678"):
            assert whole not in page
        assert "欧阳" in page


def test_the_village_sees_less_than_the_district(made):
    home, lead = made
    assert "370211********1230" in explain_lead(home, lead, "district")
    village = explain_lead(home, lead, "village")
    assert "370211********" not in village
    assert re.search(r"\*{14}1230", village)
    assert "徐村12号" not in explain_lead(home, lead, "public")


@pytest.mark.parametrize(
    ("stated", "told"), [(4, "走访时发现实际共同生活 4 人，与数据不符，待核实"), (None, "走访时发现户内情况与数据不符，待核实")]
)
def test_what_a_caseworker_found_of_the_household_is_told_until_the_data_change(made, tmp_path, stated, told):
    home, lead = made
    assert "走访时发现" not in explain_lead(home, lead) + explain_lead_html(home, lead)
    shutil.copytree(home.root, tmp_path / "home")
    people = LeadsLake(tmp_path / "home")
    people.household(H, FATHER, SON)
    people.households[H] |= {"disputed": True, "stated_members": stated}
    people._write(BATCH, "households", "households", None, people.households.values())
    assert told in explain_lead(people.home, lead)
    assert told in explain_lead_html(people.home, lead)


def test_an_unknown_lead_and_an_unknown_role_are_told(made):
    home, lead = made
    with pytest.raises(DataError, match="L00000000000"):
        explain_lead(home, "L00000000000")
    with pytest.raises(UsageError, match="角色"):
        explain_lead(home, lead, "everybody")


@pytest.mark.parametrize(("numbers", "text"), [([3], "3"), ([3, 4], "3–4"), ([9, 2, 3, 4, 3], "2–4、9"), ([1, 3, 5], "1、3、5")])
def test_rows_are_told_in_ranges(numbers, text):
    assert row_ranges(numbers) == text
