"""The truth of findings on the second group of sources: U34–U39, U46, U47, O15–O21 by their own words, on true persons.

Belongs here: those rules and what they ask of the clean rows. Does not belong here: the thirty rules of the page (`truth`),
households (`true_families`), anything of the program under test.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.true_facts import month_number

if TYPE_CHECKING:
    from pipelines.sample.truth import Truth

Array = npt.NDArray[Any]
Rows = dict[str, pl.DataFrame]

DISASTER_MONTHS, SAME_CAUSE_MONTHS = 3, 12
SNAPSHOT_MONTHS = 6
MED_ABSOLUTE, DIBAO = 3_000_000, 111_500
PUBLIC_SALARIES = ("财政供养工资",)
"""Items of the clean rows that are paid for public service; 公益性岗位补贴 is a salary too, but of a public-welfare post."""


def more_findings(true: "Truth", rows: Rows) -> None:
    """Add the findings of the second group's rules to those of the page."""
    _house(true, rows)
    _work(true, rows)
    _care(true, rows)
    _property(true, rows)
    _paid_twice(true, rows)


def _flag(true: "Truth", frame: pl.DataFrame) -> Array:
    flags = np.zeros(len(true.unit), dtype=bool)
    who = frame["who_0"].to_numpy()
    flags[who[who >= 0]] = True
    return flags


def _homes(true: "Truth", frame: pl.DataFrame) -> Array:
    """The households that rows in their heads' names speak of."""
    flags = np.zeros(true.households, dtype=bool)
    who = frame["who_0"].to_numpy()
    flags[true.home[who]] = True
    return flags


def _house(true: "Truth", rows: Rows) -> None:
    housing = rows["public_housing"]
    bad = (
        (pl.col("housing_kind") == "危房")
        & pl.col("danger_grade").is_in(["C", "D"])
        & ~(pl.col("finished") == "是").fill_null(False)
    )
    true.homes("U34", true.any_member(_flag(true, housing.filter(bad))) & ~true.covered_any)
    months_ago = true.month.month - month_number("happened_on")
    severe = (
        rows["disasters"]
        .filter(pl.col("house_damage").is_in(["倒塌", "严重"]) | (pl.col("loss_level") == "重"))
        .filter(months_ago.is_between(0, DISASTER_MONTHS - 1))
    )
    aid = rows["temporary_aid"].select("who_0", "paid_on")
    struck = np.zeros(true.households, dtype=bool)
    for who, day in severe.select("who_0", "happened_on").iter_rows():
        home = true.home[who]
        helpers = np.flatnonzero((true.unit == home) & true.lives_in)
        since = aid.filter(pl.col("who_0").is_in(helpers.tolist()) & (pl.col("paid_on") >= day))
        struck[home] |= since.is_empty()
    true.homes("U35", struck)


def _work(true: "Truth", rows: Rows) -> None:
    ending = _flag(true, rows["employment"].filter(pl.col("months_left") <= 1))
    others_pay = true.any_member(true.facts["paying"] & ~ending)
    true.homes("U36", true.any_member(ending) & ~true.covered_any & ~others_pay)
    home = true.home
    listed = rows["union_hardship"].filter(pl.col("cleared_on").is_null() | (pl.col("cleared_on") > _today(true)))
    true.persons("U38", _flag(true, listed) & ~true.covered_any[home])
    hard = _flag(true, rows["school_aid"].filter(pl.col("in_hardship") == "是"))
    true.persons("U37", hard & ~true.covered_any[home] & ~true.facts["listed"])
    lately = rows["benefit_card"].filter(month_number("paid_month").is_between(true.month.month - 2, true.month.month))
    post = _flag(true, rows["employment"].filter(pl.col("employment_form") == "公益性岗位"))
    paid = _flag(true, lately.filter(pl.col("item").is_in([*PUBLIC_SALARIES, "公益性岗位补贴"]))) & ~post
    true.homes("O15", true.any_member(true.facts["dibao"]) & true.any_member(paid))


def _care(true: "Truth", rows: Rows) -> None:
    home, fact = true.home, true.facts
    mental = _flag(true, rows["serious_illness"].filter(pl.col("illness_kind") == "严重精神障碍"))
    true.persons("U39", mental & (~fact["enrolled"] | ~true.covered_any[home]))
    elders = rows["elder_services"].filter((pl.col("lives_alone") == "是") & pl.col("ability").is_in(["中度", "重度", "完全"]))
    true.persons("U46", _flag(true, elders) & ~true.covered_any[home])
    yearly = np.zeros(len(home), dtype=np.int64)
    of_year = rows["medical_yearly"].filter(pl.col("year") == true.month.month // 12)
    np.maximum.at(yearly, of_year["who_0"].to_numpy(), of_year["in_policy_burden"].to_numpy())
    true.persons("U47", (yearly > MED_ABSOLUTE) & (fact["burden"] <= MED_ABSOLUTE) & ~true.basic[home])


def _property(true: "Truth", rows: Rows) -> None:
    """Households on 低保 or 低保边缘 have given their authorisation with the application."""
    dibao = true.any_member(true.facts["dibao"])
    helped = dibao | true.any_member(true.facts["edge"])
    fund = np.zeros(len(true.unit), dtype=np.int64)
    paying = rows["housing_fund"].filter(pl.col("fund_state") == "正常")
    np.add.at(fund, paying["who_0"].to_numpy(), paying["base"].to_numpy())
    true.homes("O16", dibao & (true.total(fund) > DIBAO * np.maximum(true.size, 1)))
    homes = rows["real_estate"].filter((pl.col("land_use") == "住宅") & (pl.col("title_state") == "现势"))
    homes = homes.with_columns(unit=pl.Series(true.unit[homes["who_0"].to_numpy()])).filter(pl.col("unit") >= 0)
    shares = {None: None, "1/8": 0.125}
    titles = homes.group_by("unit", "title_no").agg(
        held=pl.col("co_ownership").is_in(["单独", "共同"]).any(),
        unsaid=((pl.col("co_ownership") == "按份") & pl.col("share").is_null()).any(),
        half=pl.col("share").replace_strict(shares, return_dtype=pl.Float64).sum() >= 0.5,
    )
    sums = titles.group_by("unit").agg(
        all=pl.len(),
        held=(pl.col("held") | pl.col("half")).sum(),
        perhaps=(pl.col("held") | pl.col("half") | pl.col("unsaid")).sum(),
    )
    several, held, perhaps = (np.zeros(true.households, dtype=bool) for _ in range(3))
    for name, flags in (("all", several), ("held", held), ("perhaps", perhaps)):
        flags[sums.filter(pl.col(name) >= 2)["unit"].to_numpy()] = True
    true.homes("O17", helped & several & held, helped & several & perhaps)
    oldest = pl.lit(_today(true)).dt.offset_by(f"-{SNAPSHOT_MONTHS}mo")
    recent = rows["finance_check"].filter((pl.col("over_limit") == "是") & (pl.col("snapshot_on") >= oldest))
    true.homes("O18", helped & true.any_member(_flag(true, recent)))


def _paid_twice(true: "Truth", rows: Rows) -> None:
    fact, family = true.facts, true.family
    grants = rows["temporary_aid"].filter(
        month_number("paid_on").is_between(true.month.month - SAME_CAUSE_MONTHS + 1, true.month.month)
    )
    twice = grants.group_by("who_0", "cause").agg(pl.col("payer").n_unique()).filter(pl.col("payer") >= 2)
    true.persons("O19", _flag(true, twice))
    burnt = rows["funeral"].filter(month_number("death_date") < true.month.month)
    paid = fact["any_roster"] | fact["nursing"] | fact["living"]
    true.persons("O20", _flag(true, burnt) & ~family.dead & paid)
    nursed = _flag(true, rows["pensions"].filter(pl.col("pension_kind") == "工伤护理费"))
    true.persons("O21", nursed & fact["nursing"])


def _today(true: "Truth") -> Any:
    return pl.Series([true.month.today]).cast(pl.Int32).cast(pl.Date)[0]
