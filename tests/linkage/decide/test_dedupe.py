"""Deduplication of any table: what is planted is found, without labels, at a threshold that nobody chose."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.public_sets import HERE, SETS, pair_figures
from pipelines.linkage.compare.keys import blocked_by
from pipelines.linkage.compare.levels import latin_levels
from pipelines.linkage.config import Config, load_config
from pipelines.linkage.decide.dedupe import dedupe
from pipelines.linkage.decide.em import learn
from pipelines.storage import Home

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def comparison_file():
    return Config.model_validate(
        {
            "keys": {
                "names": {"same": ["first", "last"], "cap": 60},
                "first_born": {"same": ["first", "born"], "cap": 60},
                "last_born": {"same": ["last", "born"], "cap": 60},
                "born_town": {"same": ["born", "town"], "cap": 60},
            },
            "comparisons": {
                "first": {"comparer": "latin_name", "column": "first", "frequency": {1: "first"}},
                "last": {"comparer": "latin_name", "column": "last", "frequency": {1: "last"}},
                "born": {
                    "levels": [
                        {"is": "same", "when": "l.born = r.born"},
                        {"is": "one digit", "when": "hamming(l.born, r.born) = 1"},
                        {"is": "other", "when": "l.born <> r.born"},
                    ],
                    "frequency": {1: "born"},
                },
                "town": {
                    "levels": [{"is": "same", "when": "l.town = r.town"}, {"is": "other", "when": "l.town <> r.town"}],
                    "frequency": {1: "town"},
                },
            },
        }
    )


def people(rng, entities, copies, slips):
    """Rows (first, last, born, town) and who each is; a copy has at most `slips` slips."""
    names = ["".join(rng.choices(_LETTERS, k=rng.randrange(4, 8))) for _ in range(150)]
    rows, truth = [], []
    for entity in range(entities):
        row = (
            rng.choice(names),
            rng.choice(names),
            f"{rng.randrange(1930, 2010)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}",
            f"t{rng.randrange(20)}",
        )
        for copy in range(1 + (rng.random() < copies) + (rng.random() < copies / 3)):
            changed = list(row)
            for _ in range(slips if copy else 0):
                place = rng.randrange(4)
                text = changed[place]
                at = rng.randrange(len(text))
                changed[place] = text[:at] + rng.choice("0123456789" if place > 1 else _LETTERS) + text[at + 1 :]
            rows.append(tuple(changed))
            truth.append(entity)
    return rows, truth


def deduped(folder, rows, *, threads=2):
    home = Home(folder, memory="500MB", threads=threads)
    with home.connect() as connection:
        connection.execute("CREATE TABLE record (eid BIGINT, first VARCHAR, last VARCHAR, born VARCHAR, town VARCHAR)")
        connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?)", [(n, *row) for n, row in enumerate(rows, 1)])
        return dedupe(connection, "record", comparison_file())


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    rows, truth = people(random.Random(3), 1200, 0.5, 1)
    return rows, truth, deduped(tmp_path_factory.mktemp("dedupe"), rows)


def test_planted_duplicates_are_found_and_strangers_are_left_apart(planted):
    _, truth, found = planted
    precision, recall, f1 = pair_figures(found.cluster.tolist(), truth)
    assert precision > 0.97
    assert recall > 0.93
    assert found.healthy
    assert f1 > 0.95


def test_the_number_of_matches_is_estimated_without_the_truth(planted):
    rows, truth, found = planted
    planted_pairs = sum(n * (n - 1) // 2 for n in Counter(truth).values())
    assert found.share * len(rows) * (len(rows) - 1) / 2 == pytest.approx(planted_pairs, rel=0.1)


def test_a_table_without_duplicates_stays_as_it_is(tmp_path):
    rows, truth = people(random.Random(4), 600, 0, 0)
    found = deduped(tmp_path, rows)
    wrong = len(rows) - len(set(found.cluster.tolist()))
    assert wrong <= 3
    assert len(truth) == len(rows)


def test_what_fits_no_one_record_may_fit_a_person_as_a_whole(tmp_path, monkeypatch):
    rng = random.Random(6)
    rows, truth = [], []
    base, _ = people(rng, 300, 0, 0)
    for entity, row in enumerate(base):
        for _ in range(7):
            rows.append(tuple(value if rng.random() < 0.6 else None for value in row))
            truth.append(entity)
    whole = pair_figures(deduped(tmp_path, rows).cluster.tolist(), truth)
    monkeypatch.setattr("pipelines.linkage.decide.dedupe._KNOWN_BY", 10**9)
    alone = pair_figures(deduped(tmp_path, rows).cluster.tolist(), truth)
    assert whole[1] > alone[1]
    assert whole[2] > alone[2]
    assert whole[0] > 0.95


def test_the_order_of_rows_and_the_threads_do_not_matter(tmp_path, planted):
    rows, _, found = planted
    order = list(range(len(rows)))
    random.Random(9).shuffle(order)
    again = deduped(tmp_path, [rows[n] for n in order], threads=1)
    back = np.empty(len(rows), dtype=np.int64)
    back[order] = again.cluster
    together = {frozenset(np.flatnonzero(found.cluster == c).tolist()) for c in set(found.cluster.tolist())}
    assert sum(frozenset(np.flatnonzero(back == c).tolist()) in together for c in set(back.tolist())) >= 0.995 * len(together)


def test_a_key_blocks_the_comparisons_of_what_it_demands():
    config = comparison_file()
    assert blocked_by(config.keys["names"], config.comparisons["first"])
    assert not blocked_by(config.keys["names"], config.comparisons["born"])


def test_pairs_that_no_key_found_count_as_strangers_in_the_share():
    levels, counts = np.array([[1, 1], [2, 2], [1, 2], [2, 1]]), np.array([50.0, 900.0, 30.0, 20.0])
    m, u = [np.array([0.9, 0.1])] * 2, [np.array([0.02, 0.98])] * 2
    near = learn(levels, counts, m, u, share=0.1, strength=1)
    far = learn(levels, counts, m, u, share=0.1, strength=1, outside=1e5)
    assert far.share < near.share / 50
    assert near.healthy
    assert far.healthy


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(_LETTERS, min_size=1, max_size=8), st.text(_LETTERS, min_size=1, max_size=8)), min_size=1, max_size=8
    )
)
def test_levels_of_latin_names_are_symmetric_and_one_only_for_equals(pairs):
    a, b = (np.array(side, dtype=object) for side in zip(*pairs, strict=True))
    levels = latin_levels(a, b)
    assert (levels == latin_levels(b, a)).all()
    assert ((levels == 1) == (a == b)).all()
    assert ((levels >= 1) & (levels <= 5)).all()


@pytest.mark.parametrize("name", SETS)
def test_every_public_set_has_a_comparison_file_and_makes_its_columns(name):
    config = load_config(HERE / "public" / f"{SETS[name].comparison}.yaml")
    sql = (HERE / "public" / f"{name}.sql").read_text(encoding="utf-8")
    assert " AS eid" in sql
    assert " AS truth" in sql
    for comparison in config.comparisons.values():
        for column in [comparison.column, *comparison.frequency.values()]:
            assert column is None or column in sql
        assert "truth" not in str(comparison)
    assert not any("truth" in part for key in config.keys.values() for part in key.same)


def test_figures_of_pairs_are_counted_as_by_hand():
    assert pair_figures([1, 1, 2, 2, 2], ["a", "a", "a", "b", "b"]) == (0.5, 0.5, 0.5)
