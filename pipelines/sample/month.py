"""One month of one chunk: who is known under which name and number on its last day.

Belongs here: the persons as of a month, and picking them into a source's frame. Does not belong here: any one source.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample import places
from pipelines.sample.days import NEVER, dates, last_day
from pipelines.sample.households import Columns

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Month:
    """What one batch of one chunk is made from."""

    people: Columns
    settlements: pl.DataFrame
    marriages: pl.DataFrame
    month: int
    number: int
    chunk: int
    seed: int

    @property
    def today(self) -> int:
        """The batch's last day, days since 1970."""
        return last_day(self.month)

    def rng(self, *what: int) -> np.random.Generator:
        """Random numbers that depend on seed and chunk but not on the month: what does not change must not."""
        return np.random.default_rng([self.seed, self.chunk, 77, *what])


def known_persons(month: Month) -> pl.DataFrame:
    """Name, id and so on of every person as of this month, one row per person."""
    people = month.people
    towns = pl.Series([name for name, _ in places.towns()])
    every_village = pl.Series([name for names in places.villages() for name in names])
    starts = np.cumsum([0, *(len(names) for names in places.villages())])[:-1]
    town = people["town"]
    village = np.where(town >= 0, starts[town] + people["village"], 0)
    outside = pl.Series(town < 0)
    frame = pl.DataFrame(
        {
            "who": np.arange(len(town)),
            "name": pl.Series(people["name"].tolist(), dtype=pl.String),
            "former_name": pl.Series(people["former_name"].tolist(), dtype=pl.String),
            "id_number": pl.Series(people["id"].tolist(), dtype=pl.String),
            "sex": pl.Series(np.where(people["sex"] == 1, "男", "女").tolist(), dtype=pl.String),
            "birth_date": dates(people["birth"]),
            "phone": pl.Series(people["phone"].tolist(), dtype=pl.String),
            "address": pl.Series(people["address"].tolist(), dtype=pl.String),
            "town": towns.gather(pl.Series(np.maximum(town, 0))).set(outside, None),
            "village": every_village.gather(pl.Series(village)).set(outside, None),
            "town_no": town,
        }
    )
    grid = pl.format("{}第{}网格", "village", pl.Series(people["grid_no"]))
    return frame.with_columns(grid=grid)


def pick(known: pl.DataFrame, who: Array, *columns: str) -> pl.DataFrame:
    """The known columns of these persons, in this order, with who_0."""
    frame = known.select("who", "town_no", *columns)[who] if len(who) else known.select("who", "town_no", *columns).clear()
    return frame.rename({"who": "who_0"})


def texts(values: Array) -> pl.Series:
    """Python texts (or None) as a column."""
    return pl.Series(values.tolist(), dtype=pl.String)


def living(month: Month) -> Array:
    """Everybody born and not known to be dead on the month's last day."""
    people = month.people
    gone = (people["death"] > NEVER) & (people["death"] + people["death_lag"] <= month.today)
    return (people["birth"] + 20 <= month.today) & ~gone
