"""The month's run and the UI, as the command line starts them.

Belongs here: starting Dagster on a home folder so that every run is on record there. Does not belong here: what a run does.

The run goes through Dagster's persistent instance in this process: no server is needed, and `zhudong dev` shows it afterwards.
"""

import contextlib
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pipelines.contracts import load_contracts
from pipelines.errors import DataError, UsageError
from pipelines.progress import Reporter
from pipelines.quality.validator import Validator
from pipelines.storage import SCHEMAS, Home, check_batch

if TYPE_CHECKING:
    from assets.resources import StageRecord

CONFIGURATIONS = (Path(__file__).with_name("dagster.yaml"), SCHEMAS.parent / "dagster.yaml")
"""Where `dagster.yaml` lies: in the package where it is installed from a wheel, else at the top of the checkout."""

PROCESS_TAG = "zhudong/process"
LOCATION = "zhudong"
"""What the project is called in the UI (`[tool.dagster]` says the same)."""
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Progress comes from the reporter; Dagster's own lines would bury it."""


@dataclass
class RunResult:
    """What a run did, for the closing summary.

    Args:
        batch: the batch.
        run_id: Dagster's id of the run.
        seconds: from start to end, Dagster's own work included.
        records: every stage's call, per source where there is one.
        notes: what the officer should know: missing sources, checks that warned.
    """

    batch: str
    run_id: str
    seconds: float
    records: "list[StageRecord]"
    notes: list[str] = field(default_factory=list)

    @property
    def stages(self) -> list[tuple[str, float, float]]:
        """Per stage, in their order: title, seconds, peak resident memory in MB; Dagster's own time last."""
        stages: dict[str, tuple[float, int]] = {}
        for record in self.records:
            seconds, peak = stages.get(record.stage, (0.0, 0))
            stages[record.stage] = (seconds + record.seconds, max(peak, record.peak_bytes))
        told = [(title, seconds, peak / 1e6) for title, (seconds, peak) in stages.items()]
        return [*told, ("调度", max(0.0, self.seconds - sum(seconds for _, seconds, _ in told)), 0.0)]


def run_month(home: Home, extracts: Path, batch: str, reporter: Reporter, debug: bool = False) -> RunResult:
    """Run a batch from its files to its worklists.

    Args:
        home: the home folder.
        extracts: the drop folder, with one folder per batch.
        batch: `YYYY-MM`.
        reporter: told of the progress.
        debug: raise an unforeseen error as it is; else the command line shows its kind only.

    Returns:
        what was done and what it took.

    Raises:
        UsageError: the batch is no month, or lies outside the months that are kept.
        DataError: the data stopped it; nothing was published.
        Exception: whatever a stage raised that was not foreseen.
    """
    began = time.perf_counter()
    check_batch(batch)
    state = environment(home, extracts)
    # The validator imports for seconds, on the other core, while this process does the same.
    with _quiet(), _closing(reporter), Validator() as validator:
        import dagster as dg

        from assets.dead_runs import end_runs
        from assets.definitions import build_definitions
        from assets.delivery import look_into
        from assets.graph import DELIVERY_TAG, MONTHS
        from assets.jobs import MONTH
        from assets.resources import Place, RunWatch, mask_errors, only_run

        if not MONTHS.has_partition_key(batch):
            first, last = MONTHS.get_first_partition_key(), MONTHS.get_last_partition_key()
            raise UsageError(f"批次 {batch} 不在 {first} 到 {last} 之间。请检查 --batch 和本机的日期。")
        mask_errors()
        contracts = load_contracts()
        place = Place(home=str(home.root), extracts=str(extracts), memory=home.memory, threads=home.threads or 0)
        with (
            contextlib.closing(RunWatch(reporter, validator=validator)) as watch,
            only_run(home),
            dg.DagsterInstance.from_config(str(state)) as instance,
        ):
            end_runs(instance)
            job = build_definitions(contracts=contracts, place=place, watch=watch).resolve_job_def(MONTH)
            answer = job.execute_in_process(
                instance=instance,
                partition_key=batch,
                raise_on_error=False,
                run_config=_QUIET,
                tags={
                    PROCESS_TAG: str(os.getpid()),
                    # So that the UI knows whose run it is, and offers to run it again.
                    ".dagster/repository": f"__repository__@{LOCATION}",
                    DELIVERY_TAG: look_into(extracts, batch, contracts, home).state,
                },
            )
    if not answer.success:
        _raise_first(watch.errors, debug=debug)
    return RunResult(batch, answer.run_id, time.perf_counter() - began, watch.records, watch.notes)


def _raise_first(errors: list[Exception], *, debug: bool) -> None:
    unforeseen = [error for error in errors if not isinstance(error, DataError)]
    told = [error for error in errors if isinstance(error, DataError)]
    if unforeseen:
        raise unforeseen[0]
    if len(told) == 1 or (told and debug):
        raise told[0]
    if told:
        raise DataError("\n\n".join(str(error) for error in told))
    raise DataError("运行没有完成，没有发布任何结果。", todo="用 zhudong dev 打开界面看这次运行停在哪一步。")


def environment(home: Home, extracts: Path) -> Path:
    """Make Dagster's state folder below the home folder and point the environment at it.

    Returns:
        the state folder, which is also `DAGSTER_HOME`: it holds a copy of `dagster.yaml`.
    """
    state = home.root / "dagster"
    state.mkdir(parents=True, exist_ok=True)
    text = next(path for path in CONFIGURATIONS if path.exists()).read_bytes()
    here = state / "dagster.yaml"
    if not here.exists() or here.read_bytes() != text:
        here.write_bytes(text)
    os.environ.update(
        DAGSTER_HOME=str(state),
        ZHUDONG_STATE=str(state),
        ZHUDONG_HOME=str(home.root),
        ZHUDONG_EXTRACTS=str(extracts),
    )
    return state


def dev(home: Home, extracts: Path, port: int = 3000) -> NoReturn:
    """Open Dagster's UI on this machine, until interrupted. This process becomes `dagster dev`, so that ending it ends that."""
    import dagster as dg

    from assets.dead_runs import end_dead_runs

    state = environment(home, extracts)
    with dg.DagsterInstance.from_config(str(state)) as instance:
        end_dead_runs(instance, home)
    workspace = state / "workspace.yaml"
    module = f"{{module_name: assets.definitions, location_name: {LOCATION}}}"
    workspace.write_text(f"load_from:\n  - python_module: {module}\n", encoding="utf-8")
    program = Path(sys.executable).with_name("dagster")
    call = [str(program), "dev", "--workspace", str(workspace), "--host", "127.0.0.1", "--port", str(port)]
    print(f"Dagster 界面：http://127.0.0.1:{port}　（约半分钟后可用；按 Ctrl-C 结束）", file=sys.stderr, flush=True)  # noqa: T201
    # The working folder is the state folder: what the servers write beside themselves stays below the home folder.
    os.chdir(state)
    # A shell starts what runs in the background with interrupts ignored, and Dagster ends on SIGTERM as it would on an interrupt:
    # ignoring the one, it could only be killed, and its servers would stay.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execve(program, call, {**os.environ, "PYTHONWARNINGS": "ignore"})  # noqa: S606  no shell, on purpose


@contextlib.contextmanager
def _closing(reporter: Reporter) -> Iterator[None]:
    """Let the reporter give the terminal back, however the run ends."""
    try:
        yield
    finally:
        close = getattr(reporter, "close", None)
        if close:
            close()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dagster's chatter from the terminal: an officer can do nothing about it.

    `plan.active` is named by itself because Dagster sets the level of its root logger anew while a run goes on.
    """
    names = ("dagster", "dagster.redacted_errors", "dagster._core.execution.plan.active", "alembic")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
