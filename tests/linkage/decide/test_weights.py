"""Weights: learning m from pattern counts, scores, and the model file."""

import numpy as np
import pytest

from pipelines.errors import DeclarationError
from pipelines.linkage.config import load_config
from pipelines.linkage.decide.em import learn
from pipelines.linkage.decide.weights import Patterns, current_model, evidence, load_model, save_model, score
from pipelines.storage import SCHEMAS


def simulated(rng, m, u, share, pairs):
    """Patterns and counts of pairs whose truth is known."""
    match = rng.random(pairs) < share
    levels = np.stack(
        [np.where(match, rng.choice(len(a), pairs, p=a), rng.choice(len(b), pairs, p=b)) + 1 for a, b in zip(m, u, strict=True)],
        axis=1,
    )
    patterns, counts = np.unique(levels, axis=0, return_counts=True)
    return patterns.astype(np.int64), counts.astype(float)


M = [np.array([0.9, 0.07, 0.03]), np.array([0.8, 0.2]), np.array([0.95, 0.03, 0.02])]
U = [np.array([0.01, 0.04, 0.95]), np.array([0.1, 0.9]), np.array([0.001, 0.019, 0.98])]


def test_learning_recovers_m_and_the_share_of_matches_from_simulated_pairs():
    levels, counts = simulated(np.random.default_rng(3), M, U, 0.1, 200_000)
    start = [np.full(len(m), 1 / len(m)) * 0.5 + np.eye(len(m))[0] * 0.5 for m in M]
    learnt = learn(levels, counts, start, U, share=0.3, strength=5)
    assert learnt.healthy
    assert learnt.share == pytest.approx(0.1, abs=0.005)
    for found, true in zip(learnt.m, M, strict=True):
        assert found == pytest.approx(true, abs=0.015)


def test_learning_never_lowers_the_likelihood():
    levels, counts = simulated(np.random.default_rng(4), M, U, 0.02, 20_000)
    trace = learn(levels, counts, M, U, share=0.5).log_likelihood
    assert np.all(np.diff(trace) >= -1e-6 * abs(trace[-1]))


def test_a_level_never_seen_keeps_a_little():
    levels, counts = np.array([[1, 1], [3, 2]]), np.array([900.0, 100.0])
    learnt = learn(levels, counts, M[:2], U[:2], share=0.5, strength=10)
    assert 0 < learnt.m[0][1] < 0.01


def test_what_was_stopped_before_it_settled_is_not_healthy():
    levels, counts = simulated(np.random.default_rng(5), M, U, 0.1, 50_000)
    start = [np.array([0.4, 0.3, 0.3]), np.array([0.5, 0.5]), np.array([0.4, 0.3, 0.3])]
    assert not learn(levels, counts, start, U, share=0.9, rounds=2).healthy


def test_saying_nothing_weighs_nothing():
    config = load_config()
    model = current_model(SCHEMAS / "linkage", config)
    nothing = Patterns(
        groups=np.array(["tax_income"], dtype=object), modes=np.array([5]), levels=np.zeros((1, len(config.comparisons)), dtype=np.int64),
        tf=np.array([0]),
    )  # fmt: skip
    same, kin = score(config, model, nothing)
    assert same.tolist() == [0.0]
    assert kin.tolist() == [0.0]


def test_a_rarer_value_weighs_more():
    config = load_config()
    model = current_model(SCHEMAS / "linkage", config)
    levels = np.zeros((2, len(config.comparisons)), dtype=np.int64)
    levels[:, 0] = 1
    patterns = Patterns(groups=np.array(["x", "x"], dtype=object), modes=np.array([5, 5]), levels=levels, tf=np.array([40, 80]))
    same, _ = score(config, model, patterns)
    assert same[1] - same[0] == pytest.approx(10.0)
    parts, _ = evidence(config, model, patterns)
    assert parts.sum(axis=1) + patterns.tf / 4 == pytest.approx(same)


def test_a_model_survives_being_written_and_read(tmp_path):
    config = load_config()
    model = current_model(SCHEMAS / "linkage", config)
    save_model(model, tmp_path / "model-7.yaml")
    again = load_model(tmp_path / "model-7.yaml", config)
    for name, weights in model.comparisons.items():
        for group, table in weights.m.items():
            assert again.comparisons[name].m[group] == pytest.approx(table, rel=1e-3)


def test_a_model_that_does_not_fit_the_comparisons_is_refused(tmp_path):
    config = load_config()
    path = tmp_path / "model-7.yaml"
    save_model(current_model(SCHEMAS / "linkage", config), path)
    path.write_text(path.read_text().replace("phone:", "telephone:"))
    with pytest.raises(DeclarationError, match="不一致"):
        load_model(path, config)


def test_a_comparison_declared_after_the_model_was_learnt_weighs_as_it_is_stated(tmp_path):
    config = load_config()
    model, path = current_model(SCHEMAS / "linkage", config), tmp_path / "model-7.yaml"
    stated = model.comparisons.pop("age")
    save_model(model, path)
    assert load_model(path, config).comparisons["age"].m["*"] == pytest.approx(stated.m["*"])


def test_every_shipped_model_fits_the_shipped_comparisons():
    config = load_config()
    files = sorted((SCHEMAS / "linkage").glob("model-*.yaml"))
    assert files
    for path in files:
        load_model(path, config)
