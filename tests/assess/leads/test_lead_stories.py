"""Many households over four months, each with a story of its own: what must hold whatever happens to them."""

import datetime as dt
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.assess.leads.leads import raise_leads
from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.progress import Silent
from tests.builders.leads_lake import LeadsLake

MONTHS = {
    "2026-10": dt.date(2026, 11, 3),
    "2026-11": dt.date(2026, 12, 3),
    "2026-12": dt.date(2027, 1, 5),
    "2027-01": dt.date(2027, 2, 3),
}
LEVEL = {"U01": "red", "U05": "orange", "U08": "yellow", "O01": "red"}
RANK = {"red": 3, "orange": 2, "yellow": 1}
HOUSEHOLDS = 40


def story(lake, dice):
    """What is found about each household in each month: rule → (outcome, figure)."""
    told = {}
    for number in range(HOUSEHOLDS):
        household, person = f"H{number:011d}", f"P{number:011d}"
        lake.household(household, person, town=dice.choice(["王台街道", "琅琊镇"]))
        known = {}
        for month in MONTHS:
            for rule in LEVEL:
                if dice.random() < 0.25:
                    known.pop(rule, None)
                if dice.random() < 0.35:
                    known[rule] = (dice.choice(["true", "true", "unknown"]), dice.choice([100, 110, 150, 200]))
            told[household, month] = dict(known)
            for rule, (outcome, figure) in known.items():
                lake.finding(month, rule, household, person, outcome=outcome, medical_burden_12m=figure)
    return told


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_happens_no_lead_is_lost_numbers_stay_and_nobody_answered_is_sent_again_without_new_evidence(seed):
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        lake = LeadsLake(Path(folder))
        for rule, level in LEVEL.items():
            lake.rule(rule, level)
        told = story(lake, dice)
        number_of, resting, raised = {}, {}, {}
        for month, today in MONTHS.items():
            lake.findings.setdefault(month, [])
            lake.write(month)
            raise_leads(lake.home, month, Silent(), today=today)
            leads = lake.leads(month)

            found = {
                (h, "over" if rule[0] == "O" else "under"): True for (h, m), rules in told.items() if m == month for rule in rules
            }
            assert set(leads) == set(found)
            assert len({lead["lead_id"] for lead in leads.values()}) == len(leads)

            for key, lead in leads.items():
                rules = {rule: what for rule, what in told[key[0], month].items() if (rule[0] == "O") == (key[1] == "over")}
                levels = [
                    RANK[LEVEL[rule]] - (outcome == "unknown" and LEVEL[rule] != "yellow") for rule, (outcome, _) in rules.items()
                ]
                assert RANK[lead["level"]] == max(levels)
                assert lead["lead_id"] == number_of.setdefault(key, lead["lead_id"])
                assert (lead["held_back"] is None) == (lead["status"] in ("待派发", "已派发", "超期"))
                seen = raised.get(key)
                evidence = seen is None or any(
                    ((rule, outcome) not in seen["rules"] and (rule, "true") not in seen["rules"]) or figure > 1.2 * seen["figures"].get(rule, 1e9)
                    for rule, (outcome, figure) in rules.items()
                ) or max(levels) > seen["rank"]  # fmt: skip
                if key in resting:
                    assert (lead["status"] == "待派发") == evidence
                    assert lead["held_back"] == (None if evidence else "cool_down")
                elif seen:
                    assert lead["held_back"] is None
                if lead["status"] == "待派发":
                    resting.pop(key, None)
                    before = seen or {"rules": set(), "figures": {}}
                    raised[key] = {
                        "rules": before["rules"] | {(rule, outcome) for rule, (outcome, _) in rules.items()},
                        "figures": {rule: figure for rule, (_, figure) in rules.items()},
                        "rank": max(levels),
                    }
                if lead["held_back"] is None and dice.random() < 0.6:
                    code = dice.choice([code for code, outcome in load_outcomes().items() if outcome.again == "evidence"])
                    lake.answer(month, lead["lead_id"], code, f"{today}")
                    resting[key] = code
            register = {row["lead_id"]: row for row in lake.read(month, "assess", "lead_register")}
            assert set(number_of.values()) == set(register)
            assert {row["lead_id"] for row in register.values() if row["ended_in"] is None} == {
                lead["lead_id"] for lead in leads.values()
            }
