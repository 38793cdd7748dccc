"""The application as it comes: one row a person, from a file or the desk's form.

Belongs here: reading and judging rows. Does not belong here: who the people are (`reckon`), what an authorisation opens
(`authorise`).

An application is taken whole or refused with what to do, by row; what is doubtful but possible is taken and marked. A wrong check
digit is no reason to refuse: it is evidence.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pipelines.casework.accounts import known_towns
from pipelines.casework.clock import day_of, months_after, now
from pipelines.check.declared import load_sources
from pipelines.contracts import Column, Contract
from pipelines.errors import DataError
from pipelines.parameters import load_parameters
from pipelines.standardise.codes import read_code, read_sex, read_town

HEADINGS = {
    "application_no": ["申请编号"], "name": ["姓名"], "id_number": ["公民身份号码", "身份证号", "证件号码"],
    "relation": ["与申请人关系", "关系"], "sex": ["性别"], "birth_date": ["出生日期"],
    "phone": ["联系电话"], "address": ["现住址"],
    "matter": ["申请事项"], "income": ["申报月收入"], "property": ["申报财产"],
    "form_no": ["授权书编号"], "signed_on": ["授权日期"],
    "valid_to": ["授权截止"], "scope": ["授权范围"], "signed_by": ["签署人"], "town": ["受理镇街"], "accepted_on": ["受理日期"],
}  # fmt: skip
_REQUIRED = ("application_no", "name", "relation", "matter", "town", "accepted_on")
MOST_MEMBERS = 30
SELF = "户主"
"""The relation code of the applicant (本人)."""


@dataclass(frozen=True)
class Authorised:
    """One person's authorisation, as written."""

    form_no: str
    signed_on: dt.date
    valid_to: dt.date
    signed_by: str
    scope: tuple[str, ...]

    def valid_for(self, source: str, day: dt.date) -> bool:
        """Whether it opens a source on a day; its first and last day count."""
        return self.signed_on <= day <= self.valid_to and (self.scope == ("全部",) or source in self.scope)


@dataclass(frozen=True)
class Applicant:
    """One row: a person of the household."""

    row_no: int
    name: str
    id_number: str
    relation: str
    sex: str | None
    birth_date: dt.date | None
    phone: str
    address: str
    income: Decimal | None
    property_said: str
    authorisation: Authorised | None
    remark: str = ""


@dataclass
class Application:
    """One household as declared."""

    application_no: str
    matter: str
    town: str
    accepted_on: dt.date
    members: list[Applicant] = field(default_factory=list)


@dataclass(frozen=True)
class Refused:
    """A row that stops its application, and what to do."""

    application_no: str
    row_no: int
    reason: str


def read_form(path: Path) -> tuple[list[Application], list[Refused]]:
    """The applications of a file, and the rows that stop others.

    Raises:
        DataError: the file cannot be read, or lacks a heading.
    """
    from pipelines.extracts.table import cell
    from pipelines.extracts.tables import open_table

    if not path.is_file():
        raise DataError("找不到文件。", where=path.name, todo="核对文件名。")
    columns = {
        name: Column(heading=headings, type="text", privacy="identity", required=name in _REQUIRED)
        for name, headings in HEADINGS.items()
    }
    contract = Contract(
        source="application", number=126, title="核对申请", department="民政", group="check", columns=columns, identity=[]
    )
    table = open_table(path, path.name, contract)
    positions = {name: cell(places[0].position) for name, places in table.headings.places.items()}
    rows = [
        (number, {name: str(row.get(column) or "").strip().lstrip("'’‘").strip() for name, column in positions.items()})
        for batch in table.batches
        for number, row in enumerate(batch.frame.to_dicts(), batch.first_row)
    ]
    return judge_rows(rows)


def judge_rows(rows: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[list[Application], list[Refused]]:
    """Rows as applications; what stops one is told by row.

    Args:
        rows: (row number, cells by the names of `HEADINGS`).
    """
    rows = [(number, cells) for number, cells in rows if any(cells.values())]
    days = _days({cells.get(name, "") for _, cells in rows for name in ("birth_date", "signed_on", "valid_to", "accepted_on")})
    found: dict[str, Application] = {}
    refused: list[Refused] = []
    for number, cells in rows:
        application_no = cells.get("application_no", "")
        wrong = _wrong(cells, days)
        if wrong:
            refused.append(Refused(application_no, number, wrong))
            continue
        town = read_town(cells["town"])[0] or cells["town"]
        accepted = days[cells["accepted_on"]]
        assert accepted
        application = found.setdefault(application_no, Application(application_no, cells["matter"], town, accepted))
        application.members.append(_applicant(number, cells, days))
    refused += [Refused(one.application_no, one.members[0].row_no, why) for one in found.values() if (why := _whole(one))]
    stopped = {one.application_no for one in refused}
    return [one for one in found.values() if one.application_no not in stopped], sorted(refused, key=lambda one: one.row_no)


def _days(texts: set[str]) -> dict[str, dt.date | None]:
    import pyarrow as pa

    from pipelines.standardise.dates import read_dates

    table = read_dates(pa.array(sorted(text for text in texts if text), pa.string())).to_pydict()
    return dict(zip(table["raw"], table["value"], strict=True))


def _wrong(cells: Mapping[str, str], days: Mapping[str, dt.date | None]) -> str:
    """What stops a row; empty if nothing does."""
    titles = {name: headings[0] for name, headings in HEADINGS.items()}
    lacking = [titles[name] for name in _REQUIRED if not cells.get(name)]
    if lacking:
        return f"没有填{'、'.join(lacking)}。"
    if cells["matter"] not in load_sources().matters:
        return f"申请事项应为{'、'.join(load_sources().matters)}之一。"
    if read_code(cells["relation"], "relation") is None:
        return "与申请人关系看不懂，请写 本人、配偶、子、女、父亲 等。"
    if days.get(cells["accepted_on"]) is None:
        return "受理日期看不懂，请写成 2026-11-05 这样。"
    if days[cells["accepted_on"]] > day_of(now()):  # type: ignore[operator]
        return "受理日期在今天以后。"
    if (read_town(cells["town"])[0] or cells["town"]) not in known_towns():
        return "没有这个受理镇街，请写全称。"
    if cells.get("income") and _money(cells["income"]) is None:
        return "申报月收入不是数字，请写元数，例如 1200。"
    return ""


def _whole(application: Application) -> str:
    """What stops an application as a whole."""
    members = application.members
    if len(members) > MOST_MEMBERS:
        return f"超过 {MOST_MEMBERS} 人，不像一个家庭；请核对申请编号。"
    if sum(member.relation == SELF for member in members) != 1:
        return "要有且只有一位“本人”（申请人）。"
    names: dict[str, str] = {}
    for member in members:
        if member.id_number and names.setdefault(member.id_number, member.name) != member.name:
            return "同一个证号写了两个不同的姓名，请核对。"
    return ""


def _applicant(number: int, cells: Mapping[str, str], days: Mapping[str, dt.date | None]) -> Applicant:
    birth = days.get(cells.get("birth_date", ""))
    authorisation, remark = _authorisation(cells, days, birth)
    return Applicant(
        row_no=number, name=cells["name"], id_number=cells.get("id_number", "").upper(),
        relation=read_code(cells["relation"], "relation") or "", sex=read_sex(cells.get("sex", ""), zero_one=False)[0],
        birth_date=birth, phone=cells.get("phone", ""), address=cells.get("address", ""),
        income=_money(cells["income"]) if cells.get("income") else None, property_said=cells.get("property", ""),
        authorisation=authorisation, remark=remark,
    )  # fmt: skip


def _authorisation(
    cells: Mapping[str, str], days: Mapping[str, dt.date | None], birth: dt.date | None
) -> tuple[Authorised | None, str]:
    """The authorisation, or why there is none: the person is then asked in nothing that needs one."""
    if not cells.get("form_no"):
        return None, "没有授权书"
    signed = days.get(cells.get("signed_on", ""))
    if signed is None:
        return None, "授权日期没有写或看不懂，授权不生效"
    months = int(_parameter("check.authorisation_months"))
    ends = days.get(cells.get("valid_to", "")) if cells.get("valid_to") else months_after(signed, months)
    if ends is None or ends < signed:
        return None, "授权截止日期看不懂或早于授权日期，授权不生效"
    signed_by = cells.get("signed_by", "")
    if signed_by not in ("本人", "监护人"):
        return None, "签署人应为本人或监护人，授权不生效"
    born = birth or _birth_of(cells.get("id_number", ""))
    if signed_by == "本人" and born and months_after(born, 18 * 12) > signed:
        return None, "签署人写本人，但签署时不满 18 岁，应由监护人签署，授权不生效"
    scope = tuple(part for part in cells.get("scope", "全部").replace("，", "、").replace(",", "、").split("、") if part)
    return Authorised(cells["form_no"], signed, ends, signed_by, scope or ("全部",)), ""


def _birth_of(id_number: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(id_number[6:14], "%Y%m%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None


def _money(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace(",", "").replace("，", "").removesuffix("元"))
    except InvalidOperation:
        return None
    return value if value >= 0 else None


def _parameter(key: str) -> Decimal:
    value = load_parameters()[key].value_on("000000", "any", day_of(now()))
    assert value and value.value is not None, key
    return value.value
