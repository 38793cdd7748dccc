"""The threshold: as low as the promised share of false links allows, and within its bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.linkage.config import Odds, load_config
from pipelines.linkage.decide.threshold import choose, link_threshold
from pipelines.storage import Home

PROMISE = Odds(false_links=0.001, between=(0.9, 0.995))


def likely(*pairs):
    """Probabilities and how many identities have each."""
    p, identities = zip(*pairs, strict=True)
    return np.array(p), np.array(identities, dtype=float)


def test_the_line_is_drawn_where_the_next_link_would_break_the_promise():
    p, identities = likely((0.9999, 990), (0.97, 30), (0.92, 20))
    # 0.1 + 0.9 false among 1,020 is within one in a thousand; another 1.6 is not
    assert choose(p, identities, PROMISE) == 0.97


def test_links_by_exact_ids_carry_the_doubtful_ones():
    p, identities = likely((0.9999, 990), (0.97, 30), (0.92, 20))
    assert choose(p, identities, PROMISE, settled=10_000.0, doubt=1.0) == 0.92


def test_what_the_exact_ids_let_through_counts_as_well():
    p, identities = likely((0.9999, 990), (0.97, 30), (0.92, 20))
    assert choose(p, identities, PROMISE, settled=10_000.0, doubt=10.5) == 0.9999 - 0.0049  # nothing fits: the upper bound


def test_a_batch_of_nothing_but_certain_links_does_not_go_below_the_bound():
    p, identities = likely((1.0, 5000), (0.5, 40))
    assert choose(p, identities, PROMISE) == 0.995


def test_too_few_open_identities_say_nothing():
    p, identities = likely((0.99, 40), (0.91, 20))
    assert choose(p, identities, PROMISE) == PROMISE.link


@given(
    st.lists(st.tuples(st.integers(900_000, 1_000_000), st.integers(1, 500)), min_size=1, unique_by=lambda pair: pair[0]),
    st.floats(1e-5, 0.05),
    st.integers(0, 100_000),
)
def test_the_promise_holds_or_the_bound_does(pairs, target, settled):
    p, identities = likely(*sorted(((a / 1e6, b) for a, b in pairs), reverse=True))
    odds = Odds(false_links=target)
    link = choose(p, identities, odds, settled=float(settled))
    assert odds.between[0] <= link <= odds.between[1] or identities.sum() < 100
    if identities.sum() >= 100 and link < odds.between[1]:
        linked = p >= link
        assert (identities * (1 - p))[linked].sum() <= target * (settled + identities[linked].sum()) * (1 + 1e-9)


@given(st.floats(1e-5, 0.01), st.floats(1.0, 3.0))
def test_who_promises_less_links_no_less(target, more):
    p, identities = likely((0.9999, 900), (0.995, 90), (0.97, 30), (0.93, 20), (0.91, 20))
    assert choose(p, identities, Odds(false_links=min(target * more, 0.09))) <= choose(p, identities, Odds(false_links=target))


@pytest.fixture
def ranked(tmp_path):
    """A round's tables: 300 identities at 0.98, 50 at 0.93 of which half have a close second, a thousand by exact id."""
    with Home(tmp_path, memory="300MB", threads=1).connect() as connection:
        connection.execute("""CREATE TABLE ranked AS
            SELECT l, 1 AS r, CASE WHEN l <= 300 THEN 0.98 ELSE 0.93 END AS p, 1 AS place FROM range(1, 351) AS t(l)
            UNION ALL SELECT l, 2, 0.06, 2 FROM range(326, 351) AS t(l)""")
        connection.execute("CREATE TABLE unit_profile AS SELECT l AS unit, l AS profile FROM range(1, 351) AS t(l)")
        connection.execute(
            "CREATE TABLE assigned AS SELECT l + 1000 AS profile, 'exact_id' AS method, 1.0 AS probability FROM range(1000) AS t(l)"
        )
        yield connection


def test_a_batch_gives_its_own_threshold_and_keeps_it_for_all_rounds(ranked):
    odds = Odds(false_links=0.006)
    assert link_threshold(ranked, odds) == 0.93  # 6 + 1.75 false of 1,325
    ranked.execute("DELETE FROM ranked")
    assert link_threshold(ranked, odds) == 0.93


def test_without_a_target_the_stated_threshold_holds(ranked):
    assert link_threshold(ranked, Odds(link=0.97)) == 0.97
    assert load_config().odds.link == 0.95


def test_bounds_that_cross_are_refused():
    with pytest.raises(ValidationError, match="从小到大"):
        Odds(between=(0.99, 0.9))
