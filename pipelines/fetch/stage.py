"""The stage: what the home's `sources.yaml` declares, into the drop folder.

Belongs here: the order of things, and what is recorded when. Does not belong here: how bytes or rows come over.

A delivery comes whole or not at all: all its files are brought over beside their places, found complete and unchanged, and only
then put there; the ledger is written last. A process killed in between leaves files that are whole, and the next fetch finds that
they are what lies at the place.
"""

import contextlib
import datetime as dt
import fcntl
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipelines.errors import DataError
from pipelines.fetch import failures
from pipelines.fetch.complete import announced, is_mark, is_unfinished, let_settle
from pipelines.fetch.declared import S3, Delivery, Mysql, Place, Postgresql, Sftp, load_sources, pattern_of, where_of
from pipelines.fetch.ledger import Fetched, read_fetched, write_fetched
from pipelines.fetch.place import FilePlace, RemoteFile, landing_name, open_place
from pipelines.fetch.queries import open_rows, write_rows
from pipelines.fetch.transfer import Carried, carry, digest_of, part_of
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch

_ATTEMPTS = 3
_PAUSE_SECONDS = 1.0


@dataclass
class _Round:
    """One call of `fetch`: where to, and what is known already."""

    home: Home
    batch: str
    drop: Path
    reporter: Reporter
    lines: list[Fetched]
    new: list[Fetched] = field(default_factory=list)

    def folder(self, delivery: Delivery) -> Path:
        """A place's own folder in its source's: what is put there by hand cannot be taken for what was fetched."""
        return self.drop / self.batch / delivery.source / delivery.place

    def known(self, delivery: Delivery) -> list[Fetched]:
        """What this delivery brought before and lies in the drop folder."""
        return [
            line
            for line in self.lines
            if line.state in ("current", "withdrawn")
            and (line.source, line.place) == (delivery.source, delivery.place)
            and (line.rows is None or line.remote == delivery.name)
        ]

    def record(self, line: Fetched) -> None:
        """Note what was fetched; whatever lay in its place is replaced."""
        for earlier in self.lines:
            if (earlier.source, earlier.file) == (line.source, line.file) and earlier.state != "replaced":
                earlier.state = "replaced"
        self.lines.append(line)
        self.new.append(line)


def fetch(
    home: Home, batch: str, drop: Path, known: Collection[str], reporter: Reporter, *, again: bool = True
) -> list[Fetched] | None:
    """Fetch a batch's deliveries into the drop folder.

    Args:
        home: the home folder, with `sources.yaml`.
        batch: `YYYY-MM`.
        drop: the drop folder; a file lands in `<batch>/<source>/<place>/`.
        known: keys of the sources that have a contract.
        reporter: hears of progress, and of what a person should know.
        again: ask queries again that were asked for this batch before, and insist on reaching every place. Without it a batch
            that is run again is run on the rows it was run on, and a place that cannot be reached is only told of where
            everything was fetched from it before.

    Returns:
        what was fetched now; None if the home declares no places.

    Raises:
        DeclarationError: `sources.yaml` is wrong.
        DataError: a delivery could not be fetched; tells of every one. Those that could lie in the drop folder.
    """
    check_batch(batch)
    sources = load_sources(home, known)
    if sources is None:
        return None
    failed: list[DataError] = []
    with _only_fetch(home):
        this = _Round(home, batch, drop, reporter, read_fetched(home, batch))
        for delivery in sources.deliveries:
            place = sources.places[delivery.place]
            where = where_of(place, delivery.place)
            try:
                if again or isinstance(place, Sftp | S3) or not this.known(delivery):
                    _try_again(partial(_fetch_one, this, delivery, place))
            except DataError as error:
                before = this.known(delivery)
                if again or not before:
                    failed.append(_of_source(error, delivery))
                else:
                    reporter.note(f"{delivery.source}：{error.what}沿用 {_day(before)} 取回的。（{where}）")
    if failed:
        raise failed[0] if len(failed) == 1 else DataError("\n\n".join(str(error) for error in failed))
    return this.new


def _try_again(work: Callable[[], None]) -> None:
    """Do it, and where the line broke do it again over a new one: it goes on where it stopped."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return work()
        except failures.CutOffError:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS * attempt)
    raise AssertionError("not reached")


def _fetch_one(this: _Round, delivery: Delivery, place: Place) -> None:
    if isinstance(place, Sftp | S3):
        with open_place(place, delivery.place, this.home) as opened:
            _fetch_files(this, delivery, place.kind, opened)
    else:
        _fetch_rows(this, delivery, place)


def _of_source(error: DataError, delivery: Delivery) -> DataError:
    return DataError(f"{delivery.source}：{error.what}", where=error.where, todo=error.todo)


def _day(lines: list[Fetched]) -> str:
    return max(line.fetched_at for line in lines).astimezone().strftime("%Y-%m-%d")


@contextlib.contextmanager
def _only_fetch(home: Home) -> Iterator[None]:
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / ".fetch.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError("这个工作文件夹正在取数。", where=str(home.root), todo="等它结束后再运行。") from None
        yield


def _fetch_files(this: _Round, delivery: Delivery, kind: str, place: FilePlace) -> None:
    pattern = pattern_of(delivery, this.batch)
    looked = time.monotonic()
    found = {
        name: remote
        for remote in place.find(pattern)
        if (name := landing_name(remote.path, pattern)) and not is_unfinished(name) and not is_mark(name)
    }
    expected = announced(place, delivery, found, pattern)
    folder = this.folder(delivery)
    held = {line.remote: line for line in this.known(delivery)}
    todo = {name: remote for name, remote in found.items() if not _lies_there(held.get(remote.path), remote, folder / name)}
    asked_at = dt.datetime.now(dt.UTC)
    if todo:
        this.reporter.start(f"{delivery.source}：取回 {len(todo)} 个文件", sum(remote.size for remote in todo.values()))
    carried = {name: carry(place, remote, folder / name, this.reporter.advance) for name, remote in todo.items()}
    for name, copy in carried.items():
        if expected.get(name, copy.sha256) != copy.sha256:
            copy.discard()
            raise DataError(
                "取回的文件与对方清单里的校验值不符，没有采用。",
                where=f"{place.where} {copy.remote.path}",
                todo="重新运行会再取一次；仍然不符，请对方重新生成文件和清单。",
            )
    if delivery.complete == "settle" and not place.whole_at_once:
        let_settle(place, carried, looked + delivery.settle_seconds, this.reporter)
    for name, copy in carried.items():
        copy.adopt()
        this.record(_line(this, delivery, kind, f"{delivery.place}/{name}", copy, asked_at))
    there = {remote.path for remote in found.values()}
    gone = [line for line in held.values() if line.state == "current" and line.remote not in there]
    for line in gone:
        line.state = "withdrawn"
        this.reporter.note(f"{delivery.source}/{line.file} 在对方那里已经没有了；取回的仍然保留。")
    if not found and not held:
        this.reporter.note(f"{delivery.source}：对方没有本批次的文件。（{place.where} {pattern}）")
    if carried or gone:
        write_fetched(this.lines, this.home, this.batch)
    _clear(folder)


def _lies_there(line: Fetched | None, remote: RemoteFile, target: Path) -> bool:
    """Whether the file was fetched before as it is now, and still lies in the drop folder."""
    return (
        line is not None
        and (line.remote_bytes, line.remote_changed) == (remote.size, remote.changed)
        and target.is_file()
        and target.stat().st_size == line.bytes
    )


def _line(this: _Round, delivery: Delivery, kind: str, file: str, copy: Carried, asked_at: dt.datetime) -> Fetched:
    return Fetched(
        batch=this.batch,
        source=delivery.source,
        place=delivery.place,
        kind=kind,
        remote=copy.remote.path,
        remote_bytes=copy.remote.size,
        remote_changed=copy.remote.changed,
        file=file,
        sha256=copy.sha256,
        bytes=copy.remote.size,
        rows=None,
        resumed_from=copy.resumed_from,
        asked_at=asked_at,
        fetched_at=dt.datetime.now(dt.UTC),
    )


def _fetch_rows(this: _Round, delivery: Delivery, place: Postgresql | Mysql) -> None:
    target = this.folder(delivery) / f"{delivery.name}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    this.reporter.start(f"{delivery.source}：查询 {delivery.place}")
    asked_at = dt.datetime.now(dt.UTC)
    try:
        with open_rows(place, delivery.place, this.home, delivery, this.batch) as rows:
            count = write_rows(rows, part, this.reporter.advance)
        size, digest = part.stat().st_size, digest_of(part)
        remote = RemoteFile(delivery.name, size, None)
        Carried(remote, part, target, digest, 0).adopt()
    finally:
        part.unlink(missing_ok=True)
    line = Fetched(
        batch=this.batch,
        source=delivery.source,
        place=delivery.place,
        kind=place.kind,
        remote=delivery.name,
        remote_bytes=None,
        remote_changed=None,
        file=f"{delivery.place}/{target.name}",
        sha256=digest,
        bytes=size,
        rows=count,
        resumed_from=0,
        asked_at=asked_at,
        fetched_at=dt.datetime.now(dt.UTC),
    )
    this.record(line)
    write_fetched(this.lines, this.home, this.batch)


def _clear(folder: Path) -> None:
    """Remove unfinished copies of files that are no longer there: the delivery is whole without them."""
    for left in [*folder.rglob(".*.part"), *folder.rglob(".*.part-of")]:
        left.unlink(missing_ok=True)
