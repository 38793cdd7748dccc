"""What happens once and stays: settlements, marriages, numbers given out. Drawn once, shown in every month that sees it.

Belongs here: dated events of all months of the plan. Does not belong here: what one month's extract shows (`sources`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.days import NEVER, day_number, last_day
from pipelines.sample.households import Plan
from pipelines.sample.lives import by_age, rates

Array = npt.NDArray[Any]
Columns = dict[str, Array]

HOSPITALS = [
    "青岛市黄岛区人民医院",
    "青岛西海岸新区中心医院",
    "青岛西海岸新区人民医院",
    "青岛大学附属医院西海岸院区",
    "青岛西海岸新区中医医院",
    "王台中心卫生院",
    "泊里中心卫生院",
    "山东大学齐鲁医院（青岛）",
    "北京协和医院",
]


def settlements(people: Columns, plan: Plan, rng: np.random.Generator) -> pl.DataFrame:
    """Every settlement and refund from 13 months before the first batch to the last batch's end.

    Returns:
        who (row number of the person), settlement_id, the dates, and money in fen; refunds are rows of their own,
        dated in their settlement's month, so that netting never moves money between months.
    """
    months = plan.months()
    extra = months[-1] - months[0]
    first, today = day_number(months[0] - 12), last_day(months[0])
    ordinary = people["visits"] + rng.poisson(by_age(people["age"], rates()["visits"]) * extra / 13)
    ordinary = np.where(people["custody_from"] > NEVER, 0, ordinary)
    who = np.repeat(np.arange(len(ordinary)), ordinary)
    day = rng.integers(first, last_day(months[-1]) + 1, len(who))
    burden = np.clip(rng.lognormal(6.0, 1.0, len(who)), 10, 8000)
    burden = np.where(people["outsider"][who], np.minimum(burden, 1500), burden)
    parts = [(who, day, (burden * 100).astype(np.int64))]
    grave = np.flatnonzero(people["grave"])
    for part in range(4):
        some = grave[people["grave_parts"][grave] > part]
        each = people["grave"][some] // people["grave_parts"][some]
        parts.append((some, rng.integers(today - 330, today - 31, len(some)), each))
    for month in months[1:]:
        chance = by_age(people["age"], rates()["grave_illness"]) / 12
        fresh = np.flatnonzero((rng.random(len(chance)) < chance) & ~people["outsider"] & (people["custody_from"] == NEVER))
        cost = (np.clip(rng.lognormal(9.8, 0.7, len(fresh)), 3000, 200000) * 100).astype(np.int64)
        parts.append((fresh, rng.integers(day_number(month), last_day(month) + 1, len(fresh)), cost))
    who, day, burden = (np.concatenate([part[place] for part in parts]) for place in range(3))
    death = people["death"][who]
    alive = ((death == NEVER) | (day <= death)) & (day >= people["birth"][who])
    who, day, burden = who[alive], day[alive], burden[alive]
    return _priced(people, rng, who, day, burden)


def _priced(people: Columns, rng: np.random.Generator, who: Array, day: Array, burden: Array) -> pl.DataFrame:
    count = len(who)
    inpatient = burden > 150_000
    stay = np.where(inpatient, rng.integers(3, 25, count), 0)
    self_paid = (burden * rng.uniform(0, 0.35, count)).astype(np.int64)
    pooled = (burden * rng.uniform(0.8, 3.5, count)).astype(np.int64)
    serious = np.where(burden > 1_500_000, (burden * rng.uniform(0, 0.5, count)).astype(np.int64), 0)
    aid = np.where(people["roster"][who] > 0, (burden * rng.uniform(0, 0.3, count)).astype(np.int64), 0)
    frame = pl.DataFrame(
        {
            "who": who,
            "serial": np.arange(count),
            "hospital": pl.Series(HOSPITALS).gather(pl.Series(rng.integers(0, len(HOSPITALS), count))),
            "care_type": pl.Series(["普通门诊", "门诊慢特病", "普通住院"]).gather(
                pl.Series(np.where(inpatient, 2, rng.integers(0, 2, count)))
            ),
            "admitted_on": day - stay,
            "discharged_on": day,
            "settled_on": day,
            "total_cost": burden + self_paid + pooled + serious + aid,
            "pooled_fund": pooled,
            "serious_illness": serious,
            "medical_aid": aid,
            "own_account": np.where(
                people["job"][who] == 1, ((burden + self_paid) * rng.uniform(0, 0.4, count)).astype(np.int64), 0
            ),
            "self_paid": self_paid,
        }
    ).with_columns(
        cash=pl.col("total_cost")
        - pl.col("pooled_fund")
        - pl.col("serious_illness")
        - pl.col("medical_aid")
        - pl.col("own_account")
    )
    money = ["total_cost", "pooled_fund", "serious_illness", "medical_aid", "own_account", "self_paid", "cash"]
    back = frame.filter(pl.Series((rng.random(count) < 0.012) & (people["case"][who] < 0)))
    whole = pl.Series(rng.random(len(back)) < 0.5)
    month_end = pl.from_epoch(pl.col("settled_on"), "d").dt.month_end().to_physical().cast(pl.Int64)
    refunds = back.with_columns(
        *[pl.when(whole).then(-pl.col(name)).otherwise(-(pl.col(name) // 2)).alias(name) for name in money],
        settled_on=pl.min_horizontal(pl.col("settled_on") + pl.Series(rng.integers(0, 9, len(back))), month_end),
    )
    days = ["admitted_on", "discharged_on", "settled_on"]
    return pl.concat([frame, refunds]).with_columns(pl.from_epoch(pl.col(days), "d")).sort("who", "serial", maintain_order=True)


def marriages(people: Columns, plan: Plan, rng: np.random.Generator) -> pl.DataFrame:
    """Registrations of all time up to the last batch: who_0 (the man), who_1 (the woman), register_type, registered_on.

    Before 2000 hardly any is in the computer; a couple without a record is known by the register only.
    """
    first = last_day(plan.months()[0])
    rows = []
    for key, divorced in (("spouse", False), ("former", True)):
        partner = people[key]
        men = np.flatnonzero((partner >= 0) & (people["sex"] == 1))
        women = partner[men]
        adult = np.maximum(people["birth"][men], people["birth"][women]) + int(21.5 * 365.25)
        on = np.minimum(adult + rng.integers(0, 2200, len(men)), first - 400)
        recorded = rng.random(len(men)) < np.where(on > 10957, 0.93, 0.25)
        apart = people["hh"][men] != people["hh"][women]
        # Of those whom the register does not show as a couple, and of planted families, the record is certain.
        recorded |= apart | divorced | (people["case"][men] >= 0)
        sensible = recorded & (adult < first)
        rows.append(registrations(men[sensible], women[sensible], "结婚", on[sensible]))
        if divorced:
            later = np.minimum(on[sensible] + rng.integers(400, 5000, int(sensible.sum())), first - 30)
            rows.append(registrations(men[sensible], women[sensible], "离婚", later))
        else:
            again = sensible & (rng.random(len(men)) < 0.05)
            rows.append(registrations(men[again], women[again], "补领", np.minimum(on[again] + 900, first - 10)))
    return pl.concat(rows)


def registrations(men: Array, women: Array, kind: str, on: Array) -> pl.DataFrame:
    """Registrations of one kind: who_0 (the man), who_1 (the woman), registered_on (days since 1970)."""
    return pl.DataFrame(
        {"who_0": men, "who_1": women, "registered_on": on}, schema_overrides={"registered_on": pl.Int64}
    ).with_columns(pl.lit(kind).alias("register_type"), pl.from_epoch("registered_on", "d"))
