"""The returns stage: filled-in lists → answers on record, corrections, and what could not be taken, row by row.

Belongs here: the order of the steps. Does not belong here: reading a file (`sheets`) or a row (`answers`, `referred`),
keeping what was read (`record`), what an answer does to a lead (`pipelines.assess.leads.leads`).

A file that was read is known by its SHA-256 and changes nothing when it comes again. A run that was killed is made good by
the next: an answer that is on record already is not added.
"""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.leads.hit_rates import write_learning
from pipelines.errors import DataError
from pipelines.extracts.decode import sha256
from pipelines.month import SHANGHAI
from pipelines.progress import Reporter
from pipelines.publish.referral import load_referral_policy, write_referrals
from pipelines.publish.worklist_policy import ListLayout, load_worklist_policy
from pipelines.returns import record
from pipelines.returns.answers import DOUBTFUL, NOT_TAKEN, Context, Judged, judge, lead_number, read_days
from pipelines.returns.corrections import write_corrections
from pipelines.returns.income import write_income_answers
from pipelines.returns.issued import issued_leads
from pipelines.returns.referred import judge_result
from pipelines.returns.sheets import Returned, files_in, read_file
from pipelines.storage import BATCH, Home, whole_or_absent

if TYPE_CHECKING:
    import duckdb

COUNTS = {
    "files": "收回的文件",
    "files_known": "其中以前读过的",
    "files_unreadable": "读不了的",
    "rows": "行",
    "taken": "采用的答复",
    "repeated": "重复的",
    "blank": "还没有核查的",
    "not_taken": "未采用（原因见 returns/<批次>/…_未采用.csv）",
    "doubtful": "采用了但有一格看不懂的",
    "income": "收入答复（下月计算收入时采用）",
    "referrals": "转办中（见 referrals/<批次>/）",
}
"""What is counted, and how the officer is told."""
_JUDGES = {"worklist": (judge, "visited_on"), "referral": (judge_result, "closed_on")}
"""By the kind of list: who reads a row, and the column with its date."""


@dataclass
class _Read:
    """What one file gave.

    Attributes:
        returned: the file's rows.
        batch: the batch most of its rows belong to; where no row says it, the file's or folder's name.
        judged: what became of each row.
        batches: row number → batch, of the rows about a lead there is.
    """

    returned: Returned
    batch: str
    judged: list[Judged] = field(default_factory=list)
    batches: dict[int, str] = field(default_factory=dict)


def read_returns(folder: Path, home: Home, reporter: Reporter, *, now: dt.datetime | None = None) -> dict[str, int | float]:
    """Read every filled-in worklist and referral list below `folder`.

    Writes, for each batch whose lists were answered: `returns/{followups,referral_results,files,corrections,source_quality}`
    in the lake; `returns/<batch>/<file>_未采用.csv` and `数据质量_<source>.csv`; and `referrals/<batch>/`.

    Args:
        folder: holds the files, in any folders; what this stage writes may lie there too.
        home: where.
        reporter: told what is being done.
        now: when they are read.

    Returns:
        counts: files, files_known (read before), files_unreadable, rows, taken, repeated, blank (not visited yet), not_taken,
        doubtful (taken, but a cell was not), income (answers to income questions on record), referrals (open).
        rows = taken + repeated + blank + not_taken.

    Raises:
        DataError: the folder is not there, or no batch was ever run.
    """
    now = now or dt.datetime.now(dt.UTC)
    if not folder.is_dir():
        raise DataError("找不到放收回清单的文件夹。", where=folder.name, todo="确认路径后重新运行。")
    batches = [batch for batch in home.batches() if home.lake(batch, "assess", "leads").exists()]
    if not batches:
        raise DataError("还没有派发过线索，没有可以对照的清单。", where=home.root.name, todo="先运行一个批次。")
    names = (
        "files",
        "files_known",
        "files_unreadable",
        "rows",
        "taken",
        "repeated",
        "blank",
        "not_taken",
        "doubtful",
        "income",
        "referrals",
    )
    counts = Counter[str](dict.fromkeys(names, 0))
    layouts: dict[str, ListLayout] = {"worklist": load_worklist_policy(), "referral": load_referral_policy()}
    with home.connect() as connection:
        known = record.known_files(connection, home, batches)
        reads = _read_files(home, folder, batches, layouts, known, counts, reporter)
        numbers = sorted({lead_number(row.cells.get("lead_id", "")) for read in reads for row in read.returned.rows})
        issued, near = issued_leads(connection, home, batches, numbers)
        for read in reads:
            _judge(read, layouts[read.returned.kind], issued, near, now.astimezone(SHANGHAI).date())
        touched = sorted({batch for read in reads for batch in (*read.batches.values(), read.batch)})
        for batch in touched:
            _keep(connection, home, batch, reads, counts, now=now, received_in=batches[-1])
    for read in reads:
        _report(home, read, counts)
    for batch in touched:
        counts["referrals"] += int(write_referrals(home, batch)["referrals"])
    if touched:
        write_learning(home, batches[-1])
    return dict(counts)


def _read_files(
    home: Home,
    folder: Path,
    batches: Sequence[str],
    layouts: dict[str, ListLayout],
    known: set[str],
    counts: Counter[str],
    reporter: Reporter,
) -> list[_Read]:
    """Read every file that was not read before; one that cannot be read is told, and the others are read."""
    paths = list(files_in(folder))
    reporter.start("读回清单", len(paths))
    reads: list[_Read] = []
    for path in paths:
        counts["files"] += 1
        reporter.advance()
        batch = _batch_by_name(path, folder, batches)
        if sha256(path) in known:
            counts["files_known"] += 1
            continue
        try:
            returned = read_file(path, folder, layouts)
        except DataError as error:
            counts["files_unreadable"] += 1
            name = path.relative_to(folder).as_posix()
            reporter.note(f"{name}：{error.what}")
            _write_report(home.returns(batch), name, [("", "", NOT_TAKEN, f"整个文件没有读取：{error.what}{error.todo}")])
            continue
        known |= {one.sha256 for one in returned}
        reads += [_Read(one, batch) for one in returned]
    return reads


def _batch_by_name(path: Path, folder: Path, batches: Sequence[str]) -> str:
    """The batch a file's or folder's name says; else the newest. Only for files whose rows do not say it."""
    for name in (path.name, *(parent.name for parent in path.relative_to(folder).parents), folder.name):
        found = BATCH.match(name)
        if found and found.group() in batches:
            return found.group()
    return batches[-1]


def _judge(read: _Read, layout: ListLayout, issued: dict[str, list[str]], near: dict[str, str], today: dt.date) -> None:
    """Judge every row of a file, and say which batch each answer belongs to.

    That is the batch the row says, if its lead stood on a list of it; else the last one it stood on.
    """
    rows = read.returned.rows
    judge_row, day = _JUDGES[read.returned.kind]
    of_leads = [batch for row in rows for batch in issued.get(lead_number(row.cells.get("lead_id", "")), ())]
    first = dt.date.fromisoformat(f"{min(of_leads, default=read.batch)}-01")
    days = read_days({row.cells[day] for row in rows if row.cells.get(day)}, first)
    months = read_days({row.cells["batch"] for row in rows if row.cells.get("batch")}, dt.date(1900, 1, 1))
    context = Context(frozenset(layout.answers()), frozenset(issued), near, days, today)
    read.judged = [judge_row(row, context) for row in rows]
    for judged in read.judged:
        if judged.lead_id in issued:
            month = months.get(judged.batch_said or "")
            stood_on = issued[judged.lead_id]
            read.batches[judged.row_no] = said if month and (said := f"{month:%Y-%m}") in stood_on else stood_on[-1]
    if read.batches:
        read.batch = Counter(read.batches.values()).most_common(1)[0][0]


def _keep(
    connection: "duckdb.DuckDBPyConnection",
    home: Home,
    batch: str,
    reads: Sequence[_Read],
    counts: Counter[str],
    *,
    now: dt.datetime,
    received_in: str,
) -> None:
    """Add a batch's answers to those on record, and write the batch's tables."""
    with record.on_record(connection, home, batch):
        for kind, recorded in record.KINDS.items():
            answers = [
                (judged.answer, read.returned.file, judged.row_no)
                for read in reads
                for judged in read.judged
                if read.returned.kind == kind and judged.answer and read.batches.get(judged.row_no) == batch
            ]
            new = record.add(connection, recorded, answers, received_in, now)
            counts["taken"] += new
            counts["repeated"] += len(answers) - new
        for read in reads:
            if read.batch == batch:
                taken = sum(1 for judged in read.judged if judged.answer)
                line = {
                    "file": read.returned.file, "sha256": read.returned.sha256, "rows_read": len(read.judged), "taken": taken,
                    "not_taken": len(read.judged) - taken, "read_at": now,
                }  # fmt: skip
                record.insert(connection, "files", [line])
        record.write(connection, home, batch)
        write_corrections(connection, home, batch)
        counts["income"] += write_income_answers(connection, home, batch)


def _report(home: Home, read: _Read, counts: Counter[str]) -> None:
    """Count a file's rows and name those that were not taken, or taken with a doubt."""
    lines = []
    for judged in read.judged:
        counts["rows"] += 1
        counts["blank"] += judged.blank
        counts["not_taken"] += judged.answer is None and not judged.blank
        counts["doubtful"] += judged.answer is not None and bool(judged.remarks)
        if judged.remarks:
            lines.append((str(judged.row_no), judged.lead_id, DOUBTFUL if judged.answer else NOT_TAKEN, "".join(judged.remarks)))
    if lines:
        _write_report(home.returns(read.batch), read.returned.file, lines)
    else:  # a file of this name may have come before, and is right now
        _report_path(home.returns(read.batch), read.returned.file).unlink(missing_ok=True)


def _write_report(folder: Path, file: str, lines: Sequence[tuple[str, str, str, str]]) -> None:
    with whole_or_absent(_report_path(folder, file)) as new, new.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("文件", "行号", "线索编号", "处理", "原因"))
        writer.writerows((file, *line) for line in lines)


def _report_path(folder: Path, file: str) -> Path:
    return folder / f"{file.replace('/', '_')}_未采用.csv"
