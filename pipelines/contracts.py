"""The contract model: what a departmental extract looks like, as `schemas/sources/*.yaml` declares it.

Belongs here: the shape of a contract, its own consistency, and loading. Does not belong here: reading extracts
(`pipelines.extracts`) and what a type's text looks like (`pipelines.standardise`).

A contract is checked before anything runs: a mistake is refused with its file and what to do.
"""

import csv
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.errors import DeclarationError
from pipelines.storage import SCHEMAS

ColumnType = Literal[
    "name",
    "id_number",
    "disability_certificate",
    "sex",
    "date",
    "month",
    "money",
    "integer",
    "decimal",
    "age",
    "phone",
    "address",
    "text",
    "code",
    "set",
]
"""How a column's text is read; `month` accepts a date or a year and month, `set` is several codes in one cell, `decimal` is an
area, a rate or a share (5 % and 1/8 are read as 0.05 and 0.125), `age` whole years: two possible years of birth, no birthday."""

Privacy = Literal["identity", "contact", "health", "finance", "family", "place", "none"]
"""What a column says about a person; decides masking and what may leave the warehouse."""

IDENTITY_FIELDS = (
    "name", "former_name", "id_number", "sex", "birth_date", "phone", "address", "town", "village", "grid", "household_key"
)  # fmt: skip
"""What any source may say about who a record is. `household_key` is the source's own household number."""

_COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]*")


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Declared):
    """One column of an extract.

    `heading` holds the heading and its variants; with `repeat: n` it holds `{n}` and stands for n numbered columns
    (`其他家庭成员姓名{n}`), canonical names `<name>_1` to `<name>_n`.
    """

    heading: Annotated[list[str], Field(min_length=1)]
    type: ColumnType
    privacy: Privacy
    required: bool = False
    repeat: Annotated[int, Field(ge=1, le=20)] | None = None
    codes: str | None = None
    open: list[str] = []
    """Texts that mean 'no end' in a date column, such as 长期."""
    zero_one_sex: bool = False
    """The source writes sex as 0 (female) and 1 (male), against GB/T 2261.1."""
    age_on: str | None = None
    """Of an age: the date column that says on which day it is reckoned; without one it is the batch's last day."""
    map: str | None = None
    """Of a text: the table of `schemas/codes` that says what its wordings are (`<column>_as`) and of which class
    (`<column>_class`). What the table does not know is null, and listed once with its rows and sum."""
    map_sum: str | None = None
    """With `map`: the money column whose sum says how much an unknown wording weighs."""
    doc: str = ""

    @field_validator("heading", "open", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> "Column":
        if self.type in ("code", "set") and not self.codes:
            raise ValueError("类型为 code 或 set 的列要用 codes 指明代码表")
        if (self.map and self.type != "text") or (self.map_sum and not self.map) or (self.age_on and self.type != "age"):
            raise ValueError("map 只用于类型 text 的列，map_sum 要与 map 一起写，age_on 只用于类型 age 的列")
        if self.repeat and not all("{n}" in heading for heading in self.heading):
            raise ValueError("有 repeat 的列，表头里要写 {n}")
        return self


class Member(_Declared):
    """Who one member of a row is: for each identity field, the column that says it.

    `member` is a number or a range such as `1-6`; in a range, column names hold `{n}`.
    A column of type `disability_certificate` gives an id number by `certificate.id` and birth date and sex with it.
    """

    member: int | str = 0
    name: str | None = None
    former_name: str | None = None
    id_number: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    phone: str | None = None
    address: str | None = None
    town: str | None = None
    village: str | None = None
    grid: str | None = None
    household_key: str | None = None
    fixed_sex: Literal["1", "2"] | None = None
    """The member's sex where the column itself says it (男方, 女方): GB/T 2261.1."""

    def each(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Every member number with its identity field → column name."""
        fields = {field: getattr(self, field) for field in IDENTITY_FIELDS if getattr(self, field)}
        text = str(self.member)
        first, _, last = text.partition("-")
        for number in range(int(first), int(last or first) + 1):
            yield number, {field: column.replace("{n}", str(number)) for field, column in fields.items()}


class Expect(_Declared):
    """What a usual batch of this source looks like; outside it, a warning."""

    rows_against_last_batch: tuple[float, float] | None = None
    filled: dict[str, float] = {}
    """Least share of rows in which a column is filled."""


class Contract(_Declared):
    """One departmental extract."""

    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    number: Annotated[int, Field(ge=1, le=127)]
    """The source's own number, never reused: it is part of every record id."""
    title: str
    department: str
    group: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """The department's name in Dagster, where only ASCII is allowed."""
    required: bool = False
    use: Literal["screening", "authorised"] = "screening"
    """`authorised`: only for persons with an authorisation on record (社会救助暂行办法 第58条)."""
    subject: Literal["person", "household"] = "person"
    """`household`: a row speaks of the household of whom it names, and may name it by its address alone."""
    one_row_per_person: bool = False
    """A register: at most one row of it per person."""
    rows_above: int = 0
    """Rows usually above the heading; a hint for the sample, reading finds the heading itself."""
    frequency: Literal["week", "month", "quarter", "half_year", "year", "event", "request"] = "month"
    """`event`: sent when something happens; `request`: sent in answer to a question. Neither is ever late."""
    stale_after: Annotated[int, Field(ge=1, le=60)] | None = None
    """Months. In a batch without a delivery of this source the last one still speaks; once it is older than this, only for those
    it names: not standing in it is no longer evidence of anything. Without it, a batch knows what came in it and nothing else."""
    columns: dict[str, Column]
    identity: list[Member]
    expect: Expect = Expect()

    @field_validator("identity", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _fits(self) -> "Contract":
        for name in self.columns:
            if not _COLUMN_NAME.fullmatch(name):
                raise ValueError(f"列名“{name}”只能用小写英文、数字和下划线")
        known = set(self.text_columns())
        for member in self.identity:
            for number, fields in member.each():
                if not 0 <= number <= 15:
                    raise ValueError("member 在 0 到 15 之间")
                for column in fields.values():
                    if column.removesuffix(".id") not in known:
                        raise ValueError(f"identity 里的“{column}”不在 columns 里")
        for column in self.expect.filled:
            if column not in known:
                raise ValueError(f"expect.filled 里的“{column}”不在 columns 里")
        return self

    @model_validator(mode="after")
    def _columns_beside(self) -> "Contract":
        """A column that an age or a wording leans on is there, and of its type."""
        for name, declared in self.columns.items():
            if declared.age_on and getattr(self.columns.get(declared.age_on), "type", "") != "date":
                raise ValueError(f"列 {name} 的 age_on“{declared.age_on}”不是 columns 里的日期列")
            if declared.map_sum and getattr(self.columns.get(declared.map_sum), "type", "") != "money":
                raise ValueError(f"列 {name} 的 map_sum“{declared.map_sum}”不是 columns 里的金额列")
        return self

    def text_columns(self) -> dict[str, Column]:
        """Canonical column names as an extract's rows hold them: repeated columns numbered."""
        columns = {}
        for name, column in self.columns.items():
            if column.repeat:
                for number in range(1, column.repeat + 1):
                    numbered = [heading.replace("{n}", str(number)) for heading in column.heading]
                    columns[f"{name}_{number}"] = column.model_copy(update={"heading": numbered, "repeat": None})
            else:
                columns[name] = column
        return columns

    def members(self) -> dict[int, dict[str, str]]:
        """For each member number: identity field → column name."""
        return {number: fields for member in self.identity for number, fields in member.each()}

    def fixed_sex(self) -> dict[int, str]:
        """For each member number whose sex the column itself says: the code of GB/T 2261.1."""
        return {number: member.fixed_sex for member in self.identity for number, _ in member.each() if member.fixed_sex}

    def age_column(self) -> str | None:
        """The column that says how old the one person of a row is; None where there is none or a row names several."""
        ages = [name for name, column in self.text_columns().items() if column.type == "age"]
        return ages[0] if len(ages) == 1 and len(self.members()) == 1 else None

    def attributes(self) -> dict[str, Column]:
        """The columns that are not part of any member's identity: what the source says *about* the person."""
        used = {column for fields in self.members().values() for column in fields.values()}
        return {name: column for name, column in self.text_columns().items() if name not in used}


def load_contracts(folder: Path = SCHEMAS / "sources") -> dict[str, Contract]:
    """Every contract of a folder, by source key, in the order of their numbers.

    Raises:
        DeclarationError: a file is not a contract; says which file, which place and what to do.
    """
    contracts: dict[str, Contract] = {}
    numbers: dict[int, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        contract = load_contract(path)
        if contract.number in numbers:
            raise DeclarationError(
                f"数据源编号 {contract.number} 用了两次：{numbers[contract.number]} 和 {contract.source}。",
                where=path.name,
                todo="给新的数据源换一个没有用过的 number。",
            )
        numbers[contract.number] = contract.source
        contracts[contract.source] = contract
    return dict(sorted(contracts.items(), key=lambda item: item[1].number))


def load_contract(path: Path) -> Contract:
    """One contract file. Read once while the file stays as it is: a check at the window asks for all of them several times.

    Raises:
        DeclarationError: the file is not a contract.
    """
    state = path.stat()
    return _read_contract(path, state.st_mtime_ns, state.st_size, state.st_ino)


@functools.lru_cache(maxsize=256)
def _read_contract(path: Path, *_state: int) -> Contract:
    try:
        declared = yaml.load(path.read_text(encoding="utf-8"), Loader=_FastLoader)  # noqa: S506  the safe loader in C
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark else ""
        raise DeclarationError(
            "数据源合同不是有效的 YAML。", where=f"{path.name} {line}", todo="检查缩进、冒号和引号。"
        ) from None
    try:
        contract = Contract.model_validate(declared)
    except ValidationError as error:
        first = error.errors()[0]
        place = " → ".join(str(part) for part in first["loc"])
        raise DeclarationError(
            f"数据源合同有 {error.error_count()} 处不对，第一处：{first['msg']}",
            where=f"{path.name} {place}",
            todo="照着 schemas/sources/ 里别的合同改正。",
        ) from None
    if contract.source != path.stem:
        raise DeclarationError(
            f"文件名 {path.name} 与合同里的 source“{contract.source}”不一致。", where=path.name, todo="把两处改成一样。"
        )
    for name, column in contract.columns.items():
        table = column.codes or column.map
        if table and not (SCHEMAS / "codes" / f"{table}.csv").exists():
            raise DeclarationError(
                f"列 {name} 用的代码表 {table} 不存在。",
                where=path.name,
                todo=f"在 schemas/codes/ 里加上 {table}.csv。",
            )
    return contract


@functools.cache
def code_table(name: str) -> dict[str, str]:
    """A code table: every accepted writing → its value. Files hold `value,label,variants` (variants separated by `|`)."""
    writings: dict[str, str] = {}
    with (SCHEMAS / "codes" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for writing in (row["value"], row["label"], *row["variants"].split("|")):
                if writing:
                    writings[writing] = row["value"]
    return writings


@functools.cache
def code_classes(name: str) -> dict[str, str]:
    """Of a table with a column `class`: value → class."""
    with (SCHEMAS / "codes" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["value"]: row["class"] for row in csv.DictReader(file)}


def json_schema() -> dict[str, Any]:
    """The contract's JSON schema, for editors (`schemas/sources/contract.schema.json`)."""
    return Contract.model_json_schema()


_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
