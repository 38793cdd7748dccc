"""Where a rule's parameter values hold: by population, by town where one has a value of its own; and of whom that is not known.

Belongs here: the places of a rule on a day, their values as SQL, and the rule held against every place where somebody's is not
known. Does not belong here: what a parameter is (`pipelines.parameters`), how a rule runs where the place is known (`run`).
"""

import csv
import datetime as dt
import functools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.parameters import Parameter, Value
from pipelines.storage import SCHEMAS

if TYPE_CHECKING:
    from pipelines.assess.rules.catalogue import Catalogue

POPULATIONS: tuple[str, ...] = ("urban", "rural", "")
"""Whom a value may be looked up for; empty: it is not known which, so only values for any population hold."""

NOT_KNOWN = {"person": "population", "household": "household_population"}
"""The fact that is missing where the places disagree, by the subject of a rule."""

Values = dict[str, Value]


@functools.cache
def towns() -> dict[str, str]:
    """The district's towns and their nine digits."""
    with (SCHEMAS / "codes" / "towns.csv").open(encoding="utf-8", newline="") as file:
        return {row["value"]: row["area"] for row in csv.DictReader(file) if len(row["area"]) == 9}


def places_of(
    keys: tuple[str, ...], parameters: Mapping[str, Parameter], area: str, day: dt.date, population: str | None
) -> tuple[dict[str, Values], dict[str, list[str]]]:
    """The values of a rule's parameters at each place that has all of them.

    A place is a population, or `<town>|<population>` for a town that has a value of its own for one of these parameters.

    Args:
        keys: the parameters.
        parameters: all of them.
        area: the district.
        day: the date the data speaks of.
        population: whose values hold, where the rule itself says it.

    Returns:
        values by place and key; for each parameter that lacks a value, the populations it lacks one for.
    """
    found: dict[str, Values] = {}
    lacking: dict[str, list[str]] = {}
    own = [town for town, code in towns().items() if code[:6] == area and any(_of_town(parameters[key], code) for key in keys)]
    for town in ("", *own):
        for whom in POPULATIONS:
            values = {key: parameters[key].value_on(towns().get(town, area), population or whom, day) for key in keys}
            held = {key: value for key, value in values.items() if value is not None}
            if len(held) == len(keys):
                found[f"{town}|{whom}" if town else whom] = held
            elif whom and not town:
                for key in values.keys() - held.keys():
                    lacking.setdefault(key, []).append(whom)
    return found, lacking


def _of_town(parameter: Parameter, code: str) -> bool:
    return any(value.area == code for value in parameter.values)


def place_of(values: Mapping[str, Values], town: str | None, population: str) -> str:
    """SQL of a subject's place: the town where it has values of its own, else the population; '' where neither is known.

    Args:
        values: by place.
        town: SQL of the subject's town; None where the rule does not look at households.
        population: SQL of the subject's population.
    """
    known = sorted({place.split("|")[0] for place in values if "|" in place})
    if not known or town is None:
        return f"coalesce({population}, '')"
    listed = ", ".join(f"'{one}'" for one in known)
    return f"CASE WHEN {town} IN ({listed}) THEN {town} || '|' || coalesce({population}, '') ELSE coalesce({population}, '') END"


def undecided_places(values: Mapping[str, Values]) -> dict[str, Values]:
    """The places that somebody's could be whose place is not known; none where a value for anybody holds."""
    return {} if "" in values else {place: held for place, held in values.items() if place}


def title(place: str) -> str:
    """A place as a person calls it."""
    town, _, population = place.rpartition("|")
    return town or {"urban": "城镇", "rural": "农村"}[population]


def places_sql(values: Mapping[str, Values], catalogue: "Catalogue") -> str:
    """One row per place: place, place_title, place_parameters (JSON), and a column per group of parameters."""
    from pipelines.assess.rules.catalogue import parameters_sql

    rows = []
    for place, held in values.items():
        groups = {key.split(".")[0] for key in held}
        literal = {key: str(value.value) for key, value in held.items()}
        columns = [f"{sql} AS {group}" for group, sql in parameters_sql(catalogue, dict(literal)).items() if group in groups]
        used = {
            key: {
                "value": f"{value.value.normalize():f}" if value.value is not None else None,
                "unit": catalogue.parameters[key].unit,
                "from": str(value.since),
                "document": value.document,
                "status": value.status,
                "area": value.area,
                "population": value.population,
            }
            for key, value in held.items()
        }
        text = json.dumps(used, ensure_ascii=False).replace("'", "''")
        named = title(place) if place else ""
        columns = [f"'{place}' AS place", f"'{named}' AS place_title", f"'{text}' AS place_parameters", *columns]
        rows.append(f"SELECT {', '.join(columns)}")
    return " UNION ALL ".join(rows)


WORDS = {"true": "成立", "unknown": "不能确定", "none": "不成立"}


def combined(each: str, beginning: str, lower: str, subject: str) -> str:
    """SQL of the findings about those whose place is not known: decided where all places agree.

    Args:
        each: a query of each subject at each place: outcome, level, lower, subject_person, subject_household, facts,
            place, place_title, place_parameters, missing, reason, as_of.
        beginning: the rule's own columns.
        lower: SQL of the level where the places disagree.
        subject: person or household.
    """
    words = " ".join(f"WHEN '{outcome}' THEN '{word}'" for outcome, word in WORDS.items())
    said = f"string_agg('按' || place_title || '的标准' || CASE outcome {words} END, '，' ORDER BY place)"
    disagree = f"""'户籍或居住在哪个镇街不知道：' || {said}
        || '；请核实户籍或居住的镇街；数据截至 ' || strftime(any_value(as_of), '%Y-%m-%d')"""
    agree = "count(DISTINCT outcome) = 1"
    return f"""
        SELECT {beginning}, CASE WHEN {agree} THEN any_value(outcome) ELSE 'unknown' END,
            CASE WHEN {agree} THEN arg_min(level, place) ELSE arg_min({lower}, place) END,
            subject_person, subject_household, arg_min(facts, place), arg_min(place_parameters, place),
            CASE WHEN {agree} THEN arg_min(missing, place)
                ELSE list_sort(list_distinct(flatten(list(missing)) || ['{NOT_KNOWN[subject]}'])) END,
            CASE WHEN {agree} THEN arg_min(reason, place) ELSE {disagree} END
        FROM ({each})
        GROUP BY subject_person, subject_household
        HAVING bool_or(outcome <> 'none')"""
