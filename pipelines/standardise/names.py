"""Names: what was typed into a name cell → the name, its key for comparing, its sound and its surname.

Belongs here: everything about one name on its own, worked out once per distinct name. Does not belong here: how two names
compare and how common a name is (`pipelines.linkage`).
"""

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from pipelines.standardise.characters import folding, rows

if TYPE_CHECKING:
    import pyarrow as pa

DOT = "·"
"""U+00B7, the only one that 民委发〔2016〕33号 allows in names of minorities."""

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af\ue000-\uf8ff々"
_PLAIN = re.compile(r"[\u4e00-\u9fa5]{2,4}")
_DOTS = re.compile(r"[·•‧∙⋅・･ㆍ᛫●.。︒﹒⸱\-–—‐‑]+")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0e-\x1f\x7f'\"`‘’“”]")
_BRACKETS = re.compile(r"[(\[{<【〔《〈「]([^()\[\]{}<>【】〔〕《》〈〉「」]*)[)\]}>】〕》〉」]|[(\[{<【〔《〈「].*$")
_SEVERAL = re.compile(r"[、,;/&+|\\]")
_NUMBERED = re.compile(rf"^[0-9]+[.、:)]?(?=[{_HAN}])|(?<=[{_HAN}])[0-9]+$")
_SPACES = re.compile(r"\s+")
_IS_HAN = re.compile(rf"[{_HAN}]")
_ALL_HAN = re.compile(rf"[{_HAN}?]+")
_NOTHING = frozenset(("未知", "不详", "无名", "无名氏", "无姓名", "暂无", "空", "无", "?", "??", "???", "姓名"))
_LONGEST_PLAIN = 4
"""Names of five characters and more without a dot are transliterations whose dot was dropped: they have no surname."""

Reading = tuple[str | None, str | None, str | None, str | None, str | None]
"""name, name_key, name_pinyin, surname, warning."""


def read_names(raw: "pa.Array") -> "pa.Table":
    """Read distinct name texts.

    Args:
        raw: distinct texts as a source wrote them.

    Returns:
        columns raw, name, name_key, name_pinyin, surname, said (the warning's word), one row per text, all VARCHAR.
    """
    import pyarrow as pa

    fields = ("raw", "name", "name_key", "name_pinyin", "surname", "said")
    parts = []
    for start in range(0, len(raw), 100_000):  # bounds what Python holds, whatever the population
        texts = raw.slice(start, 100_000).to_pylist()
        columns: list[Any] = list(zip(*map(read_name, texts), strict=True)) or [()] * 5
        parts.append(
            pa.table({field: pa.array(column, pa.string()) for field, column in zip(fields, [texts, *columns], strict=True)})
        )
    return pa.concat_tables(parts) if parts else pa.table({field: pa.array([], pa.string()) for field in fields})


def read_name(text: str) -> Reading:
    """Read one name text."""
    said = None
    if _PLAIN.fullmatch(text) and not _ends().search(text) and text not in _NOTHING:
        name = text
    else:
        cleaned, said = _clean(text)
        if not cleaned:
            return None, None, None, None, said or "no_name"
        name = cleaned
    key = key_of(name)
    if "?" in key and said is None:
        said = "lost_character"
    surname, pinyin = _surname_and_sound(key, dotted=DOT in name)
    return name, key, pinyin, surname, said


def key_of(name: str) -> str:
    """A cleaned name folded for comparing: no dots or spaces, variant characters mapped, lost characters as `?`."""
    key = name.translate(folding())
    if "々" in key:
        key = re.sub("(.)々", r"\1\1", key)
    if DOT in key or " " in key:
        key = key.replace(DOT, "").replace(" ", "")
    return key.upper() if not key.isupper() else key


def _clean(text: str) -> tuple[str, str | None]:
    said = None
    name = _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).strip()
    meanings = _affixes("brackets")
    for note in _BRACKETS.finditer(name):
        if meanings.get(_SPACES.sub("", note.group(1) or "")) == "deceased":
            said = "said_deceased"
    name = _BRACKETS.sub("", name).strip(" )]}>】〕》〉」")
    first, *others = [part for part in (piece.strip() for piece in _SEVERAL.split(name)) if part] or [""]
    if others:
        said = said or "several_names"
    name = _SPACES.sub("" if _IS_HAN.search(first) else " ", first)
    name = _starts().sub("", name)
    while (end := _ends().search(name)) and len(name) - len(end.group()) >= 2:
        if _affixes("end")[end.group()] == "deceased":
            said = "said_deceased"
        name = name[: end.start()]
    name = _NUMBERED.sub("", name)
    name = _DOTS.sub(DOT, name).strip(DOT + ":")
    if name in _NOTHING or not any(character.isalpha() or character in "〇々?*□" for character in name):
        return "", said
    return name, said


def _surname_and_sound(key: str, *, dotted: bool) -> tuple[str | None, str]:
    sounds = _sounds()
    readings = _readings()
    surname: str | None = None
    if not dotted and _ALL_HAN.fullmatch(key):
        for length in _COMPOUND_LENGTHS:
            if len(key) > length and key[:length] in readings:
                surname = key[:length]
                rest = [sounds.get(ord(character), character) for character in key[length:]]
                return surname, " ".join([readings[surname], *rest])
        if len(key) <= _LONGEST_PLAIN and key[0] != "?":
            surname = key[0]
            rest = [sounds.get(ord(character), character) for character in key[1:]]
            return surname, " ".join([readings.get(surname) or sounds.get(ord(surname), surname), *rest])
    if _IS_HAN.search(key):
        return None, " ".join([sounds.get(ord(character), character.lower()) for character in key])
    return None, key.lower()


_COMPOUND_LENGTHS = (4, 3, 2)


@functools.cache
def _readings() -> dict[str, str]:
    return {row["surname"]: row["reading"] for row in rows("surnames")}


@functools.cache
def _sounds() -> dict[int, str]:
    """Code point → its commonest reading without tone; per character, so that a name sounds alike wherever it stands."""
    from pypinyin.pinyin_dict import pinyin_dict

    marks = str.maketrans("āáǎàēéěèêếềīíǐìōóǒòūúǔùüǖǘǚǜńňǹḿ", "aaaaeeeeeeeiiiioooouuuuvvvvvnnnm")
    sounds = {}
    for code_point, readings in pinyin_dict.items():
        plain = readings.partition(",")[0].translate(marks)
        sounds[code_point] = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    sounds[ord("零")] = "ling"
    return sounds


@functools.cache
def _affixes(place: str) -> dict[str, str]:
    return {row["text"]: row["meaning"] for row in rows("name_affixes") if row["place"] == place}


@functools.cache
def _ends() -> re.Pattern[str]:
    longest_first = sorted(_affixes("end"), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})$")


@functools.cache
def _starts() -> re.Pattern[str]:
    longest_first = sorted(_affixes("start"), key=len, reverse=True)
    return re.compile(f"^(?:{'|'.join(map(re.escape, longest_first))})(?=..)")
