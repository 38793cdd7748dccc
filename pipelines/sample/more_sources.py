"""The second group's sources of work, money and homes: insurance, fund, land, schools, treasury, banks, utilities.

Belongs here: clean rows of sources 25 to 31, 33, 34 and 38, as `sources` has them of the first group. Does not belong here: those
who help and care (`more_aid`), how often anything happens (`more_lives`).

Decimals (areas, rates, shares) are texts, as a department writes them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample import more_aid
from pipelines.sample.days import NEVER, dates, last_day, month_dates, none_where
from pipelines.sample.lives import EMPLOYED, FARMER, REGISTERED_UNEMPLOYED
from pipelines.sample.month import Month, living, pick, texts
from pipelines.sample.more_lives import (
    HOME_AND_EIGHTH,
    HOME_AND_PARKING,
    HOME_AND_RUIN,
    HOME_AND_UNSAID_SHARE,
    NO_HOME,
    ONE_HOME,
    TWO_HOMES,
)

Array = npt.NDArray[Any]


def employment(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Who is registered as employed or as unemployed, with the months of benefit left."""
    people = month.people
    job = people["job"]
    self_employed = (job == FARMER) & (np.arange(len(job)) % 8 == 0)
    who = np.flatnonzero(((job == EMPLOYED) | (job == REGISTERED_UNEMPLOYED) | self_employed) & living(month))
    idle, post = job[who] == REGISTERED_UNEMPLOYED, people["public_post"][who]
    left = np.where(people["months_left"][who] > NEVER, np.maximum(people["months_left"][who] - month.number, 0), NEVER)
    form = np.select([post, job[who] == FARMER], ["公益性岗位", "灵活"], "单位").astype(object)
    reason = np.array(["合同到期", "用人单位裁员", "企业破产"], dtype=object)[who % 3]
    return pick(known, who, "name", "id_number").with_columns(
        employed_on=dates(np.where(idle, NEVER, last_day(month.month - month.number) - 90 - who % 3000)),
        employment_form=texts(none_where(idle, form)),
        unemployed_on=dates(np.where(idle, people["unemployed_on"][who], NEVER)),
        unemployment_reason=texts(none_where(~idle, reason)),
        leave_reason=texts(none_where(~idle, reason)),
        months_left=pl.Series(np.where(idle, left, NEVER)).replace(NEVER, None),
        employer=texts(none_where(job[who] != EMPLOYED, people["employer"][who])),
    )


def pensions(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Each benefit a row: pensions, unemployment benefit, nursing money after an accident at work."""
    people = month.people
    lives, scheme = living(month), people["pension_scheme"]
    idle = (people["job"] == REGISTERED_UNEMPLOYED) & (people["months_left"] - month.number > 0)
    base = month.month - month.number
    kinds = [
        (scheme == 1, "职工养老", people["pension"]),
        (scheme == 2, "居民养老", people["pension"]),
        (idle, "失业金", np.full(len(lives), 198_000)),
        (people["injury_nursing"], "工伤护理费", np.full(len(lives), 210_000)),
    ]
    frames = []
    for where, kind, amount in kinds:
        who = np.flatnonzero(where & lives)
        resident = np.full(len(who), kind == "居民养老")
        frames.append(
            pick(known, who, "name", "id_number").with_columns(
                pension_kind=pl.lit(kind),
                month_amount=pl.Series(amount[who]).cast(pl.Int64),
                basic_part=pl.Series(np.where(resident, np.minimum(15_000, amount[who]), NEVER)).replace(NEVER, None),
                from_month=month_dates(base - 2 - who % 100),
            )
        )
    return pl.concat(frames)


def housing_fund(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Everybody with an account, paying or not."""
    people = month.people
    who = np.flatnonzero((people["fund"] > 0) & living(month))
    pays = people["fund"][who] == 1
    base = people["wage"][who]
    return pick(known, who, "name", "id_number").with_columns(
        employee_no=pl.Series(who).cast(pl.String).str.zfill(8),
        employer=texts(people["employer"][who]),
        base=pl.Series(base),
        month_paid=pl.Series(np.where(pays, base * 24 // 100, 0)),
        employer_rate=pl.lit("12%"),
        employee_rate=pl.lit("12%"),
        paid_month=month_dates(np.where(pays, month.month, month.month - month.number - 5)),
        fund_state=texts(np.where(pays, "正常", "封存").astype(object)),
    )


def real_estate(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Titles: the dwelling of the family, held with the spouse where there is one, and what some hold besides."""
    people = month.people
    owner = (people["estate"] > NO_HOME) & living(month)
    spouse = np.where(people["spouse"] >= 0, people["spouse"], -1)
    joint = owner & (spouse >= 0) & (people["estate"] == ONE_HOME)
    rows = [
        (owner & ~joint, np.arange(len(owner)), 1, "住宅", "单独", None, "现势"),
        (joint, np.arange(len(owner)), 1, "住宅", "共同", None, "现势"),
        (joint & living(month)[np.maximum(spouse, 0)], spouse, 1, "住宅", "共同", None, "现势"),
        (owner & (people["estate"] == TWO_HOMES), np.arange(len(owner)), 2, "住宅", "单独", None, "现势"),
        (owner & (people["estate"] == HOME_AND_PARKING), np.arange(len(owner)), 2, "车位", "单独", None, "现势"),
        (owner & (people["estate"] == HOME_AND_EIGHTH), np.arange(len(owner)), 2, "住宅", "按份", "1/8", "现势"),
        (owner & (people["estate"] == HOME_AND_RUIN), np.arange(len(owner)), 2, "住宅", "单独", None, "历史"),
        (owner & (people["estate"] == HOME_AND_UNSAID_SHARE), np.arange(len(owner)), 2, "住宅", "按份", None, "现势"),
    ]
    frames = []
    for where, holder, number, use, ownership, share, state in rows:
        at = np.flatnonzero(where)
        who = holder[at]
        serial = pl.Series(at).cast(pl.String).str.zfill(6)
        frames.append(
            pick(known, who, "name", "id_number").with_columns(
                title_no=pl.format("鲁（2019）黄岛区不动产权第{}{}{}号", pl.lit(f"{month.chunk:03d}"), serial, pl.lit(number)),
                place=pl.format("{}{}号楼", pl.lit("长江路街道滨海花园"), pl.Series(at % 60 + 1)),
                area=pl.format("{}.{}", pl.Series(at % 80 + 45), pl.Series(at % 10)),
                land_use=pl.lit(use),
                house_kind=pl.lit("市场化商品房"),
                co_ownership=pl.lit(ownership),
                share=pl.lit(share, dtype=pl.String),
                registered_on=dates(last_day(month.month - month.number) - 200 - at % 4000),
                title_state=pl.lit(state),
            )
        )
    return pl.concat(frames)


def public_housing(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """Public rented homes, and houses that were found dangerous, rebuilt or not."""
    people = month.people
    graded, rents = people["house_grade"] != "", people["public_rent"]
    who = np.flatnonzero((graded | rents) & living(month))
    bad = graded[who]
    year = month.month // 12
    return (
        pick(known, who, "name", "id_number", "address")
        .rename({"address": "house_address"})
        .with_columns(
            housing_kind=texts(np.where(bad, "危房", np.where(who % 2 == 0, "公租房", "租赁补贴")).astype(object)),
            area=pl.format("{}.5", pl.Series(who % 60 + 30)),
            month_subsidy=pl.Series(np.where(bad, NEVER, 40_000)).replace(NEVER, None),
            danger_grade=texts(none_where(~bad, people["house_grade"][who])),
            assessed_on=dates(np.where(bad, last_day(month.month - month.number) - 100 - who % 700, NEVER)),
            rebuilt_year=pl.Series(np.where(bad & people["house_done"][who], year, NEVER)).replace(NEVER, None),
            finished=texts(none_where(~bad, np.where(people["house_done"][who], "是", "否"))),
        )
    )


def land_subsidies(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The year's subsidy for each family's contracted land, in the head's name."""
    people = month.people
    who = np.flatnonzero((people["land"] > 0) & living(month))
    tenths, let = people["land"][who], people["land_let"][who]
    year = month.month // 12 - (month.month % 12 < 5)
    return pick(known, who, "name", "id_number", "town", "village").with_columns(
        land_area=pl.format("{}.{}", pl.Series(tenths // 10), pl.Series(tenths % 10)),
        item=pl.lit("耕地地力保护补贴"),
        amount=pl.Series(tenths * 1_250),
        year=pl.lit(year, dtype=pl.Int64),
        let_area=texts(none_where(~let, np.array([f"{one // 20}.{one // 2 % 10}" for one in tenths.tolist()], dtype=object))),
        rent=pl.Series(np.where(let, tenths // 2 * 8_000, NEVER)).replace(NEVER, None),
    )


def school_aid(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """The aid of this term; who is in hardship, and scholarships for some who are not."""
    people = month.people
    hard = people["hardship_student"]
    award = (people["school"] > 12) & (np.arange(len(hard)) % 50 == 0)
    who = np.flatnonzero((hard | award) & (people["school"] > 0) & living(month))
    year = people["school"][who]
    stage = np.select([year <= 6, year <= 9, year <= 12, year <= 16], ["小学", "初中", "高中", "本科"], "研究生").astype(object)
    first = month.month % 12 >= 7 or month.month % 12 == 0
    autumn = month.month // 12 - (month.month % 12 < 7)
    paid = year > 12
    return pick(known, who, "name", "id_number").with_columns(
        school=texts(np.where(paid, "青岛大学", "黄岛区第一中学").astype(object)),
        stage=texts(stage),
        in_hardship=texts(np.where(hard[who], "是", "否").astype(object)),
        aid_kind=texts(np.where(hard[who], "国家助学金", "国家奖学金").astype(object)),
        amount=pl.Series(np.where(paid, 165_000, 62_500)),
        term=pl.lit(f"{autumn}-{autumn + 1}学年{'第一' if first else '第二'}学期"),
        tuition=pl.Series(np.where(paid, 550_000, NEVER)).replace(NEVER, None),
        lodging=pl.Series(np.where(paid, 80_000, NEVER)).replace(NEVER, None),
        school_ownership=pl.lit("公办"),
    )


def benefit_card(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """What the treasury paid to cards in the last three months: salaries, farmers' subsidies, aid."""
    people = month.people
    lives = living(month)
    items = [
        (people["salary_card"] & ~people["public_post"], "财政供养工资", people["wage"]),
        (people["public_post"], "公益性岗位补贴", np.full(len(lives), 220_000)),
        ((people["land"] > 0) & (np.arange(len(lives)) % 3 == 0), "粮食直补", people["land"] * 1_000),
        (people["age"] >= 80, "高龄补贴", np.full(len(lives), 10_000)),
        (people["veteran"], "优抚对象抚恤补助", np.full(len(lives), 60_000)),
        ((people["land"] > 0) & (np.arange(len(lives)) % 97 == 0), "苹果产业以奖代补", np.full(len(lives), 30_000)),
    ]
    frames = []
    for where, item, amount in items:
        monthly = item != "粮食直补"
        for back in range(3 if monthly else 1):
            who = np.flatnonzero(where & lives & ~people["outsider"])
            frames.append(
                pick(known, who, "name", "id_number").with_columns(
                    item=pl.lit(item),
                    paid_month=month_dates(np.full(len(who), month.month - back)),
                    amount=pl.Series(amount[who]).cast(pl.Int64),
                    payer=pl.lit("黄岛区财政局"),
                    payment_no=pl.lit(f"PC{month.month - back}"),
                )
            )
    return pl.concat(frames)


def finance_check(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """What banks, brokers and insurers answered: over the limit or not, as of a day."""
    people = month.people
    day = more_aid.on_day(month, people["check_ago"])
    who = np.flatnonzero(people["checked"] & living(month))
    over = people["over_limit"][who]
    return pick(known, who, "name", "id_number").with_columns(
        institution_kind=texts(np.array(["银行", "银行", "证券", "保险"], dtype=object)[who % 4]),
        over_limit=texts(np.where(over, "是", "否").astype(object)),
        snapshot_on=dates(day[who]),
        query_no=pl.format("HD{}{}", pl.lit(f"{month.chunk:03d}"), pl.Series(who)),
    )


def utilities(month: Month, known: pl.DataFrame) -> pl.DataFrame:
    """A month's meter readings of every twelfth family, in the head's name."""
    people = month.people
    who = np.flatnonzero(
        (people["slot"] == 0) & (people["family"] % 12 == 0) & ~people["collective"] & ~people["outsider"] & living(month)
    )
    return pick(known, who, "name", "address").with_columns(
        account_no=pl.format("{}{}", pl.lit(f"{month.chunk:03d}"), pl.Series(who).cast(pl.String).str.zfill(7)),
        month=month_dates(np.full(len(who), month.month)),
        used=pl.Series((who % 240).astype(np.int64)).cast(pl.String),
        utility_kind=texts(np.array(["水", "电", "气"], dtype=object)[who % 3]),
    )


MAKERS = {
    "funeral": more_aid.funeral,
    "temporary_aid": more_aid.temporary_aid,
    "children": more_aid.children,
    "elder_services": more_aid.elder_services,
    "rehabilitation": more_aid.rehabilitation,
    "medical_yearly": more_aid.medical_yearly,
    "serious_illness": more_aid.serious_illness,
    "births": more_aid.births,
    "employment": employment,
    "pensions": pensions,
    "housing_fund": housing_fund,
    "real_estate": real_estate,
    "public_housing": public_housing,
    "land_subsidies": land_subsidies,
    "school_aid": school_aid,
    "disasters": more_aid.disasters,
    "benefit_card": benefit_card,
    "finance_check": finance_check,
    "veterans": more_aid.veterans,
    "union_hardship": more_aid.union_hardship,
    "charity": more_aid.charity,
    "utilities": utilities,
}
"""The second group and the four small ones, in the order of their numbers."""
