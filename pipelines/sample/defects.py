"""Which rows go wrong, and how: the rates of `schemas/sample/defects.yaml`, laid over the clean rows.

Belongs here: choosing, and the log of what was done to which row. Does not belong here: how one value is spoilt (`spelling`).

A choice is a hash of seed, chunk, source, person (or settlement) and defect: next month's row of the same person has the
same defect, whatever else changes, until somebody corrects it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample import places, spelling
from pipelines.sample.channel import Channel, channel_spec, luck, share
from pipelines.sample.days import NEVER
from pipelines.sample.files import contracts
from pipelines.sample.households import HEAD
from pipelines.sample.month import Month

Array = npt.NDArray[Any]

CARELESS_ROWS, CARELESS_TIMES = 0.08, 5.0
"""Mistakes come together: so many rows were written by somebody who makes so many times as many of them."""
CAREFUL_TIMES = (1 - CARELESS_ROWS * CARELESS_TIMES) / (1 - CARELESS_ROWS)


def damage(source: str, rows: pl.DataFrame, month: Month, over: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lay the declared defects over one source's clean rows.

    Args:
        source: the source's key.
        rows: clean rows (`sources`); a column `key`, where there is one, says what a defect sticks to instead of the person.
        month: whose rows they are.
        over: a channel file laid over the declared one, or None.

    Returns:
        the rows as the department sends them (repeated rows behind the others), and what was done: at (row), member_no, defect.
    """
    channel = Channel(channel_spec(over), source)
    keys = (rows["key"] if "key" in rows.columns else rows["who_0"]).to_numpy()
    again = share(luck(keys, month.seed, month.chunk, source, "row_repeated", len(rows.columns))) < channel.rate("row_repeated")
    repeated = np.flatnonzero(again)
    nobody = share(luck(keys, month.seed, month.chunk, source, "row_of_nobody")) < channel.rate("row_of_nobody")
    whole = pl.concat([rows, rows[repeated], _nameless(source, rows[np.flatnonzero(nobody)])])
    hurt = _Damage(source, whole, month, channel)
    hurt.log.append(_logged(np.arange(len(rows), len(rows) + len(repeated)), 0, "row_repeated"))
    hurt.log.append(_logged(np.arange(len(rows) + len(repeated), len(whole)), 0, "row_of_nobody"))
    for member, fields in contracts()[source].members().items():
        if f"who_{member}" in whole.columns:
            hurt.member(member, fields)
    if contracts()[source].subject == "household":
        hurt.house_only()
    hurt.styles(channel.spec["styles"].get(source, {}))
    return hurt.rows.drop("key", strict=False), pl.concat(hurt.log)


def _nameless(source: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with neither name nor id, that nobody can use: nobody's."""
    blank = [
        pl.lit(None, dtype=pl.String).alias(column.removesuffix(".id"))
        for fields in contracts()[source].members().values()
        for field, column in fields.items()
        if field in ("name", "id_number") and column.removesuffix(".id") in rows.columns
    ]
    nobody = [pl.lit(-1, dtype=pl.Int64).alias(name) for name in rows.columns if name.startswith("who_")]
    return rows.with_columns(*blank, *nobody).select(rows.columns)


def _logged(at: Array, member: int, defect: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"at": at, "member_no": member, "defect": defect}, schema={"at": pl.Int64, "member_no": pl.Int8, "defect": pl.String}
    )


class _Damage:
    """The rows of one source while defects are laid over them."""

    def __init__(self, source: str, rows: pl.DataFrame, month: Month, channel: Channel) -> None:
        self.rows, self.month, self.channel, self.source = rows, month, channel, source
        self.log: list[pl.DataFrame] = []
        self._keys: Array = np.zeros(0)
        self._member = 0

    def member(self, member: int, fields: dict[str, str]) -> None:
        """All defects of one member of each row."""
        self._member = member
        who = self.rows[f"who_{member}"].to_numpy()
        there = who >= 0
        person = np.maximum(who, 0)
        own_key = "key" in self.rows.columns
        self._keys = self.rows["key"].to_numpy() if own_key else who
        columns = {field: column.removesuffix(".id") for field, column in fields.items()}
        if "name" in columns:
            self._names(columns["name"], there, person)
        if "id_number" in columns:
            self._ids(columns["id_number"], there, person)
        if columns.get("birth_date") in self.rows.columns:
            self._births(columns["birth_date"], there, person)
        self._contacts(columns, there)
        if columns.get("sex") in self.rows.columns:
            column, taken = columns["sex"], np.zeros(len(who), dtype=bool)
            flip = {"男": "女", "女": "男"}
            self._spoil(column, self._hits("sex_wrong", there, taken), "sex_wrong", lambda text, _: flip[text])
            self._spoil(column, self._hits("sex_missing", there, taken), "sex_missing", lambda _text, _luck: None, blank=True)

    def house_only(self) -> None:
        """Rows that name their household by its address alone: whose they are can be said of the house, of no person."""
        who = self.rows["who_0"].to_numpy()
        self._member, self._keys = 0, who
        at = self._hits("house_only", who >= 0, np.zeros(len(who), dtype=bool))
        if len(at):
            self._put("who_0", at, pl.Series([-1] * len(at), dtype=pl.Int64), "house_only")
            blank = [name for name in ("name", "id_number") if name in self.rows.columns]
            none = pl.Series([None] * len(at), dtype=pl.String)
            self.rows = self.rows.with_columns(self.rows[name].scatter(at, none) for name in blank)

    def styles(self, styles: dict[str, dict[str, list[str]]]) -> None:
        """One thing written several ways."""
        keys = self.rows["who_0"].to_numpy()
        for column, ways in styles.items():
            numbers = pl.Series(luck(keys, self.month.seed, self.month.chunk, self.source, "style", column))
            value = pl.col(column)
            for plain, writings in ways.items():
                choice = pl.Series(writings).gather(numbers % len(writings))
                if column == "relation" and plain == "配偶" and "sex" in self.rows.columns:
                    man = self.rows["sex"] == "男"
                    choice = choice.replace({"妻": "配偶"}).zip_with(man.fill_null(True), choice)
                value = pl.when(pl.col(column) == plain).then(choice).otherwise(value)
            self.rows = self.rows.with_columns(value.alias(column))

    def _hits(self, defect: str, eligible: Array, taken: Array) -> Array:
        """Where a defect happens; those rows are then `taken` for the others of its group."""
        rate = self.channel.rate(defect)
        if rate <= 0:
            return np.zeros(0, dtype=np.int64)
        careless = share(self._luck("careless")) < CARELESS_ROWS
        numbers = share(self._luck(defect)) / np.where(careless, CARELESS_TIMES, CAREFUL_TIMES)
        hit = (numbers < rate) & eligible & ~taken
        if self.month.number:
            hit &= share(self._luck(defect + "!")) >= self.channel.rate("corrected") * self.month.number
        taken |= hit
        return np.flatnonzero(hit)

    def _luck(self, what: str) -> Array:
        return luck(self._keys, self.month.seed, self.month.chunk, self.source, self._member, what)

    def _spoil(self, column: str, at: Array, defect: str, how: spelling.Spoil, *, blank: bool = False) -> None:
        """Replace the texts at `at`; where `how` gives None the defect cannot happen (with `blank`: the value is lost)."""
        if not len(at):
            return
        numbers = (self._luck(defect + "?")[at] >> np.uint64(8)).tolist()
        texts = self.rows[column].gather(at).to_list()
        wrong = [None if text is None else how(text, number) for text, number in zip(texts, numbers, strict=True)]
        done = [text is not None and (blank or spoilt not in (None, text)) for text, spoilt in zip(texts, wrong, strict=True)]
        where = at[np.array(done, dtype=bool)]
        if len(where):
            values = [spoilt for spoilt, one in zip(wrong, done, strict=True) if one]
            self._put(column, where, pl.Series(values, dtype=pl.String), defect)

    def _put(self, column: str, at: Array, values: pl.Series, defect: str) -> None:
        self.rows = self.rows.with_columns(self.rows[column].scatter(at, values))
        self.log.append(_logged(at, self._member, defect))

    def _names(self, column: str, there: Array, person: Array) -> None:
        people = self.month.people
        dotted = people["dotted"][person] & there
        plain = there & ~dotted
        taken = np.zeros(len(there), dtype=bool)
        former = plain & people["renamed"][person]
        at = self._hits("name_former", former, taken)
        if len(at):
            self._put(column, at, pl.Series(people["former_name"][person[at]].tolist(), dtype=pl.String), "name_former")
        rare = plain & people["rare_name"][person]
        self._spoil(column, self._hits("rare_lost", rare, taken), "rare_lost", spelling.name_rare_lost)
        for defect in ("name_homophone", "name_lookalike", "name_variant", "name_lost", "name_short", "name_swapped"):
            self._spoil(column, self._hits(defect, plain, taken), defect, spelling.NAME_DEFECTS[defect])
        dead = people["death"][person] > NEVER
        suffix = plain & (dead | (people["slot"][person] == HEAD))
        at = self._hits("name_suffix", suffix, taken)
        gone = dead[at]
        self._spoil(column, at[gone], "name_suffix", lambda text, _: text + "（已故）")
        self._spoil(column, at[~gone], "name_suffix", lambda text, _: text + "（户主）")
        self._spoil(column, self._hits("name_spaces", plain, taken), "name_spaces", spelling.name_spaces)
        none = np.zeros(len(there), dtype=bool)
        for defect, how in (
            ("dotted_spelt", spelling.name_dotted_spelt),
            ("dots", spelling.name_dots),
            ("dotted_cut", spelling.name_dotted_cut),
        ):
            self._spoil(column, self._hits(defect, dotted, none.copy()), defect, how)

    def _ids(self, column: str, there: Array, person: Array) -> None:
        people, taken = self.month.people, np.zeros(len(there), dtype=bool)
        certificate = contracts()[self.source].text_columns()[column].type == "disability_certificate"
        second = there & people["has_second_id"][person]
        number = luck(person, self.month.seed, self.month.chunk, self.source, "second_id")
        if (
            self.source == "police_household"
        ):  # the register corrects an eighth of them a month; the others follow when they follow
            second &= number % np.uint64(8) < self.month.number
        else:
            second &= number % np.uint64(2) == 0
        self._other_id(column, np.flatnonzero(second), people["second_id"][person], "second_id")
        taken |= second
        self.log.append(_logged(np.flatnonzero(there & people["shares_id"][person]), self._member, "shared_id"))
        child = there & (people["age"][person] < 14) & (people["mother"][person] >= 0)
        at = self._hits("id_mothers", child & ~np.full(len(there), certificate), taken)
        self._other_id(column, at, people["id"][np.maximum(people["mother"][person], 0)], "id_mothers")
        relative = np.where(people["spouse"][person] >= 0, people["spouse"][person], people["father"][person])
        at = self._hits("id_relatives", there & (relative >= 0) & ~np.full(len(there), certificate), taken)
        self._other_id(column, at, people["id"][np.maximum(relative, 0)], "id_relatives")
        self._spoil(column, self._hits("id_missing", there, taken), "id_missing", lambda _text, _luck: None, blank=True)
        for defect, how in spelling.ID_DEFECTS.items():
            if certificate and defect in ("id_masked", "id_placeholder", "id_fifteen", "id_digit_lost"):
                continue
            self._spoil(column, self._hits(defect, there, taken), defect, how)

    def _other_id(self, column: str, at: Array, other: Array, defect: str) -> None:
        if len(at):
            tail = self.rows[column].gather(at).str.slice(18).fill_null("")
            self._put(column, at, pl.Series(other[at].tolist(), dtype=pl.String) + tail, defect)

    def _births(self, column: str, there: Array, person: Array) -> None:
        taken = np.zeros(len(there), dtype=bool)
        born = self.month.people["birth"][person]
        old = there & (born < -1826)  # before 1965
        for defect, eligible in (
            ("birth_lunar", old),
            ("birth_swapped", there),
            ("birth_first_january", there),
            ("birth_year", there),
        ):
            at = self._hits(defect, eligible, taken)
            days = self.rows[column].gather(at).to_list()
            numbers = (self._luck(defect + "?")[at] >> np.uint64(8)).tolist()
            wrong = [
                None if day is None else _other_birth(defect, day, number) for day, number in zip(days, numbers, strict=True)
            ]
            done = np.array([spoilt not in (None, day) for day, spoilt in zip(days, wrong, strict=True)], dtype=bool)
            if done.any():
                values = [spoilt for spoilt, one in zip(wrong, done, strict=True) if one]
                self._put(column, at[done], pl.Series(values, dtype=pl.Date), defect)
        at = self._hits("birth_missing", there, taken)
        if len(at):
            self._put(column, at, pl.Series([None] * len(at), dtype=pl.Date), "birth_missing")

    def _contacts(self, columns: dict[str, str], there: Array) -> None:
        known = set(self.rows.columns)
        for field, plan in _CONTACT_DEFECTS.items():
            column = columns.get(field)
            if column not in known or column is None:
                continue
            taken = np.zeros(len(there), dtype=bool)
            for defect, how in plan:
                self._spoil(column, self._hits(defect, there, taken), defect, how, blank=defect.endswith("_missing"))


def _other_birth(defect: str, day: Any, number: int) -> Any:
    if defect == "birth_lunar":
        return spelling.birth_lunar(day)
    if defect == "birth_swapped":
        return spelling.birth_swapped(day)
    if defect == "birth_first_january":
        return day.replace(month=1, day=1)
    if (day.month, day.day) == (2, 29):
        return None
    return day.replace(year=max(1900, day.year + (1, -1, 2, -10)[number % 4]))


def _lost(_text: str, _luck: int) -> str | None:
    return None


_CONTACT_DEFECTS: dict[str, list[tuple[str, spelling.Spoil]]] = {
    "phone": [
        ("phone_missing", _lost),
        ("phone_changed", lambda text, luck: text[:3] + f"{luck % 100_000_000:08d}"),
        (
            "phone_written",
            lambda text, luck: (
                f"{text[:3]}-{text[3:7]}-{text[7:]}",
                f"+86{text}",
                f"{text[:3]} {text[3:7]} {text[7:]}",
                f"'{text}",
            )[luck % 4],
        ),
    ],
    "address": [
        ("address_missing", _lost),
        ("address_short", lambda text, _luck: text.split("号")[0] + "号" if "号" in text else None),
        (
            "address_long",
            lambda text, luck: ("山东省青岛市黄岛区", "青岛市黄岛区", "青岛市西海岸新区", "山东省胶南市")[luck % 4] + text,
        ),
    ],
    "town": [("town_missing", _lost), ("town_renamed", places.another_town_name)],
    "village": [
        ("village_missing", _lost),
        (
            "village_written",
            lambda text, luck: text + ("居委会" if text.endswith("社区") else ("村", "村民委员会", "村委会")[luck % 3]),
        ),
    ],
}
