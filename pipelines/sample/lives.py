"""What happens to people: disability, illness, work, school, custody, death, aid.

Belongs here: the true facts about each person and family, drawn at the rates of `schemas/sample/lives.yaml`. Does not
belong here: planted families (`cases`), what departments know (`sources`).
"""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from pipelines.sample.days import FAR, NEVER, last_day
from pipelines.sample.households import Plan
from pipelines.storage import SCHEMAS

Array = npt.NDArray[Any]
Columns = dict[str, Array]

CATEGORIES = ("", "视力", "听力", "言语", "肢体", "智力", "精神", "多重")
CLASSES = ("", "低保", "特困", "低保边缘", "刚性支出")
JOBLESS, EMPLOYED, FARMER, REGISTERED_UNEMPLOYED, STOPPED = range(5)
_EMPLOYERS = np.array(
    [
        f"青岛{place}{kind}有限公司"
        for place in ("大珠山", "小珠山", "前湾", "琅琊", "灵山", "金沙", "董家口", "泊里")
        for kind in ("电器", "橡胶", "港务", "机械", "食品", "物流", "船舶")
    ]
    + ["黄岛区教育和体育局", "黄岛区人民医院", "青岛西海岸公交集团"],
    dtype=object,
)


@functools.cache
def rates() -> dict[str, Any]:
    """`lives.yaml`."""
    loaded: dict[str, Any] = yaml.safe_load((SCHEMAS / "sample" / "lives.yaml").read_text(encoding="utf-8"))
    return loaded


def by_age(age: Array, steps: list[list[float]]) -> Array:
    """The rate of each age; `steps` are [from age, rate] in order."""
    starts = np.array([step[0] for step in steps])
    values = np.array([step[1] for step in steps])
    return values[np.clip(np.searchsorted(starts, age, side="right") - 1, 0, len(values) - 1)]


def live(people: Columns, plan: Plan, rng: np.random.Generator) -> None:
    """Add the true facts to `people`, one array each; days since 1970, months since year 0, money in fen."""
    rate = rates()
    base = plan.months()[0]
    count = len(people["birth"])
    age = np.floor((last_day(base) - people["birth"]) / 365.2425)
    people["age"] = age
    planted = people["case"] >= 0
    _disability(people, age, rng, rate, base)
    _school_and_work(people, age, rng, rate, base)
    people["custody_from"] = np.full(count, NEVER)
    people["custody_to"] = np.full(count, NEVER)
    free = (people["dis_cat"] == 0) & (age >= 20) & (age < 60) & ~planted & ~people["outsider"]
    held = free & (rng.random(count) < np.where(people["sex"] == 1, rate["custody"], rate["custody"] / 10))
    people["custody_from"][held] = last_day(base) - rng.integers(30, 1500, int(held.sum()))
    people["custody_to"][held] = people["custody_from"][held] + rng.integers(90, 2500, int(held.sum()))
    people["custody_type"] = np.where(rng.random(count) < 0.75, "服刑", "强制隔离戒毒").astype(object)
    _deaths(people, age, rng, rate, plan)
    people["enrol_state"] = rng.choice(["正常参保", "暂停参保", "终止参保", ""], count, p=rate["enrolment"]).astype(object)
    people["enrol_year"] = np.where(rng.random(count) < rate["unpaid_year"], base // 12 - 1, base // 12)
    _illness(people, age, rng, rate)
    _aid(people, age, rng, rate, base)
    _property(people, age, rng, rate)
    people["report"] = np.where(rng.random(count) < rate["report"], base, NEVER)
    people["report_kind"] = rng.choice(["急难", "大病", "残疾", "失业", "其他"], count, p=[0.15, 0.35, 0.2, 0.15, 0.15]).astype(
        object
    )
    people["job_start"], people["job_end"] = np.full(count, NEVER), np.full(count, FAR)
    people["employer"] = _EMPLOYERS[rng.integers(0, len(_EMPLOYERS), count)]
    people["school_state"] = rng.choice(["在读", "休学", "毕业"], count, p=[0.996, 0.003, 0.001]).astype(object)
    people["roster_keeps"] = rng.random(count) < rate["roster"]["not_noticed"]


def _disability(people: Columns, age: Array, rng: np.random.Generator, rate: dict[str, Any], base: int) -> None:
    count = len(age)
    has = (rng.random(count) < by_age(age, rate["disability"])) & ~people["outsider"] & (age >= 1)
    people["dis_cat"] = np.where(has, rng.choice(7, count, p=rate["categories"]) + 1, 0)
    people["dis_grade"] = rng.choice(4, count, p=rate["grades"]) + 1
    parts = rng.choice(
        ["肢体、智力", "视力、听力", "听力、言语", "智力、精神", "肢体、精神", "多重"], count, p=[0.3, 0.15, 0.15, 0.1, 0.1, 0.2]
    )
    text = np.array(CATEGORIES, dtype=object)[people["dis_cat"]]
    people["dis_text"] = np.where(people["dis_cat"] == 7, parts.astype(object), text)
    people["cert_state"] = rng.choice(["正常", "注销", "冻结", "过期"], count, p=rate["certificate_states"]).astype(object)
    issued = last_day(base) - rng.integers(60, 3500, count)
    people["cert_issued"] = np.maximum(issued, people["birth"] + 200)
    lapsed = rng.random(count) < rate["certificate_lapsed"]
    to = people["cert_issued"] + 3652
    to = np.where(lapsed, last_day(base) - rng.integers(20, 900, count), np.maximum(to, last_day(base) + 400))
    people["cert_to"] = np.where(rng.random(count) < 0.15, FAR, to)
    people["cert_reissued"] = rng.random(count) < 0.08


def _school_and_work(people: Columns, age: Array, rng: np.random.Generator, rate: dict[str, Any], base: int) -> None:
    count = len(age)
    year, month = base // 12, base % 12 + 1
    autumn = year if month >= 9 else year - 1
    born = people["birth"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
    at_september = (autumn * 12 + 7 - born) // 12  # born in September: a year younger until the 2nd, as schools count
    people["school_age"] = at_september
    at_school = rng.random(count) < by_age(at_september, rate["school"])
    people["school"] = np.where((at_september >= 6) & (at_september < 25) & at_school, at_september - 5, 0)
    student = people["school"] > 0
    adult = (age >= 18) & (age < 60) & ~student
    draw = rng.random(count)
    employed, farmer, registered, stopped = np.cumsum(rate["work"])
    people["job"] = np.select(
        [~adult, draw < employed, draw < farmer, draw < registered, draw < stopped],
        [JOBLESS, EMPLOYED, FARMER, REGISTERED_UNEMPLOYED, STOPPED],
        JOBLESS,
    )
    people["wage"] = (np.clip(rng.lognormal(8.45, 0.45, count), 1500, 60000) * 100).astype(np.int64) // 1000 * 1000
    people["taxed"] = (people["job"] == EMPLOYED) & (rng.random(count) < rate["taxed"])
    people["last_paid"] = base - np.where(people["job"] == STOPPED, rng.integers(3, 30, count), rng.integers(0, 2, count))
    people["unemployed_on"] = np.where(
        people["job"] == REGISTERED_UNEMPLOYED, last_day(base) - rng.integers(5, 500, count), NEVER
    )
    woman_early = (people["sex"] == 2) & (age >= 55) & (age < 60) & (rng.random(count) < 0.3)
    pension = np.where(age >= 60, rng.choice(3, count, p=rate["pensions"]), np.where(woman_early & ~student, 1, 0))
    people["pension_scheme"] = np.where(people["outsider"], 0, pension)
    amount = np.where(
        pension == 1, np.clip(rng.normal(3200, 900, count), 1200, 9000), np.clip(rng.normal(260, 60, count), 190, 600)
    )
    people["pension"] = (amount * 100).astype(np.int64) // 10 * 10
    people["job"] = np.where(people["pension_scheme"] > 0, JOBLESS, people["job"])
    people["taxed"] &= people["job"] == EMPLOYED


def _deaths(people: Columns, age: Array, rng: np.random.Generator, rate: dict[str, Any], plan: Plan) -> None:
    """Deaths of the two years before the first batch and of the batches' months."""
    count = len(age)
    months = plan.months()
    first, last = last_day(months[0]) - 730, last_day(months[-1])
    chance = by_age(age, rate["death_per_year"]) * (last - first) / 365.25
    dies = (rng.random(count) < chance) & ~people["outsider"] & ~people["collective"]
    people["death"] = np.where(dies, rng.integers(first, last + 1, count), NEVER)
    people["death"] = np.where(people["birth"] + 400 > people["death"], NEVER, people["death"])
    people["death_lag"] = rng.integers(1, 45, count)
    stays = rng.random(count) < rate["dead_stay_in_register"]
    people["row_lag"] = np.where(stays, FAR, rng.integers(5, 90, count))
    people["left_for"] = np.where((rng.random(count) < 0.0006) & (age >= 18) & (age < 23), "参军", "").astype(object)


def _illness(people: Columns, age: Array, rng: np.random.Generator, rate: dict[str, Any]) -> None:
    count = len(age)
    people["visits"] = rng.poisson(by_age(age, rate["visits"]), count)
    grave = (rng.random(count) < by_age(age, rate["grave_illness"])) & ~people["outsider"]
    people["grave"] = np.where(grave, (np.clip(rng.lognormal(10.0, 0.75, count), 3000, 260000) * 100).astype(np.int64), 0)
    people["grave_parts"] = rng.integers(1, 5, count)


def _aid(people: Columns, age: Array, rng: np.random.Generator, rate: dict[str, Any], base: int) -> None:
    """Rosters of the family that lives together, subsidies, poverty monitoring."""
    count = len(age)
    family = people["family"]
    families = int(family.max()) + 1
    size = np.bincount(family, minlength=families)
    disabled = np.bincount(family, (people["dis_cat"] > 0), minlength=families) > 0
    oldest = np.zeros(families)
    np.maximum.at(oldest, family, age)
    lone_old = (size == 1) & (oldest >= 62)
    odd = np.zeros(families, dtype=bool)
    odd[family[people["collective"] | people["outsider"]]] = True
    chance = np.where(
        disabled, rate["roster"]["disabled"], np.where(lone_old, rate["roster"]["lone_elder"], rate["roster"]["other"])
    )
    on = (rng.random(families) < chance) & ~odd
    kind = rng.choice(4, families, p=rate["roster"]["classes"]) + 1
    kind = np.where((kind == 2) & ~lone_old, 1, kind)
    people["roster"] = np.where(on, kind, 0)[family]
    start = base - rng.integers(2, 90, families)
    people["roster_from"] = start[family]
    people["roster_to"] = np.full(count, FAR)
    ended = ~on & ~odd & (rng.random(families) < rate["roster"]["ended"])
    people["roster_ended"] = np.where(ended, base - rng.integers(1, 40, families), NEVER)[family]
    people["roster_twice"] = np.zeros(count, dtype=bool)
    people["roster_single"] = np.zeros(count, dtype=bool)
    severe = (people["dis_cat"] > 0) & (people["dis_grade"] <= 2) & (people["roster"] != 2)
    poor = (people["dis_cat"] > 0) & (people["roster"] == 1)
    counts = (people["cert_state"] == "正常") & (people["cert_to"] >= last_day(base))
    has = rng.random(count) < np.where(counts, rate["subsidy_taken_up"], 0.12)
    people["nursing"] = severe & has
    people["living"] = poor & (rng.random(count) < np.where(counts, rate["subsidy_taken_up"], 0.12))
    people["subsidy_from"] = base - rng.integers(1, 80, count)
    people["subsidy_stop"] = np.where(rng.random(count) < 0.02, base - rng.integers(0, 12, count), FAR)
    rural = np.zeros(families, dtype=bool)
    rural[family] = people["rural"]
    listed = (rng.random(families) < rate["monitored"]["share_of_rural"]) & rural & ~odd
    state = rng.choice(4, families, p=rate["monitored"]["states"])  # 脱贫户, 脱贫不稳定户, 边缘易致贫户, 突发严重困难户
    people["monitored"] = np.where(listed, state + 1, 0)[family]
    people["risk_cleared"] = (rng.random(families) < 0.55)[family]
    income = np.clip(rng.normal(14500, 4200, families), 5200, 40000) * 100
    people["income_per_head"] = np.where(rng.random(families) < 0.03, NEVER, income.astype(np.int64) // 100 * 100)[family]
    people["identified"] = (base - rng.integers(3, 60, families))[family]


def _property(people: Columns, age: Array, rng: np.random.Generator, rate: dict[str, Any]) -> None:
    count = len(age)
    poor = people["roster"] > 0
    driver = (age >= 20) & (age < 68) & (people["slot"] <= 8)
    people["vehicle"] = np.where(
        driver & (rng.random(count) < np.where(poor, 0.02, rate["vehicle"])),
        rng.choice(4, count, p=[0.82, 0.1, 0.06, 0.02]) + 1,
        0,
    )
    people["vehicle_state"] = rng.choice(["正常", "注销", "报废", "逾期未检验"], count, p=[0.9, 0.04, 0.03, 0.03]).astype(object)
    trader = (age >= 22) & (age < 66)
    people["business"] = np.where(
        trader & (rng.random(count) < np.where(poor, 0.012, rate["business"])), rng.choice(3, count, p=[0.75, 0.2, 0.05]) + 1, 0
    )
    people["business_state"] = rng.choice(["存续", "在业", "吊销", "注销"], count, p=[0.45, 0.3, 0.07, 0.18]).astype(object)


def settle_contradictions(people: Columns, base: int) -> None:
    """Make lives consistent where draws and cases met, and keep clear of what the rules leave open.

    The rules do not say whose household a person in custody has for findings about their own illness, nor what a
    settled estate is: such persons are kept healthy and insured, so that the truth never depends on a reading.
    """
    today = last_day(base)
    held = people["custody_from"] > NEVER
    dead = (people["death"] > NEVER) & (people["death"] <= today)
    for key in ("dis_cat", "grave", "visits", "monitored", "school", "pension_scheme", "business", "vehicle"):
        people[key][held] = 0
    people["death"][held & ~dead] = NEVER
    people["report"][held | dead] = NEVER
    people["enrol_state"][held] = "正常参保"
    people["enrol_year"][held] = base // 12
    people["job"][held] = JOBLESS
    people["taxed"][held] = False
    people["custody_from"][dead] = NEVER
    # The dead parents of minors hold no certificate, so that nobody is both unable and dead.
    people["dis_cat"][dead & (people["age"] < 60)] = 0
    old = people["age"] >= 60
    people["job"][old] = JOBLESS
    people["taxed"][old] = False
    people["job"][(people["dis_cat"] > 0) & (people["dis_grade"] <= 2) & (people["case"] < 0)] = JOBLESS
    people["taxed"] &= people["job"] == EMPLOYED
    people["nursing"] &= people["dis_cat"] > 0
    people["living"] &= people["dis_cat"] > 0
    # Resident pension contributions count as 缴费. No family has both them and somebody out of work, so that whether they
    # are meant by U14's "no member in 缴费" makes no difference: mostly the work is found again, else they are not paid.
    families = int(people["family"].max()) + 1
    farming = np.bincount(people["family"], people["job"] == FARMER, minlength=families) > 0
    found = farming[people["family"]] & (people["family"] % 5 > 0) & (people["case"] < 0)
    people["job"][found & np.isin(people["job"], (REGISTERED_UNEMPLOYED, STOPPED))] = JOBLESS
    out_of_work = np.isin(people["job"], (REGISTERED_UNEMPLOYED, STOPPED))
    idle = np.bincount(people["family"], out_of_work, minlength=families) > 0
    people["job"][(people["job"] == FARMER) & idle[people["family"]]] = JOBLESS
    people["grave"][people["outsider"]] = 0
