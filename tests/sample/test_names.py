from collections import Counter

import numpy as np

from pipelines.sample import names


def drawn(sex, year, count=20_000):
    rng = np.random.default_rng(5)
    return Counter(names.given_names(rng, np.full(count, sex), np.full(count, year)).to_list())


def test_names_belong_to_their_decade():
    old, young = drawn(2, 1945), drawn(2, 2012)
    assert old["秀英"] > 100 > young["秀英"]
    assert young["梓涵"] > 100 > old["梓涵"]


def test_names_belong_to_their_sex():
    men, women = drawn(1, 1972), drawn(2, 1972)
    assert men["伟"] > 10 * women["伟"]
    assert women["丽"] > 10 * men["丽"]


def test_namesakes_are_common_but_most_names_are_not(world):
    full = Counter(world.people["name"].tolist())
    assert 5 <= full["王秀英"] + full["张秀英"] + full["王桂英"] <= 200
    alone = sum(1 for count in full.values() if count == 1)
    assert 0.5 < alone / len(full) < 0.95


def test_a_few_names_hold_characters_that_old_programs_cannot_show(world):
    assert 0.0005 < world.people["rare_name"].mean() < 0.02


def test_minority_names_have_dots(world):
    dotted = world.people["dotted"]
    assert dotted.any()
    assert all("·" in name for name in world.people["name"][dotted])
    assert not any("·" in name for name in world.people["name"][~dotted])
