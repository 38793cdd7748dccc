"""Leads over time: what a lead is, how long it keeps its number, when a household is asked again."""

import datetime as dt

import pytest

from pipelines.assess.leads.leads import issued_on, raise_leads
from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.progress import Silent
from tests.builders.leads_lake import OCTOBER, LeadsLake, declared_columns

BATCHES = ("2026-10", "2026-11", "2026-12", "2027-01")
H, P = "H0000000000A", "P0000000000A"


@pytest.fixture
def lake(tmp_path):
    lake = LeadsLake(tmp_path)
    lake.household(H, P)
    lake.rule("U01", "red", programmes=["临时救助", "低保"])
    lake.rule("U05", "orange", programmes=["单人保", "低保", "残疾人两项补贴"])
    lake.rule("U08", "yellow", programmes=["两项补贴"])
    lake.rule("O01", "red")
    return lake


def run(lake, batch, today=None):
    lake.write(batch)
    year, month = map(int, batch.split("-"))
    after = dt.date(year + month // 12, month % 12 + 1, 3)
    counts = raise_leads(lake.home, batch, Silent(), today=today or after)
    return lake.leads(batch), counts


def one(lake, batch, household=H, direction="under"):
    return run(lake, batch)[0][household, direction]


def test_findings_of_one_household_and_direction_merge_into_one_lead_with_the_highest_level_and_the_earliest_due_date(lake):
    lake.finding("2026-10", "U08", H, P)
    lake.finding("2026-10", "U01", H, P)
    lake.finding("2026-10", "O01", H, P)
    leads, counts = run(lake, "2026-10", OCTOBER)
    assert set(leads) == {(H, "under"), (H, "over")}
    lead = leads[H, "under"]
    assert (lead["level"], lead["rule_ids"], lead["status"], lead["times_raised"]) == ("red", ["U01", "U08"], "待派发", 1)
    assert lead["due_date"] == dt.date(2026, 11, 6)  # three working days after Tuesday the 3rd
    assert (counts["leads"], counts["new"], counts["red"]) == (2, 2, 2)


def test_programmes_stand_in_the_order_of_the_rules_page_and_each_once(lake):
    lake.finding("2026-10", "U01", H, P)
    lake.finding("2026-10", "U05", H, P)
    lake.finding("2026-10", "U08", H, P)
    assert one(lake, "2026-10")["suggested_programmes"] == [
        "低保",
        "单人保",
        "残疾人两项补贴",
        "临时救助（急难型 24 小时内先行）",
    ]


def test_a_lead_of_unknown_findings_only_is_still_a_lead(lake):
    lake.finding("2026-10", "U05", H, P, outcome="unknown", missing=["disability_category"])
    assert one(lake, "2026-10")["level"] == "yellow"


def test_an_urgent_report_is_due_within_24_hours_whatever_the_weekend(lake):
    lake.rule("U22", "orange")
    lake.finding("2026-10", "U22", H, P, level="red")
    leads, _ = run(lake, "2026-10", dt.date(2026, 11, 6))  # a Friday
    assert leads[H, "under"]["due_date"] == dt.date(2026, 11, 7)
    assert leads[H, "under"]["urgent"]


def test_due_dates_count_working_days_over_the_national_day_holiday(lake):
    lake.finding("2026-09", "U01", H, P)
    leads, _ = run(lake, "2026-09", dt.date(2026, 9, 30))
    assert leads[H, "under"]["due_date"] == dt.date(2026, 10, 10)  # 1–7 October are off, Saturday the 10th is worked


def test_the_output_is_as_declared(lake):
    lake.finding("2026-10", "U01", H, P)
    run(lake, "2026-10")
    for table, ddl in (("leads", "leads"), ("lead_register", "lead_register")):
        with lake.home.connect() as con:
            rows = con.sql(f"FROM read_parquet('{lake.home.lake('2026-10', 'assess', table)}')")
            assert list(zip(rows.columns, map(str, rows.types), strict=True)) == declared_columns("assess.sql", ddl)


def test_a_second_run_of_the_batch_on_another_day_gives_the_same_leads_and_dates(lake):
    lake.finding("2026-10", "U01", H, P)
    first, _ = run(lake, "2026-10", dt.date(2026, 11, 3))
    again, _ = run(lake, "2026-10", dt.date(2026, 11, 20))
    assert first == again


def test_answers_to_a_batchs_own_list_do_not_change_a_second_run_of_it(lake):
    lake.finding("2026-10", "U01", H, P)
    first, _ = run(lake, "2026-10")
    lake.answer("2026-10", first[H, "under"]["lead_id"], "E1")
    assert run(lake, "2026-10")[0] == first


@pytest.mark.parametrize(
    ("batch", "today", "expected"),
    [
        ("2026-10", dt.date(2026, 11, 5), dt.date(2026, 11, 5)),
        ("2026-10", dt.date(2026, 10, 25), dt.date(2026, 10, 25)),
        ("2026-10", dt.date(2027, 3, 1), dt.date(2026, 11, 1)),
        ("2026-12", dt.date(2026, 11, 21), dt.date(2027, 1, 1)),
    ],
)
def test_lists_go_out_today_unless_today_is_outside_the_batchs_time(batch, today, expected):
    assert issued_on(batch, today) == expected


def test_a_lead_keeps_its_number_while_its_reasons_last_and_stays_on_the_list_until_answered(lake):
    for batch in BATCHES[:3]:
        lake.finding(batch, "U08", H, P)
    first, second, third = (one(lake, batch) for batch in BATCHES[:3])
    assert first["lead_id"] == second["lead_id"] == third["lead_id"]
    assert [lead["status"] for lead in (first, second, third)] == ["待派发", "超期", "超期"]
    assert [lead["times_raised"] for lead in (first, second, third)] == [1, 1, 1]
    assert third["held_back"] is None
    assert third["due_date"] == first["due_date"]
    assert third["first_batch"] == "2026-10"


def test_a_lead_that_is_out_and_not_yet_due_is_sent_but_not_overdue(lake):
    for batch in BATCHES[:2]:
        lake.finding(batch, "U08", H, P)
    run(lake, "2026-10", dt.date(2026, 11, 30))
    leads, _ = run(lake, "2026-11", dt.date(2026, 12, 1))
    assert leads[H, "under"]["status"] == "已派发"


def test_whatever_the_answer_the_household_is_not_sent_again_next_month_without_new_evidence(lake):
    codes = [code for code in load_outcomes() if code != "F2"]
    for code in codes:
        lake.household(f"H{code}", f"P{code}")
        lake.finding("2026-10", "U01", f"H{code}", f"P{code}", medical_burden_12m=31000)
        lake.finding("2026-11", "U01", f"H{code}", f"P{code}", medical_burden_12m=31500)
    leads, _ = run(lake, "2026-10")
    for code in codes:
        lake.answer("2026-10", leads[f"H{code}", "under"]["lead_id"], code, "2026-11-10")
    rested, _ = run(lake, "2026-11")
    for code in codes:
        lead = rested[f"H{code}", "under"]
        assert lead["lead_id"] == leads[f"H{code}", "under"]["lead_id"]
        assert (lead["held_back"], lead["last_outcome"], lead["times_raised"]) == ("cool_down", code, 1)
        assert lead["status"] == load_outcomes()[code].status


@pytest.mark.parametrize("code", ["E1", "F1", "H1", "G1"])
def test_new_evidence_raises_an_answered_lead_again(lake, code):
    lake.household("H0000000000B", "P0000000000B")
    for household, person in ((H, P), ("H0000000000B", "P0000000000B")):
        lake.finding("2026-10", "U01", household, person, medical_burden_12m=31000)
    lake.finding("2026-11", "U01", H, P, medical_burden_12m=31000)
    lake.finding("2026-11", "U05", H, P)  # a new rule
    lake.finding("2026-11", "U01", "H0000000000B", "P0000000000B", medical_burden_12m=37201)  # a figure a fifth higher
    leads, _ = run(lake, "2026-10")
    for lead in leads.values():
        lake.answer("2026-10", lead["lead_id"], code)
    for key, again in run(lake, "2026-11")[0].items():
        assert again["lead_id"] == leads[key]["lead_id"]
        assert (again["held_back"], again["times_raised"], again["status"], again["last_outcome"]) == (None, 2, "待派发", code)


def test_a_higher_level_raises_again_and_what_was_unknown_becoming_true_does_too(lake):
    lake.finding("2026-10", "U05", H, P, outcome="unknown", missing=["disability_category"])
    lake.finding("2026-11", "U05", H, P)
    lead = one(lake, "2026-10")
    lake.answer("2026-10", lead["lead_id"], "E1")
    assert one(lake, "2026-11")["times_raised"] == 2


def test_a_rule_that_was_known_before_the_answer_is_not_new_when_it_comes_back(lake):
    lake.finding("2026-10", "U01", H, P)
    lake.finding("2026-10", "U05", H, P)
    lake.finding("2026-11", "U01", H, P)
    lake.finding("2026-12", "U01", H, P)
    lake.finding("2026-12", "U05", H, P)
    lake.answer("2026-10", one(lake, "2026-10")["lead_id"], "E1")
    assert one(lake, "2026-11")["held_back"] == "cool_down"
    assert one(lake, "2026-12")["held_back"] == "cool_down"


def test_no_wish_rests_six_months_from_the_visit(lake):
    for batch in BATCHES[:3]:
        lake.finding(batch, "U08", H, P)
    lake.answer("2026-10", one(lake, "2026-10")["lead_id"], "F1", "2026-06-20")
    assert one(lake, "2026-11")["held_back"] == "cool_down"  # its lists go out on 3 December
    assert one(lake, "2026-12")["held_back"] is None  # on 3 January


def test_nobody_at_home_is_tried_twice_and_then_only_on_new_evidence(lake):
    for batch in BATCHES[:4]:
        lake.finding(batch, "U08", H, P)
    lead = one(lake, "2026-10")
    lake.answer("2026-10", lead["lead_id"], "F2")
    second = one(lake, "2026-11")
    assert (second["held_back"], second["times_raised"]) == (None, 2)
    lake.answer("2026-11", lead["lead_id"], "F2")
    assert one(lake, "2026-12")["held_back"] == "cool_down"
    assert one(lake, "2027-01")["held_back"] == "cool_down"


def test_a_late_answer_to_an_earlier_list_does_not_answer_what_was_raised_since(lake):
    lake.finding("2026-10", "U08", H, P)
    lake.finding("2026-11", "U01", H, P)
    lake.finding("2026-12", "U01", H, P)
    lead = one(lake, "2026-10")
    assert one(lake, "2026-11")["times_raised"] == 2
    lake.answer("2026-10", lead["lead_id"], "E1")
    third = one(lake, "2026-12")
    assert (third["held_back"], third["last_outcome"]) == (None, "E1")


def test_a_superseded_answer_does_not_count(lake):
    lake.finding("2026-10", "U08", H, P)
    lake.finding("2026-11", "U08", H, P)
    lead = one(lake, "2026-10")
    lake.answer("2026-10", lead["lead_id"], "E1", superseded=True)
    lake.answer("2026-10", lead["lead_id"], "F2")
    assert one(lake, "2026-11")["last_outcome"] == "F2"


def test_when_the_reasons_end_the_lead_is_closed_in_the_register_and_gone_from_the_batch(lake):
    lake.finding("2026-10", "U08", H, P)
    lake.findings["2026-11"] = []
    lead = one(lake, "2026-10")
    leads, counts = run(lake, "2026-11")
    assert leads == {}
    assert counts["ended"] == 1
    (row,) = lake.read("2026-11", "assess", "lead_register")
    assert (row["lead_id"], row["status"], row["ended_in"]) == (lead["lead_id"], "关闭", "2026-11")


def test_reasons_that_come_back_soon_keep_the_number_and_what_was_answered(lake):
    lake.finding("2026-10", "U08", H, P)
    lake.findings["2026-11"] = []
    lake.finding("2026-12", "U08", H, P)
    lead = one(lake, "2026-10")
    lake.answer("2026-10", lead["lead_id"], "E1")
    run(lake, "2026-11")
    back = one(lake, "2026-12")
    assert (back["lead_id"], back["held_back"]) == (lead["lead_id"], "cool_down")


def test_reasons_that_come_back_long_after_make_a_new_lead(lake):
    lake.finding("2026-10", "U08", H, P)
    lake.finding("2027-03", "U08", H, P)
    lead = one(lake, "2026-10")
    later = one(lake, "2027-03")
    assert later["lead_id"] != lead["lead_id"]
    assert (later["times_raised"], later["first_batch"]) == (1, "2027-03")
    assert {row["lead_id"] for row in lake.read("2027-03", "assess", "lead_register")} == {lead["lead_id"], later["lead_id"]}


def test_a_household_whose_number_changed_is_followed_by_its_head_even_under_another_person_id(lake):
    lake.finding("2026-10", "U08", H, P)
    lead = one(lake, "2026-10")
    lake.answer("2026-10", lead["lead_id"], "E1")
    del lake.households[H]
    lake.members.clear()
    lake.person("P0000000000B")
    lake.household("H0000000000B", "P0000000000B")
    lake.aliases.append((P, "P0000000000B", "2026-11", "同一人"))
    lake.finding("2026-11", "U08", "H0000000000B", "P0000000000B")
    followed = one(lake, "2026-11", "H0000000000B")
    assert (followed["lead_id"], followed["held_back"]) == (lead["lead_id"], "cool_down")


def test_two_households_that_become_one_keep_the_older_number(lake):
    other = lake.household("H0000000000B", "P0000000000B")
    lake.finding("2026-10", "U08", H, P)
    older = one(lake, "2026-10")
    lake.finding("2026-11", "U08", H, P)
    lake.finding("2026-11", "U08", other, "P0000000000B")
    run(lake, "2026-11")
    del lake.households[other]
    lake.members[:] = [(H, "assistance", P, "户主"), (H, "assistance", "P0000000000B", "配偶")]
    lake.finding("2026-12", "U08", H, P)
    leads, counts = run(lake, "2026-12")
    assert [lead["lead_id"] for lead in leads.values()] == [older["lead_id"]]
    assert counts["ended"] == 1


def test_somebody_whose_household_is_gone_still_has_a_lead_with_a_place(lake):
    lake.person("P0000000000D", town="琅琊镇", village="台村")
    lake.finding("2026-10", "O01", "H0000000000Z", "P0000000000D")
    leads, _ = run(lake, "2026-10")
    assert leads["H0000000000Z", "over"]["town"] == "琅琊镇"


def small_limit(monkeypatch, per_week):
    import pipelines.assess.leads.leads as leads

    number = leads._number
    monkeypatch.setattr(
        leads, "_number", lambda given, key, day: per_week / 4 if key == "leads.town_week_limit" else number(given, key, day)
    )


def test_a_town_gets_red_first_and_what_is_over_its_limit_is_held_back_and_counted(lake, monkeypatch):
    small_limit(monkeypatch, 3)
    for number in range(5):
        household = lake.household(f"H000000000{number:02d}", f"P000000000{number:02d}")
        lake.finding("2026-10", "U01" if number == 4 else "U08", household, f"P000000000{number:02d}")
    elsewhere = lake.household("H0000000100", "P0000000100", town="琅琊镇")
    lake.finding("2026-10", "U08", elsewhere, "P0000000100")
    leads, counts = run(lake, "2026-10")
    held = [lead for lead in leads.values() if lead["held_back"]]
    assert [(lead["held_back"], lead["status"], lead["level"]) for lead in held] == [("limit", "暂缓", "yellow")] * 2
    assert leads["H00000000004", "under"]["held_back"] is None
    assert leads[elsewhere, "under"]["held_back"] is None
    assert (counts["held_limit"], counts["on_lists"]) == (2, 4)


def test_what_was_held_back_goes_before_what_is_new_of_the_same_level_and_counts_one_raise(lake, monkeypatch):
    small_limit(monkeypatch, 1)
    lake.finding("2026-10", "U01", H, P)
    waiting = lake.household("H000000000ZZ", "P000000000ZZ")
    lake.finding("2026-10", "U08", waiting, "P000000000ZZ")
    assert one(lake, "2026-10", waiting)["held_back"] == "limit"
    newer = lake.household("H00000000001", "P00000000001")
    lake.finding("2026-11", "U08", newer, "P00000000001")
    lake.finding("2026-11", "U08", waiting, "P000000000ZZ")
    leads, _ = run(lake, "2026-11")
    assert (leads[waiting, "under"]["held_back"], leads[waiting, "under"]["times_raised"]) == (None, 1)
    assert leads[newer, "under"]["held_back"] == "limit"


def test_urgent_leads_and_those_already_out_are_never_held_back(lake, monkeypatch):
    small_limit(monkeypatch, 0)
    lake.rule("U22", "orange")
    lake.finding("2026-10", "U22", H, P, level="red")
    assert one(lake, "2026-10")["held_back"] is None
    lake.finding("2026-11", "U22", H, P)
    assert one(lake, "2026-11")["held_back"] is None


def test_every_outcome_code_of_the_interface_is_declared():
    assert list(load_outcomes()) == [
        "A1",
        "B1",
        "B2",
        "B3",
        "B4",
        "B5",
        "C1",
        "D1",
        "E1",
        "E2",
        "E3",
        "E4",
        "E5",
        "E6",
        "F1",
        "F2",
        "F3",
        "G1",
        "H1",
    ]
