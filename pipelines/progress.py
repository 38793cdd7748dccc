"""Progress that a person can follow, in a terminal or in a log.

Belongs here: how progress is shown. Does not belong here: what is counted. Nothing passed to a reporter may hold
a name, an id or a row: titles, file names and numbers only.
"""

import sys
import time
from typing import Protocol, TextIO


class Reporter(Protocol):
    """What a stage tells about its progress."""

    def start(self, title: str, total: int | None = None) -> None:
        """A piece of work begins; `total` in whatever `advance` counts."""

    def advance(self, amount: int = 1) -> None:
        """So much more of the current piece is done."""

    def note(self, text: str) -> None:
        """One line the person should read."""


class Silent:
    """Tells nobody: for tests and for use as a library."""

    def start(self, title: str, total: int | None = None) -> None:
        """See `Reporter`."""

    def advance(self, amount: int = 1) -> None:
        """See `Reporter`."""

    def note(self, text: str) -> None:
        """See `Reporter`."""


class PlainLines:
    """One line per piece of work, and at most one per ten seconds within it: for logs and pipes."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._title, self._total, self._done = "", 0, 0
        self._told = time.monotonic()

    def start(self, title: str, total: int | None = None) -> None:
        """See `Reporter`."""
        self._title, self._total, self._done, self._told = title, total or 0, 0, time.monotonic()
        self.note(title)

    def advance(self, amount: int = 1) -> None:
        """See `Reporter`."""
        self._done += amount
        if self._total and time.monotonic() - self._told > 10:
            self._told = time.monotonic()
            self.note(f"{self._title}：{self._done:,} / {self._total:,}")

    def note(self, text: str) -> None:
        """See `Reporter`."""
        print(text, file=self._out, flush=True)


class Bars:
    """Bars in a terminal, drawn by rich."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            transient=True,
        )
        self._task: TaskID | None = None

    def start(self, title: str, total: int | None = None) -> None:
        """See `Reporter`."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        else:
            self._bars.start()
        self._task = self._bars.add_task(title, total=total)

    def advance(self, amount: int = 1) -> None:
        """See `Reporter`."""
        if self._task is not None:
            self._bars.advance(self._task, amount)

    def note(self, text: str) -> None:
        """See `Reporter`."""
        self._bars.console.print(text)

    def close(self) -> None:
        """Give the terminal back."""
        self._bars.stop()
