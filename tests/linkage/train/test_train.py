"""Training: what a batch teaches without labels, piece by piece; the whole of it on a district stands in test_district."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.errors import DataError
from pipelines.linkage.config import load_config
from pipelines.linkage.decide.weights import load_model
from pipelines.linkage.train.matches import _learn_strangers_ids
from pipelines.linkage.train.strangers import _chance_of_slip, smoothed
from pipelines.linkage.train.train import _refuse_bad, fit_odds
from pipelines.storage import SCHEMAS, Home
from tests.builders.town import id_of


@pytest.fixture
def connection(tmp_path):
    with Home(tmp_path, memory="300MB", threads=1).connect() as opened:
        yield opened


@pytest.fixture
def model():
    return load_model(SCHEMAS / "linkage" / "model-0.yaml", load_config())


def hidden_ids(rng, *, slope=1.0, doubtful=0.0, n=60_000):
    """Stated probabilities and outcomes where the true log-odds are `slope` times the stated and ids mislead now and then."""
    stated = np.concatenate([rng.normal(7, 1.5, n // 2), rng.normal(0, 2, n // 2)])
    same = rng.random(n) < 1 / (1 + np.exp(-slope * stated))
    outcome = np.where(same, np.where(rng.random(n) < doubtful, 2, 1), np.where(rng.random(n) < 0.4, 2, 0))
    return 1 / (1 + np.exp(-stated)), outcome


@pytest.mark.parametrize("slope", [0.7, 1.0, 1.3])
def test_the_odds_are_learnt_from_hidden_ids(slope):
    found, shift, doubtful = fit_odds(*hidden_ids(np.random.default_rng(1), slope=slope))
    assert found == pytest.approx(slope, abs=0.06)
    assert shift == pytest.approx(0, abs=0.08)
    assert doubtful < 0.001


def test_ids_that_mislead_do_not_press_the_odds_down():
    found, _, doubtful = fit_odds(*hidden_ids(np.random.default_rng(2), doubtful=0.01))
    assert doubtful == pytest.approx(0.01, abs=0.002)
    assert found == pytest.approx(1, abs=0.06)


def test_links_to_other_registered_persons_do_press_them_down():
    p, outcome = hidden_ids(np.random.default_rng(3))
    wrong = np.random.default_rng(4).random(len(p)) < 0.02
    assert fit_odds(p, np.where((outcome == 1) & wrong, 0, outcome))[0] < 0.9


def test_too_few_hidden_ids_leave_the_odds_alone():
    assert fit_odds(np.full(20, 0.5), np.zeros(20, dtype=int)) == (1.0, 0.0, 0.0)


def test_smoothing_keeps_what_was_never_seen_at_most_as_likely_as_one_in_all():
    shares = smoothed(np.array([9_000.0, 1_000.0, 0.0]), np.array([0.5, 0.4, 0.1]))
    assert shares[0] == pytest.approx(0.9, abs=0.01)
    assert 0 < shares[2] < 0.001


def registered(connection, ids):
    connection.execute("CREATE TABLE own_face (eid BIGINT, id VARCHAR, sound BOOLEAN)")
    connection.executemany("INSERT INTO own_face VALUES (?, ?, true)", list(enumerate(ids)))
    return len(ids)


def test_ids_crowded_on_few_days_are_one_slip_apart_more_often_than_scattered_ones(connection):
    crowded = registered(connection, [id_of("19900101", n) for n in range(1, 400)])
    near = _chance_of_slip(connection, crowded)
    connection.execute("DROP TABLE own_face")
    scattered = registered(
        connection, [id_of(f"{1930 + n % 70}{1 + n % 12:02d}{1 + n % 28:02d}", (37 * n) % 999) for n in range(1, 400)]
    )
    assert near > 3 * _chance_of_slip(connection, scattered)


def test_a_register_without_sound_ids_is_no_reason_to_stop(connection):
    registered(connection, ["x"])
    connection.execute("UPDATE own_face SET sound = false")
    assert _chance_of_slip(connection, 1) == 1e-9


def test_whose_sound_id_a_row_borrows_is_counted_by_the_probabilities_of_the_candidates(connection, model):
    levels = {name: place + 1 for place, name in enumerate(load_config().comparisons["identity"].level_names())}
    home, stranger = levels["证号是其家人的"], levels["两个不同的有效证号"]
    connection.execute(f"""CREATE TABLE scored AS SELECT l, l AS r, 1 AS mode, CASE WHEN l < 900 THEN {home} ELSE {stranger} END AS identity
        FROM range(1000) AS t(l)""")
    connection.execute("CREATE TABLE ranked AS SELECT l, l AS r, 0.98::DOUBLE AS p FROM range(1000) AS t(l)")
    connection.execute("CREATE TABLE unit_profile AS SELECT l AS unit, l AS profile FROM range(1000) AS t(l)")
    _learn_strangers_ids(SimpleNamespace(connection=connection, config=load_config(), model=model))
    assert model.comparisons["identity"].m["1"][stranger - 1] == pytest.approx(0.1, abs=0.005)


def test_a_model_that_is_often_wrong_or_calls_names_unlike_is_refused(model):
    good = copy.deepcopy(model)
    good.health = {"precision": 0.999, "em_mode_2": {"healthy": True}}
    _refuse_bad(good, "2026-10")
    for spoil in (
        lambda m: m.health.update(precision=0.9),
        lambda m: m.health.update(em_mode_2={"healthy": False}),
        lambda m: m.comparisons["name"].m.update({"*": np.full(11, 1 / 11)}),
    ):
        bad = copy.deepcopy(good)
        spoil(bad)
        with pytest.raises(DataError, match="没有采用"):
            _refuse_bad(bad, "2026-10")
