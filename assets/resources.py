"""What every asset is given: where the data lies, and who watches the run.

Belongs here: the folders as Dagster configures them, the lock that keeps two runs out of one home, how a stage's errors, time
and memory are noted. Does not belong here: what a stage computes (`pipelines`), how a run is started (`assets.run`).

Nothing a stage raises reaches Dagster as it is: Dagster writes an exception's text, its causes and its frames into two
databases. A `DataError` holds no values by its own rule and is passed on as text; of anything else only the kind and the place in
the code are told, and the exception itself is kept in memory for whoever started the run.
"""

import contextlib
import fcntl
import logging
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.errors import DataError
from pipelines.progress import Reporter
from pipelines.storage import Home

if TYPE_CHECKING:
    from pipelines.quality.validator import Validator

Counts = Mapping[str, int | float]

_LINES_APART = 10.0
"""Seconds between two lines of one piece of work in Dagster's log."""


def default_home() -> str:
    """The home folder: `ZHUDONG_HOME`, else the folder around `DAGSTER_HOME`'s state, else `home` in the working folder."""
    told = os.environ.get("ZHUDONG_HOME")
    if told:
        return told
    state = os.environ.get("ZHUDONG_STATE")
    return str(Path(state).parent) if state else str(Path.cwd() / "home")


def default_extracts() -> str:
    """The drop folder: `ZHUDONG_EXTRACTS`, else `extracts` beside the home folder's contents."""
    return os.environ.get("ZHUDONG_EXTRACTS") or str(Path(default_home()) / "extracts")


class Place(dg.ConfigurableResource["Place"]):
    """Where the extracts come from and where everything is kept."""

    home: str
    extracts: str
    memory: str = "5GB"
    threads: int = 0

    def at(self) -> Home:
        """The home folder as the stages take it."""
        return Home(Path(self.home), memory=self.memory, threads=self.threads or None)

    def drop(self) -> Path:
        """The drop folder: in it one folder per batch."""
        return Path(self.extracts)


@dataclass(frozen=True)
class StageRecord:
    """What one stage did, for the closing summary.

    `peak_bytes` is the process's highest resident memory during the stage; `source` is empty for what is not per source.
    """

    stage: str
    source: str
    seconds: float
    peak_bytes: int
    counts: dict[str, int | float]


@dataclass
class RunWatch:
    """Watches one run: progress, time, memory, and the errors as they were raised."""

    reporter: Reporter
    records: list[StageRecord] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    validator: "Validator | None" = None
    """The process that validates the measures, started before the extracts are read: it imports meanwhile."""
    notes: list[str] = field(default_factory=list)
    """What the closing summary says besides: checks that warned, sources that are missing or late."""

    def prepare(self) -> None:
        """Start what takes long to start and is needed later."""
        from pipelines.quality.validator import Validator

        self.validator = self.validator or Validator()

    def close(self) -> None:
        """End what was prepared and not used."""
        if self.validator:
            self.validator.close()

    def stage(self, log: dg.DagsterLogManager, stage: str, source: str, work: Callable[[], Counts]) -> dict[str, int | float]:
        """Do one stage's work and note what it took.

        Args:
            log: Dagster's log of the step, where the UI shows why it failed (the failure's own text is masked there).
            stage: what the closing summary calls the stage.
            source: the source, for what exists once per source.
            work: the stage's call.

        Returns:
            the stage's counts.

        Raises:
            dagster.Failure: the work failed; its text holds no values. The exception itself stands in `errors`.
        """
        _reset_peak()
        began = time.perf_counter()
        failure: Exception
        try:
            counts = dict(work())
        except Exception as error:  # noqa: BLE001  whatever it is, its text must not reach Dagster's databases
            failure = error
        else:
            self.records.append(StageRecord(stage, source, time.perf_counter() - began, _peak(), counts))
            return counts
        self.errors.append(failure)
        log.error(safe_text(failure))
        # Outside the except block, so that Dagster finds no cause or context to write down.
        raise dg.Failure(description=safe_text(failure), allow_retries=False)


def safe_text(error: BaseException) -> str:
    """What may be written down of an exception: all of a `DataError`; of others the kind and the place in the code."""
    if isinstance(error, DataError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}site-packages{os.sep}" not in frame.filename] or list(frames)
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"程序内部错误：{type(error).__name__}（{place}）。没有发布任何结果。请把这一行告诉维护人员。"


class WithoutValues(logging.Filter):
    """Takes the text and the frames off what Dagster masks: kind and place in the code remain.

    With `DAGSTER_REDACT_USER_CODE_ERRORS` Dagster keeps an exception's text out of its databases, but gives the exception as it
    is to a logger, and so to the terminal or to a service's journal.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without what it quotes."""
        if record.exc_info and record.exc_info[1]:
            record.msg = f"{record.getMessage()}：{safe_text(record.exc_info[1])}"
            record.args = None
        record.exc_info = record.exc_text = None
        return True


def mask_errors() -> None:
    """Let no exception's text reach Dagster's databases or logs, whoever started this process."""
    os.environ["DAGSTER_REDACT_USER_CODE_ERRORS"] = "1"
    logger = logging.getLogger("dagster.redacted_errors")
    if not any(isinstance(known, WithoutValues) for known in logger.filters):
        logger.addFilter(WithoutValues())


class DagsterLines:
    """Progress as lines of Dagster's own log, for runs started from the UI, the sensor or the schedule."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log
        self._title, self._total, self._done, self._told = "", 0, 0, 0.0

    def start(self, title: str, total: int | None = None) -> None:
        """See `pipelines.progress.Reporter`."""
        self._title, self._total, self._done, self._told = title, total or 0, 0, time.monotonic()

    def advance(self, amount: int = 1) -> None:
        """See `pipelines.progress.Reporter`."""
        self._done += amount
        if self._total and time.monotonic() - self._told > _LINES_APART:
            self._told = time.monotonic()
            self._log.info(f"{self._title}：{self._done:,} / {self._total:,}")

    def note(self, text: str) -> None:
        """See `pipelines.progress.Reporter`."""
        self._log.info(text)


@dg.resource(
    required_resource_keys={"place"}, description="记录一次运行的进度、用时、内存和错误；一个工作文件夹同时只许一次运行。"
)
def watch_from_dagster(context: dg.InitResourceContext) -> Iterator[RunWatch]:
    """The watch of a run that Dagster started itself: holds the home's lock while the run lasts."""
    place: Place = context.resources.place
    assert context.log is not None
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(only_run(place.at()))
        except DataError as error:
            context.log.error(str(error))  # noqa: TRY400  what is raised here the UI shows masked; this it shows
            raise
        yield stack.enter_context(contextlib.closing(RunWatch(DagsterLines(context.log))))


@contextlib.contextmanager
def only_run(home: Home) -> Iterator[None]:
    """Hold the home folder's lock. The system releases it when the process ends, however it ends.

    Raises:
        DataError: another run holds it.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / ".run.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = True
        else:
            held = False
        if held:
            raise DataError(
                "这个工作文件夹正有一次运行在进行。", where=str(home.root), todo="等它结束后再运行；用 zhudong dev 可以看到进度。"
            )
        yield


def _reset_peak() -> None:
    """Start the process's high-water mark of resident memory anew (Linux lets a process do that; elsewhere it only grows)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    """Highest resident memory since `_reset_peak`, in bytes."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
