"""The truth of household income: what each household truly has in a year, and what the departments' clean rows allow of it.

Belongs here: the fourteen classes of the income design reckoned on true persons, twice: as the amounts that people's lives say
(`true_amounts`), and as the intervals that the rows of one month leave open (`intervals`); rigid expense; the truth of U44, U45,
O24, O25. Does not belong here: the other rules (`truth`, `true_more`), anything of the program under test: no import of
`pipelines.assess`, no reading of `schemas/income`, `schemas/parameters` or `schemas/rules`.

Amounts are fen of 12 months as floats (exact below 2^53); an end that nothing bounds is infinite.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.lives import EMPLOYED, FARMER, REGISTERED_UNEMPLOYED
from pipelines.sample.month import living
from pipelines.sample.true_facts import month_number

if TYPE_CHECKING:
    from pipelines.sample.truth import Truth

Array = npt.NDArray[Any]
Rows = dict[str, pl.DataFrame]

CLASSES = range(1, 15)
DIBAO, EDGE_TENTHS, RIGID_SCREEN = 111_500, 15, 2_000_000
MIN_WAGE = 220_000
KEPT_OF_WAGE = 1 - 0.105 - 0.2
"""What is left of a wage after one's own insurance and the costs of the job; a disabled worker's job costs more, by grade."""
DISABLED_COST = {1: 0.3, 2: 0.2, 3: 0.1, 4: 0.1}
KEPT_OF_LABOUR = 0.8
OUTSIDE_POLICY = 0.5
SNAPSHOT_MONTHS = 6
SUPPORT_FLOOR, SUPPORT_SHARE, SUPPORT_OF_THREE = 1, 0.5, 0.4
CHILD_LEAST, CHILD_MOST, CHILDREN_TOGETHER = 0.2, 0.3, 0.5
SPARED_PENSION = {2021: 9_300, 2022: 9_800, 2023: 10_300, 2024: 12_300, 2025: 14_300}
"""The basic part of the residents' pension that is not counted, by year; no document spares it after 2025."""
COUNTED_ITEMS = ("耕地地力保护补贴", "粮食直补")
SALARIES = ("财政供养工资", "公益性岗位补贴")
UNKNOWN_ITEMS = ("苹果产业以奖代补",)
ILLNESS_AID, ILLNESS_GIFTS = ("疾病", "疾病（复发）"), ("大病救助",)


@dataclass
class Interval:
    """The least and most of each household, by class."""

    low: dict[int, Array] = field(default_factory=dict)
    high: dict[int, Array] = field(default_factory=dict)

    def put(self, one: int, low: Array, high: Array) -> None:
        """Add to a class."""
        self.low[one] = self.low.get(one, 0) + low
        self.high[one] = self.high.get(one, 0) + high

    def sums(self, *, without: tuple[int, ...] = ()) -> tuple[Array, Array]:
        """Least and most of all classes together."""
        taken = [one for one in self.low if one not in without]
        return sum((self.low[one] for one in taken), np.zeros(1)), sum((self.high[one] for one in taken), np.zeros(1))


class Income:
    """The incomes of one chunk in one month, by household number."""

    def __init__(self, true: "Truth", rows: Rows) -> None:
        self.true, self.rows = true, rows
        self.month = true.month.month
        self._own: Interval = Interval()  # of persons
        self._home: Interval = Interval()  # of households

    # ---- what the rows leave open -----------------------------------------------------------------------------------------

    def intervals(self) -> Interval:
        """Each household's interval by class."""
        self._wages()
        self._self_employed()
        self._land()
        self._pensions()
        self._benefits()
        self._property()
        for one, low in self._own.low.items():
            self._home.put(one, self._sum(low), self._sum(self._own.high[one]))
        self._from_parents()
        self._from_children()
        return self._home

    def _sum(self, of_person: Array) -> Array:
        sums = np.zeros(self.true.households)
        members = self.true.lives_in
        np.add.at(sums, self.true.unit[members], of_person[members])
        return sums

    def _of_person(self, who: Array, amount: Array) -> Array:
        sums = np.zeros(len(self.true.unit))
        np.add.at(sums, who, amount)
        return sums

    def _flag(self, frame: pl.DataFrame) -> Array:
        return self._of_person(frame["who_0"].to_numpy(), np.ones(len(frame))) > 0

    def kept_of_wage(self) -> Array:
        """Each person's share of a wage that counts."""
        fact = self.true.facts
        more = np.zeros(len(fact["grade"]))
        for grade, share in DISABLED_COST.items():
            more[fact["certificate"] & (fact["grade"] == grade)] = share
        return KEPT_OF_WAGE - more

    def _tax(self, kind: str) -> pl.DataFrame:
        rows = self.rows["tax_income"].filter(pl.col("income_kind") == kind).with_columns(m=month_number("period_to"))
        return rows.filter(pl.col("m").is_between(self.month - 11, self.month))

    def _wages(self) -> None:
        """Class 1 and the fees of class 2: tax rows, else what an insurance that is being paid says."""
        kept = self.kept_of_wage()
        months = self._tax("工资薪金所得").group_by("who_0", "m").agg(pl.col("income").sum())
        who, paid = months["who_0"].to_numpy(), months["income"].to_numpy().astype(float)
        by_person = months.group_by("who_0").agg(
            most=pl.col("income").max(), gaps=pl.col("m").max() - pl.col("m").min() + 1 - pl.len()
        )
        gaps = self._of_person(
            by_person["who_0"].to_numpy(), by_person["most"].to_numpy().astype(float) * by_person["gaps"].to_numpy()
        )
        low = self._of_person(who, paid) * kept
        self._own.put(1, low, low + gaps * kept)
        taxed = self._flag(months)
        fees = self._tax("劳务报酬所得")
        amount = self._of_person(fees["who_0"].to_numpy(), fees["income"].to_numpy().astype(float)) * KEPT_OF_LABOUR
        self._own.put(2, amount, amount)
        self._fees = self._flag(fees)
        social = self.rows["social_insurance"]
        paying = self._flag(social.filter((pl.col("scheme") == "职工养老") & (pl.col("insurance_state") == "缴费"))) & ~taxed
        salaried = self._salaries(kept, ~taxed)
        paying &= ~salaried
        self._own.put(
            1, np.where(paying & ~self._fees, MIN_WAGE * self._months_employed() * kept, 0.0), np.where(paying, np.inf, 0.0)
        )
        self._employed = taxed | paying | salaried

    def _months_employed(self) -> Array:
        """For how many months of the window an employer is known to have paid somebody's insurance."""
        unit = self.rows["employment"].filter((pl.col("employment_form") == "单位") & pl.col("employer").is_not_null())
        start, end = np.full(len(self.true.unit), self.month + 1), np.full(len(self.true.unit), self.month)
        start[unit["who_0"].to_numpy()] = unit.select(m=month_number("employed_on"))["m"].fill_null(self.month).to_numpy()
        paid = self.rows["social_insurance"].filter(
            (pl.col("insurance_state") == "缴费") & (pl.col("scheme") == "职工养老") & pl.col("last_paid_month").is_not_null()
        )
        end[paid["who_0"].to_numpy()] = paid.select(m=month_number("last_paid_month"))["m"].to_numpy()
        return np.asarray(np.clip(end - np.maximum(start, self.month - 11) + 1, 0, 12), dtype=float)

    def _card(self, items: tuple[str, ...]) -> tuple[Array, Array]:
        """What the card paid each person of these items, and what it may have paid in months that the file does not reach."""
        card = self.rows["benefit_card"].with_columns(m=month_number("paid_month"))
        card = card.filter(pl.col("m").is_between(self.month - 11, self.month))
        reach = card["m"].min()
        by_month = card.filter(pl.col("item").is_in(items)).group_by("who_0", "item", "m").agg(pl.col("amount").sum())
        each = by_month.group_by("who_0", "item").agg(
            pl.col("amount").sum(), most=pl.col("amount").max(), first=pl.col("m").min(), last=pl.col("m").max(), rows=pl.len()
        )
        before = pl.when(pl.col("first") == reach).then(pl.col("first") - (self.month - 11)).otherwise(0)
        each = each.with_columns(unseen=pl.col("most") * (before + pl.col("last") - pl.col("first") + 1 - pl.col("rows")))
        who = each["who_0"].to_numpy()
        paid = self._of_person(who, each["amount"].to_numpy().astype(float))
        return paid, self._of_person(who, each["unseen"].to_numpy().astype(float))

    def _salaries(self, kept: Array, asked: Array) -> Array:
        """Class 1 of those whose salary only the treasury shows."""
        paid, unseen = self._card(SALARIES)
        salaried = asked & (paid > 0)
        self._own.put(1, np.where(salaried, paid * kept, 0.0), np.where(salaried, (paid + unseen) * kept, 0.0))
        return salaried

    def _self_employed(self) -> None:
        """Casual work of whoever could do it and shows nothing; a business, of whom the authorisation lets it be asked."""
        fact = self.true.facts
        self._allowed = (self.true.any_member(fact["any_roster"])[self.true.home] & self.true.lives_in) | fact["any_roster"]
        open_business = self._allowed & fact["firm"]
        self._own.put(3, np.zeros(len(open_business)), np.where(open_business, np.inf, 0.0))
        pensioner = fact["worker_pension"] | self._flag(self._drawn("职工养老"))
        able = (fact["age"] >= 16) & (fact["age"] <= 59) & ~fact["student"] & ~fact["no_labour"]
        casual = able & ~self._employed & ~pensioner & ~open_business & ~self._fees
        self._own.put(2, np.zeros(len(casual)), np.where(casual, np.inf, 0.0))

    def _land(self) -> None:
        """Land that is worked has an income that no table bounds; land that is let has its rent."""
        land = self.rows["land_subsidies"].with_columns(
            area=pl.col("land_area").cast(pl.Float64), let=pl.col("let_area").cast(pl.Float64).fill_null(0.0)
        )
        home = self.true.home[land["who_0"].to_numpy()]
        worked = (land["area"] > land["let"]).to_numpy()
        crops, rent = np.zeros(self.true.households), np.zeros(self.true.households)
        crops[home[worked]] = np.inf
        np.add.at(rent, home, land["rent"].fill_null(0).to_numpy().astype(float))
        self._home.put(4, np.zeros(len(crops)), crops)
        self._home.put(6, rent, rent)

    def _drawn(self, *kinds: str) -> pl.DataFrame:
        """Benefits with the months of the window in which they were paid."""
        rows = self.rows["pensions"].filter(pl.col("pension_kind").is_in(kinds))
        return rows.with_columns(months=(self.month - month_number("from_month") + 1).clip(0, 12))

    def _pensions(self) -> None:
        for one, kinds in ((8, ("职工养老",)), (10, ("失业金", "工伤津贴", "生育", "遗属"))):
            rows = self._drawn(*kinds)
            amount = self._of_person(rows["who_0"].to_numpy(), (rows["month_amount"] * rows["months"]).to_numpy().astype(float))
            self._own.put(one, amount, amount)
        resident = self._drawn("居民养老").filter(pl.col("months") > 0)
        low, high = np.zeros(len(resident)), np.zeros(len(resident))
        for back in range(12):
            at = self.month - back
            there = (resident["months"] > back).to_numpy()
            spared = SPARED_PENSION.get(at // 12)
            amount, basic = resident["month_amount"].to_numpy(), resident["basic_part"].fill_null(-1).to_numpy()
            part = np.where(basic >= 0, basic, spared if spared is not None else amount)
            low += np.where(there, np.maximum(amount - part, 0), 0)
            high += np.where(there, np.maximum(amount - part, 0) if spared is not None else amount, 0)
        who = resident["who_0"].to_numpy()
        self._own.put(9, self._of_person(who, low), self._of_person(who, high))

    def _benefits(self) -> None:
        """Class 14: items that count, and what no table knows."""
        counted, counted_unseen = self._card(COUNTED_ITEMS)
        unknown, unknown_unseen = self._card(UNKNOWN_ITEMS)
        self._own.put(14, counted, counted + counted_unseen + unknown + unknown_unseen)

    def _property(self) -> None:
        """What banks and the land registry say, of whom the authorisation lets it be asked: signs without an amount."""
        recent = month_number("snapshot_on") > self.month - SNAPSHOT_MONTHS
        over = self._flag(self.rows["finance_check"].filter((pl.col("over_limit") == "是") & recent)) & self._allowed
        self._own.put(7, np.zeros(len(over)), np.where(over, np.inf, 0.0))
        homes = self.rows["real_estate"].filter((pl.col("land_use") == "住宅") & (pl.col("title_state") == "现势"))
        homes = homes.with_columns(unit=pl.Series(self.true.unit[homes["who_0"].to_numpy()])).filter(pl.col("unit") >= 0)
        several = homes.group_by("unit").agg(pl.col("title_no").n_unique()).filter(pl.col("title_no") >= 2)["unit"].to_numpy()
        second = np.zeros(self.true.households, dtype=bool)
        second[several] = True
        second &= self.true.any_member(self._allowed)
        self._home.put(6, np.zeros(len(second)), np.where(second, np.inf, 0.0))

    # ---- between households -----------------------------------------------------------------------------------------------

    def _from_parents(self) -> None:
        """Class 12: a minor whose divorced parent is known and lives elsewhere."""
        low, high = np.zeros(self.true.households), np.zeros(self.true.households)
        own = self._own.sums()
        for unit, payer, children in self._maintained():
            least, most = CHILD_LEAST * children, CHILD_MOST * children
            low[unit] += own[0][payer] * min(least, CHILDREN_TOGETHER)
            high[unit] += own[1][payer] * min(most, CHILDREN_TOGETHER)
        self._home.put(12, low, high)

    def _maintained(self) -> list[tuple[int, int, int]]:
        """(household, parent elsewhere, minors there)."""
        family, fact = self.true.family, self.true.facts
        counts: dict[tuple[int, int], int] = {}
        minors = np.flatnonzero((fact["age"] < 18) & self.true.lives_in & fact["alive"])
        for child in minors.tolist():
            for mine, other in ((family.father, family.mother), (family.mother, family.father)):
                payer, at_home = int(mine[child]), int(other[child])
                if payer < 0 or at_home < 0 or not self.true.lives_in[payer]:
                    continue
                apart = self.true.unit[payer] != self.true.unit[child] == self.true.unit[at_home]
                if apart and family.spouse[payer] != at_home:
                    key = (int(self.true.unit[child]), payer)
                    counts[key] = counts.get(key, 0) + 1
        return [(unit, payer, children) for (unit, payer), children in counts.items()]

    def _supporters(self) -> list[tuple[int, int, float]]:
        """(household of the parents, household of a child, share of what that household has above the floor)."""
        family, fact, true = self.true.family, self.true.facts, self.true
        helped = true.basic | true.any_member(fact["edge"])
        needs = true.lives_in & fact["alive"] & ((fact["age"] >= 60) | fact["no_labour"])
        children = np.flatnonzero(fact["alive"] & (fact["age"] >= 18) & ((family.father >= 0) | (family.mother >= 0)))
        born: dict[int, int] = {}
        for child in np.flatnonzero(fact["alive"]).tolist():
            for parent in {int(family.father[child]), int(family.mother[child])} - {-1}:
                born[parent] = born.get(parent, 0) + 1
        found: dict[tuple[int, int], float] = {}
        for child in children.tolist():
            if not true.lives_in[child] or fact["severe"][child] or fact["student"][child] or helped[true.unit[child]]:
                continue
            parents = {int(family.father[child]), int(family.mother[child])} - {-1}
            supported = [one for one in parents if needs[one] and true.unit[one] != true.unit[child]]
            for one in supported:
                share = SUPPORT_SHARE if born[one] < 3 else SUPPORT_OF_THREE
                key = (int(true.unit[one]), int(true.unit[child]))
                found[key] = max(found.get(key, 0.0), share / len({int(true.unit[who]) for who in supported}))
        return [(home, payer, share) for (home, payer), share in found.items()]

    def _from_children(self) -> None:
        """Class 11, on incomes without it."""
        low, high = self._home.sums(without=(11,))
        at_least, at_most = np.zeros(self.true.households), np.zeros(self.true.households)
        for home, payer, share in self._supporters():
            floor = SUPPORT_FLOOR * DIBAO * 12
            for ends, sums in ((low, at_least), (high, at_most)):
                sums[home] += max(0.0, ends[payer] / self.true.size[payer] - floor) * share
        self._home.put(11, at_least, at_most)

    # ---- rigid expense ----------------------------------------------------------------------------------------------------

    def deduction(self) -> Array:
        """What illness and rehabilitation cost each household, less what aid and charity gave it towards illness.

        Aid is a household's: whoever applied for it need not be the one who was ill.
        """
        fact = self.true.facts
        inside = np.maximum(self._sum(fact["burden"]), 0)
        outside = np.maximum(self._sum(fact["total_burden"] - fact["burden"]), 0)
        helped = np.zeros(len(inside))
        for source, causes in (("temporary_aid", ILLNESS_AID), ("charity", ILLNESS_GIFTS)):
            rows = self.rows[source].filter(
                pl.col("cause").is_in(causes) & month_number("paid_on").is_between(self.month - 11, self.month)
            )
            helped += self._sum(self._of_person(rows["who_0"].to_numpy(), rows["amount"].to_numpy().astype(float)))
        from_inside = np.minimum(helped, inside)
        medical = inside - from_inside + OUTSIDE_POLICY * np.maximum(outside - (helped - from_inside), 0)
        rehab = self.rows["rehabilitation"].filter(month_number("settled_on").is_between(self.month - 11, self.month))
        return medical + self._sum(self._of_person(rehab["who_0"].to_numpy(), rehab["own_cost"].to_numpy().astype(float)))

    # ---- what is true -----------------------------------------------------------------------------------------------------

    def true_amounts(self) -> dict[int, Array]:
        """What each household truly has, by class: also what no department knows, such as wages that nobody taxed."""
        people, month = self.true.month.people, self.true.month
        lives = living(month)
        worked = np.zeros(len(lives))
        for at in range(self.month - 11, self.month + 1):
            worked += (at >= people["job_start"]) & (at <= people["job_end"])
        employed = lives & (people["job"] == EMPLOYED)
        wage = np.where(employed, people["wage"] * worked, 0.0)
        by_fee = employed & self._flag(self._tax("劳务报酬所得"))
        amounts = {one: np.zeros(len(lives)) for one in CLASSES}
        amounts[1] = np.where(by_fee, 0.0, wage * self.kept_of_wage())
        amounts[2] = np.where(by_fee, wage * KEPT_OF_LABOUR, 0.0)
        # who farms or works on own account earns about half of what a job would pay: the fields, where the family has any
        own_account = np.where(lives & (people["job"] == FARMER), people["wage"] * 6.0, 0.0)
        fields = np.zeros(self.true.households, dtype=bool)
        fields[self.true.home[lives & (people["land"] > 0)]] = True
        amounts[4] = np.where(fields[self.true.home], own_account, 0.0)
        amounts[2] += np.where(fields[self.true.home], 0.0, own_account)
        base = month.month - month.number
        months = np.clip(self.month - (base - 2 - np.arange(len(lives)) % 100) + 1, 0, 12)
        pension = np.where(lives, people["pension"], 0.0)
        amounts[8] = np.where(people["pension_scheme"] == 1, pension * months, 0.0)
        amounts[9] = np.where(people["pension_scheme"] == 2, np.maximum(pension - 15_000, 0) * months, 0.0)
        idle = lives & (people["job"] == REGISTERED_UNEMPLOYED) & (people["months_left"] - month.number > 0)
        amounts[10] = np.where(idle, 198_000.0 * months, 0.0)
        grain = lives & (people["land"] > 0) & (np.arange(len(lives)) % 3 == 0) & ~people["outsider"]
        amounts[14] = np.where(grain, people["land"] * 1_000.0, 0.0)
        homes = {one: self._sum(amount) for one, amount in amounts.items()}
        rent = np.zeros(self.true.households)
        let = np.flatnonzero(lives & (people["land"] > 0) & people["land_let"])
        np.add.at(rent, self.true.home[let], people["land"][let] // 2 * 8_000.0)
        homes[6] += rent
        own = sum(amounts.values(), np.zeros(1))
        for unit, payer, children in self._maintained():
            homes[12][unit] += own[payer] * min(0.25 * children, CHILDREN_TOGETHER)
        without = sum(homes.values(), np.zeros(1))
        for home, payer, share in self._supporters():
            homes[11][home] += max(0.0, without[payer] / self.true.size[payer] - SUPPORT_FLOOR * DIBAO * 12) * share
        return homes


def income_findings(true: "Truth", rows: Rows) -> None:
    """Add the findings of the rules that rest on the interval."""
    income = Income(true, rows)
    low, high = income.intervals().sums()
    expense = income.deduction()
    people, fact = np.maximum(true.size, 1), true.facts
    line, wholly = DIBAO * 12.0 * people, ~true.covered_any
    left_low, left_high = np.maximum(low - expense, 0), np.maximum(high - expense, 0)
    ill = wholly & (true.total(fact["total_burden"]) > RIGID_SCREEN)
    modest = (low < true.disposable * people) & (left_low < line)
    true.homes("U44", ill & (high < true.disposable * people) & (left_high < line), ill & modest)
    # whom those of no register live with is not known
    wholly &= true.any_member(true.family.register >= 0)
    dependent = true.any_member((fact["age"] < 18) | (fact["age"] >= 60) | fact["certificate"])
    true.homes("U45", wholly & dependent & (high < line))
    dibao = true.any_member(fact["dibao"])
    true.homes("O24", dibao & (left_low > line))
    edge_only = true.any_member(fact["edge"]) & ~dibao & ~true.any_member(fact["tekun"])
    true.homes("O25", edge_only & (10 * low > EDGE_TENTHS * line))


def income_table(true: "Truth", rows: Rows) -> pl.DataFrame:
    """What each household truly has and may deduct: unit, class (0: what is deducted), amount in yuan; no row where it is 0."""
    income = Income(true, rows)
    amounts = {**income.true_amounts(), 0: income.deduction()}
    there = true.size > 0
    parts = []
    for one, amount in amounts.items():
        units = np.flatnonzero(there & (amount > 0))
        parts.append(pl.DataFrame({"unit": units, "class": np.full(len(units), one), "amount": amount[units] / 100}))
    return pl.concat(parts)
