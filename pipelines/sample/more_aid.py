"""The second group's sources of those who help and care: civil affairs, health, disabled persons, emergency, unions, charity.

Belongs here: clean rows of sources 17 to 24, 32, 35 to 37, as `sources` has them of the first group. Does not belong here: work,
money, homes (`more_sources`), how often anything happens (`more_lives`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.days import FAR, NEVER, dates, day_number, last_day, month_dates, none_where
from pipelines.sample.month import Month, living, pick, texts
from pipelines.sample.more_lives import AID_ONCE, AID_OTHER_CAUSE, AID_SAME_PAYER

Array = npt.NDArray[Any]


def on_day(month: Month, ago: Array) -> Array:
    """Days counted back from the first batch's last day as days since 1970; NEVER stays."""
    return np.where(ago > NEVER, last_day(month.month - month.number) - ago, NEVER)


def funeral(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Who died in the last two years and was cremated here; a crematorium knows before the police do."""
    people = month.people
    died = (people["death"] > NEVER) & (people["death"] + 3 <= month.today) & (people["death"] > month.today - 730)
    who = np.flatnonzero(died & (np.arange(len(died)) % 13 > 0))
    day, age = people["death"][who], (people["death"][who] - people["birth"][who]) // 365.25
    return pick(known, who, "name", "id_number", "sex").with_columns(
        age=pl.Series(age).cast(pl.Int64),
        death_date=dates(day),
        cremated_on=dates(day + 1 + who % 3),
        death_cause=texts(np.array(["疾病", "衰老", "疾病", "意外"], dtype=object)[who % 4]),
        funeral_home=pl.lit("青岛市黄岛区殡仪馆"),
        certificate_no=pl.format("HH{}{}", pl.lit(f"{month.chunk:03d}"), pl.Series(who).cast(pl.String).str.zfill(6)),
    )


def temporary_aid(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The grants of the last year, two to a person where there was a second."""
    people = month.people
    first = on_day(month, people["aid_ago"])
    base = living(month) & (first > NEVER)
    frames = []
    for again in (False, True):
        day = first - 40 * again
        who = np.flatnonzero(base & (day <= month.today) & ((people["aid_again"] > AID_ONCE) | (not again)))
        kind = people["aid_again"][who]
        cause = people["aid_cause"][who]
        payer = np.array(["镇街", "区民政局"], dtype=object)[np.where(kind == AID_SAME_PAYER, 0, int(again))]
        urgent = who % 3 == 0
        frames.append(
            pick(known, who, "name", "id_number", "town").with_columns(
                aid_no=pl.format("LS{}{}{}", pl.lit(f"{month.chunk:03d}"), pl.lit(int(again)), pl.Series(who).cast(pl.String)),
                aid_type=texts(np.where(urgent, "急难型", "支出型").astype(object)),
                cause=texts(np.where((kind == AID_OTHER_CAUSE) & again, cause + "（复发）", cause).astype(object)),
                applied_on=dates(day[who] - 6),
                paid_first=texts(np.where(urgent, "是", "否").astype(object)),
                paid_first_on=dates(np.where(urgent, day[who] - 5, NEVER)),
                papers_on=dates(day[who] - 2),
                amount=pl.Series(100_000 + who % 40 * 10_000),
                paid_on=dates(day[who]),
                payer=texts(payer),
            )
        )
    return pl.concat(frames)


def children(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The file of each listed child, with both parents as the file names them and the guardian."""
    people = month.people
    who = np.flatnonzero((people["child_kind"] != "") & living(month))
    father, mother = people["father"][who], people["mother"][who]
    guardian = np.where(mother >= 0, mother, father)
    ended = people["age"][who] >= 18
    frame = pick(known, who, "name", "id_number", "town", "village").with_columns(
        child_kind=texts(people["child_kind"][who]),
        placement=pl.lit("散居"),
        guardian_relation=texts(np.where(guardian == mother, "母亲", "父亲").astype(object)),
        father_situation=texts(_situation(month, father)),
        mother_situation=texts(_situation(month, mother)),
        situation_from=dates(last_day(month.month - month.number) - 200 - who % 700),
        standard=pl.Series(np.where(people["child_kind"][who] == "家庭困境", 50_000, 120_000)),
        from_month=month_dates(month.month - month.number - 3 - who % 40),
        stop_month=month_dates(np.where(ended, month.month, FAR)),
        stop_reason=texts(none_where(~ended, np.full(len(who), "年满18周岁", dtype=object))),
        adviser=pl.lit("张敏"),
    )
    for number, (role, person) in enumerate((("father", father), ("mother", mother), ("guardian", guardian)), 1):
        frame = frame.with_columns(
            _of(known, "name", person).alias(f"{role}_name"),
            _of(known, "id_number", person).alias(f"{role}_id"),
            pl.Series(person, dtype=pl.Int64).alias(f"who_{number}"),
        )
    return frame


def _situation(month: Month, parent: Array) -> Array:
    people, safe = month.people, np.maximum(parent, 0)
    dead = (people["death"][safe] > NEVER) & (people["death"][safe] <= month.today)
    severe = (people["dis_cat"][safe] > 0) & (people["dis_grade"][safe] <= 2)
    said = np.select([dead, people["custody_from"][safe] > NEVER, severe], ["死亡", "服刑", "重残"], "正常").astype(object)
    return none_where(parent < 0, said)


def _of(known: pl.DataFrame, column: str, who: Array) -> pl.Series:
    """A known column of these persons, null where there is nobody."""
    return known[column].gather(pl.Series(np.maximum(who, 0))).set(pl.Series(who < 0), None)


def elder_services(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The very old with their allowance, and the old who live alone or were assessed."""
    people = month.people
    old = people["age"] >= 80
    who = np.flatnonzero((old | people["elder_alone"] | (people["elder_ability"] != "")) & living(month) & ~people["outsider"])
    ability = people["elder_ability"][who]
    home = ability == "完全"
    return pick(known, who, "name", "id_number", "town", "village").with_columns(
        age_allowance=pl.Series(np.where(old[who], 10_000, NEVER)).replace(NEVER, None),
        lives_alone=texts(np.where(people["elder_alone"][who], "是", "否").astype(object)),
        ability=texts(none_where(ability == "", ability)),
        assessed_on=dates(np.where(ability != "", last_day(month.month - month.number) - 30 - who % 300, NEVER)),
        service_mode=texts(np.where(home, "机构", "居家").astype(object)),
        institution=texts(none_where(~home, np.full(len(who), "黄岛区第一养老院", dtype=object))),
    )


def rehabilitation(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """What a disabled person's rehabilitation or aid cost, of the last year."""
    people = month.people
    who = np.flatnonzero((people["rehab"] > 0) & (people["dis_cat"] > 0) & living(month))
    cost = people["rehab"][who]
    return pick(known, who, "name", "id_number").with_columns(
        certificate=pl.col("id_number")
        + pl.Series(people["dis_cat"][who]).cast(pl.String)
        + pl.Series(people["dis_grade"][who]).cast(pl.String),
        service=texts(np.array(["肢体康复训练", "助听器适配", "轮椅", "智力康复训练"], dtype=object)[who % 4]),
        provider=pl.lit("黄岛区残疾人康复中心"),
        total_cost=pl.Series(cost),
        subsidy=pl.Series(cost * 6 // 10),
        own_cost=pl.Series(cost - cost * 6 // 10),
        settled_on=dates(last_day(month.month - month.number) - 10 - who % 300),
    )


def medical_yearly(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """What the insurance has added up since January; some of it has no settlement in the district's file yet."""
    people = month.people
    first, today = dates(np.array([day_number(month.month // 12 * 12), month.today]))
    sums = (
        month.settlements.filter(pl.col("settled_on").is_between(first, today))
        .with_columns(own=pl.col("total_cost") - pl.col("pooled_fund") - pl.col("serious_illness") - pl.col("medical_aid"))
        .group_by("who")
        .agg(own=pl.col("own").sum(), self_paid=pl.col("self_paid").sum())
    )
    own, apart = np.zeros(len(people["birth"]), dtype=np.int64), np.zeros(len(people["birth"]), dtype=np.int64)
    own[sums["who"].to_numpy()] = sums["own"].to_numpy()
    apart[sums["who"].to_numpy()] = sums["self_paid"].to_numpy()
    own += people["yearly_extra"]
    who = np.flatnonzero((own > 0) & living(month))
    chronic = (people["age"][who] > 45) & (who % 4 == 0)
    names = np.array(["高血压", "糖尿病", "冠心病", "类风湿"], dtype=object)[who % 16 // 4]
    return pick(known, who, "name", "id_number").with_columns(
        year=pl.lit(month.month // 12, dtype=pl.Int64),
        own_burden=pl.Series(own[who]),
        in_policy_burden=pl.Series(own[who] - apart[who]),
        chronic_illness=texts(none_where(~chronic, names)),
        recognised_on=dates(np.where(chronic, last_day(month.month - month.number) - 400 - who % 900, NEVER)),
    )


def serious_illness(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Registered severe mental disorders, and the gravest bodily illnesses."""
    people = month.people
    grave = (people["grave"] > 6_000_000) & ~people["mental_severe"]
    who = np.flatnonzero((people["mental_severe"] | grave) & living(month))
    mental = people["mental_severe"][who]
    ill = np.array(["恶性肿瘤", "尿毒症", "脑梗死", "急性心肌梗死"], dtype=object)[who % 4]
    mind = np.array(["精神分裂症", "双相情感障碍", "癫痫所致精神障碍"], dtype=object)[who % 3]
    base = last_day(month.month - month.number)
    return pick(known, who, "name", "id_number").with_columns(
        illness_kind=texts(np.where(mental, "严重精神障碍", "大病").astype(object)),
        diagnosis=texts(np.where(mental, mind, ill)),
        diagnosed_on=dates(base - 60 - who % 2000),
        danger_level=texts(none_where(~mental, np.array(list("012"), dtype=object)[who % 3])),
        followed_on=dates(np.where(mental, base - who % 90, NEVER)),
    )


def births(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The births of the last year with their mothers; a third of the children have no name of their own yet."""
    people = month.people
    born = (people["birth"] > month.today - 365) & (people["birth"] <= month.today) & (people["mother"] >= 0)
    child = np.flatnonzero(born)
    father, mother = people["father"][child], people["mother"][child]
    unnamed = child % 6
    frame = pick(known, child, "name", "sex", "birth_date", "address")
    boy = people["sex"][child] == 1
    provisional = _of(known, "name", mother) + pl.Series(np.where(boy, "之子", "之女").tolist(), dtype=pl.String)
    name = pl.when(pl.Series(unnamed == 0)).then(None).when(pl.Series(unnamed == 1)).then(provisional).otherwise(pl.col("name"))
    return frame.with_columns(
        certificate_no=pl.format("CS{}{}", pl.lit(f"{month.chunk:03d}"), pl.Series(child).cast(pl.String).str.zfill(6)),
        child_name=name,
        mother_name=_of(known, "name", mother),
        mother_id=_of(known, "id_number", mother),
        father_name=_of(known, "name", father),
        father_id=_of(known, "id_number", father),
        who_0=pl.Series(np.where(unnamed <= 1, -1, child)),  # nobody can say from the row alone who an unnamed child is
        who_1=pl.Series(mother, dtype=pl.Int64),
        who_2=pl.Series(father, dtype=pl.Int64),
        key=pl.Series(child),
    ).drop("name")


def disasters(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """What storms and fires did to families in the last half year, under the head's name; some rows name only the house."""
    people = month.people
    day = on_day(month, people["disaster_ago"])
    who = np.flatnonzero((day > NEVER) & living(month))
    return pick(known, who, "name", "id_number", "phone", "address", "town", "village").with_columns(
        disaster_kind=texts(np.array(["台风", "洪涝", "火灾", "风雹"], dtype=object)[who % 4]),
        loss_level=texts(people["loss"][who]),
        house_damage=texts(people["house_damage"][who]),
        happened_on=dates(day[who]),
    )


def veterans(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Those with a pension for their service."""
    who = np.flatnonzero(month.people["veteran"] & living(month))
    return pick(known, who, "name", "id_number").with_columns(
        veteran_kind=texts(np.array(["在乡复员军人", "带病回乡退伍军人", "伤残军人"], dtype=object)[who % 3]),
        month_amount=pl.Series(60_000 + who % 9 * 5_000),
    )


def union_hardship(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Workers on the union's list, and those who have left it."""
    people = month.people
    who = np.flatnonzero((people["union"] > 0) & living(month))
    base = last_day(month.month - month.number)
    return pick(known, who, "name", "id_number").with_columns(
        hardship_kind=texts(np.array(["深度困难", "相对困难", "意外致困"], dtype=object)[who % 3]),
        filed_on=dates(base - 300 - who % 400),
        cleared_on=dates(np.where(people["union"][who] == 2, base - 20 - who % 200, NEVER)),
    )


def charity(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """What charities gave in the last year."""
    day = on_day(month, month.people["charity_ago"])
    who = np.flatnonzero((day > NEVER) & living(month))
    return pick(known, who, "name", "id_number").with_columns(
        cause=texts(np.array(["大病救助", "助学", "意外事故"], dtype=object)[who % 3]),
        amount=pl.Series(200_000 + who % 20 * 25_000),
        paid_on=dates(day[who]),
    )
