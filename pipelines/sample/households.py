"""Households of many kinds: who lives with whom, who is whose child, spouse, former spouse.

Belongs here: families as `schemas/sample/households.yaml` and `cases.yaml` declare them, their towns, names and ids.
Does not belong here: what happens to the people in them (`lives`).
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from pipelines.sample import identities, places
from pipelines.sample.channel import channel_spec
from pipelines.sample.days import last_day
from pipelines.storage import SCHEMAS

Array = npt.NDArray[Any]
Columns = dict[str, Array]

HEAD, SPOUSE, CHILDREN, FATHER, MOTHER, GRANDCHILDREN, CHILD_SPOUSE, HER_FATHER, HER_MOTHER = (
    0,
    1,
    range(2, 8),
    8,
    9,
    (10, 11),
    12,
    13,
    14,
)
SLOTS = 16

CHUNK = 40_000
"""Persons made at once: about 0.3 GB."""

LEAST = 1000
"""Fewer persons than this do not hold the planted families."""


@dataclass(frozen=True)
class Plan:
    """What is made: how many persons in all, from which seed, for which months, in how many chunks."""

    persons: int
    seed: int
    batches: tuple[str, ...]
    channel: str | None = None

    @property
    def chunks(self) -> int:
        """How many chunks: so large that a chunk fits in memory many times over, so few that ids suffice."""
        return max(1, -(-self.persons // max(CHUNK, self.persons // 60)))

    def months(self) -> list[int]:
        """The batches as months counted from year 0."""
        return [int(batch[:4]) * 12 + int(batch[5:]) - 1 for batch in self.batches]


@functools.cache
def declared() -> dict[str, Any]:
    """`households.yaml` with the planted families of `cases.yaml` under `cases`."""
    folder = SCHEMAS / "sample"
    kinds: dict[str, Any] = yaml.safe_load((folder / "households.yaml").read_text(encoding="utf-8"))
    kinds["cases"] = yaml.safe_load((folder / "cases.yaml").read_text(encoding="utf-8"))
    return kinds


def share_of_chunk(total: int, chunk: int, chunks: int) -> int:
    """This chunk's part of `total` things spread evenly over all chunks."""
    return total * (chunk + 1) // chunks - total * chunk // chunks


def build(plan: Plan, chunk: int, rng: np.random.Generator) -> Columns:
    """The people of one chunk, in the order of their households.

    Returns:
        one array per column: hh (household number, -1 in no register), family (who live together), slot, case (number of
        the planted case or -1), sex, birth (days since 1970), spouse, former, father, mother (row numbers or -1), name,
        surname, id, town, village, grid (numbers), rural, relation, collective, dotted.
    """
    quota = share_of_chunk(plan.persons, chunk, plan.chunks)
    base = last_day(plan.months()[0])
    rows = _families(plan, chunk, rng, quota, base)
    _lonely(rows, rng, quota, base)
    people = {key: np.concatenate([part[key] for part in rows]) for key in rows[0]}
    people = _trim(people, rng, quota, last_day(plan.months()[-1]))
    _relate(people)
    wants = np.array([{"rural": 1, "urban": 2}.get(case.get("town", ""), 0) for case in declared()["cases"].values()] + [0])
    people["wants_town"] = wants[people["case"]]
    places.settle(people, rng)
    identities.give_names(people, rng)
    identities.give_numbers(people, channel_spec(plan.channel)["persons"], (chunk, plan.chunks), rng)
    return people


def _families(plan: Plan, chunk: int, rng: np.random.Generator, quota: int, base: int) -> list[Columns]:
    spec = declared()
    cases = list(spec["cases"].values())
    parts = []
    family = 0
    kinds = list(spec["kinds"].items())
    mean_size = 2.55
    shares = np.array([kind["share"] for _, kind in kinds])
    wanted = rng.multinomial(int(quota / mean_size * 1.15), shares / shares.sum())
    for number, case in enumerate(cases):
        total = max(case.get("at_least", 2), round(case.get("per_million", 20) * plan.persons / 1e6))
        count = share_of_chunk(total, chunk, plan.chunks)
        kind = {**spec["kinds"][case["kind"]], **{key: case[key] for key in ("age", "men", "members") if key in case}}
        parts.append(_kind(rng, kind, count, family, base, number))
        family += count
    for (_, kind), count in zip(kinds, wanted, strict=True):
        parts.append(_kind(rng, kind, int(count), family, base, -1))
        family += int(count)
    return [part for part in parts if len(part["slot"])]


def _kind(rng: np.random.Generator, kind: dict[str, Any], count: int, first: int, base: int, case: int) -> Columns:
    """`count` families of one kind; family numbers from `first`."""
    low, high = kind["age"]
    ages = {0: rng.uniform(low, high + 0.999, count)}
    sexes = {0: np.where(rng.random(count) < kind["men"], 1, 2)}
    present = {0: np.ones(count, dtype=bool)}
    apart, tie = {0: False}, {0: ""}
    for member in kind["members"]:
        slot = member["slot"]
        of = member.get("of", 0)
        gap = rng.uniform(member["gap"][0], member["gap"][1], count)
        if slot == SPOUSE:
            gap = np.where(sexes[0] == 1, gap, -gap)
        ages[slot] = ages[of] + gap
        if kind.get("twins") and slot == CHILDREN[1]:
            ages[slot] = ages[CHILDREN[0]]
        present[slot] = present[of] & (rng.random(count) < member.get("chance", 1.0)) & (ages[slot] < 103)
        sexes[slot] = _sex(rng, slot, sexes, count, member.get("men", 0.52))
        apart[slot] = member.get("apart", False)
        tie[slot] = member.get("tie", "")
    family = first + np.arange(count)
    parts = []
    for slot in ages:
        there = present[slot]
        size = int(there.sum())
        parts.append(
            {
                "family": family[there],
                "apart": np.full(size, apart[slot]),
                "divorced": np.full(size, tie[slot] == "divorced"),
                "slot": np.full(size, slot, dtype=np.int64),
                "case": np.full(size, case, dtype=np.int64),
                "sex": sexes[slot][there],
                "birth": (base - ages[slot][there] * 365.25).astype(np.int64),
                "dotted": np.full(size, bool(kind.get("dotted"))),
                "collective": np.zeros(size, dtype=bool),
                "outsider": np.zeros(size, dtype=bool),
            }
        )
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _sex(rng: np.random.Generator, slot: int, sexes: dict[int, Array], count: int, men: float) -> Array:
    if slot == SPOUSE:
        return 3 - sexes[0]
    if slot == CHILD_SPOUSE:
        return 3 - sexes[2]
    if slot in (FATHER, HER_FATHER):
        return np.ones(count, dtype=np.int64)
    if slot in (MOTHER, HER_MOTHER):
        return np.full(count, 2, dtype=np.int64)
    return np.where(rng.random(count) < men, 1, 2)


def _lonely(rows: list[Columns], rng: np.random.Generator, quota: int, base: int) -> None:
    """集体户 and people of no register, added to `rows`."""
    spec = declared()
    family = int(max(part["family"].max() for part in rows)) + 1
    collective = spec["collective"]
    for _ in range(max(1, round(quota / collective["every"]))):
        low, high = collective["members"]
        size = min(int(rng.integers(low, high)), max(40, quota // 60))
        rows.append(_single(rng, size, np.full(size, family), collective["age"], base, "collective"))
        family += 1
    size = round(quota * spec["outsiders"]["share"])
    if size:
        rows.append(_single(rng, size, family + np.arange(size), spec["outsiders"]["age"], base, "outsider"))


def _single(rng: np.random.Generator, size: int, family: Array, age: list[int], base: int, mark: str) -> Columns:
    columns: Columns = {
        "family": family,
        "slot": np.zeros(size, dtype=np.int64),
        "case": np.full(size, -1, dtype=np.int64),
        "sex": rng.integers(1, 3, size),
        "birth": (base - rng.uniform(age[0], age[1] + 1, size) * 365.25).astype(np.int64),
    }
    for key in ("apart", "divorced", "dotted", "collective", "outsider"):
        columns[key] = np.full(size, key == mark)
    return columns


def _trim(people: Columns, rng: np.random.Generator, quota: int, last: int) -> Columns:
    """Drop who is born after the last month, and families of no case until the quota holds; sort by family and slot."""
    order = np.lexsort((people["slot"], people["family"]))
    people = {key: column[order] for key, column in people.items()}
    people = {key: column[people["birth"] <= last] for key, column in people.items()}
    sizes = np.bincount(people["family"])
    fixed = np.zeros(len(sizes), dtype=bool)
    fixed[people["family"][(people["case"] >= 0) | people["collective"] | people["outsider"]]] = True
    priority = np.where(fixed, -1.0, rng.random(len(sizes)))
    by_priority = np.argsort(priority, kind="stable")
    keep = np.zeros(len(sizes), dtype=bool)
    keep[by_priority] = np.cumsum(sizes[by_priority]) <= quota
    keep |= fixed
    people = {key: column[keep[people["family"]]] for key, column in people.items()}
    # Families in random order, so that kinds and cases are spread over towns and files; a family stays together.
    shuffled = rng.permutation(len(sizes))
    order = np.lexsort((people["slot"], shuffled[people["family"]]))
    people = {key: column[order] for key, column in people.items()}
    people["family"] = np.unique(shuffled[people["family"]], return_inverse=True)[1].astype(np.int64)
    return people


def _relate(people: Columns) -> None:
    """Household numbers, spouses, parents and relations to the head, from family and slot."""
    key = people["family"] * SLOTS + people["slot"]
    key = np.where(people["collective"] | people["outsider"], -1, key)
    order = np.argsort(key, kind="stable")
    ordered = key[order]

    def at(slot: Array | int) -> Array:
        wanted = people["family"] * SLOTS + slot
        place = np.minimum(np.searchsorted(ordered, wanted), len(key) - 1)
        return np.where((ordered[place] == wanted) & (key >= 0), order[place], -1)

    slot, sex = people["slot"], people["sex"]
    head, spouse = at(HEAD), at(SPOUSE)
    divorced_pair = np.where(spouse >= 0, people["divorced"][spouse], False)
    partner = np.select(
        [
            slot == HEAD,
            slot == SPOUSE,
            slot == FATHER,
            slot == MOTHER,
            slot == 2,
            slot == CHILD_SPOUSE,
            slot == HER_FATHER,
            slot == HER_MOTHER,
        ],
        [spouse, head, at(MOTHER), at(FATHER), at(CHILD_SPOUSE), at(2), at(HER_MOTHER), at(HER_FATHER)],
        -1,
    )
    couple = np.isin(slot, (HEAD, SPOUSE))
    people["spouse"] = np.where(couple & divorced_pair, -1, partner)
    people["former"] = np.where(couple & divorced_pair, partner, -1)
    child = (slot >= 2) & (slot <= 7)
    head_man = np.where(head >= 0, sex[head] == 1, False)
    people["father"] = np.select([child, slot == HEAD], [np.where(head_man, head, spouse), at(FATHER)], -1)
    people["mother"] = np.select([child, slot == HEAD], [np.where(head_man, spouse, head), at(MOTHER)], -1)
    grandchild = np.isin(slot, GRANDCHILDREN)
    people["father"] = np.where(grandchild, np.where(sex[at(2)] == 1, at(2), at(CHILD_SPOUSE)), people["father"])
    people["mother"] = np.where(grandchild, np.where(sex[at(2)] == 1, at(CHILD_SPOUSE), at(2)), people["mother"])
    hers = np.isin(slot, (SPOUSE,)) & people["apart"]
    people["father"] = np.where(hers, at(HER_FATHER), people["father"])
    people["mother"] = np.where(hers, at(HER_MOTHER), people["mother"])
    people["hh"] = np.where(people["outsider"], -1, people["family"] * 2 + people["apart"])
    people["relation"] = _relations(people, at)


def _relations(people: Columns, at: Any) -> Array:
    slot, sex = people["slot"], people["sex"]
    man = sex == 1
    rank = np.zeros(len(slot), dtype=np.int64)
    for one in (1, 2):
        child = (slot >= 2) & (slot <= 7) & (sex == one)
        running = np.cumsum(child)
        first = np.r_[True, people["family"][1:] != people["family"][:-1]]
        start = np.maximum.accumulate(np.where(first, running - child, 0))
        rank = np.where(child, running - start - 1, rank)
    sons = np.array(["长子", "次子", "三子", "四子", "子", "子"], dtype=object)[np.minimum(rank, 5)]
    daughters = np.array(["长女", "次女", "三女", "四女", "女", "女"], dtype=object)[np.minimum(rank, 5)]
    her_parents = at(HER_FATHER) >= 0
    of_son = np.where(at(2) >= 0, sex[at(2)] == 1, True)
    return np.select(
        [
            people["collective"],
            (slot == SPOUSE) & people["apart"] & her_parents,
            (slot == HEAD) | ((slot == SPOUSE) & people["apart"]) | (slot == HER_FATHER),
            (slot == SPOUSE) | (slot == HER_MOTHER),
            (slot == FATHER),
            (slot == MOTHER),
            (slot == CHILD_SPOUSE),
            np.isin(slot, GRANDCHILDREN),
        ],
        [
            np.full(len(slot), "非亲属", dtype=object),
            np.full(len(slot), "女", dtype=object),
            np.full(len(slot), "户主", dtype=object),
            np.full(len(slot), "配偶", dtype=object),
            np.full(len(slot), "父亲", dtype=object),
            np.full(len(slot), "母亲", dtype=object),
            np.where(man, "女婿", "儿媳").astype(object),
            np.where(of_son, np.where(man, "孙子", "孙女"), np.where(man, "外孙子", "外孙女")).astype(object),
        ],
        np.where(man, sons, daughters),
    )
