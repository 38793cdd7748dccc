"""The returns stage: filled-in lists → answers on record, corrections, and what could not be taken, row by row.

Belongs here: the order of the steps, and what makes an answer new, repeated or superseded. Does not belong here: reading a
file (`sheets`) or a row (`answers`), what an answer does to a lead (`pipelines.assess.leads`).

Nothing is ever removed: an answer that a later one supersedes stays on record. A file that was read is known by its SHA-256.
"""

import csv
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.assess.learning import write_learning
from pipelines.errors import DataError
from pipelines.extracts.decode import sha256
from pipelines.progress import Reporter
from pipelines.publish.worklist_policy import load_worklist_policy
from pipelines.returns.answers import DOUBTFUL, LEAD_NUMBER, NOT_TAKEN, Context, Judged, judge, lead_number, read_days
from pipelines.returns.corrections import write_corrections
from pipelines.returns.sheets import Returned, files_in, read_file
from pipelines.storage import BATCH, SCHEMAS, Home, quoted, whole_or_absent, write_parquet

if TYPE_CHECKING:
    import duckdb

_HERE = dt.timezone(dt.timedelta(hours=8))
_MOST_STRANGE = 1000
"""Unknown numbers for which a near one is looked for: more than these, and it is not our list."""
_FOLLOWUP = (
    "lead_id, outcome_code, visited_on, visitors, note, referred_to, received_in, method, reason_not_included, household_size, "
    "difficulties, file, row_no, received_at, superseded"
)
_SAME = (
    "lead_id, outcome_code, visited_on, visitors, note, referred_to, method, reason_not_included, household_size, difficulties"
)


@dataclass
class _Read:
    """What one file gave: its answers by the batch they belong to, and its remarks."""

    returned: Returned
    judged: list[Judged] = field(default_factory=list)
    batch: str = ""
    batches: dict[int, str] = field(default_factory=dict)


def read_returns(folder: Path, home: Home, reporter: Reporter, *, now: dt.datetime | None = None) -> dict[str, int | float]:
    """Read every filled-in list below `folder`.

    Writes, for each batch whose lists were answered: `returns/followups`, `returns/files`, `returns/corrections`,
    `returns/source_quality` in the lake, and `returns/<batch>/<file>_未采用.csv` beside the lists.

    Returns:
        counts: files, files_known (read before), files_unreadable, rows, taken, repeated, blank, not_taken, doubtful.

    Raises:
        DataError: there is nothing to read, or no batch was ever published.
    """
    now = now or dt.datetime.now(dt.UTC)
    if not folder.is_dir():
        raise DataError("找不到放收回清单的文件夹。", where=str(folder), todo="确认路径后重新运行。")
    batches = [batch for batch in home.batches() if home.lake(batch, "assess", "leads").exists()]
    if not batches:
        raise DataError("还没有派发过线索，没有可以对照的清单。", where=str(home.root), todo="先运行一个批次。")
    counts = Counter[str](
        dict.fromkeys(
            ("files", "files_known", "files_unreadable", "rows", "taken", "repeated", "blank", "not_taken", "doubtful"), 0
        )
    )
    with home.connect() as connection:
        reads = _read_files(home, folder, batches, _known_files(connection, home, batches), counts, reporter)
        issued, near = _issued(connection, home, batches, reads)
        for read in reads:
            _judge(read, issued, near, now.astimezone(_HERE).date())
        for batch in sorted({one for read in reads for one in (*read.batches.values(), read.batch)}):
            _keep(connection, home, batch, reads, counts, now=now, received_in=batches[-1])
    for read in reads:
        _report(home, read, counts)
    if reads:
        write_learning(home, batches[-1])
    return dict(counts)


def _read_files(
    home: Home, folder: Path, batches: Sequence[str], known: set[str], counts: Counter[str], reporter: Reporter
) -> list[_Read]:
    """Read every file that was not read before; one that cannot be read is told, and the others are."""
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
            returned = read_file(path, folder, {"worklist": load_worklist_policy()})
        except DataError as error:
            counts["files_unreadable"] += 1
            name = path.relative_to(folder).as_posix()
            reporter.note(f"{name}：{error.what}")
            _write_report(home.returns(batch), name, [("", "", NOT_TAKEN, f"整个文件没有读取：{error.what}{error.todo}")])
            continue
        known |= {one.sha256 for one in returned}
        reads += [_Read(one, batch=batch) for one in returned]
    return reads


def _known_files(connection: "duckdb.DuckDBPyConnection", home: Home, batches: Iterable[str]) -> set[str]:
    known: set[str] = set()
    for batch in batches:
        path = home.lake(batch, "returns", "files")
        if path.exists():
            known |= {row[0] for row in connection.execute(f"SELECT sha256 FROM read_parquet('{quoted(path)}')").fetchall()}
    return known


def _batch_by_name(path: Path, folder: Path, batches: Sequence[str]) -> str:
    """The batch a file's or folder's name says; else the newest. Only for files whose rows do not say it."""
    for name in (path.name, *(parent.name for parent in path.relative_to(folder).parents), folder.name):
        found = BATCH.match(name)
        if found and found.group() in batches:
            return found.group()
    return batches[-1]


def _issued(
    connection: "duckdb.DuckDBPyConnection", home: Home, batches: Sequence[str], reads: Sequence[_Read]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The batches on whose lists each lead that the files speak of stood; and, for numbers that are none, the one lead nearby.

    Of a lead that was never on a list, the batches that know it.
    """
    spoken = sorted({lead_number(row.cells.get("lead_id", "")) for read in reads for row in read.returned.rows})
    connection.execute("CREATE TEMP TABLE spoken AS SELECT unnest($spoken::VARCHAR[]) AS lead_id", {"spoken": spoken})
    listed: dict[str, list[str]] = defaultdict(list)
    held: dict[str, list[str]] = defaultdict(list)
    for batch in batches:
        leads = f"read_parquet('{quoted(home.lake(batch, 'assess', 'leads'))}')"
        for lead_id, on_list in connection.execute(
            f"SELECT lead_id, held_back IS NULL FROM {leads} SEMI JOIN spoken USING (lead_id)"
        ).fetchall():
            (listed if on_list else held)[lead_id].append(batch)
    issued = {lead_id: listed.get(lead_id) or held[lead_id] for lead_id in {*listed, *held}}
    strange = [number for number in spoken if LEAD_NUMBER.fullmatch(number) and number not in issued]
    if not strange:
        return issued, {}
    # Lead numbers are ASCII, so DuckDB's byte-wise distance is right here. A letter in the wrong place is two edits: not guessed.
    leads = f"read_parquet('{quoted(home.lake(batches[-1], 'assess', 'lead_register'))}')"
    near = connection.execute(
        f"""SELECT s.number, any_value(l.lead_id) FROM (SELECT unnest($strange::VARCHAR[]) AS number) AS s
            JOIN {leads} AS l ON levenshtein(s.number, l.lead_id) = 1 GROUP BY s.number HAVING count(*) = 1""",
        {"strange": strange[:_MOST_STRANGE]},
    ).fetchall()
    return issued, dict(near)


def _judge(read: _Read, issued: dict[str, list[str]], near: dict[str, str], today: dt.date) -> None:
    """Judge every row of a file, and say which batch each answer belongs to."""
    rows = read.returned.rows
    first = min(
        (batch for row in rows for batch in issued.get(lead_number(row.cells.get("lead_id", "")), ())), default=read.batch
    )
    days = read_days(
        {row.cells["visited_on"] for row in rows if row.cells.get("visited_on")}, dt.date.fromisoformat(f"{first}-01")
    )
    months = read_days({row.cells["batch"] for row in rows if row.cells.get("batch")}, dt.date(1900, 1, 1))
    context = Context(frozenset(load_worklist_policy().answers()), frozenset(issued), near, days, today)
    read.judged = [judge(row, context) for row in rows]
    for judged in read.judged:
        if judged.lead_id in issued:
            month = months.get(judged.batch_said or "")
            of_lead = issued[judged.lead_id]
            read.batches[judged.row_no] = wanted if month and (wanted := f"{month:%Y-%m}") in of_lead else of_lead[-1]
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
    """Add a batch's new answers to those on record, mark the superseded, and write the batch's tables."""
    ddl = (SCHEMAS / "lake" / "returns.sql").read_text(encoding="utf-8")
    connection.execute("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept; USE kept")
    try:
        connection.execute(ddl)
        for table in ("followups", "files"):
            path = home.lake(batch, "returns", table)
            if path.exists():
                connection.execute(f"INSERT INTO {table} BY NAME FROM read_parquet('{quoted(path)}')")
        connection.execute("CREATE TABLE fresh AS SELECT * EXCLUDE (superseded) FROM followups LIMIT 0")
        rows = [
            {
                **asdict(judged.answer),
                "file": read.returned.file,
                "row_no": judged.row_no,
                "received_in": received_in,
                "received_at": now,
            }
            for read in reads
            for judged in read.judged
            if judged.answer and read.batches.get(judged.row_no) == batch
        ]
        _insert(connection, "fresh", rows)
        added = _add(connection)
        counts["taken"] += added
        counts["repeated"] += len(rows) - added
        for read in reads:
            if read.batch == batch:
                taken = sum(1 for judged in read.judged if judged.answer)
                _insert(
                    connection,
                    "files",
                    [{
                        "file": read.returned.file, "sha256": read.returned.sha256, "rows_read": len(read.judged), "taken": taken,
                        "not_taken": len(read.judged) - taken, "read_at": now,
                    }],
                )  # fmt: skip
        write_parquet(
            connection,
            f"SELECT {_FOLLOWUP} FROM followups ORDER BY lead_id, received_at, file, row_no",
            home.lake(batch, "returns", "followups"),
        )
        write_parquet(connection, "FROM files ORDER BY read_at, file", home.lake(batch, "returns", "files"))
        write_corrections(connection, home, batch)
    finally:
        connection.execute("USE memory.main; DROP SCHEMA kept CASCADE")


def _add(connection: "duckdb.DuckDBPyConnection") -> int:
    """Move what is new of `fresh` to `followups`; returns how many.

    What came last stands: a town that corrects a date sends it again. Of answers that came together, the latest visit.
    """
    same = " AND ".join(f"o.{name} IS NOT DISTINCT FROM f.{name}" for name in _SAME.split(", "))
    connection.execute(f"""
        CREATE TABLE added AS
        SELECT * FROM fresh AS f
        WHERE NOT EXISTS (SELECT 1 FROM followups AS o WHERE {same})
        QUALIFY row_number() OVER (PARTITION BY {_SAME} ORDER BY file, row_no) = 1
    """)
    connection.execute("INSERT INTO followups BY NAME SELECT *, false AS superseded FROM added")
    connection.execute("""
        CREATE OR REPLACE TABLE followups AS
        SELECT * REPLACE (
            row_number() OVER (
                PARTITION BY lead_id ORDER BY received_at DESC, visited_on DESC NULLS LAST, file DESC, row_no DESC
            ) > 1 AS superseded
        ) FROM followups
    """)
    return int(connection.execute("SELECT count(*) FROM added").fetchall()[0][0])


def _insert(connection: "duckdb.DuckDBPyConnection", table: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    import polars as pl

    frame = pl.DataFrame(rows, infer_schema_length=None)
    connection.register("given_rows", frame.to_arrow())
    connection.execute(f"INSERT INTO {table} BY NAME FROM given_rows")
    connection.unregister("given_rows")


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


def _write_report(folder: Path, file: str, lines: Sequence[tuple[str, str, str, str]]) -> None:
    name = file.replace("/", "_")
    with whole_or_absent(folder / f"{name}_未采用.csv") as new, new.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("文件", "行号", "线索编号", "处理", "原因"))
        writer.writerows((file, *line) for line in lines)
