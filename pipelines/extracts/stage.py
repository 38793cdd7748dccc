"""The stage: one source's files of one batch into the lake.

Belongs here: the order of things, and what is written when. Does not belong here: how a file is read (`reading`).

Nothing is written unless every file of the source could be read. The rejected rows come first, then the rows, the
ledger last; a process killed in between leaves tables whose marks do not fit the ledger, and the next run reads again.
"""

import contextlib
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from pipelines.acceptance import ask, read_answers, stop
from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.compare import Arrived, doubts
from pipelines.extracts.complete import check_marks
from pipelines.extracts.find import Found, find_files, source_folder
from pipelines.extracts.landing import Landing, contract_mark, files_mark, marks, rejected_columns, row_columns, rows_of
from pipelines.extracts.ledger import Line, Plan, kept_from, known_duplicates, plan, read_ledger, write_ledger
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


def extract_source(
    home: Home, batch: str, contract: Contract, drop: Path, reporter: Reporter, *, compare: bool = True
) -> dict[str, int | float]:
    """Read one source's files of a batch into the lake.

    Args:
        home: where the lake is.
        batch: the month, `YYYY-MM`.
        contract: the source's contract.
        drop: the drop folder, which holds `<batch>/<source>/…`.
        reporter: hears of progress in bytes, and of what a person should know about each file.
        compare: hold what arrived against what was there, and stop for the officer's answer.

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
    withdrawn = read_answers(home).replaced(batch, contract.source)
    todo = plan(digests, lines, rows_are_good=good, withdrawn=withdrawn)
    _tell_of_files(todo, lines, contract, reporter, whole_folder=not files)
    known = known_duplicates(lines)
    if (
        good
        and not todo.read
        and not todo.replaced
        and all(known.get(file.name) == digest for file, digest, _ in todo.duplicates)
    ):
        ask(home, batch, contract.source, [])
        return _counts(lines, unchanged=1, gone_files=len(todo.gone))
    current = _write_rows(home, batch, contract, tables, todo, reporter, compare=compare)
    write_ledger(_ledger(lines, todo, current, batch, contract), tables.ledger)
    read_now = {file.name for file, _ in todo.read}
    return _counts(
        current,
        read_files=len(todo.read),
        replaced_files=len({line.name for line in _corrected(todo)} & read_now),
        duplicate_files=len(todo.duplicates),
        gone_files=len(todo.gone),
    )


def _tell_of_files(todo: Plan, lines: list[Line], contract: Contract, reporter: Reporter, *, whole_folder: bool) -> None:
    """Say what is kept though its file has gone, and since when, and what was not read a second time."""
    if todo.gone and whole_folder:
        reporter.note(f"{contract.source}：{kept_from(lines)}。要撤回，放一个同名、只有表头的文件。")
    else:
        for name in todo.gone:
            kept = kept_from([line for line in lines if line.name == name])
            reporter.note(f"{contract.source}/{name} 已不在文件夹里，{kept}。要撤回它，放一个同名、只有表头的文件。")
    for file, _, other in todo.duplicates:
        reporter.note(f"{contract.source}/{file.name} 与 {other} 内容完全相同，没有重复读取。")


def _rows_are_good(tables: _Tables, lines: list[Line], contract: Contract) -> bool:
    """Whether the rows in the lake are the ledger's and were read by today's contract."""
    wanted = {"zhudong.contract": contract_mark(contract), "zhudong.files": files_mark(_current(lines))}
    return marks(tables.rows) == wanted and marks(tables.rejected) == wanted


def _current(lines: list[Line]) -> dict[str, str]:
    return {line.name: line.sha256 for line in lines if line.state == "current"}


def _corrected(todo: Plan) -> list[Line]:
    """Lines that another content takes the place of; the same content read again is no correction."""
    read = {(file.name, digest) for file, digest in todo.read}
    return [line for line in todo.replaced if (line.name, line.sha256) not in read]


def _write_rows(
    home: Home, batch: str, contract: Contract, tables: _Tables, todo: Plan, reporter: Reporter, *, compare: bool
) -> list[Line]:
    """Write both tables of rows, files in the order of their names, and return the lines of the files in them."""
    columns = row_columns(list(contract.text_columns()))
    digests = {line.name: line.sha256 for line in todo.keep} | {file.name: digest for file, digest in todo.read}
    table_marks = {"contract": contract_mark(contract), "files": files_mark(digests)}
    new = {file.name: (file, digest) for file, digest in todo.read}
    current: list[Line] = []
    remarks: dict[str, list[str]] = {}
    reporter.start(f"{contract.title}：读取", sum(file.size for file, _ in todo.read))
    with contextlib.ExitStack() as stack:  # unwound backwards: first the rejected rows take their place, then the rows
        rows_path = stack.enter_context(whole_or_absent(tables.rows))
        rejected_path = stack.enter_context(whole_or_absent(tables.rejected))
        with (
            Landing(rows_path, columns, table_marks) as rows,
            Landing(rejected_path, rejected_columns(), table_marks) as rejected,
        ):
            for name in sorted(digests):
                if name not in new:
                    kept = [line for line in todo.keep if line.name == name]
                    _take_over(tables, kept, rows, rejected)
                    current += kept
                    continue
                read, said = _read(home, batch, contract, *new[name], rows, rejected, reporter)
                current += read
                for remark in said:
                    remarks.setdefault(remark, []).append(name)
        if (rows.rows, rejected.rows) != (sum(line.accepted for line in current), sum(line.rejected for line in current)):
            raise unbalanced(str(Path(batch) / contract.source))
        for remark, names in remarks.items():
            others = f" 等 {len(names)} 个文件" if len(names) > 1 else ""
            reporter.note(f"{contract.source}/{names[0]}{others}：{remark}")
        if not compare:
            return current
        arrived = Arrived(rows_path, current, _corrected(todo), frozenset(new))
        stop(home, batch, contract.source, doubts(home, batch, contract, arrived), when="这个数据源没有读入")
    return current


def _take_over(tables: _Tables, lines: list[Line], rows: Landing, rejected: Landing) -> None:
    for line in lines:
        for frame in rows_of(tables.rows, line.file):
            rows.add(frame)
        for frame in rows_of(tables.rejected, line.file):
            rejected.add(frame)


def _read(
    home: Home, batch: str, contract: Contract, file: Found, digest: str, rows: Landing, rejected: Landing, reporter: Reporter
) -> tuple[list[Line], list[str]]:
    """Read one file into both tables; its ledger lines, one per sheet that is read, and what a person should know about it."""
    import polars as pl

    reading = Reading(file, batch, contract)
    with file.opened(home.root / "tmp") as path:
        for part in reading.batches(path, reporter.advance):
            place = pl.lit(_label(file.name, part.sheet))
            rows.add(part.accepted.with_columns(file=place))
            rejected.add(
                part.rejected.with_columns(
                    batch=pl.lit(batch),
                    source=pl.lit(contract.source),
                    file=place,
                    reason=pl.col("reason_code").replace_strict(REASONS, return_dtype=pl.String),
                )
            )
    lines = [
        Line(
            batch=batch,
            source=contract.source,
            file=_label(file.name, counted.table.sheet),
            sha256=digest,
            bytes=file.size,
            read_at=dt.datetime.now(dt.UTC),
            encoding=counted.table.encoding,
            format=counted.table.format,
            heading_row=counted.table.headings.row,
            rows_read=counted.rows_read,
            accepted=counted.accepted,
            rejected=counted.rejected,
            skipped=counted.skipped,
            unknown_headings=counted.table.headings.unknown + counted.table.headings.repeated,
            sheet=counted.table.sheet or None,
        )
        for counted in reading.counted
    ]
    return lines, reading.remarks()


def _label(name: str, sheet: str) -> str:
    """What a row's file is called: with the sheet, where several are read."""
    return f"{name}/{sheet}" if sheet else name


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
        "files": len({line.name for line in current}),
        "bytes": sum({line.name: line.bytes for line in current}.values()),
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
