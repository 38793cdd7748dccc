"""One fetch in a process of its own, to be killed: `python -m tests.fetch.once HOME DROP`."""

import sys
from pathlib import Path

from pipelines.fetch import fetch
from pipelines.progress import PlainLines
from pipelines.storage import Home

if __name__ == "__main__":
    fetch(Home(Path(sys.argv[1])), "2026-10", Path(sys.argv[2]), {"people"}, PlainLines())
