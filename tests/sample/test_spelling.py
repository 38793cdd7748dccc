import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sample import spelling

ID = "37021119800512343X"
LUCK = st.integers(0, 2**40)


@given(LUCK)
def test_a_typo_changes_one_digit(luck):
    wrong = spelling.id_typo(ID, luck)
    assert len(wrong) == 18
    assert sum(one != other for one, other in zip(ID, wrong, strict=True)) == 1


@given(LUCK)
def test_a_transposition_keeps_the_digits_and_changes_two_neighbours(luck):
    wrong = spelling.id_transposed(ID, luck)
    differing = [place for place in range(18) if wrong[place] != ID[place]]
    assert sorted(wrong) == sorted(ID)
    assert differing[1] - differing[0] == 1
    assert len(differing) == 2


@given(LUCK)
def test_a_lost_digit_leaves_seventeen(luck):
    assert len(spelling.id_digit_lost(ID, luck)) == 17


@pytest.mark.parametrize(
    ("defect", "text", "wrong"),
    [
        ("id_fifteen", ID, "370211800512343"),
        ("id_fifteen", "37021120100512343X", None),
        ("id_zeros", "370211198005123437", "370211198005123000"),
        ("id_zeros", "37021119800512343742", "37021119800512300000"),
        ("id_zeros", ID, None),
        ("id_scientific", "370211198005123437", "3.70211E+17"),
        ("id_scientific", ID, None),
        ("id_masked", ID, "370211********343X"),
        ("id_placeholder", ID, "999999999999999999"),
    ],
)
def test_ids_are_damaged_as_spreadsheets_and_old_systems_damage_them(defect, text, wrong):
    assert spelling.ID_DEFECTS[defect](text, 3) == wrong


@pytest.mark.parametrize(
    ("defect", "text", "wrong"),
    [
        ("name_short", "王秀英", {"王秀", "王英"}),
        ("name_short", "王英", {None}),
        ("name_swapped", "王秀英", {"王英秀"}),
        ("name_swapped", "王英英", {None}),
        ("name_lost", "王英", {"王?", "王□", "王*"}),
        ("name_variant", "吕德丽", {"呂德丽", "吕德麗"}),
        ("name_rare_lost", "王䶮", {"王?", "王□"}),
        ("name_dotted_cut", "阿布都热合曼·买买提", {"阿布都热合曼·买"}),
        ("name_dotted_cut", "艾力·玉素甫", {None}),
        ("name_dotted_spelt", "阿布都热合曼·买买提", {"阿不都热合曼·买买提"}),
    ],
)
def test_names_are_spoilt_as_they_are_in_life(defect, text, wrong):
    assert {spelling.NAME_DEFECTS[defect](text, luck) for luck in range(60)} == wrong


def test_a_name_that_sounds_alike_differs_in_one_character_behind_the_surname():
    from pypinyin import lazy_pinyin

    heard = {spelling.name_homophone("王秀英", luck) for luck in range(40)}
    assert len(heard) > 2
    for name in heard:
        assert name[0] == "王"
        assert name != "王秀英"
        assert lazy_pinyin(name) == ["wang", "xiu", "ying"]


def test_dots_are_written_six_ways_or_not_at_all():
    ways = {spelling.name_dots("艾力·玉素甫", luck) for luck in range(30)}
    assert "艾力玉素甫" in ways
    assert len(ways) == 7


@given(st.dates(dt.date(1925, 1, 1), dt.date(1980, 12, 31)))
def test_a_lunar_birthday_is_what_the_calendar_says(day):
    from lunar_python import Solar

    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    written = spelling.birth_lunar(day)
    if written is None:
        assert (abs(lunar.getMonth()), lunar.getDay()) in {(2, 29), (2, 30)}
    else:
        assert (written.year, written.month, written.day) == (lunar.getYear(), abs(lunar.getMonth()), lunar.getDay())


def test_day_and_month_change_places_only_where_they_can():
    assert spelling.birth_swapped(dt.date(1960, 3, 7)) == dt.date(1960, 7, 3)
    assert spelling.birth_swapped(dt.date(1960, 3, 27)) is None
    assert spelling.birth_swapped(dt.date(1960, 3, 3)) is None
