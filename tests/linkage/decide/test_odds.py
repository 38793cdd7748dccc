"""Assignment: each candidate against all others and nobody, and what is done by it."""

import numpy as np
import pytest

from pipelines.linkage.config import load_config
from pipelines.linkage.decide.odds import decide
from pipelines.linkage.decide.weights import load_model
from pipelines.storage import SCHEMAS, Home

PERSONS, RELATIVES = 100_000, 2.0
CONFIG = load_config()


@pytest.fixture
def decided(tmp_path):
    """What becomes of units whose candidates are given as (unit, person, bits, bits of kin): {unit: (person, p, does)}."""

    def run(*pairs, config=CONFIG, settled=0):
        with Home(tmp_path, memory="300MB", threads=1).connect() as connection:
            connection.execute(
                "CREATE OR REPLACE TABLE scored (l BIGINT, r BIGINT, keys BIGINT, source VARCHAR, bits DOUBLE, kin DOUBLE)"
            )
            connection.executemany("INSERT INTO scored VALUES (?, ?, 1, 'tax_income', ?, ?)", pairs)
            connection.execute("CREATE TABLE unit_profile AS SELECT DISTINCT l AS unit, l AS profile FROM scored")
            connection.execute(
                f"CREATE TABLE assigned AS SELECT n AS profile, 'exact_id' AS method, 1.0 AS probability FROM range({settled}) AS t(n)"
            )
            model = load_model(SCHEMAS / "linkage" / "model-0.yaml", config)
            decide(connection, config, model, PERSONS, RELATIVES)
            return {unit: (r, p, does) for unit, r, p, does in connection.execute("SELECT l, r, p, does FROM decided").fetchall()}

    return run


def test_the_only_likely_one_is_linked_and_the_unlikely_is_nobodys(decided):
    found = decided((1, 7, 30.0, 5.0), (2, 8, 6.0, 3.0))
    assert found[1][0] == 7
    assert found[1][2] == "link"
    assert found[2][2] == "nobody"


def test_two_who_are_alike_are_asked_about(decided):
    person, p, does = decided((1, 7, 30.0, 5.0), (1, 8, 30.0, 5.0))[1]
    assert (person, does) == (7, "review")
    assert p == pytest.approx(0.5, abs=0.01)


def test_what_speaks_as_much_for_a_relative_of_the_candidate_is_not_linked(decided):
    assert decided((1, 7, 22.0, 5.0))[1][1] > decided((2, 7, 22.0, 22.0))[2][1]


def test_a_household_of_five_is_one_chance_of_an_unlisted_relative_not_five(decided):
    alone = decided((1, 7, 24.0, 19.0))[1][1]
    among_relatives = decided((2, 7, 24.0, 19.0), *[(2, other, -5.0, 19.0) for other in range(8, 12)])[2][1]
    assert among_relatives == pytest.approx(alone, abs=1e-6)


def test_a_batch_that_promises_a_rate_links_by_it(decided):
    # 200 certain ones, and one that is right 93 times in 100
    bits = float(np.log2(PERSONS * 0.03 / 0.97 * 0.93 / 0.07))
    pairs = [*((n, n, 40.0, 0.0) for n in range(1, 201)), (500, 500, bits, -20.0)]
    assert decided(*pairs, settled=10_000)[500][2] == "review"
    promised = CONFIG.model_copy(update={"odds": CONFIG.odds.model_copy(update={"false_links": 0.0001})})
    assert decided(*pairs, settled=10_000, config=promised)[500][2] == "link"
    assert decided(*pairs, settled=100, config=promised)[500][2] == "review"
