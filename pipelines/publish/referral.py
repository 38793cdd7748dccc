"""Referral lists (转办): what caseworkers found that another department must act on, one list per department.

Belongs here: which answers are referred to whom, by when, and the lists' files. Does not belong here: the answers themselves
(`pipelines.returns`), the columns and deadlines (`schemas/referral.yaml`).

A list holds what is still open: a referral that came back as done, refused or misdirected is not sent again.
"""

import csv
import functools
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.assess.leads.workdays import add_workdays
from pipelines.declarations import read_declared, validated
from pipelines.month import today
from pipelines.publish.cells import one_line
from pipelines.publish.list_files import MANIFEST, file_word, sha256, whole_folder, write_csv, write_manifest
from pipelines.publish.workbook import Guide, write_workbook
from pipelines.publish.worklist_policy import ListLayout, load_worklist_policy
from pipelines.publish.worklists import lead_rows
from pipelines.storage import SCHEMAS, Home, check_batch, quoted

if TYPE_CHECKING:
    import polars as pl

STILL_OPEN, SENT_BACK = "R3", "R4"
"""The results that do not settle a referral: still being worked on; not the department's to do."""

_STEPS = (
    "每行是一户走访后需要贵部门办理的事项；“疑似情况”是数据比对的结果，须按规定核实，不是认定。",
    "请在“办理时限”前办理，并填写绿色的列；“办理结果码”从下拉列表里选。",
    "不属于贵部门职责的选 R4，并在“办理说明”里写明应转给谁。",
    "填好后交回区民政局；“线索编号”不要改。",
    "内部资料，含个人信息：只用于办理本清单事项，不外传。",
)


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Referred(_Declared):
    """To whom an outcome is referred."""

    department: str | None
    otherwise: str | None = None
    workdays: Annotated[int, Field(gt=0, le=250)]
    wanted: str

    @model_validator(mode="after")
    def _somebody(self) -> "Referred":
        if not self.department and not self.otherwise:
            raise ValueError("department 和 otherwise 至少要有一个")
        return self


class Department(_Declared):
    """What a department's own list leaves out."""

    without: list[str] = []


class ReferralPolicy(ListLayout):
    """`schemas/referral.yaml`."""

    file_name: str
    role: str
    outcomes: dict[str, Referred]
    returned_to: Referred
    departments: dict[str, Department]

    @model_validator(mode="after")
    def _known(self) -> "ReferralPolicy":
        if strange := set(self.outcomes) - set(load_outcomes()):
            raise ValueError(f"没有这些核查结果码：{'、'.join(sorted(strange))}")
        for name, department in self.departments.items():
            if strange := set(department.without) - set(self.columns):
                raise ValueError(f"{name} 的 without 里没有这些列：{'、'.join(sorted(strange))}")
        return self

    def layout(self, department: str) -> ListLayout:
        """The list of one department."""
        without = set(self.departments[department].without) if department in self.departments else set()
        columns = {name: column for name, column in self.columns.items() if name not in without}
        return ListLayout(title=self.title, footer=self.footer, print=self.print, columns=columns)


@functools.cache
def load_referral_policy(path: Path = SCHEMAS / "referral.yaml") -> ReferralPolicy:
    """The declared referral lists.

    Raises:
        DeclarationError: the file has a mistake.
    """
    return validated(read_declared(path)[0], ReferralPolicy, example="schemas/referral.yaml 里别的项目")


def departments_named(text: str | None) -> list[str]:
    """The departments that a caseworker wrote, as the drop-down has them: 医保局、市教育局 → 医保, 教育.

    A department that the drop-down does not have is kept as it was written.
    """
    known = load_worklist_policy().columns["department"].choices
    parts = re.split(r"[、,;/\s和及]+", unicodedata.normalize("NFKC", text or ""))
    named = [next((name for name in known if name in part), part) for part in parts if part]
    return list(dict.fromkeys(named))


def result_choices() -> list[str]:
    """The results as the drop-down shows them: `R1 已办结并已享受`."""
    with (SCHEMAS / "codes" / "referral_result.csv").open(encoding="utf-8", newline="") as file:
        return [f"{row['value']} {row['label']}" for row in csv.DictReader(file)]


def write_referrals(home: Home, batch: str) -> dict[str, int | float]:
    """Write `referrals/<batch>/`: a CSV and an XLSX per department, children's cases apart, and a manifest.

    Reads the batch's standing answers and the results that departments sent back.

    Returns:
        counts: referrals (rows), departments, files.
    """
    check_batch(batch)
    policy = load_referral_policy()
    referred = _referred(home, batch, policy)
    folder = home.root / "referrals" / batch
    if referred.is_empty() and not folder.exists():
        return {"referrals": 0, "departments": 0, "files": 0}
    rows = _rows(home, batch, policy, referred)
    manifest = []
    with whole_folder(folder) as new:
        for (department, child), part in sorted(
            rows.partition_by(["referred_to", "child"], as_dict=True, maintain_order=True).items()
        ):
            name = f"{batch}_{file_word(department)}_{'儿童_' if child else ''}{policy.file_name}"
            layout = policy.layout(department)
            paths = [
                write_csv(new / f"{name}.csv", layout, part),
                _write_xlsx(new / f"{name}.xlsx", layout, part, batch, department),
            ]
            manifest += [(path.name, part.height, sha256(path)) for path in paths]
        write_manifest(new / MANIFEST, manifest)
    return {"referrals": rows.height, "departments": rows["referred_to"].n_unique(), "files": len(manifest)}


def _referred(home: Home, batch: str, policy: ReferralPolicy) -> "pl.DataFrame":
    """One row per open referral: lead_id, referred_to, referred_on, finish_by, matter, wanted, difficulties, note."""
    import polars as pl

    names = ("lead_id", "referred_to", "referred_on", "finish_by", "matter", "wanted", "difficulties", "note")
    rows: list[tuple[str, ...]] = []
    outcomes = load_outcomes()
    results, answers = _answers(home, batch, list(policy.outcomes))
    for lead_id, code, written, day, difficulties, note in answers:
        to = policy.outcomes[code]
        named = [to.department] if to.department else departments_named(written) or [to.otherwise or ""]
        referred = {department: to for department in named if results.get((lead_id, department), STILL_OPEN) == STILL_OPEN}
        back = policy.returned_to.department or ""
        sent_back = back not in named and any(results.get((lead_id, department)) == SENT_BACK for department in named)
        if sent_back and results.get((lead_id, back), STILL_OPEN) == STILL_OPEN:
            referred[back] = policy.returned_to
        for department, what in referred.items():
            finish_by = add_workdays(day, what.workdays)[0].isoformat()
            matter = f"{code} {outcomes[code].label}"
            rows.append((lead_id, department, day.isoformat(), finish_by, matter, what.wanted, difficulties or "", note or ""))
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _answers(home: Home, batch: str, codes: list[str]) -> tuple[dict[tuple[str, str], str], list[tuple[Any, ...]]]:
    """What departments answered, by lead and department; and caseworkers' standing answers with one of `codes`."""
    answers = home.lake(batch, "returns", "followups")
    results = home.lake(batch, "returns", "referral_results")
    if not answers.exists():
        return {}, []
    with home.connect() as connection:
        answered: list[tuple[str, str, str]] = []
        if results.exists():
            answered = connection.execute(
                f"SELECT lead_id, department, result_code FROM read_parquet('{quoted(results)}') WHERE NOT superseded"
            ).fetchall()
        rows = connection.execute(
            "SELECT lead_id, outcome_code, referred_to, received_at::DATE, difficulties, note "
            f"FROM read_parquet('{quoted(answers)}') WHERE NOT superseded AND list_contains(?, outcome_code) ORDER BY lead_id",
            [codes],
        ).fetchall()
    return {(lead_id, department): code for lead_id, department, code in answered}, rows


def _rows(home: Home, batch: str, policy: ReferralPolicy, referred: "pl.DataFrame") -> "pl.DataFrame":
    """The referrals with what is known of their leads, every fact column of the policy as text."""
    import polars as pl

    numbers = ", ".join(f"'{lead_id}'" for lead_id in referred["lead_id"].unique() if re.fullmatch(r"L[0-9A-Z]{11}", lead_id))
    leads = lead_rows(home, batch, load_worklist_policy(), f"lead_id IN ({numbers or 'NULL'})", policy.role)
    own = [name for name in referred.columns if name != "lead_id"]
    rows = referred.join(leads.drop(own, strict=False), on="lead_id", how="inner")
    facts = [name for name, column in policy.columns.items() if not column.answer]
    return rows.with_columns(one_line(pl.col(name).fill_null("")).alias(name) for name in facts).sort(
        "referred_to", "finish_by", "town", "village", "lead_id"
    )


def _write_xlsx(path: Path, layout: ListLayout, part: "pl.DataFrame", batch: str, department: str) -> Path:
    import polars as pl

    columns = [pl.lit("").alias(key) if column.answer else pl.col(key) for key, column in layout.columns.items()]
    guide = Guide(
        title=f"{batch} {department} {layout.title}",
        facts=[
            ("批次", batch),
            ("转办（户）", str(part.height)),
            ("最早的办理时限", min(part["finish_by"])),
            ("生成日期", f"{today()}"),
        ],
        steps=_STEPS,
        codes={layout.columns["outcome"].heading: result_choices()},
    )
    write_workbook(path, layout, part.select(columns).iter_rows(), guide, batch=batch)
    return path
