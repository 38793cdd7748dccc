"""Names: what is cut off, what is folded, how it sounds, which surname."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.standardise.names import key_of, read_name, read_names


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("王秀英", "王秀英"),
        ("张 三", "张三"),
        ("张　三", "张三"),
        ("\u200b张三\ufeff", "张三"),
        ("张三（户主）", "张三"),
        ("张三(户主)", "张三"),
        ("张三【户主】", "张三"),
        ("张三户主", "张三"),
        ("户主:张三", "张三"),
        ("户主张三", "张三"),
        ("张三（李四之妻", "张三"),
        ("张三2", "张三"),
        ("1.张三", "张三"),
        ("王先生", "王"),
        ("张三（", "张三"),
        ("'张三", "张三"),
        ("JOHN  SMITH", "JOHN SMITH"),
        ("阿依古丽 买买提", "阿依古丽买买提"),
        ("王\ue863", "王䶮"),
        ("\u2ee2超", "马超"),
    ],
)
def test_what_is_not_the_name_is_cut_off(written, name):
    assert read_name(written)[0] == name


@pytest.mark.parametrize("written", ["张三已故", "张三（已故）", "张三(亡)", "张三亡", "张三 死亡"])
def test_a_name_marked_dead_is_read_and_the_mark_kept_as_a_warning(written):
    assert read_name(written)[0] == "张三"
    assert read_name(written)[4] == "said_deceased"


def test_two_characters_are_never_cut_to_one_for_a_mark_of_death():
    assert read_name("王亡")[0] == "王亡"


@pytest.mark.parametrize("written", ["张三、李四", "张三，李四", "张三/李四", "张三;李四", "张三、李四、王五"])
def test_of_several_names_the_first_is_taken_with_a_warning(written):
    assert (read_name(written)[0], read_name(written)[4]) == ("张三", "several_names")


@pytest.mark.parametrize("written", ["", "·", "（）", "不详", "未知", "无名氏", "123", "-", "张"[:0]])
def test_what_is_no_name_gives_none(written):
    assert read_name(written) == (None, None, None, None, "no_name")


@pytest.mark.parametrize("dot", ["·", "•", "‧", "・", "･", ".", "．", "。", "∙", "⋅", "●", "-", " · ", ""])
def test_every_dot_and_none_gives_the_same_key(dot):
    name, key, sound, surname, _ = read_name(f"吐尔逊{dot}买买提")
    assert key == "吐尔逊买买提"
    assert sound == "tu er xun mai mai ti"
    assert surname is None
    assert name == ("吐尔逊·买买提" if dot else "吐尔逊买买提")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("呂麗華", "吕丽华"),
        ("王\ue863", "王䶮"),
        ("李〇", "李零"),
        ("李○", "李〇"),
        ("高々", "高高"),
        ("\uf9e1四", "李四"),
        ("⻢超", "马超"),
        ("髙峯", "高峰"),
        ("曺操", "曹操"),
        ("𠮷田", "吉田"),
        ("沢東", "泽东"),
        ("Ｊｏｈｎ", "JOHN"),
    ],
)
def test_two_writings_of_one_name_have_one_key(one, other):
    assert read_name(one)[1] == read_name(other)[1]
    assert read_name(one)[2] == read_name(other)[2]


@pytest.mark.parametrize("lost", ["?", "？", "□", "*", "＊", "■", "\ufffd", "囗"])
def test_a_lost_character_keeps_its_place(lost):
    _, key, sound, surname, said = read_name(f"王{lost}明")
    assert (key, sound, surname, said) == ("王?明", "wang ? ming", "王", "lost_character")


@pytest.mark.parametrize("hidden", ["王某某", "王XX", "王××", "王＊＊", "王xx"])
def test_a_name_hidden_by_the_sender_keeps_its_surname_and_length(hidden):
    assert read_name(hidden)[1:5] == ("王??", "wang ? ?", "王", "lost_character")


def test_a_lost_surname_is_no_surname():
    assert read_name("□小明")[1:4] == ("?小明", "? xiao ming", None)


@pytest.mark.parametrize(
    ("name", "surname", "sound"),
    [
        ("单雄信", "单", "shan xiong xin"),
        ("仇英", "仇", "qiu ying"),
        ("解珍", "解", "xie zhen"),
        ("区小明", "区", "ou xiao ming"),
        ("查良镛", "查", "zha liang yong"),
        ("任长霞", "任", "ren zhang xia"),
        ("曾国藩", "曾", "zeng guo fan"),
        ("逄锦", "逄", "pang jin"),
        ("欧阳修", "欧阳", "ou yang xiu"),
        ("歐陽脩", "欧阳", "ou yang xiu"),
        ("司马懿", "司马", "si ma yi"),
        ("上官婉儿", "上官", "shang guan wan er"),
        ("諸葛亮", "诸葛", "zhu ge liang"),
        ("尉迟恭", "尉迟", "yu chi gong"),
        ("长孙无忌", "长孙", "zhang sun wu ji"),
        ("吕布", "吕", "lv bu"),
        ("欧阳", "欧", "ou yang"),
        ("买买提江吐尔逊", None, "mai mai ti jiang tu er xun"),
        ("JOHN SMITH", None, "johnsmith"),
    ],
)
def test_surnames_are_known_and_sound_as_surnames(name, surname, sound):
    assert (read_name(name)[3], read_name(name)[2]) == (surname, sound)


han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=5)
odd = st.sampled_from(
    ["户主张三", "王先生", "欧阳修", "歐陽修", "张三亡", "无名氏", "囗囗", "李□", "阿·布", "张三、李四", "", "王々"]
)


@given(st.lists(st.one_of(han, odd, st.text(max_size=8)), unique=True, max_size=60))
def test_reading_by_columns_is_reading_one_by_one(texts):
    read = {row["raw"]: tuple(row.values())[1:] for row in read_names(pa.array(texts, pa.string())).to_pylist()}
    assert read == {text: read_name(text) for text in texts}


@given(st.one_of(han, st.text(max_size=8)))
def test_reading_a_cleaned_name_again_changes_nothing(text):
    name, key, *_ = read_name(text)
    if name is not None:
        assert read_name(name)[:2] == (name, key)
        assert key_of(key) == key
        assert "·" not in key
        assert " " not in key


@pytest.mark.parametrize("text", ["李芳之女", "王小明之子", "欧阳明月之长女", "李芳之女婴"])
def test_a_newborn_called_after_its_mother_has_no_name_yet(text):
    assert read_name(text) == (None, None, None, None, None)
    assert read_names(pa.array([text])).to_pylist()[0]["name"] is None


@pytest.mark.parametrize("text", ["王之子", "陈之女", "张慕之"])
def test_somebody_called_so_keeps_the_name(text):
    assert read_name(text)[0] == text
