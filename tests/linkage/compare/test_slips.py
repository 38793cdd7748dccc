"""Mending ids by their check sum."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.linkage.compare.slips import repairs
from tests.builders.town import id_of

IDS = st.builds(
    lambda year, month, day, sequence: id_of(f"{year}{month:02d}{day:02d}", sequence),
    st.integers(1930, 2020), st.integers(1, 12), st.integers(1, 28), st.integers(1, 999),
)  # fmt: skip


def mended(damaged):
    return set(repairs([damaged])[1].tolist())


@given(IDS, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_a_wrong_digit_is_put_right(number, place, digit):
    damaged = number[:place] + digit + number[place + 1 :]
    if digit != number[place] and (digit != "X" or place == 17):
        assert number in mended(damaged)


@given(IDS, st.integers(0, 16))
def test_neighbours_exchanged_are_put_back(number, place):
    damaged = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if damaged != number and "X" not in damaged[:17]:
        assert number in mended(damaged)


@given(IDS, st.integers(0, 17))
def test_a_lost_digit_is_put_back(number, place):
    damaged = number[:place] + number[place + 1 :]
    if "X" not in damaged[:16]:
        assert number in mended(damaged)


@given(IDS, st.integers(0, 17), st.sampled_from("0123456789"))
def test_an_added_digit_is_taken_out(number, place, digit):
    assert number in mended(number[:place] + digit + number[place:])


@given(IDS, st.integers(0, 17), st.sampled_from("0123456789"))
def test_what_is_offered_is_valid_and_little(number, place, digit):
    offered = mended(number[:place] + digit + number[place + 1 :])
    assert len(offered) <= 40
    for other in offered:
        assert id_of(other[6:14], int(other[14:17]), area=other[:6]) == other


def test_what_is_no_id_gives_nothing():
    assert repairs(["", "12345", "3702111965030212ab", "37021119650302****"])[1].tolist() == []
