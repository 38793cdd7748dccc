"""The stage: one source's files of one batch into the lake.

Belongs here: the order of things, and what is written when. Does not belong here: how a file is read (`reading`).

Nothing is written unless every file of the source could be read. The rejected rows come first, then the rows, the
ledger last; a process killed in between leaves tables whose marks do not fit the ledger, and the next run reads again.
"""

import contextlib
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.complete import check_marks
from pipelines.extracts.find import Found, find_files, source_folder
from pipelines.extracts.landing import Landing, contract_mark, files_mark, marks, rejected_columns, row_columns, rows_of
from pipelines.extracts.ledger import Line, Plan, known_duplicates, plan, read_ledger, write_ledger
from pipelines.extracts.reading import Reading, unbalanced
from pipelines.extracts.sort_rows import REASONS
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch, whole_or_absent


@dataclass(frozen=True)
class _Tables:
    """Where a source's three tables of a batch lie."""

    rows: Path
    rejected: Path
    ledger: Path


def extract_source(home: Home, batch: str, contract: Contract, drop: Path, reporter: Reporter) -> dict[str, int | float]:
    """Read one source's files of a batch into the lake.

    Args:
        home: where the lake is.
        batch: the month, `YYYY-MM`.
        contract: the source's contract.
        drop: the drop folder, which holds `<batch>/<source>/…`.
        reporter: hears of progress in bytes, and of what a person should know about each file.

    Returns:
        counts: `files`, `bytes`, `rows_read`, `accepted`, `rejected`, `skipped` over the files whose rows lie in the
        lake; `read_files`, `replaced_files`, `duplicate_files`, `gone_files`, `unknown_headings`; `unchanged` 1 if
        there was nothing to do. A source without files has no Parquet file; then all counts are 0.

    Raises:
        DataError: a required source has no file, or a file cannot be read; then nothing is written.
        UsageError: `batch` is not a month.
    """
    check_batch(batch)
    tables = _Tables(
        home.lake(batch, "extracts", contract.source),
        home.lake(batch, "extracts", f"{contract.source}.rejected"),
        home.lake(batch, "extracts", f"{contract.source}.files"),
    )
    lines = read_ledger(tables.ledger)
    check_marks(source_folder(drop, batch, contract.source))
    files = find_files(source_folder(drop, batch, contract.source), reporter.note)
    if not files and not any(line.state == "current" for line in lines):
        if contract.required:
            raise DataError(
                f"缺少必需的数据源“{contract.title}”，批次 {batch} 没有它的文件。",
                where=str(Path(batch) / contract.source),
                todo="请向部门要到这个月的文件，放进上面的文件夹后重新运行。",
            )
        return _counts([], 0)
    reporter.start(f"{contract.title}：核对文件", sum(file.size for file in files))
    digests = [(file, file.sha256(reporter.advance)) for file in files]
    good = _rows_are_good(tables, lines, contract)
    todo = plan(digests, lines, rows_are_good=good)
    known = known_duplicates(lines)
    if (
        good
        and not todo.read
        and not todo.replaced
        and all(known.get(file.name) == digest for file, digest, _ in todo.duplicates)
    ):
        return _counts(lines, unchanged=1, gone_files=len(todo.gone))
    for name in todo.gone:
        reporter.note(f"{contract.source}/{name} 已不在文件夹里；读过的行仍然保留。要撤回它，放一个同名、只有表头的文件。")
    for file, _, other in todo.duplicates:
        reporter.note(f"{contract.source}/{file.name} 与 {other} 内容完全相同，没有重复读取。")
    current = _write_rows(home, batch, contract, tables, todo, reporter)
    write_ledger(_ledger(lines, todo, current, batch, contract), tables.ledger)
    return _counts(
        current,
        read_files=len(todo.read),
        replaced_files=sum(line.file in {file.name for file, _ in todo.read} for line in _corrected(todo)),
        duplicate_files=len(todo.duplicates),
        gone_files=len(todo.gone),
    )


def _rows_are_good(tables: _Tables, lines: list[Line], contract: Contract) -> bool:
    """Whether the rows in the lake are the ledger's and were read by today's contract."""
    wanted = {"zhudong.contract": contract_mark(contract), "zhudong.files": files_mark(_current(lines))}
    return marks(tables.rows) == wanted and marks(tables.rejected) == wanted


def _current(lines: list[Line]) -> dict[str, str]:
    return {line.file: line.sha256 for line in lines if line.state == "current"}


def _corrected(todo: Plan) -> list[Line]:
    """Lines that another content takes the place of; the same content read again is no correction."""
    read = {(file.name, digest) for file, digest in todo.read}
    return [line for line in todo.replaced if (line.file, line.sha256) not in read]


def _write_rows(home: Home, batch: str, contract: Contract, tables: _Tables, todo: Plan, reporter: Reporter) -> list[Line]:
    """Write both tables of rows, files in the order of their names, and return the lines of the files in them."""
    columns = row_columns(list(contract.text_columns()))
    digests = {line.file: line.sha256 for line in todo.keep} | {file.name: digest for file, digest in todo.read}
    table_marks = {"contract": contract_mark(contract), "files": files_mark(digests)}
    kept = {line.file: line for line in todo.keep}
    new = {file.name: (file, digest) for file, digest in todo.read}
    current: list[Line] = []
    remarks: dict[str, list[str]] = {}
    reporter.start(f"{contract.title}：读取", sum(file.size for file, _ in todo.read))
    with contextlib.ExitStack() as stack:  # unwound backwards: first the rejected rows take their place, then the rows
        rows_path = stack.enter_context(whole_or_absent(tables.rows))
        rejected_path = stack.enter_context(whole_or_absent(tables.rejected))
        rows = stack.enter_context(Landing(rows_path, columns, table_marks))
        rejected = stack.enter_context(Landing(rejected_path, rejected_columns(), table_marks))
        for name in sorted(digests):
            if name in kept:
                _take_over(tables, name, rows, rejected)
                current.append(kept[name])
            else:
                line, said = _read(home, batch, contract, *new[name], rows, rejected, reporter)
                current.append(line)
                for remark in said:
                    remarks.setdefault(remark, []).append(line.file)
        if (rows.rows, rejected.rows) != (sum(line.accepted for line in current), sum(line.rejected for line in current)):
            raise unbalanced(str(Path(batch) / contract.source))
    for remark, names in remarks.items():
        others = f" 等 {len(names)} 个文件" if len(names) > 1 else ""
        reporter.note(f"{contract.source}/{names[0]}{others}：{remark}")
    return current


def _take_over(tables: _Tables, name: str, rows: Landing, rejected: Landing) -> None:
    for frame in rows_of(tables.rows, name):
        rows.add(frame)
    for frame in rows_of(tables.rejected, name):
        rejected.add(frame)


def _read(
    home: Home, batch: str, contract: Contract, file: Found, digest: str, rows: Landing, rejected: Landing, reporter: Reporter
) -> tuple[Line, list[str]]:
    """Read one file into both tables; its ledger line, and what a person should know about it."""
    import polars as pl

    reading = Reading(file, batch, contract)
    with file.opened(home.root / "tmp") as path:
        for part in reading.batches(path, reporter.advance):
            rows.add(part.accepted.with_columns(file=pl.lit(file.name)))
            rejected.add(
                part.rejected.with_columns(
                    batch=pl.lit(batch),
                    source=pl.lit(contract.source),
                    file=pl.lit(file.name),
                    reason=pl.col("reason_code").replace_strict(REASONS, return_dtype=pl.String),
                )
            )
    assert reading.table is not None
    line = Line(
        batch=batch,
        source=contract.source,
        file=file.name,
        sha256=digest,
        bytes=file.size,
        read_at=dt.datetime.now(dt.UTC),
        encoding=reading.table.encoding,
        format=reading.table.format,
        heading_row=reading.table.headings.row,
        rows_read=reading.rows_read,
        accepted=reading.accepted,
        rejected=reading.rejected,
        skipped=reading.skipped,
        unknown_headings=reading.dropped_headings(),
    )
    return line, reading.remarks()


def _ledger(lines: list[Line], todo: Plan, current: list[Line], batch: str, contract: Contract) -> list[Line]:
    """The ledger after this reading: earlier lines stay, in the order in which they came."""
    corrected = {id(line) for line in _corrected(todo)}
    again = {id(line) for line in todo.replaced} - corrected
    recorded = {id(line) for line in lines}
    known = known_duplicates(lines)
    after = []
    for line in lines:
        if id(line) in again:
            continue
        if id(line) in corrected:
            line.state = "replaced"
        after.append(line)
    after.extend(line for line in current if id(line) not in recorded)
    now = dt.datetime.now(dt.UTC)
    after.extend(
        Line(batch, contract.source, file.name, digest, file.size, now, state="duplicate")
        for file, digest, _ in todo.duplicates
        if known.get(file.name) != digest
    )
    return after


def _counts(lines: list[Line], unchanged: int = 0, **more: int) -> dict[str, int | float]:
    current = [line for line in lines if line.state == "current"]
    counts: dict[str, int | float] = {
        "files": len(current),
        "bytes": sum(line.bytes for line in current),
        "rows_read": sum(line.rows_read for line in current),
        "accepted": sum(line.accepted for line in current),
        "rejected": sum(line.rejected for line in current),
        "skipped": sum(line.skipped for line in current),
        "unknown_headings": sum(len(line.unknown_headings) for line in current),
        "read_files": 0,
        "replaced_files": 0,
        "duplicate_files": 0,
        "gone_files": 0,
        "unchanged": unchanged,
    }
    return counts | more
