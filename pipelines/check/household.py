"""The whole household (民发〔2021〕57号 第七条): who must be in it and is not on the form, who is shown by nobody, who is out.

Belongs here: comparing the form with what the batch knows of the linked persons. Does not belong here: income, property, rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.check.form import SELF, Applicant, Application
from pipelines.linkage import lake
from pipelines.linkage.review.people import Answer
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

NO_DEGREE = ("研究生",)
"""Who studies beyond a bachelor's degree is no dependent child by Article 7."""


@dataclass(frozen=True)
class Counted:
    """One person of a checked household.

    Attributes:
        position: on the form, then on.
        applicant: the row; None for somebody not listed.
        outcome: linked, several, new.
        role: counted, not_listed, unproven, excluded.
        household_id: the assistance household the batch has them in.
    """

    position: int
    name: str
    id_number: str
    relation: str
    applicant: Applicant | None
    outcome: str
    person_id: str | None
    probability: float | None
    candidates: list[dict[str, Any]]
    role: str
    reason: str
    household_id: str | None = None
    town: str | None = None
    village: str | None = None
    grid: str | None = None
    on_roster: bool = False


@dataclass
class _Known:
    """What the batch knows of one person."""

    name: str
    id_number: str
    alive: bool
    age: int | None
    in_custody: bool
    in_school: bool
    stage: str | None
    household_id: str | None
    on_roster: bool
    place: tuple[str | None, str | None, str | None] = (None, None, None)
    kin: dict[str, str] = field(default_factory=dict)
    """Person → what they are to this one: spouse, child, parent."""


def whole_households(
    connection: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    applications: Sequence[Application],
    linked: dict[str, list[Answer]],
) -> dict[str, list[Counted]]:
    """Who belongs to each application's household.

    Args:
        connection: an empty one of `Home.connect`.
        home: where the batch is.
        batch: a finished month.
        applications: the forms.
        linked: by application, an answer per row of the form.
    """
    wanted = {answer.candidates[0][0] for answers in linked.values() for answer in answers if answer.does == "link"}
    known = _known(connection, home, batch, wanted)
    return {one.application_no: _household(one, linked[one.application_no], known) for one in applications}


def _household(application: Application, answers: list[Answer], known: dict[str, _Known]) -> list[Counted]:
    members: list[Counted] = []
    persons = [answer.candidates[0][0] if answer.does == "link" else None for answer in answers]
    on_form = {person for person in persons if person}
    applicant = next((p for row, p in zip(application.members, persons, strict=True) if row.relation == SELF and p), None)
    base = known[applicant].household_id if applicant else None
    for position, (row, answer, person) in enumerate(zip(application.members, answers, persons, strict=True), 1):
        of = known.get(person or "")
        role, reason = _role(row, of, person, base, on_form)
        if answer.id_status not in ("valid", "lifted", "missing"):
            reason = "；".join(part for part in (reason, "证号校验不通过，请核对证件") if part)
        members.append(
            Counted(
                position, row.name, answer.id_number or row.id_number, row.relation, row,
                {"link": "linked", "review": "several"}.get(answer.does, "new"), person,
                answer.candidates[0][1] if answer.candidates else None,
                [{"person_id": one, "probability": round(p, 4)} for one, p in answer.candidates[:5]] if not person else [],
                role, "；".join(part for part in (reason, row.remark) if part), of.household_id if of else None,
                *(of.place if of else (None, None, None)), on_roster=bool(of and of.on_roster),
            )
        )  # fmt: skip
    for person, why in _missing(application, persons, known).items():
        of = known[person]
        members.append(
            Counted(
                len(members) + 1, of.name, of.id_number, why[0], None, "linked", person, 1.0, [], "not_listed", why[1],
                of.household_id, *of.place, on_roster=of.on_roster,
            )
        )  # fmt: skip
    return members


def _role(row: Applicant, of: _Known | None, person: str | None, base: str | None, on_form: set[str]) -> tuple[str, str]:
    """counted, unproven or excluded, and why."""
    if of is None or person is None:
        return "counted", "" if row.relation == SELF else "没有在数据中认出此人，与申请人是否共同生活待核实"
    if not of.alive:
        return "excluded", "有死亡注销记录，不计入；请核实"
    if of.in_custody:
        return "excluded", "正在服刑或强制隔离戒毒，不计入（第七条）"
    shown = of.household_id is not None and of.household_id == base
    if row.relation != SELF and not shown and not (set(of.kin) & (on_form - {person})):
        return "unproven", "没有数据表明与申请人同住或有亲属关系，待证实"
    return "counted", ""


def _missing(application: Application, persons: list[str | None], known: dict[str, _Known]) -> dict[str, tuple[str, str]]:
    """Spouses, minor children and students of the applicant and the applicant's spouse who are not on the form."""
    on_form = {person for person in persons if person}
    heads = [
        person
        for row, person in zip(application.members, persons, strict=True)
        if person and row.relation in (SELF, "配偶", "丈夫", "妻子") and known[person].alive
    ]
    found: dict[str, tuple[str, str]] = {}
    for head in heads:
        for person, kin in known[head].kin.items():
            of = known.get(person)
            if of is None or person in on_form or person in found or not of.alive or of.in_custody:
                continue
            if kin == "spouse":
                found[person] = ("配偶", "数据中的配偶，申请表未列入")
            elif kin == "child" and of.age is not None and of.age < 18:
                found[person] = ("子女", "数据中的未成年子女，申请表未列入")
            elif kin == "child" and of.in_school and of.stage not in NO_DEGREE:
                found[person] = ("子女", "数据中的在校子女（本科及以下），申请表未列入")
    return found


def _known(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, wanted: set[str]) -> dict[str, _Known]:
    """What the batch knows of some persons and of their spouses and children."""
    import polars as pl

    def lake_table(stage: str, table: str) -> str:
        return f"read_parquet('{quoted(home.lake(batch, stage, table))}')"

    connection.register("wanted", pl.DataFrame({"person_id": sorted(wanted)}, schema={"person_id": pl.String}).to_arrow())
    connection.execute(f"""CREATE TEMP TABLE kin AS
        SELECT person_id, other_person_id AS other, kind AS kin FROM {lake_table("households", "edges")}
        WHERE kind = 'spouse' AND person_id IN (FROM wanted)
        UNION SELECT other_person_id, person_id, 'spouse' FROM {lake_table("households", "edges")}
        WHERE kind = 'spouse' AND other_person_id IN (FROM wanted)
        UNION SELECT other_person_id, person_id, 'child' FROM {lake_table("households", "edges")}
        WHERE kind = 'parent' AND other_person_id IN (FROM wanted)
        UNION SELECT person_id, other_person_id, 'parent' FROM {lake_table("households", "edges")}
        WHERE kind = 'parent' AND person_id IN (FROM wanted)""")
    rows = connection.execute(f"""
        WITH everybody AS (SELECT person_id FROM wanted UNION SELECT other FROM kin)
        SELECT p.person_id, p.name, p.id_number, coalesce(p.alive, true), f.age, coalesce(f.in_custody, false),
            coalesce(f.in_school, false), f.school_stage, coalesce(f.household_id, f.left_household_id),
            coalesce(f.on_any_roster, false),
            h.town, h.village, h.grid
        FROM {lake.persons(home, batch)} AS p SEMI JOIN everybody USING (person_id)
        LEFT JOIN {lake_table("assess", "person_fact")} AS f USING (person_id)
        LEFT JOIN (FROM {lake_table("households", "households")} WHERE kind = 'assistance') AS h
            ON h.household_id = coalesce(f.household_id, f.left_household_id)""").fetchall()
    known = {
        row[0]: _Known(row[1] or "", row[2] or "", row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10:13])
        for row in rows
    }
    for person, other, kin in connection.execute("SELECT person_id, other, kin FROM kin ORDER BY ALL").fetchall():
        if person in known and other in known:
            known[person].kin.setdefault(other, kin)
    connection.unregister("wanted")
    return known
