"""Clusters: components, and their division where they hold what cannot be one person."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.linkage.decide.clusters import average_clusters, clusters, components

LINKS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(1, 9)), max_size=25)


def arrays(links):
    table = np.array(links, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2].astype(float)


def test_what_hangs_together_is_one_component_named_by_its_least():
    assert components(5, np.array([4, 1]), np.array([3, 4])).tolist() == [0, 1, 2, 1, 1]


def test_two_sound_ids_part_where_the_evidence_is_weakest():
    left, right, strength = arrays([(0, 1, 9), (1, 2, 3), (2, 3, 8)])
    label = clusters(4, left, right, strength, unlike=np.array([7, 0, 0, 8]))
    assert label.tolist() == [0, 0, 2, 2]


def test_two_whom_a_clerk_called_different_stay_apart():
    left, right, strength = arrays([(0, 1, 5), (1, 2, 9)])
    label = clusters(3, left, right, strength, apart=(np.array([0]), np.array([2])))
    assert label.tolist() == [0, 1, 1]


@given(LINKS, st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_no_cluster_holds_two_ids_and_none_is_wider_than_its_component(links, ids):
    left, right, strength = arrays(links)
    label = clusters(12, left, right, strength, unlike=np.array(ids))
    for one in set(label.tolist()):
        assert len({i for i, at in zip(ids, label.tolist(), strict=True) if at == one and i}) <= 1
    whole = components(12, left, right)
    assert all(len(set(whole[label == one].tolist())) == 1 for one in set(label.tolist()))


@given(LINKS, st.lists(st.integers(0, 3), min_size=12, max_size=12), st.randoms())
def test_the_order_of_links_does_not_matter(links, ids, rng):
    shuffled = list(links)
    rng.shuffle(shuffled)
    one = clusters(12, *arrays(links), unlike=np.array(ids))
    other = clusters(12, *arrays(shuffled), unlike=np.array(ids))
    assert one.tolist() == other.tolist()


def test_one_strong_pair_does_not_bring_contradicting_groups_together():
    # 0-1-2 and 3-4-5 agree inside; 2-3 is strong, all other pairs across contradict
    pairs = [(a, b, 8.0 if (a < 3) == (b < 3) or (a, b) == (2, 3) else -8.0) for a in range(6) for b in range(a + 1, 6)]
    left, right, bits = (np.array([p[i] for p in pairs]) for i in range(3))
    label = average_clusters(np.zeros(6, dtype=np.int64), left.astype(np.int64), right.astype(np.int64), bits.astype(float))
    assert label.tolist() == [0, 0, 0, 3, 3, 3]
