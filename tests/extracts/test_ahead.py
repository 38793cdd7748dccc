import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extracts.ahead import ahead


@given(st.lists(st.one_of(st.integers(), st.none()), max_size=20))
def test_the_items_are_the_same_in_the_same_order(items):
    assert list(ahead(iter(items))) == items


def test_the_next_item_is_made_elsewhere_while_one_is_used_and_none_beyond_it():
    made, threads = [], set()
    second = threading.Event()

    def making():
        for n in range(10):
            made.append(n)
            threads.add(threading.get_ident())
            if n == 1:
                second.set()
            yield n

    items = ahead(making())
    assert next(items) == 0
    assert second.wait(10)
    assert made == [0, 1]
    assert threading.get_ident() not in threads
    assert next(items) == 1


def test_a_fault_comes_when_its_turn_comes():
    def making():
        yield 1
        yield 2
        raise OSError("broken")

    items = ahead(making())
    assert (next(items), next(items)) == (1, 2)
    with pytest.raises(OSError, match="broken"):
        next(items)


def test_whoever_stops_early_leaves_no_thread_behind():
    before = set(threading.enumerate())
    items = ahead(iter(range(1000)))
    next(items)
    items.close()
    assert set(threading.enumerate()) <= before
