"""The report: counts only, small cells hidden so that totals do not give them away, one file without network."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.progress import Silent
from pipelines.publish.report import report_path, write_report
from pipelines.publish.suppress import SMALL, hidden_cells, shown
from pipelines.publish.warehouse import create_tables
from pipelines.storage import Home

tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 30), min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(tables)
def test_every_small_cell_is_hidden(counts):
    hidden = hidden_cells(counts)
    assert all(
        hides for row, hide in zip(counts, hidden, strict=True) for n, hides in zip(row, hide, strict=True) if 0 < n < SMALL
    )


@given(tables)
def test_no_total_gives_a_hidden_cell_away(counts):
    hidden = hidden_cells(counts)
    if len(counts[0]) > 1:
        assert all(sum(row) != 1 for row in hidden)
    if len(counts) > 1:
        assert all(sum(column) != 1 for column in zip(*hidden, strict=True))


def test_how_a_count_is_written():
    assert [shown(n) for n in (0, 1, 4, 5, 12345)] == ["0", "<5", "<5", "5", "12,345"]
    assert shown(40, hide=True) == "※"


@pytest.fixture
def home(tmp_path):
    """A warehouse of two months: 900 households in three towns, with leads, findings and answers in known numbers."""
    home = Home(tmp_path, memory="500MB", threads=1)
    home.warehouse.parent.mkdir(parents=True)
    with home.connect(home.warehouse) as connection:
        create_tables(connection)
        connection.execute("""
            INSERT INTO batch BY NAME SELECT * FROM (VALUES
                ('2026-09', 50000, 2900, 880, 300, 150), ('2026-10', 52000, 3000, 900, 400, 200)) b(batch, "rows", persons, households, findings, leads);
            INSERT INTO household BY NAME SELECT '2026-10' AS batch, 'H' || i AS household_id, 'assistance' AS kind,
                ['王台街道', '泊里镇', '琅琊镇'][1 + i % 3] AS town FROM range(900) r(i);
            INSERT INTO lead BY NAME SELECT b AS batch, 'L' || i AS lead_id, 'H' || i AS household_id, 'under' AS direction,
                CASE WHEN i % 50 = 0 THEN 'red' WHEN i % 3 = 0 THEN 'orange' ELSE 'yellow' END AS level, ['U01'] AS rule_ids,
                ['王台街道', '泊里镇', '琅琊镇'][1 + i % 3] AS town, '2026-09' AS first_batch
                FROM range(200) r(i), (VALUES ('2026-09'), ('2026-10')) m(b) WHERE b = '2026-10' OR i < 150;
            INSERT INTO rule BY NAME SELECT '2026-10' AS batch, 'U01' AS rule_id, '高额医疗负担' AS title, 'under' AS direction, TRUE AS ran;
            INSERT INTO rule BY NAME SELECT '2026-10' AS batch, 'U99' AS rule_id, '没有参数的规则' AS title, FALSE AS ran, '参数 x.y 在 2026-10-31 没有值' AS not_run_reason;
            INSERT INTO finding BY NAME SELECT 'F' || i AS finding_id, '2026-10' AS batch, 'U01' AS rule_id, 'true' AS outcome, 'red' AS level,
                'H' || i AS household_id, '王小明近12个月负担高' AS reason FROM range(200) r(i);
            INSERT INTO followup BY NAME SELECT 'L' || i AS lead_id, CASE WHEN i < 12 THEN 'B1' ELSE 'E1' END AS outcome_code,
                '2026-10' AS received_in, FALSE AS superseded, '王小明的备注' AS note FROM range(40) r(i);
            INSERT INTO source BY NAME SELECT '2026-10' AS batch, 'custody' AS source, '司法 · 服刑与强制隔离戒毒' AS title,
                FALSE AS required, FALSE AS arrived, 0 AS files, 0 AS accepted, 0 AS rejected, '2026-08' AS last_arrived_batch;
        """)
    return home


def test_the_page_says_what_was_counted_and_what_was_not_run(home):
    write_report(home, "2026-10", Silent())
    page = report_path(home, "2026-10").read_text(encoding="utf-8")
    for said in ("900", "200", "较上月 +50", "未运行：参数 x.y 在 2026-10-31 没有值", "未收到，上次 2026-08", "30%"):
        assert said in page, said
    assert "&lt;5" in page  # 4 of the 200 leads are red: two of the towns have fewer than five


def test_nobody_is_in_the_page_and_nothing_is_fetched(home):
    write_report(home, "2026-10", Silent())
    page = report_path(home, "2026-10").read_text(encoding="utf-8")
    assert "王小明" not in page
    assert not re.search(r"""\ssrc\s*=|href\s*=\s*["'](?!#)|@import|url\((?!#)|<script""", page)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_director_reads_first_what_became_of_last_months_lists(home):
    write_report(home, "2026-10", Silent())
    page = report_path(home, "2026-10").read_text(encoding="utf-8")
    last = page[page.index('id="last"') : page.index('id="year"')]
    with home.connect(home.warehouse, read_only=True) as connection:
        [(sent, visited, confirmed)] = connection.execute("""
            SELECT count(*), count(f.lead_id), count(*) FILTER (left(f.outcome_code, 1) IN ('A', 'B', 'C', 'D'))
            FROM lead l LEFT JOIN followup f USING (lead_id) WHERE l.batch = '2026-09' AND l.held_back IS NULL""").fetchall()
    assert (sent, visited, confirmed) == (150, 40, 12)
    assert re.findall(r"<b>([^<]+)</b>", last) == ["150", "40", "12", "12", "0"]
    assert "<span>27%</span>" in last
    assert "占走访 30%" in last


def test_rules_that_waste_visits_and_departments_that_did_worse_are_named(home):
    with home.connect(home.warehouse) as connection:
        connection.execute("""
            INSERT INTO source BY NAME SELECT * FROM (VALUES
                ('2026-09', 'custody', '司法', TRUE, 40), ('2026-09', 'tax_income', '税务', TRUE, 1000), ('2026-10', 'tax_income', '税务', TRUE, 600),
                ('2026-09', 'vehicles', '机动车', TRUE, 20), ('2026-10', 'vehicles', '机动车', TRUE, 9)
            ) s(batch, source, title, arrived, accepted);
            INSERT INTO quality_result BY NAME SELECT '2026-10' AS batch, 'tax_income' AS source, 'filled' AS check_name, FALSE AS passed""")
    write_report(home, "2026-10", Silent())
    page = report_path(home, "2026-10").read_text(encoding="utf-8")
    watch = re.findall(r"<li>(.*?)</li>", page[page.index('id="watch"') : page.index('id="funnel"')])
    assert watch == [
        "U01 高额医疗负担：走访 40 次，28 次不属实（70%）",
        "司法 · 服刑与强制隔离戒毒：没有送来，上次是 2026-08",
        "税务：比上次少 40%，质量提醒 1 项（上次 0 项）",
    ]


def test_the_years_counts_are_the_views(home):
    with home.connect(home.warehouse) as connection:
        connection.execute(
            "INSERT INTO screened BY NAME SELECT '2026-10' AS batch, 'disabled' AS kind, 'P' || i AS person_id FROM range(37) r(i)"
        )
        told = connection.execute(
            "SELECT title, amount FROM year_count WHERE town IS NULL AND year = '2026' ORDER BY place"
        ).fetchall()
    write_report(home, "2026-10", Silent())
    page = report_path(home, "2026-10").read_text(encoding="utf-8")
    year = page[page.index('id="year"') : page.index('id="watch"')]
    assert re.findall(r"<span>([^<]+)</span><b>([^<]+)</b>", year) == [(title, shown(amount)) for title, amount in told]
    assert ("筛查残疾人", "37") in re.findall(r"<span>([^<]+)</span><b>([^<]+)</b>", year)


def test_figures_of_the_funnel_are_the_warehouses_and_shares_only_of_what_counts_the_same(home):
    write_report(home, "2026-10", Silent())
    page = report_path(home, "2026-10").read_text(encoding="utf-8")
    funnel = page[page.index('id="funnel"') : page.index('id="towns"')]
    with home.connect(home.warehouse, read_only=True) as connection:
        [(persons, households)] = connection.execute("SELECT persons, households FROM batch WHERE batch = '2026-10'").fetchall()
        [(hit,)] = connection.execute("SELECT count(DISTINCT household_id) FROM finding WHERE batch = '2026-10'").fetchall()
        [(leads,)] = connection.execute("SELECT count(*) FROM lead WHERE batch = '2026-10'").fetchall()
    said = dict(re.findall(r"<tr><td>([^<]+)</td><td>([^<]+)</td>", funnel))
    assert (said["人员"], said["家庭"], said["命中家庭"], said["线索"]) == (f"{persons:,}", str(households), str(hit), str(leads))
    assert "占家庭 22%" in funnel
    assert "对数" not in page


CLIPPED = """() => [...document.querySelectorAll('td, th, p, li, h2, h3, span, b')].filter(one =>
    one.children.length === 0 && one.textContent.trim() && !one.closest('.wide')
    && (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline'
        || one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
        || one.getBoundingClientRect().left < -1)).map(one => one.textContent.trim())"""
LINES = """() => [...document.querySelectorAll('.tile span')].map(one =>
    Math.round(one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)))"""


@pytest.mark.real
@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1200, "light"), (1200, "dark")])
def test_in_a_real_browser_no_text_is_clipped_at_any_width(home, browser, width, scheme):
    write_report(home, "2026-10", Silent())
    with browser(width=width) as page:
        page.emulate_media(color_scheme=scheme)
        page.goto(report_path(home, "2026-10").as_uri())
        assert page.title() == "主动发现 2026-10 批次报告"
        assert page.evaluate(CLIPPED) == []
        assert set(page.evaluate(LINES)) == {1}, "a town's name stands in one line"
        assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        colours = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
        assert (sum(map(int, re.findall(r"\d+", colours[0])[:3])) < 384) == (scheme == "dark")


@pytest.mark.real
def test_it_can_be_walked_by_keyboard_and_prints(home, tmp_path, browser):
    write_report(home, "2026-10", Silent())
    with browser() as page:
        page.goto(report_path(home, "2026-10").as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "上月办理"
        page.keyboard.press("Enter")
        assert page.url.endswith("#last")
        page.pdf(path=str(tmp_path / "report.pdf"), format="A4", print_background=True)
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", str(tmp_path / "report.pdf"), "-"], capture_output=True, text=True, check=True)
        assert "主动发现批次报告" in done.stdout
