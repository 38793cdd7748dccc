"""`zhudong check`: reading without writing, file by file, and saying everything that is wrong at once.

Belongs here: what an officer gets to see before a batch is run. Does not belong here: the lake; nothing of it is
touched, and no row's content is shown, only its number and the reason.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.find import Found, find_files, missing_sources
from pipelines.extracts.reading import Reading
from pipelines.extracts.sort_rows import REASONS
from pipelines.progress import Reporter
from pipelines.storage import BATCH

SHOWN_ROWS = 20
"""Row numbers listed per reason and file; the rest are counted."""


@dataclass
class Checked:
    """What was found about one file, or about a source or folder without one (`file` is then empty).

    `reasons` gives for each reason code its rows' number and the first row numbers; `stops` says why the batch would
    stop here, `remarks` what else a person should know.
    """

    batch: str
    source: str
    file: str = ""
    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    encoding: str | None = None
    format: str | None = None
    reasons: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    stops: DataError | None = None
    remarks: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """As a person reads it."""
        place = "/".join(part for part in (self.batch, self.source, self.file) if part)
        if self.stops is not None:
            return [f"✗ {place}", *(f"    {line}" for line in str(self.stops).splitlines())]
        if not self.file:
            return [f"! {place}：{remark}" for remark in self.remarks]
        counts = f"读 {self.rows_read:,} 行，接受 {self.accepted:,}，退回 {self.rejected:,}，跳过 {self.skipped:,}"
        told = [f"{'✓' if not self.rejected else '!'} {place}：{counts}"]
        for code, (number, rows) in self.reasons.items():
            listed = "、".join(str(row) for row in rows) + ("……" if number > len(rows) else "")
            told.append(f"    {REASONS[code]}共 {number:,} 行：第 {listed} 行")
        return told + [f"    {remark}" for remark in self.remarks]


def check_folder(drop: Path, contracts: Mapping[str, Contract], reporter: Reporter) -> list[Checked]:
    """Read every extract of a folder and say what would be rejected and why; writes nothing.

    Args:
        drop: the drop folder, or one batch's folder in it.
        contracts: all contracts, by source key.
        reporter: hears of progress, in files.

    Raises:
        DataError: the folder holds no batch.
    """
    batches = batch_folders(drop)
    if not batches:
        raise DataError(
            "这个文件夹里没有批次。", where=str(drop), todo="里面应有以月份命名的文件夹，例如 2026-10，其下每个数据源一个文件夹。"
        )
    results: list[Checked] = []
    earlier: dict[str, str] = {}
    for folder in batches:
        found, more = _find(folder, contracts)
        results += more
        reporter.start(f"{folder.name}：检查", sum(len(files) for files in found.values()))
        seen: dict[str, str] = {}
        for source, files in found.items():
            for file in files:
                results.append(_check_file(file, folder.name, contracts[source], earlier, seen))
                reporter.advance()
        earlier |= seen
    return results


def batch_folders(drop: Path) -> list[Path]:
    """The batches' folders in a drop folder, or the one that it is itself."""
    if BATCH.fullmatch(drop.resolve().name):
        return [drop.resolve()]
    if not drop.is_dir():
        return []
    return sorted(entry for entry in drop.iterdir() if entry.is_dir() and BATCH.fullmatch(entry.name))


def print_check(results: Sequence[Checked], out: TextIO | None = None) -> int:
    """Show what was found, what stops a batch last, and sum it up.

    Returns:
        the exit code: 1 if a batch would stop, else 0.
    """
    out = out or sys.stdout
    stops = [result for result in results if result.stops is not None]
    for result in [*(result for result in results if result.stops is None), *stops]:
        out.write("\n".join(result.lines()) + "\n")
    files = [result for result in results if result.file]
    rejected = sum(result.rejected for result in files)
    out.write(f"共 {len(files)} 个文件，接受 {sum(result.accepted for result in files):,} 行，退回 {rejected:,} 行；")
    out.write(f"{len(stops)} 处会使批次停下，见上面的 ✗。\n" if stops else "没有会使批次停下的问题。\n")
    return 1 if stops else 0


def _find(folder: Path, contracts: Mapping[str, Contract]) -> tuple[dict[str, list[Found]], list[Checked]]:
    found: dict[str, list[Found]] = {}
    about: list[Checked] = []
    about += [
        Checked(folder.name, entry.name, remarks=["没有这个名字的数据源，里面的文件不会被读取"])
        for entry in sorted(folder.iterdir())
        if entry.name not in contracts and not entry.name.startswith(".")
    ]
    missing = missing_sources(folder.parent, folder.name, contracts)
    for source, contract in contracts.items():
        if source in missing:
            gap = Checked(folder.name, source, remarks=[f"没有文件（{contract.title}，可以缺）"])
            if contract.required:
                gap.stops = DataError(
                    f"缺少必需的数据源“{contract.title}”。", where=f"{folder.name}/{source}", todo="请向部门要到这个月的文件。"
                )
            about.append(gap)
            continue
        notes: list[str] = []
        try:
            found[source] = find_files(folder / source, notes.append)
        except DataError as stop:
            about.append(Checked(folder.name, source, stops=stop))
        if notes:
            about.append(Checked(folder.name, source, remarks=notes))
    return found, about


def _check_file(file: Found, batch: str, contract: Contract, earlier: dict[str, str], seen: dict[str, str]) -> Checked:
    """Read one file; `earlier` and `seen` hold the contents of earlier batches and of this one."""
    result = Checked(batch, contract.source, file.name)
    reading = Reading(file, batch, contract)
    try:
        content = f"{contract.source}:{file.sha256()}"
        if content in seen:
            result.remarks.append(f"与 {seen[content]} 内容完全相同，不会重复读取")
        elif content in earlier:
            result.remarks.append(f"与 {earlier[content]} 内容完全相同，可能不是这个月的数据")
        seen.setdefault(content, f"{batch}/{contract.source}/{file.name}")
        with file.opened() as path:
            for part in reading.batches(path):
                for code, rows in part.rejected.group_by("reason_code", maintain_order=True):
                    number, first = result.reasons.get(str(code[0]), (0, []))
                    first += rows["row_no"].head(SHOWN_ROWS - len(first)).to_list()
                    result.reasons[str(code[0])] = (number + rows.height, first)
    except DataError as stop:
        result.stops = stop
    result.rows_read, result.accepted = reading.rows_read, reading.accepted
    result.rejected, result.skipped = reading.rejected, reading.skipped
    for counted in reading.counted:
        result.encoding, result.format = counted.table.encoding, counted.table.format
    result.remarks += reading.remarks()
    if result.stops is None and not result.accepted:
        result.remarks.append("没有一行数据")
    return result
