"""Where people live: towns, villages, grids, addresses to the room, phones shared in families.

Belongs here: places and how to reach people. Does not belong here: how departments write them (`files`, `defects`).
"""

import csv
import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.days import none_where
from pipelines.storage import SCHEMAS

Array = npt.NDArray[Any]
Columns = dict[str, Array]

GRIDS = 1309
"""Grids of the model district (2 million residents)."""

VILLAGES_PER_TOWN = 52

_FIRST = "东西南北大小前后上下".strip()
_SECOND = list("王李张刘陈杨孙于姜丁薛管逄隋庄徐宋高赵马")
_THIRD = ["家庄", "家村", "家河", "家疃", "家沟", "家岭", "哥庄", "家滩", "家台", "家屯"]
_ROADS = [
    "长江路",
    "香江路",
    "珠江路",
    "漓江路",
    "滨海大道",
    "海滨路",
    "双珠路",
    "灵山湾路",
    "泰山路",
    "琅琊台路",
    "人民路",
    "文化路",
    "前湾港路",
    "世纪大道",
    "东岳路",
    "富春江路",
]
_ESTATES = ["海青花园", "紫金山小区", "金沙滩花园", "凤栖城", "凤凰新村", "海都嘉园", "阳光苑", "东方花园", "星海湾", "丽景苑"]
_PREFIXES = [
    "130",
    "131",
    "132",
    "133",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "152",
    "153",
    "155",
    "156",
    "157",
    "158",
    "159",
    "176",
    "177",
    "178",
    "180",
    "182",
    "183",
    "185",
    "186",
    "187",
    "188",
    "189",
    "199",
]


@functools.cache
def towns() -> list[tuple[str, str]]:
    """The district's towns: name and kind (urban, rural), as `schemas/codes/towns.csv` has them."""
    with (SCHEMAS / "codes" / "towns.csv").open(encoding="utf-8", newline="") as file:
        return [(row["value"], row["kind"]) for row in csv.DictReader(file)]


@functools.cache
def _other_town_names() -> dict[str, list[str]]:
    with (SCHEMAS / "codes" / "towns.csv").open(encoding="utf-8", newline="") as file:
        return {row["value"]: [name for name in row["variants"].split("|") if name] for row in csv.DictReader(file)}


def another_town_name(town: str, luck: int) -> str | None:
    """A former or sloppy name of a town, or None."""
    others = _other_town_names().get(town, [])
    return others[luck % len(others)] if others else None


@functools.cache
def villages() -> list[list[str]]:
    """The villages and 社区 of each town; the same in every district, so that seeds can be compared."""
    rng = np.random.default_rng(20231)
    result = []
    for _, kind in towns():
        found: list[str] = []
        while len(found) < VILLAGES_PER_TOWN:
            if kind == "urban" and rng.random() < 0.5:
                name = str(rng.choice(_ROADS)).removesuffix("路") + "社区"
            else:
                name = (rng.choice(list(_FIRST)) if rng.random() < 0.5 else "") + rng.choice(_SECOND) + rng.choice(_THIRD)
                name = str(name)
            if name not in found:
                found.append(name)
            elif len(found) > 30:
                break
        result.append(found)
    return result


def settle(people: Columns, rng: np.random.Generator) -> None:
    """Give every person town, village and grid (numbers), `rural`, address and phone.

    A family lives together; whoever is registered apart lives in another village of the same town, so that which
    disposable income holds for them is never in doubt.
    """
    weights = np.array([2.0 if kind == "urban" else 1.0 for _, kind in towns()]) * np.linspace(1.3, 0.7, len(towns()))
    families = int(people["family"].max()) + 1
    need = np.zeros(families, dtype=np.int64)  # 1 must be rural, 2 must be urban
    need[people["family"]] = people["wants_town"]
    rural_town = np.array([kind == "rural" for _, kind in towns()])
    chance = np.stack([weights, weights * rural_town, weights * ~rural_town])
    cumulated = np.cumsum(chance / chance.sum(axis=1, keepdims=True), axis=1)
    draw = rng.random(families)
    town = np.minimum((cumulated[need] < draw[:, None]).sum(axis=1), len(towns()) - 1)
    sizes = np.array([len(each) for each in villages()])
    # Villages differ in size: the square of a uniform draw puts more people in the first ones.
    village = np.stack([(rng.random(families) ** 2 * sizes[town]).astype(np.int64) for _ in range(2)], axis=1)
    family, apart = people["family"], people["apart"].astype(np.int64)
    people["town"] = np.where(people["outsider"], -1, town[family])
    people["rural"] = np.where(people["outsider"], False, rural_town[town[family]])
    people["village"] = village[family, apart]
    people["grid_no"] = 1 + (family % max(1, round(GRIDS * families * 2.4 / 2_000_000 / (len(towns()) * VILLAGES_PER_TOWN))))
    people["address"] = addresses(rng, families)[family * 2 + apart]
    people["phone"] = _phones(people, rng, families)


def addresses(rng: np.random.Generator, families: int) -> Array:
    """Two addresses for each family: its own, and that of those registered apart."""
    size = families * 2
    number = pl.DataFrame(
        {
            "road": rng.choice(_ROADS, size),
            "estate": rng.choice(_ESTATES, size),
            "no": rng.integers(1, 400, size),
            "building": rng.integers(1, 40, size),
            "unit": rng.integers(1, 5, size),
            "floor": rng.integers(1, 19, size),
            "room": rng.integers(1, 5, size),
            "kind": rng.random(size),
        }
    )
    urban = pl.format("{}{}号{}{}号楼{}单元{}0{}室", "road", "no", "estate", "building", "unit", "floor", "room")
    village = pl.format("{}号", "no")
    return number.select(pl.when(pl.col("kind") < 0.55).then(urban).otherwise(village).alias("a"))["a"].to_numpy().astype(object)


def _phones(people: Columns, rng: np.random.Generator, families: int) -> Array:
    """Adults mostly have one of their own; children and the old the family's; some share, a few have none."""
    count = len(people["family"])

    own, shared = numbers(rng, count), numbers(rng, families)[people["family"]]
    age = (people["birth"].max() - people["birth"]) / 365.25
    chance = np.select([age < 16, age >= 70], [0.03, 0.45], 0.82)
    phone = np.where(rng.random(count) < chance, own, shared)
    return none_where(rng.random(count) < 0.03, phone)


def numbers(rng: np.random.Generator, size: int) -> Array:
    """Mobile numbers."""
    prefix = pl.Series(rng.choice(_PREFIXES, size), dtype=pl.String)
    rest = pl.Series(rng.integers(0, 100_000_000, size)).cast(pl.String).str.zfill(8)
    return (prefix + rest).to_numpy().astype(object)


def towns_of_like_kind(rng: np.random.Generator, families: int) -> Array:
    """A town for each family that moves: row 0 urban, row 1 rural ones."""
    kinds = [np.flatnonzero([kind == wanted for _, kind in towns()]) for wanted in ("urban", "rural")]
    return np.stack([rng.choice(kind, families) for kind in kinds])


def fewest_villages() -> int:
    """How many villages every town has at least."""
    return min(len(names) for names in villages())


def village_surnames(people: Columns) -> Array:
    """The surname each person's village is named after (王家庄, 前李哥庄), or an empty text."""
    named = []
    for names in villages():
        for name in names:
            core = name[1:] if name[0] in _FIRST and len(name) == 4 else name
            named.append(core[0] if len(core) == 3 and core[1] in "家哥" else "")
    starts = np.cumsum([0, *(len(names) for names in villages())])[:-1]
    place = np.where(people["town"] >= 0, starts[people["town"]] + people["village"], 0)
    return np.where(people["town"] >= 0, np.array(named, dtype=object)[place], "").astype(object)
