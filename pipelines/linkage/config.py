"""The comparison file: keys that find candidates, comparisons with their levels, odds.

Belongs here: the shape of `schemas/linkage.yaml` and of any other comparison file, and its own consistency. Does not belong
here: what the levels weigh (`decide.weights`, a model file).
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import DeclarationError
from pipelines.storage import SCHEMAS

REGISTER = "police_household"
"""The source that says who lives in the district: every person of it is one of ours."""
DEATHS = "police_death"

COMPARERS: dict[str, tuple[str, ...]] = {
    "chinese_name": (
        "相同",
        "同音",
        "形近",
        "缺字",
        "颠倒",
        "截断或音译不同",
        "只有一字可见",
        "一字不同",
        "名同姓不同",
        "只有姓相同",
        "不同",
    ),
    "text": ("相同", "相近", "不同"),
    "latin_name": ("相同", "很近", "相近", "略近", "不同"),
}
"""Comparers in Python and what their levels mean, strongest first."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(_Declared):
    """What two sides must have in common to be compared at all.

    `same` are SQL expressions over one side's columns, `against` those of the person's side where they differ. A block of more
    than `cap` persons is compared only where `finer` agrees as well, and not at all where that is too large too.
    """

    same: Annotated[list[str], Field(min_length=1)]
    against: list[str] | None = None
    cap: Annotated[int, Field(ge=1)] = 20
    finer: list[str] = []
    when: str = "true"
    source: str | None = Field(default=None, alias="from")
    """A relation of the record's side other than its identities: `repair`, `owner_kin`, `companion`."""

    @model_validator(mode="after")
    def _fits(self) -> "Key":
        if self.against is not None and len(self.against) != len(self.same):
            raise ValueError("same 与 against 的个数要一样")
        return self


class Level(_Declared):
    """One level: its name for people, and the SQL condition; the first that holds counts."""

    is_: str = Field(alias="is")
    when: str


class Comparison(_Declared):
    """One field's comparison: levels by SQL conditions, or by a comparer in Python once per distinct pair of values."""

    comparer: Literal["chinese_name", "text", "latin_name"] | None = None
    column: str | None = None
    when: str = "true"
    levels: list[Level] = []
    frequency: dict[int, str] = {}
    """Level → column whose value's frequency among persons says how much that level's agreement means."""
    within: list[str] = []
    """What the frequency is counted within (sex, decade), with shrinkage."""
    mode: str | None = None
    """SQL for a small number: the levels are weighed within it."""

    @model_validator(mode="after")
    def _fits(self) -> "Comparison":
        if (self.comparer is None) == (not self.levels):
            raise ValueError("levels 与 comparer 要且只要一个")
        if self.comparer and not self.column:
            raise ValueError("有 comparer 就要有 column")
        return self

    def level_names(self) -> list[str]:
        """What each level is, for people; the first is level 1."""
        return list(COMPARERS[self.comparer]) if self.comparer else [level.is_ for level in self.levels]


class Odds(_Declared):
    """From which probability on what is done."""

    link: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    join: Annotated[float, Field(gt=0.5, lt=1)] = 0.98
    review: Annotated[float, Field(ge=0, lt=1)] = 0.2
    second: Annotated[float, Field(gt=0, lt=0.5)] = 0.04
    false_links: Annotated[float, Field(gt=0, lt=0.1)] | None = None
    """Which share of all linked identities may be false, in expectation: what `link` is follows. None: it stands."""
    between: tuple[Annotated[float, Field(gt=0.5, lt=1)], Annotated[float, Field(gt=0.5, lt=1)]] = (0.9, 0.995)
    """Bounds of the link that follows."""

    @model_validator(mode="after")
    def _fits(self) -> "Odds":
        if not self.review < self.between[0] <= self.between[1]:
            raise ValueError("between 要从小到大，并且大于 review")
        return self


class Config(_Declared):
    """A comparison file."""

    keys: dict[str, Key]
    comparisons: dict[str, Comparison]
    odds: Odds = Odds()

    @model_validator(mode="after")
    def _fits(self) -> "Config":
        if len(self.keys) > 60:
            raise ValueError("候选键最多 60 个")
        if any(len(c.level_names()) > 31 for c in self.comparisons.values()):
            raise ValueError("一项比较最多 31 级")
        if len(self.comparisons) > 8:
            raise ValueError("比较最多 8 项")
        return self

    def key_bit(self, key: str) -> int:
        """The key's bit in the mask of keys that found a pair."""
        return 1 << list(self.keys).index(key)


def load_config(path: Path = SCHEMAS / "linkage.yaml") -> Config:
    """Read a comparison file.

    Raises:
        DeclarationError: the file is not one; says which place.
    """
    try:
        declared: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Config.model_validate(declared)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark else ""
        raise DeclarationError(
            "比较规则文件不是有效的 YAML。", where=f"{path.name} {line}", todo="检查缩进、冒号和引号。"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise DeclarationError(
            f"比较规则文件有 {error.error_count()} 处不对，第一处：{first['msg']}",
            where=f"{path.name} {' → '.join(str(part) for part in first['loc'])}",
            todo="照着 schemas/linkage.yaml 的注释改正。",
        ) from None
