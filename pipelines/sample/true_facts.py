"""The truth of facts about persons: burdens, certificates, rosters, incomes; from the clean rows and rules.md's words.

Belongs here: one array per fact, one element per person of the chunk. Does not belong here: households, rules.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.month import Month
from pipelines.sample.true_families import Families, days

Array = npt.NDArray[Any]
Facts = dict[str, Array]


def month_number(column: str) -> pl.Expr:
    """A date column as months since year 0."""
    return pl.col(column).dt.year().cast(pl.Int64) * 12 + pl.col(column).dt.month() - 1


def whole_years(birth: Array, day: int) -> Array:
    """Age in whole years on a day; both as days since 1970."""
    on = pl.Series([day]).cast(pl.Int32).cast(pl.Date)[0]
    born = pl.DataFrame({"b": pl.Series(birth).cast(pl.Int32).cast(pl.Date)})
    # cast first: months and days are eight-bit integers
    before = (pl.col("b").dt.month().cast(pl.Int64) * 100 + pl.col("b").dt.day()) > on.month * 100 + on.day
    return born.select(age=(on.year - pl.col("b").dt.year() - before.cast(pl.Int32)).cast(pl.Int64))["age"].to_numpy()


def facts(month: Month, rows: dict[str, pl.DataFrame], family: Families) -> Facts:
    """Every fact about every person of the chunk that the rules ask for."""
    count = len(month.people["birth"])
    found: Facts = {"alive": ~family.dead, "age": whole_years(month.people["birth"], month.today)}
    _medical(found, month, rows["medical_settlement"], count)
    _disability(found, month, rows["disabled_persons"], count)
    _roster(found, month, rows["assistance_roster"], count)
    _subsidies(found, month, rows["disability_subsidy"], count)
    _work(found, month, rows, count)
    _others(found, month, rows, count)
    september = month.month // 12 - (month.month % 12 < 8)
    first = (np.datetime64(f"{september}-09-01") - np.datetime64("1970-01-01")).astype(int)
    found["school_age"] = whole_years(month.people["birth"], int(first))
    return found


def _flag(frame: pl.DataFrame, count: int, column: str = "who_0") -> Array:
    flags = np.zeros(count, dtype=bool)
    flags[frame[column].to_numpy()] = True
    return flags


def _total(frame: pl.DataFrame, column: str, count: int) -> Array:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, frame["who_0"].to_numpy(), frame[column].fill_null(0).to_numpy())
    return sums


def _medical(found: Facts, month: Month, settlements: pl.DataFrame, count: int) -> None:
    net = (
        settlements.group_by("settlement_id", maintain_order=True)
        .agg(
            pl.col("who_0").first(),
            pl.col("settled_on").first(),
            *(pl.col(name).sum() for name in ("total_cost", "pooled_fund", "serious_illness", "medical_aid", "self_paid")),
        )
        .with_columns(total=pl.col("total_cost") - pl.col("pooled_fund") - pl.col("serious_illness") - pl.col("medical_aid"))
        .with_columns(in_policy=pl.col("total") - pl.col("self_paid"), m=month_number("settled_on"))
    )
    last12 = net.filter(pl.col("m").is_between(month.month - 11, month.month))
    before12 = net.filter(pl.col("m").is_between(month.month - 12, month.month - 1))
    found["burden"] = _total(last12, "in_policy", count)
    found["burden_before"] = _total(before12, "in_policy", count)
    found["total_burden"] = _total(last12, "total", count)
    single = np.zeros(count, dtype=np.int64)
    np.maximum.at(single, last12["who_0"].to_numpy(), last12["in_policy"].to_numpy())
    found["single"] = single


def _disability(found: Facts, month: Month, disabled: pl.DataFrame, count: int) -> None:
    """Predicates of a certificate that counts; each has a companion `…_unknown` where only 多重 is written."""
    today = pl.Series([month.today]).cast(pl.Int32).cast(pl.Date)[0]
    found["on_record"] = _flag(disabled, count)
    counts = disabled.filter(
        (pl.col("certificate_state") == "正常") & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= today))
    )
    found["certificate"] = _flag(counts, count)
    grade, text = np.zeros(count, dtype=np.int64), np.full(count, "", dtype=object)
    grade[counts["who_0"].to_numpy()] = counts["grade"].cast(pl.Int64).to_numpy()
    text[counts["who_0"].to_numpy()] = counts["category"].to_numpy()
    series = pl.Series(text.tolist(), dtype=pl.String)
    mind = (series.str.contains("智力") | series.str.contains("精神")).to_numpy()
    limbs, eyes = series.str.contains("肢体").to_numpy(), series.str.contains("视力").to_numpy()
    parts_unknown = (series == "多重").to_numpy()
    holds = found["certificate"]
    found["grade"] = grade
    found["severe"] = holds & (grade <= 2)
    found["single_dibao"] = holds & ((grade <= 2) | ((grade == 3) & mind))
    found["single_dibao_unknown"] = holds & (grade == 3) & parts_unknown
    found["no_labour"] = holds & ((mind & (grade <= 3)) | (limbs & (grade <= 2)) | (eyes & (grade == 1)))
    found["unable"] = holds & ((grade <= 2) | mind)
    found["unable_unknown"] = holds & (grade >= 3) & parts_unknown


def _roster(found: Facts, month: Month, roster: pl.DataFrame, count: int) -> None:
    members = pl.concat(
        [
            roster.select(pl.col(f"who_{place}").alias("who_0"), "roster_no", "assistance_class", "from_month", "to_month")
            for place in range(7)
        ]
    ).filter(pl.col("who_0") >= 0)
    members = members.with_columns(start=month_number("from_month"), end=month_number("to_month"))
    active = members.filter((pl.col("start") <= month.month) & (pl.col("end").is_null() | (pl.col("end") >= month.month)))
    for key, kind in (("dibao", "低保"), ("tekun", "特困"), ("edge", "低保边缘"), ("rigid", "刚性支出")):
        found[key] = _flag(active.filter(pl.col("assistance_class") == kind), count)
    found["any_roster"] = _flag(active, count)
    basic = pl.col("assistance_class").is_in(["低保", "特困"])
    rows = active.filter(basic).group_by("who_0").agg(pl.col("roster_no").n_unique()).filter(pl.col("roster_no") >= 2)
    found["twice"] = _flag(rows, count)
    found["left_roster"] = _flag(members.filter(basic & pl.col("end").is_between(month.month - 24, month.month - 1)), count)


def _subsidies(found: Facts, month: Month, subsidies: pl.DataFrame, count: int) -> None:
    rows = subsidies.with_columns(start=month_number("from_month"), stop=month_number("stop_month"))
    active = rows.filter((pl.col("start") <= month.month) & (pl.col("stop").is_null() | (pl.col("stop") > month.month)))
    found["nursing"] = _flag(active.filter(pl.col("subsidy_type") == "重度残疾人护理补贴"), count)
    found["living"] = _flag(active.filter(pl.col("subsidy_type") == "困难残疾人生活补贴"), count)


def _work(found: Facts, month: Month, rows: dict[str, pl.DataFrame], count: int) -> None:
    """Incomes in fen of the last 12 months; out of work; paying."""
    wages = (
        rows["tax_income"].with_columns(m=month_number("period_to")).filter(pl.col("m").is_between(month.month - 11, month.month))
    )
    social = rows["social_insurance"].with_columns(paid=month_number("last_paid_month"), unemployed=month_number("unemployed_on"))
    drawing = social.filter(pl.col("insurance_state") == "领取待遇")
    worker = pl.col("scheme") == "职工养老"
    found["wages"] = _total(wages, "income", count)
    found["pension"] = _total(drawing.filter(worker), "month_benefit", count) * 12
    found["has_income_row"] = _flag(wages, count) | _flag(drawing, count)
    found["worker_pension"] = _flag(drawing.filter(worker), count)
    found["paying"] = _flag(social.filter(pl.col("insurance_state") == "缴费"), count)
    stopped = worker & pl.col("insurance_state").is_in(["暂停缴费", "终止"]) & (pl.col("paid") <= month.month - 3)
    registered = pl.col("unemployed").is_between(month.month - 11, month.month)
    of_age = (found["age"] >= 16) & (found["age"] <= 59)
    found["out_of_work"] = _flag(social.filter(stopped | registered), count) & of_age
    found["student"] = _flag(rows["school_enrolment"].filter(pl.col("school_state") == "在读"), count)
    found["income_unknown"] = of_age & ~found["student"] & ~found["no_labour"] & ~found["has_income_row"]


def _others(found: Facts, month: Month, rows: dict[str, pl.DataFrame], count: int) -> None:
    enrolled = rows["medical_enrolment"].filter(
        (pl.col("enrolment_state") == "正常参保") & (pl.col("paid_year") >= month.month // 12)
    )
    found["enrolled"] = _flag(enrolled, count)
    poverty = rows["poverty_monitoring"]
    found["listed"] = _flag(poverty, count)
    found["was_poor"] = _flag(poverty.filter(pl.col("household_type") == "脱贫户"), count)
    watched = poverty.filter(pl.col("monitored_class").is_not_null() & (pl.col("risk_cleared") == "否"))
    found["watched"] = _flag(watched, count)
    found["at_risk"] = _flag(poverty.filter(pl.col("risk_cleared") == "否"), count)
    income = np.full(count, np.iinfo(np.int64).max)
    stated = poverty.filter(pl.col("income_per_head").is_not_null())
    np.minimum.at(income, stated["who_0"].to_numpy(), stated["income_per_head"].to_numpy())
    found["per_head"] = income
    reports = rows["grid_reports"].filter(month_number("reported_on") == month.month)
    found["reported"] = _flag(reports, count)
    cars = rows["vehicles"].filter(
        (pl.col("vehicle_state") == "正常") & ~pl.col("vehicle_type").str.contains("摩托车|残疾人专用车")
    )
    found["car"] = _flag(cars, count)
    firms = rows["business_registration"].filter(
        pl.col("business_state").is_in(["存续", "在业"]) & ~pl.col("business_type").str.contains("合作社")
    )
    found["firm"] = _flag(firms, count)


__all__ = ["Facts", "days", "facts", "month_number", "whole_years"]
