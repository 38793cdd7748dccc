"""What lies in a batch's folder: which sources arrived, which are missing, which are late, and whether it still changes.

Belongs here: looking at folders and files' sizes and times. Does not belong here: opening any file (`pipelines.extracts`).
A file's name may be a person's: names are counted and hashed here, never told.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.extracts.complete import awaited
from pipelines.extracts.find import dropped, source_folder
from pipelines.storage import Home

MONTHS_BETWEEN = {"week": 1, "month": 1, "quarter": 3, "half_year": 6, "year": 12}
"""How often a source is sent; one that is sent on events or on request is never late."""


@dataclass(frozen=True)
class Delivery:
    """A batch's folder as it lies there.

    Args:
        batch: the batch.
        present: source → number of its files.
        missing: contracts without a file, in the order of their numbers.
        late: of the missing ones, source → the batch it last came in, where that is longer ago than it is sent.
        files: number of files.
        size: their bytes.
        newest: the latest time a file changed, seconds since 1970; 0 if there is none.
        awaited: number of files that are not whole yet by their senders' marks.
        state: a hash of every file's place, size and time of change: another state, another delivery.
    """

    batch: str
    present: dict[str, int]
    missing: list[Contract]
    late: dict[str, str]
    files: int
    size: int
    newest: float
    awaited: int
    state: str

    def sentences(self) -> list[str]:
        """What the closing summary says of what did not come."""
        said = []
        never = [contract.title for contract in self.missing if contract.source not in self.late]
        if never:
            said.append(f"本批次没有收到：{'、'.join(never)}。相应的规则少了依据，可能判为情况不明。")
        said.extend(
            f"{contract.title} 已经过期：上次收到是 {self.late[contract.source]}。请向{contract.department}催要。"
            for contract in self.missing
            if contract.source in self.late
        )
        return said

    def markdown(self) -> str:
        """The delivery as a table for the UI."""
        lines = ["| 数据源 | 文件 | 说明 |", "|---|---|---|"]
        lines += [f"| {source} | {count} | 已到 |" for source, count in self.present.items()]
        for contract in self.missing:
            late = f"过期，上次 {self.late[contract.source]}" if contract.source in self.late else "未到"
            lines.append(f"| {contract.source} | 0 | {late} |")
        return "\n".join(lines)


def look_into(drop: Path, batch: str, contracts: Mapping[str, Contract], home: Home) -> Delivery:
    """Look at a batch's folder; an absent folder is a delivery of nothing."""
    digest = hashlib.sha256()
    present: dict[str, int] = {}
    size, newest = 0, 0.0
    for source in contracts:
        for path in dropped(source_folder(drop, batch, source)):
            state = path.stat()
            present[source] = present.get(source, 0) + 1
            size += state.st_size
            newest = max(newest, state.st_mtime)
            digest.update(os.fsencode(path.relative_to(drop)) + f"\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    missing = [
        contract
        for source, contract in contracts.items()
        # What was read before stays read, though its file has been taken away since: the ledger holds it.
        if source not in present and not home.lake(batch, "extracts", source).exists()
    ]
    return Delivery(
        batch=batch,
        present=present,
        missing=missing,
        late=_late(missing, batch, home),
        files=sum(present.values()),
        size=size,
        newest=newest,
        awaited=sum(awaited(source_folder(drop, batch, source)) for source in contracts),
        state=digest.hexdigest()[:16],
    )


def arrived(drop: Path, batch: str, contracts: Mapping[str, Contract], home: Home) -> Delivery:
    """The delivery of a batch that is to be run.

    Raises:
        DataError: there is no folder for the batch, or required sources are missing: names all of them.
    """
    folder = drop / batch
    if not folder.is_dir() and not (home.root / "lake" / batch).is_dir():
        raise DataError(
            f"没有批次 {batch} 的文件夹。",
            where=str(folder),
            todo=f"把各部门的文件放到 {batch}/<数据源>/ 下，或检查批次写得对不对。",
        )
    delivery = look_into(drop, batch, contracts, home)
    absent = [contract for contract in delivery.missing if contract.required]
    if absent:
        raise DataError(
            f"必需的数据源没有到：{'、'.join(f'{contract.title}（{contract.source}）' for contract in absent)}。",
            where=str(folder),
            todo="向这些部门要来文件，放到同名的文件夹里，再运行本批次。",
        )
    return delivery


def _late(missing: list[Contract], batch: str, home: Home) -> dict[str, str]:
    late = {}
    earlier = home.earlier_batches(batch)
    for contract in missing:
        came = [month for month in earlier if home.lake(month, "extracts", contract.source).exists()]
        between = MONTHS_BETWEEN.get(contract.frequency)
        if came and between and _months(batch) - _months(came[-1]) >= between:
            late[contract.source] = came[-1]
    return late


def _months(batch: str) -> int:
    year, month = batch.split("-")
    return int(year) * 12 + int(month)
