"""Names: what was typed into a name cell → the name, its key for comparing, its sound and its surname.

Belongs here: everything about one name on its own, worked out once per distinct name. Does not belong here: how two names
compare and how common a name is (`pipelines.linkage`).
"""

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from pipelines.standardise.characters import folding, readable, rows

if TYPE_CHECKING:
    import polars as pl
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
_SOMEBODYS_CHILD = re.compile(r".{2,}之(?:[长次]?[子女]|男婴|女婴|婴)$")
"""A newborn's row before it has a name: the mother's, and 之子 or 之女 behind it."""
_LONGEST_PLAIN = 4
"""Names of five characters and more without a dot are transliterations whose dot was dropped: they have no surname."""

_SHORTEST = 2
"""A name keeps so many characters when 亡 or 户主 behind it is cut off; before a title (王先生) one is enough."""

_COLUMNS = ("raw", "name", "name_key", "name_pinyin", "surname", "said")
_SLICE = 100_000

Reading = tuple[str | None, str | None, str | None, str | None, str | None]
"""name, name_key, name_pinyin, surname, warning."""


def read_names(raw: "pa.Array") -> "pa.Table":
    """Read distinct name texts.

    Most are two to four plain characters: those are read by columns, character by character (measured: 6 times faster than
    `read_name` on each, with the same result, which a test holds). The others pass through `read_name`.

    Args:
        raw: distinct texts as a source wrote them.

    Returns:
        columns raw, name, name_key, name_pinyin, surname, said (the warning's word), one row per text, all VARCHAR.
    """
    import polars as pl

    texts = pl.DataFrame({"raw": pl.Series(raw, dtype=pl.String)})
    plain = texts["raw"].str.contains(f"^{_PLAIN.pattern}$") & ~texts["raw"].str.contains(_needs_reading())
    read = [_read_plain(texts.filter(plain)), *map(_read_others, texts.filter(~plain).iter_slices(_SLICE))]
    return pl.concat(read).to_arrow()


def _read_others(texts: "pl.DataFrame") -> "pl.DataFrame":
    """One after another, in slices, so that what Python holds does not grow with the population."""
    import polars as pl

    readings = [(text, *read_name(text)) for text in texts["raw"].to_list()]
    return pl.DataFrame(readings, schema=dict.fromkeys(_COLUMNS, pl.String), orient="row")


def _read_plain(texts: "pl.DataFrame") -> "pl.DataFrame":
    """Each place's character is looked up once, as its number in the table; what it says is then gathered by that number."""
    import polars as pl

    table = _characters()
    numbers = texts.select(
        pl.col("raw").str.slice(place, 1).replace("", None).cast(pl.Enum(table["character"])).to_physical().alias(str(place))
        for place in range(_LONGEST_PLAIN)
    )
    first, *others = numbers.iter_columns()
    folded = [table["folded"].gather(number) for number in (first, *others)]
    sounds = [table["surname_sound"].gather(first), *(table["sound"].gather(number) for number in others)]
    return texts.select(
        "raw",
        name="raw",
        name_key=pl.concat_str(folded, ignore_nulls=True),
        name_pinyin=pl.concat_str(sounds, separator=" ", ignore_nulls=True),
        surname=folded[0],
        said=pl.lit(None, pl.String),
    )


@functools.cache
def _characters() -> "pl.DataFrame":
    """Of each plain character: what it is folded to, its sound, and its sound as a surname."""
    import polars as pl

    fold, sounds, readings = folding(), _sounds(), _readings()
    rows = []
    for code_point in range(0x4E00, 0x9FA6):
        folded = fold.get(code_point, chr(code_point))
        sound = sounds.get(ord(folded), folded)
        rows.append((chr(code_point), folded, sound, readings.get(folded, sound)))
    return pl.DataFrame(rows, schema=["character", "folded", "sound", "surname_sound"], orient="row")


@functools.cache
def _needs_reading() -> str:
    """What plain characters may hold that is more than a name of one surname and a given name."""
    folded_to = {chr(code_point) for code_point, folded in folding().items() if folded == "?"}
    compound = {reading[:2] for reading in _readings() if len(reading) > 1}
    originals: dict[str, list[str]] = {}
    for code_point, folded in folding().items():
        originals.setdefault(folded, []).append(chr(code_point))
    begins = ["".join(f"[{c}{''.join(originals.get(c, []))}]" for c in characters) for characters in compound]
    ends = "|".join(map(re.escape, sorted(_affixes("end"))))
    starts = "|".join(map(re.escape, sorted(_affixes("start"))))
    nothing = "|".join(re.escape(text) for text in sorted(_NOTHING))
    lost = re.escape("".join(sorted(folded_to)))
    whole = f"{nothing}|{_SOMEBODYS_CHILD.pattern.removesuffix('$')}"
    return f"^(?:{'|'.join(sorted(begins))})|(?:{ends})$|^(?:{starts})|^(?:{whole})$|[{lost}]"


def read_name(text: str) -> Reading:
    """Read one name text."""
    said = None
    if (
        _PLAIN.fullmatch(text)
        and not _ends().search(text)
        and not _starts().search(text)
        and not _SOMEBODYS_CHILD.fullmatch(text)
        and text not in _NOTHING
    ):
        name = text
    else:
        cleaned, said = _clean(text)
        while (again := _clean(cleaned))[0] != cleaned:  # what was cut off may have covered more of it; each round is shorter
            cleaned, said = again[0], said or again[1]
        if _SOMEBODYS_CHILD.fullmatch(cleaned):
            return None, None, None, None, said  # it has no name yet, and nobody is asked for one
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
    if "X" in key.upper() and _IS_HAN.search(key):  # 王XX: hidden by the sender
        key = re.sub("[Xx]", "?", key)
    if "々" in key:
        key = re.sub("(.)々", r"\1\1", key)
    if DOT in key or " " in key:
        key = key.replace(DOT, "").replace(" ", "")
    return key.upper()


def _clean(text: str) -> tuple[str, str | None]:
    said = None
    name = _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).translate(readable()).strip()
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
    while (end := _ends().search(name)) and end.start() >= (1 if _affixes("end")[end.group()] == "title" else _SHORTEST):
        if _affixes("end")[end.group()] == "deceased":
            said = "said_deceased"
        name = name[: end.start()]
    name = _NUMBERED.sub("", name)
    name = _DOTS.sub(DOT, name).strip(DOT + ":")
    if name in _NOTHING or not any(character.isalpha() or character == "〇" for character in name):
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
    if _IS_HAN.search(key) or "?" in key:
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
