"""One frame per source: what each department truly holds about these people in one month, before any defect.

Belongs here: the first sixteen extracts' clean rows, typed, with whose they are. Does not belong here: how a file writes them
(`files`), what goes wrong (`defects`), the second group (`more_sources`, `more_aid`).

A frame has the contract's column names, and who_0 … who_6: the person's row number of each member of the row, -1 for none.
Money is in fen, dates and months are dates. `town_no` says whose town's file a row goes to, -1 for none.
"""

import numpy as np
import polars as pl

from pipelines.sample import aid, more_sources, places, succession
from pipelines.sample.days import FAR, NEVER, dates, day_number, last_day, month_dates, none_where
from pipelines.sample.lives import EMPLOYED, FARMER, REGISTERED_UNEMPLOYED, STOPPED
from pipelines.sample.month import Month, known_persons, living, pick, texts


def all_sources(month: Month) -> dict[str, pl.DataFrame]:
    """Every source's clean rows of one month, by source key."""
    known = known_persons(month)
    return {source: rows_of(month, known) for source, rows_of in _MAKERS.items()}


def _police_household(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    left = (people["death"] > NEVER) & (people["death"] + people["death_lag"] + people["row_lag"] <= month.today)
    left |= people["left_for"] != ""
    who = np.flatnonzero((people["hh"] >= 0) & (people["birth"] + 20 <= month.today) & ~left)
    frame = pick(
        known, who, "name", "former_name", "id_number", "sex", "birth_date", "address", "town", "village", "grid", "phone"
    )
    age = (month.today - people["birth"][who]) / 365.25
    spouse, former = people["spouse"][who], people["former"][who]
    widowed = (spouse >= 0) & (people["death"][spouse] > NEVER) & (people["death"][spouse] <= month.today)
    status = np.select([age < 22, widowed, spouse >= 0, former >= 0, age > 55], ["未婚", "丧偶", "已婚", "离婚", "丧偶"], "未婚")
    return frame.with_columns(
        pl.format("{}{}", pl.lit(f"37021{month.chunk + 1:04d}"), pl.Series(people["hh"][who]).cast(pl.String).str.zfill(6)).alias(
            "household_no"
        ),
        former_name=pl.when(pl.Series(month.rng(3).random(len(people["birth"]))[who] < 0.7)).then("former_name"),
        relation=texts(succession.relations(people, who)),
        ethnicity=texts(people["ethnicity"][who]),
        marital_status=pl.Series(status.tolist()),
    )


def _police_death(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    dead = (people["death"] > NEVER) & (people["death"] + people["death_lag"] <= month.today)
    away = people["left_for"] != ""
    who = np.flatnonzero(dead | away)
    rng = month.rng(1)
    away_on = last_day(month.month - month.number) - rng.integers(30, 600, len(dead))
    died = dead[who]
    return pick(known, who, "name", "id_number", "sex", "birth_date").with_columns(
        death_date=dates(np.where(died, people["death"][who], NEVER)),
        cancelled_on=dates(np.where(died, people["death"][who] + people["death_lag"][who], away_on[who])),
        cancel_reason=texts(np.where(died, "死亡", people["left_for"][who]).astype(object)),
    )


def _disabled_persons(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    who = np.flatnonzero((people["dis_cat"] > 0) & living(month) & (people["cert_issued"] <= month.today))
    frame = pick(known, who, "name", "id_number", "sex", "birth_date", "phone", "address", "town", "village")
    head = pl.Series(people["name"][np.maximum(people["father"][who], 0)].tolist(), dtype=pl.String)
    guarded = (people["father"][who] >= 0) & (people["age"][who] < 30)
    suffix = np.where(people["cert_reissued"][who], "B1", "")
    return frame.with_columns(
        certificate=pl.col("id_number")
        + pl.Series(people["dis_cat"][who]).cast(pl.String)
        + pl.Series(people["dis_grade"][who]).cast(pl.String)
        + texts(suffix.astype(object)),
        category=texts(people["dis_text"][who]),
        grade=pl.Series(people["dis_grade"][who]).cast(pl.String),
        guardian=pl.when(pl.Series(guarded)).then(head),
        issued_on=dates(people["cert_issued"][who]),
        valid_to=dates(np.where(people["cert_to"][who] == FAR, NEVER, people["cert_to"][who])),
        certificate_state=texts(people["cert_state"][who]),
    ).drop("id_number")


def _medical_enrolment(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    who = np.flatnonzero((people["enrol_state"] != "") & living(month))
    worker = (people["job"][who] == EMPLOYED) | (people["pension_scheme"][who] == 1)
    employer = none_where(people["job"][who] != EMPLOYED, people["employer"][who])
    return pick(known, who, "name", "id_number", "sex", "birth_date", "phone").with_columns(
        scheme=pl.Series(np.where(worker, "职工", "居民").tolist()),
        enrolment_state=texts(people["enrol_state"][who]),
        paid_year=pl.Series(people["enrol_year"][who]).cast(pl.Int64),
        employer=texts(employer),
        subsidised=pl.Series(np.where((people["roster"][who] > 0) | (people["monitored"][who] > 0), "是", "否").tolist()),
    )


def _medical_settlement(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The 13 months that end with the batch's."""
    first, today = dates(np.array([day_number(month.month - 12), month.today]))
    frame = month.settlements.filter(pl.col("settled_on").is_between(first, today))
    who = frame["who"].to_numpy()
    number = pl.format("JS{}{}", pl.lit(f"{month.chunk:03d}"), pl.col("serial").cast(pl.String).str.zfill(8))
    return (
        pl.concat([pick(known, who, "name", "id_number"), frame.drop("who")], how="horizontal")
        .with_columns(settlement_id=number)
        .rename({"serial": "key"})
    )


def _tax_income(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The 12 months that end with the batch's."""
    people = month.people
    workers = np.flatnonzero(people["taxed"] & living(month))
    who = np.repeat(workers, 12)
    when = np.tile(np.arange(month.month - 11, month.month + 1), len(workers))
    worked = (when <= people["job_end"][who]) & (when >= people["job_start"][who])
    who, when = who[worked], when[worked]
    rng = month.rng(2)
    labour = rng.random(len(people["taxed"])) < 0.06
    return pick(known, who, "name", "id_number").with_columns(
        id_type=pl.lit("居民身份证"),
        payer=texts(people["employer"][who]),
        income_kind=pl.Series(np.where(labour[who], "劳务报酬所得", "工资薪金所得").tolist(), dtype=pl.String),
        period_from=month_dates(when),
        period_to=month_dates(when),
        income=pl.Series(people["wage"][who]),
        tax_paid=pl.Series(np.maximum(people["wage"][who] - 500_000, 0) * 3 // 100),
    )


def _social_insurance(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Up to two rows a person: who lost work has the stopped pension and the unemployment registration."""
    people = month.people
    lives = living(month)
    job, scheme = people["job"], people["pension_scheme"]
    lost = (job == EMPLOYED) & (people["job_end"] < month.month)
    worker, stopped = lives & (job == EMPLOYED) & ~lost, lives & ((job == STOPPED) | lost)
    registered = lives & (job == REGISTERED_UNEMPLOYED)
    register_month = np.array(dates(people["unemployed_on"]).dt.year().fill_null(2000)) * 12
    register_month = register_month + np.array(dates(people["unemployed_on"]).dt.month().fill_null(1)) - 1
    paid = np.select(
        [worker, registered, lost],
        [month.month - (people["last_paid"] & 1), register_month, people["job_end"]],
        people["last_paid"],
    )
    january = np.full(len(job), month.month // 12 * 12)
    rows = [
        (worker, "职工养老", "缴费", paid, True, False),
        (stopped, "职工养老", "暂停缴费", paid, True, False),
        (registered, "职工养老", "终止", paid, True, False),
        (registered, "失业", "终止", paid, False, False),
        (lives & (job == FARMER), "居民养老", "缴费", january, False, False),
        (lives & (scheme == 1), "职工养老", "领取待遇", np.full(len(job), NEVER), False, True),
        (lives & (scheme == 2), "居民养老", "领取待遇", np.full(len(job), NEVER), False, True),
    ]
    frames = []
    for where, kind, state, last, employer, benefit in rows:
        who = np.flatnonzero(where)
        employed = people["employer"][who] if employer else np.full(len(who), None, dtype=object)
        base = np.where(where[who] & employer, people["wage"][who] // 2 + 200_000, NEVER)
        frames.append(
            pick(known, who, "name", "id_number").with_columns(
                scheme=pl.lit(kind),
                insurance_state=pl.lit(state),
                employer=texts(employed),
                base=pl.Series(base).replace(NEVER, None),
                last_paid_month=month_dates(last[who]),
                month_benefit=pl.Series(people["pension"][who] if benefit else np.full(len(who), NEVER)).replace(NEVER, None),
                unemployed_on=dates(people["unemployed_on"][who] if kind == "失业" else np.full(len(who), NEVER)),
            )
        )
    return pl.concat(frames)


def _school_enrolment(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    who = np.flatnonzero((people["school"] > 0) & living(month))
    year = people["school"][who]
    stage = np.select(
        [year <= 6, year <= 9, year <= 12, year <= 16],
        ["小学", "初中", np.where(who % 4 == 0, "中职", "高中"), np.where(who % 3 == 0, "大专", "本科")],
        "研究生",
    )
    within = np.select([year <= 6, year <= 9, year <= 12, year <= 16], [year, year - 6, year - 9, year - 12], year - 16)
    town = np.where(people["town"][who] >= 0, people["town"][who], 0)
    school = np.array([name.removesuffix("街道").removesuffix("镇") for name, _ in places.towns()], dtype=object)[town]
    suffix = pl.Series(np.select([year <= 6, year <= 9, year <= 12], ["中心小学", "初级中学", "高级中学"], "").tolist())
    away = pl.Series(np.array(["青岛大学", "山东科技大学", "青岛滨海学院", "中国石油大学（华东）"])[who % 4].tolist())
    return pick(known, who, "name", "id_number", "sex", "birth_date").with_columns(
        school=pl.when(suffix == "").then(away).otherwise(texts(school) + suffix),
        stage=pl.Series(stage.tolist()),
        grade=pl.format("{}年级", pl.Series(np.array(list("一二三四五六"))[np.minimum(within, 6) - 1].tolist())),
        student_no=pl.lit("G") + pl.col("id_number"),
        school_state=texts(people["school_state"][who]),
    )


def _custody(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    who = np.flatnonzero((people["custody_from"] > NEVER) & (people["custody_from"] <= month.today))
    return pick(known, who, "name", "id_number").with_columns(
        custody_type=texts(people["custody_type"][who]),
        from_date=dates(people["custody_from"][who]),
        to_date=dates(people["custody_to"][who]),
    )


def _vehicles(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    who = np.flatnonzero((people["vehicle"] > 0) & living(month))
    kind = np.array(["", "小型轿车", "普通二轮摩托车", "轻型普通货车", "残疾人专用车"])[people["vehicle"][who]]
    serial = pl.Series(who).cast(pl.String).str.zfill(5)
    return pick(known, who, "name", "id_number").with_columns(
        plate=pl.format("鲁{}{}", pl.lit("B" if month.chunk % 2 == 0 else "U"), serial),
        vehicle_type=pl.Series(kind.tolist(), dtype=pl.String),
        usage=pl.Series(np.where(people["vehicle"][who] == 3, "货运", "非营运").tolist(), dtype=pl.String),
        vehicle_state=texts(people["vehicle_state"][who]),
        registered_on=dates(last_day(month.month - month.number) - who % 4000 - 100),
    )


def _business_registration(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    people = month.people
    who = np.flatnonzero((people["business"] > 0) & living(month))
    kind = np.array(["", "个体工商户", "有限责任公司", "农民专业合作社"])[people["business"][who]]
    label = np.array(["", "商店", "商贸有限公司", "种植专业合作社"])[people["business"][who]]
    return pick(known, who, "name", "id_number").with_columns(
        business_name=pl.lit("青岛")
        + texts(people["surname"][who])
        + pl.Series(["鑫", "海", "盛", "和", "源"]).gather(pl.Series(who % 5))
        + pl.Series(label.tolist(), dtype=pl.String),
        credit_code=pl.format("92370211MA{}{}", pl.lit(f"{month.chunk:03d}"), pl.Series(who).cast(pl.String).str.zfill(5)),
        business_type=pl.Series(kind.tolist(), dtype=pl.String),
        capital=pl.Series(np.where(people["business"][who] == 1, 2_000_000, 50_000_000)),
        business_state=texts(people["business_state"][who]),
        founded_on=dates(last_day(month.month - month.number) - who % 5000 - 60),
    )


_MAKERS = {
    "police_household": _police_household,
    "police_death": _police_death,
    "disabled_persons": _disabled_persons,
    "medical_enrolment": _medical_enrolment,
    "medical_settlement": _medical_settlement,
    "tax_income": _tax_income,
    "assistance_roster": aid.assistance_roster,
    "disability_subsidy": aid.disability_subsidy,
    "marriage": aid.marriage,
    "poverty_monitoring": aid.poverty_monitoring,
    "social_insurance": _social_insurance,
    "school_enrolment": _school_enrolment,
    "custody": _custody,
    "vehicles": _vehicles,
    "business_registration": _business_registration,
    "grid_reports": aid.grid_reports,
    **more_sources.MAKERS,
}
SOURCES = tuple(_MAKERS)
"""Every source's key, in the order of their numbers."""
