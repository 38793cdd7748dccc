"""What-if: how leads would change if a parameter had another value, before anyone decides it.

Belongs here: running the affected rules on a batch's stored facts with other values, and comparing. Does not belong here:
showing the comparison (`view`). Nothing is written to the batch.

What is compared is a household and direction with its highest level: what the batch's findings say, before the course of
leads (cool-down, a town's limit), so that the effect is the parameter's alone.
"""

import datetime as dt
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.rules.catalogue import load_catalogue
from pipelines.assess.rules.findings import open_facts
from pipelines.assess.rules.load import BoundRule, load_rules
from pipelines.assess.rules.model import LEVELS
from pipelines.assess.rules.run import SECOND_PASS, find, prepare
from pipelines.declarations import named
from pipelines.errors import DataError, UsageError
from pipelines.month import windows
from pipelines.parameters import Parameter, Value, district_area, figure, load_parameters
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb
    import polars as pl

_POPULATIONS = {"urban": "城镇", "rural": "农村", "any": "不分城乡"}


@dataclass(frozen=True)
class Setting:
    """One value tried: what it was and what it would be, as a person reads them."""

    key: str
    title: str
    population: str
    was: str
    now: str


@dataclass(frozen=True)
class Simulation:
    """What would change.

    Attributes:
        batch: the batch whose facts were used.
        settings: the values tried.
        by_rule: rule_id, title, before, after, gained, lost (findings), for the affected rules.
        by_level: direction, level, before, after (leads).
        by_town: town, direction, before, after, gained, lost, changed, kept (leads); kept is in both at the same level.
        moves: direction, was, now, leads: from which level to which; `无` is no lead.
        notes: what the reader must know.
    """

    batch: str
    settings: list[Setting]
    by_rule: "pl.DataFrame"
    by_level: "pl.DataFrame"
    by_town: "pl.DataFrame"
    moves: "pl.DataFrame"
    notes: list[str]

    @property
    def gained(self) -> int:
        """Leads that would be new."""
        return int(self.by_town["gained"].sum())

    @property
    def lost(self) -> int:
        """Leads that would no longer be."""
        return int(self.by_town["lost"].sum())

    @property
    def changed(self) -> int:
        """Leads that would have another level."""
        return int(self.by_town["changed"].sum())

    @property
    def kept(self) -> int:
        """Leads that would stay as they are."""
        return int(self.by_town["kept"].sum())


def simulate(home: Home, batch: str, settings: Mapping[str, str]) -> Simulation:
    """Run the rules that a setting affects on a batch's facts and compare with the batch's findings.

    Args:
        home: where the batch is.
        batch: a month that was run.
        settings: parameter key, or `key@urban` / `key@rural`, → value; a share may be written `60%`.

    Raises:
        UsageError: a key is no parameter, is in no rule's condition, or the value is no number.
        DataError: the batch has no findings.
    """
    day = windows(batch).as_of
    declared = load_parameters()
    tried, told = _apply(declared, settings, day)
    catalogue = load_catalogue(parameters=declared)
    rules = load_rules(parameters=declared, catalogue=catalogue)
    affected = _affected(rules, {setting.key for setting in told})
    path = home.lake(batch, "assess", "findings")
    if not path.exists():
        raise DataError(f"批次 {batch} 还没有运行过规则。", where=batch, todo="先运行这个批次（zhudong run），再试算。")
    with home.connect() as connection:
        open_facts(connection, home, batch)
        connection.execute(f"CREATE TEMP VIEW published AS FROM read_parquet('{quoted(path)}')")
        listed = ", ".join(f"'{rule}'" for rule in affected)
        unaffected = f"FROM published WHERE rule_id NOT IN ({listed})"
        running = [prepare(rule, tried, district_area(), day) for rule in affected.values()]
        before = f"SELECT household_id, rule_id {unaffected} AND direction = 'under' AND outcome = 'true'"
        find(connection, running, catalogue, day, before=before)
        columns = "rule_id, direction, outcome, level, person_id, household_id"
        connection.execute(f"CREATE TEMP TABLE was AS SELECT {columns} FROM published")
        connection.execute(f"CREATE TEMP TABLE will AS SELECT {columns} {unaffected} UNION ALL SELECT {columns} FROM found")
        notes = _notes(connection, affected, declared, day)
        notes += [f"{each.rule.declared.rule} {each.not_run}" for each in running if each.not_run]
        return _compare(connection, batch, told, affected, notes)


def _apply(
    declared: dict[str, Parameter], settings: Mapping[str, str], day: dt.date
) -> tuple[dict[str, Parameter], list[Setting]]:
    tried = dict(declared)
    told = []
    for name, text in settings.items():
        key, _, population = name.partition("@")
        if key not in declared:
            near = difflib.get_close_matches(key, declared, n=3, cutoff=0.5)
            raise UsageError(f"没有叫“{key}”的参数。{f'是不是：{named(near)}？' if near else '参数见 zhudong parameters。'}")
        population = population or "any"
        if population not in _POPULATIONS:
            raise UsageError(f"“{name}”的人群只能写 @urban（城镇）或 @rural（农村）。")
        place = {"area": district_area(), "population": population}
        value = Value.model_validate(place | {"from": day, "value": _number(name, text), "status": "to_confirm"})
        parameter = declared[key]
        kept = [
            each
            for each in tried[key].values
            if each.area != value.area or (population != "any" and each.population != population) or each.since < day
        ]
        if population == "any":  # a value for everybody replaces those for townspeople and countrypeople
            kept = [each for each in kept if each.area != value.area or each.population == "any"]
        tried[key] = tried[key].model_copy(update={"values": [value, *kept]})
        held = {
            p: parameter.value_on(district_area(), p, day) for p in (["urban", "rural"] if population == "any" else [population])
        }
        was = list(
            dict.fromkeys(figure(v.value, parameter.unit) if v and v.value is not None else "没有值" for v in held.values())
        )
        assert value.value is not None
        told.append(Setting(key, parameter.title, _POPULATIONS[population], " / ".join(was), figure(value.value, parameter.unit)))
    return tried, told


def _number(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text.rstrip("%").replace(",", ""))
    except InvalidOperation:
        raise UsageError(f"“{name}”的值“{text}”不是数字。") from None
    if not number.is_finite():
        raise UsageError(f"“{name}”的值“{text}”不是数字。")
    return number / 100 if text.endswith("%") else number


def _affected(rules: dict[str, BoundRule], keys: set[str]) -> dict[str, BoundRule]:
    read = {key for rule in rules.values() for key in rule.parameters}
    if unread := sorted(keys - read):
        raise UsageError(
            f"参数 {named(unread)} 不在任何规则的条件里：它决定的是事实或办理期限，改变它要改参数文件后重新运行批次，不能试算。"
        )
    affected = {id_: rule for id_, rule in rules.items() if keys & set(rule.parameters)}
    if any(rule.declared.direction == "under" for rule in affected.values()):
        affected |= {id_: rule for id_, rule in rules.items() if SECOND_PASS in rule.facts}
    return affected


def _notes(
    connection: "duckdb.DuckDBPyConnection", affected: dict[str, BoundRule], declared: dict[str, Parameter], day: dt.date
) -> list[str]:
    """Whether the rules are still those that the batch was run with."""
    published = dict(connection.execute("SELECT rule_id, any_value(rule_version) FROM published GROUP BY ALL").fetchall())
    changed = [
        id_
        for id_, rule in affected.items()
        if id_ in published and prepare(rule, declared, district_area(), day).version != published[id_]
    ]
    return [f"规则或参数 {named(changed)} 在批次运行之后改过，差别里也有这些改动。"] if changed else []


def _compare(
    connection: "duckdb.DuckDBPyConnection", batch: str, settings: list[Setting], affected: dict[str, BoundRule], notes: list[str]
) -> Simulation:
    import polars as pl

    connection.execute(Path(__file__).with_name("simulate.sql").read_text(encoding="utf-8"))
    by_rule, by_level, by_town, moves = (connection.table(name).pl() for name in ("by_rule", "by_level", "by_town", "moves"))
    titles = pl.DataFrame(
        {"rule_id": list(affected), "title": [rule.declared.title for rule in affected.values()]},
        schema={"rule_id": pl.String, "title": pl.String},
    )
    numbers = [pl.col(name).fill_null(0).cast(pl.Int64) for name in ("before", "after", "gained", "lost")]
    over = pl.col("direction") != "under"
    return Simulation(
        batch,
        settings,
        titles.join(by_rule, on="rule_id", how="left").with_columns(numbers),
        by_level.sort(over, pl.col("level").replace_strict(list(LEVELS), range(len(LEVELS)))),
        by_town.sort(over, -pl.sum_horizontal("gained", "lost", "changed").cast(pl.Int64), "town"),
        moves.sort(-pl.col("leads").cast(pl.Int64), "direction", "was", "now"),
        notes,
    )
