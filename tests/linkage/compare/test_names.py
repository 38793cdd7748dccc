"""Levels of names: what one writing has to do with another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.linkage.compare.names import LEVELS, name_levels

NAMES = st.text(alphabet="王李欧阳秀英建国明朋晴睛吕阿布都热?", min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("王秀英", "王秀英", "相同"),
        ("王秀英", "王秀瑛", "同音"),
        ("单立", "善立", "同音"),  # 单 as a surname is read shàn
        ("阿布都热合曼", "阿不都热合曼", "同音"),
        ("李晴", "李睛", "形近"),
        ("赵未", "赵末", "形近"),
        ("王?英", "王秀英", "缺字"),
        ("王英", "王秀英", "缺字"),
        ("张*", "张伟", "只有一字可见"),
        ("英秀王", "王秀英", "颠倒"),
        ("买买提阿布都", "阿布都买买提", "颠倒"),
        ("阿布都热依木阿", "阿布都热依木阿布都拉", "截断或音译不同"),
        ("王建国", "王建民", "一字不同"),
        ("李建国", "王建国", "名同姓不同"),
        ("王小明", "王建国", "只有姓相同"),
        ("欧阳锋", "欧阳雪", "只有姓相同"),
        ("张伟", "张强", "只有姓相同"),
        ("赵四", "钱五", "不同"),
        ("", "王五", "缺失"),
    ],
)
def test_two_writings_have_a_level(one, other, level):
    assert LEVELS[name_levels([one], [other])[0]] == level


@given(NAMES, NAMES)
def test_a_level_does_not_depend_on_which_name_comes_first(one, other):
    there, back = name_levels([one], [other]), name_levels([other], [one])
    assert there.tolist() == back.tolist()


@given(NAMES)
def test_a_name_equals_itself(name):
    assert LEVELS[name_levels([name], [name])[0]] == "相同"


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=20))
def test_many_at_once_are_as_each_alone(pairs):
    together = name_levels([a for a, _ in pairs], [b for _, b in pairs]).tolist()
    assert together == [name_levels([a], [b]).tolist()[0] for a, b in pairs]
