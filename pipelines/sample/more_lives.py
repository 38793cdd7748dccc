"""What the second group of departments would know of people: aid, work, homes, land, storms, care.

Belongs here: the true facts behind the sources 17 to 38, drawn at the rates of `schemas/sample/more_lives.yaml` with random
numbers of their own. Does not belong here: the first group's facts (`lives`), planted families (`cases`), what stands in a
file (`more_aid`, `more_sources`).

Days are counted back from the first batch's last day (`…_ago`, NEVER for none), money is in fen. What is a family's stands with
its head.
"""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from pipelines.sample.days import NEVER, last_day
from pipelines.sample.households import HEAD
from pipelines.sample.lives import EMPLOYED, REGISTERED_UNEMPLOYED, by_age
from pipelines.storage import SCHEMAS

Array = npt.NDArray[Any]
Columns = dict[str, Array]

NO_HOME, ONE_HOME, TWO_HOMES, HOME_AND_PARKING, HOME_AND_EIGHTH, HOME_AND_RUIN, HOME_AND_UNSAID_SHARE = range(7)
"""What somebody owns (`estate`): a second dwelling that counts, and four that must not be taken for one."""

AID_ONCE, AID_OTHER_PAYER, AID_SAME_PAYER, AID_OTHER_CAUSE = range(4)
"""Temporary aid (`aid_again`): once, or a second time for the same cause from another payer, or not quite so."""

CAUSES = ("疾病", "火灾", "交通意外", "教育支出", "突发困难")


@functools.cache
def rates() -> dict[str, Any]:
    """`more_lives.yaml`."""
    loaded: dict[str, Any] = yaml.safe_load((SCHEMAS / "sample" / "more_lives.yaml").read_text(encoding="utf-8"))
    return loaded


def live_on(people: Columns, rng: np.random.Generator) -> None:
    """Add the second group's facts to `people`, whose lives are drawn already."""
    rate = rates()
    _aid(people, rng, rate)
    _care(people, rng, rate)
    _work(people, rng, rate)
    _home(people, rng, rate)


def _aid(people: Columns, rng: np.random.Generator, rate: dict[str, Any]) -> None:
    count, age = len(people["birth"]), people["age"]
    grave = people["grave"] > 0
    helped = rng.random(count) < np.where(grave, rate["temporary_aid"]["ill"], rate["temporary_aid"]["other"])
    people["aid_ago"] = np.where(helped & (age >= 18), rng.integers(5, 350, count), NEVER)
    people["aid_again"] = rng.choice(4, count, p=rate["temporary_aid"]["again"])
    people["aid_cause"] = np.array(CAUSES, dtype=object)[rng.integers(0, len(CAUSES), count)]
    kinds = ["事实无人抚养", "孤儿", "重点困境", "家庭困境", "留守"]
    minor = (age < 17) & (people["mother"] >= 0) & ~people["outsider"]
    listed = minor & (rng.random(count) < rate["child_listed"])
    people["child_kind"] = np.where(listed, rng.choice(kinds, count, p=[0.2, 0.05, 0.15, 0.4, 0.2]), "").astype(object)
    people["union"] = np.where(
        (people["job"] == EMPLOYED) & (rng.random(count) < rate["union_hardship"]), rng.integers(1, 3, count), 0
    )
    people["veteran"] = (people["sex"] == 1) & (age > 45) & (rng.random(count) < rate["veteran"])
    people["charity_ago"] = np.where(grave & (rng.random(count) < rate["charity"]), rng.integers(5, 330, count), NEVER)


def _care(people: Columns, rng: np.random.Generator, rate: dict[str, Any]) -> None:
    count, age = len(people["birth"]), people["age"]
    size = np.bincount(people["family"])[people["family"]]
    people["elder_alone"] = (age >= 65) & (size == 1) & ~people["outsider"] & (rng.random(count) < 0.9)
    ability = rng.choice(["能力完好", "轻度", "中度", "重度", "完全"], count, p=rate["elder_ability"])
    assessed = (age >= 65) & ~people["outsider"] & (rng.random(count) < rate["elder_assessed"])
    people["elder_ability"] = np.where(assessed, ability, "").astype(object)
    disabled = people["dis_cat"] > 0
    people["rehab"] = np.where(disabled & (rng.random(count) < rate["rehabilitation"]), rng.integers(80, 900, count) * 1000, 0)
    people["yearly_extra"] = np.zeros(count, dtype=np.int64)
    mind = (people["dis_cat"] == 6) & (people["dis_grade"] <= 2)
    people["mental_severe"] = (age >= 14) & ~people["outsider"] & (rng.random(count) < np.where(mind, 0.8, rate["mental_severe"]))
    student = people["school"] > 0
    people["hardship_student"] = student & (rng.random(count) < rate["hardship_student"])


def _work(people: Columns, rng: np.random.Generator, rate: dict[str, Any]) -> None:
    count = len(people["birth"])
    employed = people["job"] == EMPLOYED
    registered = people["job"] == REGISTERED_UNEMPLOYED
    draws = registered & (rng.random(count) < rate["unemployment_benefit"])
    people["months_left"] = np.where(draws, rng.integers(0, 19, count), NEVER)
    people["public_post"] = employed & (people["roster"] > 0) & (rng.random(count) < rate["public_post"])
    people["salary_card"] = employed & (people["roster"] == 0) & (rng.random(count) < rate["salary_card"])
    people["salary_card"] |= people["public_post"]
    people["injury_nursing"] = (people["dis_cat"] == 4) & (people["age"] >= 30) & (rng.random(count) < rate["injury_nursing"])
    held = employed & (rng.random(count) < rate["housing_fund"]) & (people["roster"] == 0)
    people["fund"] = np.where(held, np.where(rng.random(count) < 0.93, 1, 2), 0)


def _home(people: Columns, rng: np.random.Generator, rate: dict[str, Any]) -> None:
    count = len(people["birth"])
    owner = (people["age"] >= 25) & (people["slot"] == HEAD) & ~people["collective"] & ~people["outsider"]
    owns = owner & (rng.random(count) < np.where(people["roster"] > 0, rate["home_of_poor"], rate["home"]))
    kind = rng.choice(6, count, p=rate["estates"]) + 1
    people["estate"] = np.where(owns, np.where(people["roster"] > 0, np.minimum(kind, 1), kind), NO_HOME)
    head = (people["slot"] == HEAD) & ~people["collective"] & ~people["outsider"]
    graded = head & (rng.random(count) < by_age(people["age"], rate["house_graded"])) & people["rural"]
    people["house_grade"] = np.where(graded, rng.choice(["A", "B", "C", "D"], count, p=[0.3, 0.3, 0.25, 0.15]), "").astype(object)
    people["house_done"] = rng.random(count) < rate["house_rebuilt"]
    people["public_rent"] = head & ~people["rural"] & (rng.random(count) < np.where(people["roster"] > 0, 0.15, 0.004))
    people["land"] = np.where(head & people["rural"] & (rng.random(count) < rate["land"]), rng.integers(8, 90, count), 0)
    people["land_let"] = rng.random(count) < 0.3
    people["disaster_ago"] = np.where(head & (rng.random(count) < rate["disaster"]), rng.integers(3, 170, count), NEVER)
    people["house_damage"] = rng.choice(["倒塌", "严重", "一般", "无"], count, p=[0.08, 0.17, 0.45, 0.3]).astype(object)
    people["loss"] = rng.choice(["轻", "中", "重"], count, p=[0.5, 0.35, 0.15]).astype(object)
    checked = (people["roster"] > 0) & (people["age"] >= 18) & (rng.random(count) < rate["finance_checked"])
    people["checked"] = checked | (rng.random(count) < rate["finance_checked_others"])
    people["over_limit"] = people["checked"] & (rng.random(count) < rate["over_limit"])
    people["check_ago"] = rng.integers(3, 300, count)


def settle(people: Columns, base: int) -> None:
    """As for the first group (`lives.settle_contradictions`): the held and the dead keep clear of what rules leave open."""
    today = last_day(base)
    gone = (people["custody_from"] > NEVER) | ((people["death"] > NEVER) & (people["death"] <= today))
    planted = people["case"] >= 0
    for key in ("mental_severe", "elder_alone", "hardship_student", "injury_nursing", "public_post", "salary_card", "checked"):
        people[key] &= ~gone
    for key in ("fund", "estate", "union", "yearly_extra", "rehab"):
        people[key][gone] = 0
    people["aid_ago"][gone] = NEVER
    people["over_limit"] &= people["checked"]
    # lives may have found the registered unemployed other work, and who has none is on no employer's list
    people["months_left"][(people["job"] != REGISTERED_UNEMPLOYED) & ~planted] = NEVER
    worked = people["job"] == EMPLOYED
    people["fund"][~worked] = 0
    people["salary_card"] &= worked
    people["public_post"] &= worked
    people["hardship_student"] &= people["school"] > 0
