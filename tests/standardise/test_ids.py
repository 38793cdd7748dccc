"""Id numbers: which are believed, and what is kept of the others."""

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.standardise.ids import STATUSES

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def with_check(seventeen):
    return seventeen + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True)) % 11]


MAN = with_check("37021119850312451")
WOMAN_X = next(i for n in range(2, 1000, 2) if (i := with_check(f"37021119850312{n:03}")).endswith("X"))
TRUNCATED = MAN[:15] + "000"

births = st.dates(dt.date(1880, 1, 1), dt.date(2026, 10, 31))
areas = st.builds("{}{:04}".format, st.sampled_from(["11", "37", "44", "65", "81"]), st.integers(0, 9999))
sequences = st.integers(0, 999).map("{:03}".format)
valid_ids = st.builds(lambda area, born, number: with_check(f"{area}{born:%Y%m%d}{number}"), areas, births, sequences)
lifted_from = st.builds(
    lambda area, born, number: (f"{area}{born:%y%m%d}{number}", with_check(f"{area}{born:%Y%m%d}{number}")),
    areas,
    st.dates(dt.date(1900, 1, 1), dt.date(1999, 12, 31)),
    sequences,
)


def test_the_standards_own_example_is_valid(read_ids):
    assert read_ids(["11010519491231002X"]) == [
        {
            "number": "11010519491231002X",
            "status": "valid",
            "born": dt.date(1949, 12, 31),
            "sex": "2",
            "category": None,
            "grade": None,
        }
    ]


@pytest.mark.parametrize(
    "written",
    [
        WOMAN_X.lower(),
        f"'{WOMAN_X}",
        f"\t{WOMAN_X}\n",
        f"{WOMAN_X[:6]} {WOMAN_X[6:14]} {WOMAN_X[14:]}",
        f"{WOMAN_X[:6]}-{WOMAN_X[6:14]}-{WOMAN_X[14:]}",
        "".join(chr(ord(character) + 0xFEE0) for character in WOMAN_X),
        f"\ufeff{WOMAN_X}\u200b",
        f"\u00a0{WOMAN_X}\u3000",
        f"“{WOMAN_X}”",
        WOMAN_X[:17] + "×",
        WOMAN_X[:17] + "Х",
    ],
)
def test_how_it_was_typed_does_not_matter(read_ids, written):
    (read,) = read_ids([written])
    assert (read["number"], read["status"]) == (WOMAN_X, "valid")


@pytest.mark.parametrize(
    ("written", "status", "left"),
    [
        (None, "missing", None),
        ("   ", "missing", None),
        ("未办理", "missing", None),
        (MAN[:17] + str((int(MAN[17]) + 1) % 10), "bad_check", MAN[:17] + str((int(MAN[17]) + 1) % 10)),
        (with_check("37021119850230451"), "bad_date", with_check("37021119850230451")),
        (with_check("37021118791231451"), "bad_date", with_check("37021118791231451")),
        (with_check("37021120261101451"), "bad_date", with_check("37021120261101451")),
        (with_check("99021119850312451"), "malformed", with_check("99021119850312451")),
        (TRUNCATED, "truncated", MAN[:15]),
        (MAN[:15] + "00000", "truncated", MAN[:15]),
        ("3.70211E+17", "truncated", "370211"),
        ("3.70211198503124e+17", "truncated", "370211198503124"),
        ("３．７０２１１Ｅ＋１７", "truncated", "370211"),
        (MAN[:15], "truncated", MAN[:15]),
        (MAN[:6] + "********" + MAN[14:], "masked", MAN[:6] + "********" + MAN[14:]),
        (MAN[:6] + "XXXXXXXX" + MAN[14:], "masked", MAN[:6] + "********" + MAN[14:]),
        (MAN[:6] + "＊＊＊＊＊＊＊＊" + MAN[14:], "masked", MAN[:6] + "********" + MAN[14:]),
        ("999999999999999999", "placeholder", "999999999999999999"),
        ("999999", "placeholder", "999999"),
        ("000000000000000000", "placeholder", "000000000000000000"),
        ("111111111111111111", "placeholder", "111111111111111111"),
        ("123456789012345678", "placeholder", "123456789012345678"),
        ("123456199001011234", "placeholder", "123456199001011234"),
        (MAN[:17], "malformed", MAN[:17]),
        (MAN + "1", "malformed", MAN + "1"),
        ("E12345678", "malformed", "E12345678"),
    ],
)
def test_what_is_wrong_with_an_id_is_said_and_the_rest_kept(read_ids, written, status, left):
    (read,) = read_ids([written])
    assert (read["status"], read["number"]) == (status, left)


def test_an_id_that_rightly_ends_in_zeros_is_valid(read_ids):
    rightly = next(
        i for n in range(0, 1000, 100) for y in range(1950, 1999) if (i := with_check(f"370211{y}0312{n:03}")).endswith("000")
    )
    assert read_ids([rightly])[0]["status"] == "valid"


def test_nobody_is_born_after_the_batch(read_ids):
    born_in_october = with_check("37021120261015451")
    assert read_ids([born_in_october], batch="2026-10")[0]["status"] == "valid"
    assert read_ids([born_in_october], batch="2026-09")[0]["status"] == "bad_date"


def test_a_certificate_begins_with_the_id(read_ids):
    for written in (MAN + "44", MAN + "44B1", MAN + "4412"):
        for certificate in (True, False):  # poverty monitoring puts certificates into its id column
            (read,) = read_ids([written], certificate=certificate)
            assert (read["number"], read["status"]) == (MAN, "valid")
            assert (read["category"], read["grade"]) == (("4", "4") if certificate else (None, None))


def test_an_old_certificate_of_fifteen_and_two_digits_is_read_only_where_certificates_stand(read_ids):
    old = MAN[:6] + MAN[8:17] + "63"
    assert read_ids([old], certificate=True) == [
        {"number": MAN, "status": "lifted", "born": dt.date(1985, 3, 12), "sex": "1", "category": "6", "grade": "3"}
    ]
    assert read_ids([old])[0]["status"] == "malformed"


def test_a_certificate_with_no_such_category_or_grade_is_not_guessed(read_ids):
    for tail in ("84", "45", "04", "40"):
        (read,) = read_ids([MAN + tail], certificate=True)
        assert (read["status"], read["category"], read["grade"]) == ("malformed", None, None)


@given(st.lists(valid_ids, min_size=1, max_size=30))
def test_a_valid_id_is_valid_and_says_birth_and_sex(read_ids, numbers):
    for number, read in zip(numbers, read_ids(numbers), strict=True):
        assert (read["number"], read["status"]) == (number, "valid")
        assert f"{read['born']:%Y%m%d}" == number[6:14]
        assert read["sex"] == ("1" if int(number[16]) % 2 else "2")


@given(valid_ids, st.data())
def test_no_single_wrong_digit_passes_for_valid(read_ids, number, data):
    changed = []
    for place in range(18):
        allowed = "0123456789X" if place == 17 else "0123456789"
        other = data.draw(st.sampled_from([character for character in allowed if character != number[place]]))
        changed.append(number[:place] + other + number[place + 1 :])
    assert "valid" not in {read["status"] for read in read_ids(changed)}


@given(valid_ids)
def test_no_swapped_neighbours_pass_for_valid(read_ids, number):
    swapped = [number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(17) if number[i] != number[i + 1]]
    assume(swapped)
    assert "valid" not in {read["status"] for read in read_ids(swapped)}


@given(st.lists(lifted_from, min_size=1, max_size=30))
def test_fifteen_digits_are_lifted_to_the_eighteen_they_would_be(read_ids, pairs):
    for (_, eighteen), read in zip(pairs, read_ids([fifteen for fifteen, _ in pairs]), strict=True):
        assert (read["number"], read["status"]) == (eighteen, "lifted")


@given(
    st.lists(
        st.one_of(
            valid_ids, lifted_from.map(lambda pair: pair[0]), st.text(max_size=24), st.text("0123456789X*E+. ", max_size=24)
        )
    )
)
def test_reading_what_was_read_gives_the_same_and_a_known_status(read_ids, texts):
    first = read_ids(texts)
    again = read_ids([read["number"] for read in first])
    for before, after in zip(first, again, strict=True):
        assert before["status"] in STATUSES
        assert (before["number"] is None) == (before["status"] == "missing")
        if before["status"] in ("valid", "lifted"):
            assert (after["number"], after["status"]) == (before["number"], "valid")
            assert len(before["number"]) == 18
        else:
            assert after["status"] != "valid"
