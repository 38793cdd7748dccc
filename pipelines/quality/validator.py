"""The process that validates suites, as the quality stage uses it.

Belongs here: starting, asking and ending that process. Does not belong here: what it does (`suites`).
"""

import json
import subprocess
import sys
from types import TracebackType
from typing import Self

from pipelines.quality.suites import Task


class Validator:
    """A process that has Great Expectations imported, or is about to. Start it early: it imports while others work.

    Use it as a context manager. If this process dies, the other finds its input closed and ends.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pipelines.quality.suites"],  # not whatever else the working folder calls pipelines
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the process if it was not asked."""
        self.close()

    def validate(self, task: Task) -> list[list[bool]]:
        """Validate the task's suites and write its pages; once.

        Returns:
            per suite, per expectation in the order given, whether it holds.

        Raises:
            RuntimeError: the process failed. Its text is about measures: there is no personal data in reach of it.
        """
        answer, said = self._process.communicate(json.dumps(task))
        if self._process.returncode:
            raise RuntimeError(f"the validation process ended with {self._process.returncode}: {said[-2000:]}")
        held: list[list[bool]] = json.loads(answer)
        return held

    def close(self) -> None:
        """End the process if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe and not pipe.closed:
                pipe.close()
        self._process.wait()
