"""The truth of findings: every rule of rules.md on true persons and true facts, by its own words.

Belongs here: the thirty rules of the page and the parameters' values they hold with. Does not belong here: the second group's
rules (`true_more`), household income by classes (`true_income`), anything of the program under test: neither an import of
`pipelines.assess` or `pipelines.households` nor a reading of `schemas/rules` or `schemas/parameters`.

Yuan are fen throughout.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.month import Month
from pipelines.sample.true_facts import Facts, facts
from pipelines.sample.true_families import Families, families
from pipelines.sample.true_income import income_findings, income_table
from pipelines.sample.true_more import more_findings

Array = npt.NDArray[Any]

DIBAO = 111_500
"""dibao.standard, 370211, from 2024-01-01, a month (青民〔2023〕63号)."""
MED_ABSOLUTE, MED_RELATIVE, MED_SINGLE = 3_000_000, 0.5, 1_000_000
DISPOSABLE_URBAN, DISPOSABLE_RURAL = 6_500_000, 3_000_000
MIN_WAGE = 220_000
RIGID_RATIO_TENTHS, RIGID_SCREEN = 6, 2_000_000
MONITOR_LINE = 880_000


class Truth:
    """The findings of one chunk in one month."""

    def __init__(self, month: Month, rows: dict[str, pl.DataFrame], earlier: Families | None) -> None:
        self.month, self.earlier, self._rows = month, earlier, rows
        self.family = families(month, rows, earlier)
        self.facts: Facts = facts(month, rows, self.family)
        self.lives_in = self.family.unit >= 0
        self.unit = self.family.unit
        self.households = int(max(self.family.unit.max(), self.family.left.max())) + 1
        self.home = np.where(self.unit >= 0, self.unit, self.family.left)
        self._found: list[tuple[str, str, str, Array]] = []
        rural = np.zeros(self.households, dtype=bool)
        rural[self.home] = month.people["rural"]
        rural[self.unit[self.lives_in & (self.unit == self.family.register)]] = month.people["rural"][
            self.lives_in & (self.unit == self.family.register)
        ]
        self.disposable = np.where(rural, DISPOSABLE_RURAL, DISPOSABLE_URBAN)
        self.size = np.bincount(self.unit[self.lives_in], minlength=self.households)
        have = self.any_member
        self.basic = have(self.facts["dibao"] | self.facts["tekun"])
        self.covered_any = self.basic | have(self.facts["edge"] | self.facts["rigid"])

    def any_member(self, of_person: Array) -> Array:
        """For each household, whether it holds of any member."""
        return self.total(of_person) > 0

    def total(self, of_person: Array) -> Array:
        """For each household, the sum over its members (integers: fen)."""
        sums = np.zeros(self.households, dtype=np.int64)
        np.add.at(sums, self.unit[self.lives_in], of_person[self.lives_in])
        return sums

    def persons(self, rule: str, true: Array, unknown: Array | None = None) -> None:
        """Findings about persons; the dead have none but O01."""
        living = self.facts["alive"] if rule != "O01" else np.ones_like(true)
        self._found.append((rule, "true", "person", np.flatnonzero(true & living)))
        if unknown is not None:
            self._found.append((rule, "unknown", "person", np.flatnonzero(unknown & ~true & living)))

    def homes(self, rule: str, true: Array, unknown: Array | None = None) -> None:
        """Findings about households that have a member."""
        there = self.size > 0
        self._found.append((rule, "true", "household", np.flatnonzero(true & there)))
        if unknown is not None:
            self._found.append((rule, "unknown", "household", np.flatnonzero(unknown & ~true & there)))

    def findings(self) -> pl.DataFrame:
        """All rules: rule_id, outcome, who (-1 for a household's finding), unit."""
        self._illness()
        self._disability()
        self._children()
        self._elders()
        self._livelihood()
        self._lists()
        self._income()
        self._over()
        self._left_then_risk()
        more_findings(self, self._rows)
        income_findings(self, self._rows)
        frames = []
        for rule, outcome, subject, places in self._found:
            who = places if subject == "person" else np.full(len(places), -1)
            unit = self.home[places] if subject == "person" else places
            frames.append(pl.DataFrame({"who": who, "unit": unit}).with_columns(rule_id=pl.lit(rule), outcome=pl.lit(outcome)))
        return pl.concat(frames)

    def income(self) -> pl.DataFrame:
        """What each household truly has in a year: unit, class, amount."""
        return income_table(self, self._rows)

    def _illness(self) -> None:
        fact, home = self.facts, self.home
        wholly = ~self.covered_any[home]
        self.persons("U01", (fact["burden"] > MED_ABSOLUTE) & ~self.basic[home])
        self.persons("U02", (fact["burden"] > MED_RELATIVE * self.disposable[home]) & wholly)
        self.persons("U03", (fact["single"] > MED_SINGLE) & wholly)

    def _disability(self) -> None:
        fact, home = self.facts, self.home
        holds, grade = fact["certificate"], fact["grade"]
        wholly = ~self.covered_any
        one_to_three = holds & (grade <= 3)
        self.persons(
            "U05", one_to_three & wholly[home] & fact["single_dibao"], one_to_three & wholly[home] & fact["single_dibao_unknown"]
        )
        self.homes("U06", (self.total(holds) >= 2) & wholly)
        severe_adults = self.total(fact["severe"] & (fact["age"] >= 18))
        young = self.total(fact["age"] < 60)
        young_cared_for = self.total(fact["severe"] & (fact["age"] >= 18) & (fact["age"] < 60))
        # Every *other* member is 60 or older: no younger member, or the cared-for one is the only one.
        all_old = (young == 0) | ((young == 1) & (young_cared_for == 1))
        self.homes("U07", (severe_adults >= 1) & (self.size >= 2) & all_old & wholly)
        self.persons("U08", fact["severe"] & ~fact["nursing"] & ~fact["tekun"])
        dibao = self.any_member(fact["dibao"])
        self.persons("U09", holds & dibao[home] & ~fact["living"])
        edge = self.any_member(fact["edge"])[home] & one_to_three & ~fact["dibao"] & ~fact["tekun"]
        self.persons("U19", edge & fact["single_dibao"], edge & fact["single_dibao_unknown"])

    def _children(self) -> None:
        fact, family = self.facts, self.family
        child = fact["age"] < 18
        held = family.in_custody & family.custody_months

        def of(parent: Array, what: Array) -> Array:
            return (parent >= 0) & what[parent]

        in_s = fact["unable"] | held
        maybe_s = fact["unable_unknown"] | in_s
        sides = []
        for parent in (family.father, family.mother):
            known = parent >= 0
            sides.append((of(parent, in_s), np.where(known, of(parent, maybe_s), True), of(parent, family.dead), ~known))
        (s1, s1m, d1, u1), (s2, s2m, d2, u2) = sides
        screen = child & (s1 | s2 | d1 | d2)
        true = (s1 & s2) | (d1 & s2) | (d2 & s1)
        possible = (s1m & s2m) | ((d1 | u1) & s2m) | ((d2 | u2) & s1m)
        self.persons("U10", screen & true, screen & possible)
        self.persons("U11", child & d1 & d2)

    def _elders(self) -> None:
        fact, home, family = self.facts, self.home, self.family
        has_child = np.zeros(len(fact["age"]), dtype=bool)
        for parent in (family.father, family.mother):
            has_child[parent[(parent >= 0) & fact["alive"]]] = True
        in_need = fact["certificate"] | (fact["burden"] > MED_SINGLE) | fact["listed"]
        alone = self.lives_in & (self.size[home] == 1)
        lonely = (fact["age"] >= 60) & alone & ~has_child & ~fact["worker_pension"]
        self.persons("U12", lonely & ~self.covered_any[home] & in_need)

    def _livelihood(self) -> None:
        fact, family, month = self.facts, self.family, self.month
        wholly = ~self.covered_any
        half_year_ago = np.datetime64("1970-01", "M") + (month.month - 1970 * 12 - 5)
        death_month = np.asarray(family.death_day, dtype="datetime64[D]").astype("datetime64[M]")
        at_death = np.floor((family.death_day - month.people["birth"]) / 365.2425)
        earner = family.dead & (death_month >= half_year_ago) & (at_death >= 16) & (at_death <= 59)
        hit = np.zeros(self.households, dtype=bool)
        for one in np.flatnonzero(earner):
            where = self._household_of_the_dead(int(one))
            if where >= 0:
                hit[where] = True
        dependent = self.any_member((fact["age"] < 18) | (fact["age"] >= 60) | fact["certificate"])
        self.homes("U13", hit & dependent & ~self.basic)
        self.homes("U14", self.any_member(fact["out_of_work"]) & ~self.any_member(fact["paying"]) & wholly)
        self.persons(
            "U20",
            (family.register >= 0)
            & (fact["school_age"] >= 6)
            & (fact["school_age"] <= 15)
            & ~fact["student"]
            & ~fact["certificate"],
        )

    def _household_of_the_dead(self, one: int) -> int:
        """The register household while the row is there, else the spouse's, else that of the month before; -1 for none."""
        family = self.family
        if family.register[one] >= 0:
            return -1 if family.collective[one] else int(family.register[one])
        spouse = int(family.spouse[one])
        if spouse >= 0 and family.unit[spouse] >= 0:
            return int(family.unit[spouse])
        if self.earlier is not None and self.earlier.register[one] >= 0 and not self.earlier.collective[one]:
            return int(self.earlier.register[one])
        return -1

    def _lists(self) -> None:
        fact, home = self.facts, self.home
        per_head = np.full(self.households, np.iinfo(np.int64).max)
        np.minimum.at(per_head, self.unit[self.lives_in], fact["per_head"][self.lives_in])
        was_poor = self.any_member(fact["was_poor"])
        stated = per_head < np.iinfo(np.int64).max
        self.homes("U15", was_poor & stated & (per_head < MONITOR_LINE), was_poor & ~stated)
        self.homes("U16", self.any_member(fact["watched"]) & ~self.covered_any)
        self.persons("U17", (fact["listed"] | fact["any_roster"]) & ~fact["enrolled"])
        self.persons("U22", fact["reported"] & ~self.covered_any[home])

    def _income(self) -> None:
        """U04, U21 and O06: income without 居民养老; `known` is a lower bound where somebody's is not known."""
        fact, home = self.facts, self.home
        known = self.total(fact["wages"] + fact["pension"])
        open_end = self.any_member(fact["income_unknown"])
        people = np.maximum(self.size, 1)
        wholly = ~self.covered_any
        # (income − burden) / 12 / members < 2 × dibao and ≤ minimum wage, in whole fen
        rest = known - self.total(fact["burden_before"])
        low = (rest < 2 * DIBAO * 12 * people) & (rest <= MIN_WAGE * 12 * people)
        screen = (fact["burden_before"] > self.disposable[home]) & wholly[home] & fact["enrolled"] & ~fact["at_risk"]
        self.persons("U04", screen & low[home] & ~open_end[home], screen & low[home] & open_end[home])
        burden = self.total(fact["total_burden"])
        modest = known < self.disposable * people
        heavy = 10 * (burden + DIBAO * 12 * people) > RIGID_RATIO_TENTHS * known
        screen = wholly & (burden > RIGID_SCREEN)
        self.homes("U21", screen & modest & heavy & ~open_end, screen & modest & heavy & open_end)
        self.homes("O06", self.any_member(fact["dibao"]) & (known > DIBAO * 12 * people))

    def _over(self) -> None:
        fact, family, month = self.facts, self.family, self.month
        this_month = np.datetime64("1970-01", "M") + (month.month - 1970 * 12)
        before = np.asarray(family.death_day, dtype="datetime64[D]").astype("datetime64[M]") < this_month
        paid = fact["any_roster"] | fact["nursing"] | fact["living"]
        self.persons("O01", family.dead & before & paid)
        self.persons("O02", fact["twice"])
        self.persons("O03", family.in_custody & (fact["dibao"] | fact["tekun"]))
        dibao = self.any_member(fact["dibao"])
        self.homes("O04", (dibao | self.any_member(fact["edge"])) & self.any_member(fact["car"]))
        self.homes("O05", dibao & self.any_member(fact["firm"]))
        self.persons("O07", (fact["nursing"] | fact["living"]) & fact["on_record"] & ~fact["certificate"])
        self.persons("O08", fact["tekun"] & fact["nursing"])

    def _left_then_risk(self) -> None:
        at_risk = np.zeros(self.households, dtype=bool)
        for rule, outcome, subject, places in self._found:
            if rule.startswith("U") and outcome == "true":
                units = self.unit[places] if subject == "person" else places
                at_risk[units[units >= 0]] = True
        self.homes("U18", self.any_member(self.facts["left_roster"]) & ~self.basic & at_risk)
