"""What a department's row says of a referral: how it ended, when, by whom; or why it cannot be taken.

Belongs here: reading one row of a returned referral list. Does not belong here: caseworkers' answers (`answers`), which
referrals there are (`pipelines.publish.referral`).
"""

import datetime as dt
from dataclasses import dataclass

from pipelines.publish.referral import departments_named
from pipelines.returns.answers import LEAD_NUMBER, Context, Judged, lead_number, outcome_codes
from pipelines.returns.sheets import Row


@dataclass(frozen=True)
class Result:
    """How one referral ended."""

    lead_id: str
    department: str
    result_code: str
    closed_on: dt.date | None
    handler: str | None
    granted: str | None
    note: str | None


def judge_result(row: Row, context: Context) -> Judged:
    """Read one row: a result, or the reason why it is none."""
    cells = row.cells
    given = lead_number(cells.get("lead_id", ""))
    judged = Judged(row.row_no, given if LEAD_NUMBER.fullmatch(given) else "", batch_said=cells.get("batch"))
    codes = outcome_codes(cells.get("outcome", ""), "referral_result")
    departments = departments_named(cells.get("referred_to"))
    if not given:
        judged.remarks.append("这一行没有线索编号，请对照原清单补上。")
    elif given not in context.known:
        judged.remarks.append("没有这个线索编号，请对照原清单改正。")
    elif not any(cells.get(name) for name in context.answers):
        judged.blank = True
        judged.remarks.append("没有填写办理结果，视为尚未办理。")
    elif not codes:
        judged.remarks.append("没有填办理结果码，或看不懂，请从下拉列表里选。")
    elif len(codes) > 1:
        judged.remarks.append("填了不止一个办理结果码，只选一个。")
    elif len(departments) != 1:
        judged.remarks.append("“转办部门”一列缺了，或不止一个部门，不知道是谁办理的。")
    else:
        closed = context.days.get(cells["closed_on"]) if cells.get("closed_on") else None
        if cells.get("closed_on") and (closed is None or closed > context.today):
            judged.remarks.append("办结日期看不懂或在今天以后，按没有日期采用。")
            closed = None
        judged.answer = Result(
            judged.lead_id, departments[0], codes[0], closed, cells.get("handler"), cells.get("granted"), cells.get("remark")
        )
    return judged
