"""Which missing fact makes a condition unknown: those that alone could decide it, and no others."""

import itertools
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.assess.rules.catalogue import load_catalogue
from pipelines.assess.rules.conditions import ConditionError, read_condition
from pipelines.assess.rules.load import scratch

CATALOGUE = load_catalogue()
A, B, C = "severe", "on_dibao", "in_school"
FACTS = (A, B, C)


@pytest.fixture(scope="module")
def connection():
    with ExitStack() as stack:
        yield stack.enter_context(scratch())


def ask(connection, text, **facts):
    """The condition's value and what it misses, for the facts given; the others are not known."""
    condition = read_condition(connection, text, CATALOGUE)
    columns = [
        f"{'NULL' if facts.get(name) is None else facts[name]}::{CATALOGUE.facts[name].type} AS {name}"
        for name in condition.facts
    ]
    query = f"SELECT ({condition.sql}), {condition.missing} FROM (SELECT {', '.join(columns)})"
    return connection.execute(query).fetchall()[0]


@pytest.mark.parametrize(
    ("text", "facts", "missing"),
    [
        (f"{A} and {B}", {A: True}, [B]),
        (f"{A} and {B}", {}, [B, A]),
        (f"{A} or {B}", {A: False}, [B]),
        (f"({A} and {B}) or {C}", {A: False}, [C]),  # B is not known either, and changes nothing
        (f"({A} or {B}) and {C}", {A: True}, [C]),
        (f"not ({A} and {B})", {A: True}, [B]),
        (f"not ({A} or not {B}) and {C}", {A: False, C: True}, [B]),
        (f"case when {A} then {B} else {C} end", {A: True, C: True}, [B]),
        ("age > 3 and household_size > 1", {"age": 5}, ["household_size"]),
        ("age + household_size > 3", {"age": 5}, ["household_size"]),
        ("single_dibao_disability", {}, ["disability_category"]),  # told as what is really missing
    ],
)
def test_only_what_could_decide_is_missing(connection, text, facts, missing):
    assert ask(connection, text, **facts) == (None, sorted(missing))


def test_a_fact_that_is_there_but_not_precise_enough_is_missing(connection):
    text = "case when list_contains(disability_category, '多重') then null::boolean else true end"
    assert ask(connection, text, disability_category="['多重']") == (None, ["disability_category"])


def test_a_bound_that_decides_leaves_nothing_unknown(connection):
    text = "household_income_known < 100 and household_income < 100"
    assert ask(connection, text, household_income_known=150)[0] is False
    assert ask(connection, text, household_income_known=50) == (None, ["household_income"])


expressions = st.recursive(
    st.sampled_from(FACTS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"(not {part})"),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(expressions, st.fixed_dictionaries(dict.fromkeys(FACTS, st.sampled_from((True, False, None)))))
def test_what_is_missing_settles_the_condition_whatever_the_rest_and_what_is_known_is_never_missing(connection, text, facts):
    value, missing = ask(connection, text, **facts)
    if value is not None:
        return
    assert missing
    assert all(facts[name] is None for name in missing)
    for filled in itertools.product((True, False), repeat=len(missing)):
        assert ask(connection, text, **(facts | dict(zip(missing, filled, strict=True))))[0] is not None


def test_parameters_and_facts_that_a_condition_reads_are_known(connection):
    condition = read_condition(connection, "medical_burden_12m > med_alert.relative * disposable_income and age > 3", CATALOGUE)
    assert condition.facts == ("medical_burden_12m", "age")
    assert condition.parameters == ("med_alert.relative", "disposable_income")


def test_no_condition_reads_anything_but_facts_and_parameters(connection):
    for text in ("person_id is not null", "found.rule_id = 'U01'", "current_date > as_of", "getenv('HOME') = 'x'"):
        with pytest.raises(ConditionError):
            read_condition(connection, text, CATALOGUE)
