"""The sources of those who help: rosters, subsidies, marriages, poverty monitoring, grid reports.

Belongs here: what civil affairs, agriculture and the towns hold. Does not belong here: the other departments (`sources`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.days import FAR, NEVER, dates, last_day, month_dates, none_where
from pipelines.sample.households import HER_FATHER, HER_MOTHER
from pipelines.sample.lives import CLASSES
from pipelines.sample.month import Month, living, pick, texts

Array = npt.NDArray[Any]


def _listed(month: Month) -> Array:
    """Who a roster of the family would list: those who live together, the dead and the held only where nobody noticed."""
    people = month.people
    gone = (people["death"] > NEVER) & (people["death"] <= month.today)
    held = people["custody_from"] > NEVER
    together = ~people["divorced"] & ~np.isin(people["slot"], (HER_FATHER, HER_MOTHER)) & (people["birth"] + 60 <= month.today)
    return together & (~(gone | held) | people["roster_keeps"])


def assistance_roster(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """One wide row per family on a roster; ended rows stay, and some families have a second one."""
    people = month.people
    listed = _listed(month)
    family_rows = [
        (
            listed & (people["roster"] > 0) & ~people["roster_single"],
            people["roster"],
            people["roster_from"],
            people["roster_to"],
            0,
        ),
        (
            listed & (people["roster"] > 0) & people["roster_twice"],
            np.ones_like(people["roster"]),
            people["roster_from"] + 1,
            people["roster_to"],
            1,
        ),
        (
            listed & (people["roster_ended"] > NEVER),
            np.ones_like(people["roster"]),
            people["roster_ended"] - 30,
            people["roster_ended"],
            2,
        ),
    ]
    rows = [_wide(month, known, *row) for row in family_rows]
    return pl.concat(rows, how="vertical")


def _wide(month: Month, known: pl.DataFrame, where: Array, kind: Array, start: Array, end: Array, copy: int) -> pl.DataFrame:
    """One row per family of `where`: the first by slot is its head, up to six others are its members."""
    people = month.people
    who = np.flatnonzero(where & (start <= month.month))
    long = pl.DataFrame({"who": who, "family": people["family"][who]})
    long = long.with_columns(place=pl.int_range(pl.len()).over("family")).filter(pl.col("place") < 7)
    heads = long.filter(pl.col("place") == 0)
    head = heads["who"].to_numpy()
    frame = pick(known, head, "name", "id_number", "town", "village").rename({"name": "head_name", "id_number": "head_id"})
    sizes = long.group_by("family").len().join(heads, on="family", maintain_order="right")["len"]
    serial = pl.format(
        "{}{}{}", pl.lit(f"{month.chunk + 1:04d}"), pl.lit(str(copy)), heads["family"].cast(pl.String).str.zfill(7)
    )
    amount = np.where(kind[head] == 2, 167_300, np.where(kind[head] == 1, 64_000, 0))
    frame = frame.with_columns(
        roster_no=pl.lit("JZ370211") + serial,
        household_no=pl.lit("F") + serial,
        assistance_class=pl.Series([CLASSES[one] for one in kind[head]], dtype=pl.String),
        insured_persons=sizes.cast(pl.Int64),
        month_amount=pl.Series(amount) * sizes.cast(pl.Int64),
        from_month=month_dates(start[head]),
        to_month=month_dates(np.where(end[head] <= month.month, end[head], FAR)),
        bank=pl.lit("青岛农商银行"),
        bank_account=pl.lit("62231") + serial + pl.lit("88"),
    )
    names, numbers = known["name"], known["id_number"]
    columns = []
    for place in range(1, 7):
        member = long.filter(pl.col("place") == place).select("family", pl.col("who").alias("member"))
        at = heads.join(member, on="family", how="left", maintain_order="left")["member"].fill_null(-1)
        nobody = at < 0
        safe = at.clip(0)
        columns += [
            names.gather(safe).set(nobody, None).alias(f"member_name_{place}"),
            numbers.gather(safe).set(nobody, None).alias(f"member_id_{place}"),
            at.cast(pl.Int64).alias(f"who_{place}"),
        ]
    return frame.with_columns(columns)


def disability_subsidy(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """One row per person and kind of subsidy; stopped rows stay, with the first month not paid."""
    people = month.people
    started = (people["subsidy_from"] <= month.month) & (
        (people["death"] == NEVER) | (people["death"] > last_day(month.month - 40))
    )
    noticed = (people["death"] > NEVER) & (people["death"] + people["death_lag"] <= month.today) & ~people["roster_keeps"]
    stop = np.where(noticed, month.month, people["subsidy_stop"])
    frames = []
    for kind, amount in (("nursing", 18_400), ("living", 16_100)):
        who = np.flatnonzero(people[kind] & started)
        frame = pick(known, who, "name", "id_number", "town")
        certificate = (
            pl.col("id_number")
            + pl.Series(people["dis_cat"][who]).cast(pl.String)
            + pl.Series(people["dis_grade"][who]).cast(pl.String)
        )
        frames.append(
            frame.with_columns(
                certificate=certificate,
                subsidy_type=pl.lit("重度残疾人护理补贴" if kind == "nursing" else "困难残疾人生活补贴"),
                amount=pl.lit(amount, dtype=pl.Int64),
                from_month=month_dates(people["subsidy_from"][who]),
                stop_month=month_dates(np.where(stop[who] <= month.month, stop[who], FAR)),
            )
        )
    return pl.concat(frames)


def marriage(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """All registrations up to the month's end."""
    frame = month.marriages.filter(pl.col("registered_on") <= dates(np.array([month.today]))[0])
    men, women = frame["who_0"].to_numpy(), frame["who_1"].to_numpy()
    man = pick(known, men, "name", "id_number").rename({"name": "man_name", "id_number": "man_id"})
    woman = known.select("name", "id_number")[women] if len(women) else known.select("name", "id_number").clear()
    return man.with_columns(
        who_1=pl.Series(women),
        woman_name=woman["name"],
        woman_id=woman["id_number"],
        register_type=frame["register_type"],
        registered_on=frame["registered_on"],
    )


def poverty_monitoring(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Everybody who lives in a listed family; the whole family has one number, one class and one income per head."""
    people = month.people
    gone = (people["death"] > NEVER) | (people["custody_from"] > NEVER)
    together = ~people["divorced"] & ~np.isin(people["slot"], (HER_FATHER, HER_MOTHER)) & (people["birth"] + 60 <= month.today)
    who = np.flatnonzero((people["monitored"] > 0) & together & ~gone)
    frame = pick(known, who, "name", "id_number", "town", "village", "phone")
    family = pl.Series(people["family"][who])
    frame = frame.with_columns(family=family)
    state = people["monitored"][who]
    poor = np.isin(state, (1, 2))
    under_watch = state >= 2
    classes = np.array(["", "", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户"], dtype=object)[state]
    return frame.with_columns(
        household_no=pl.format("37021100{}{}", pl.lit(f"{month.chunk + 1:03d}"), family.cast(pl.String).str.zfill(6)),
        head_name=pl.col("name").first().over("family"),
        relation=texts(np.where(people["slot"][who] == 1, "配偶", people["relation"][who]).astype(object)),
        household_type=pl.Series(np.where(poor, "脱贫户", "一般农户").tolist(), dtype=pl.String),
        monitored_class=texts(none_where(~under_watch, classes)),
        identified_on=month_dates(np.where(under_watch, people["identified"][who], NEVER)),
        risk_cleared=texts(none_where(~under_watch, np.where(people["risk_cleared"][who], "是", "否"))),
        income_per_head=pl.Series(people["income_per_head"][who]).replace(NEVER, None),
        health=pl.Series(np.where(people["dis_cat"][who] > 0, "残疾", "健康").tolist(), dtype=pl.String),
        labour=pl.Series(
            np.where((people["age"][who] >= 16) & (people["age"][who] < 60), "普通劳动力", "无劳动力").tolist(), dtype=pl.String
        ),
        resident_medical=pl.Series(np.where(people["enrol_state"][who] == "正常参保", "是", "否").tolist(), dtype=pl.String),
    ).drop("family")


def grid_reports(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The reports of the batch's month."""
    people = month.people
    who = np.flatnonzero((people["report"] == month.month) & living(month))
    day = last_day(month.month) - who * 7 % 27
    kind = people["report_kind"][who]
    return pick(known, who, "name", "id_number", "phone", "address", "town", "village", "grid").with_columns(
        report_no=pl.format(
            "WG{}{}{}",
            pl.lit(f"{month.month // 12}{month.month % 12 + 1:02d}"),
            pl.lit(f"{month.chunk:03d}"),
            pl.Series(who).cast(pl.String).str.zfill(5),
        ),
        reported_on=dates(day),
        difficulty=texts(kind),
        situation=pl.format("网格员走访发现，{}，家中生活困难", texts(kind)),
    )
