"""The whole run beside the floor, at one size: seconds, peak memory, per stage.

Usage: python -m benchmarks.run --persons 200000 [--folder /somewhere/large] [--repeat 1]

Writes a district (kept for the next time), then in turn: the floor, the run. Prints Markdown. These figures hold for one machine
and one moment: the ratio of the two is what counts.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--persons", type=int, required=True)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--repeat", type=int, default=1)
    given = parser.parse_args()
    district = given.folder / f"district-{given.persons}"
    if not (district / "truth").exists():
        seconds, peak, _ = timed(
            [sys.executable, "-m", "pipelines.cli", "sample", district, "--persons", given.persons, "--seed", 7]
        )
        print(f"sample: {seconds:.1f} s, {peak:.0f} MB")
    print(f"extracts: {sum(p.stat().st_size for p in (district / '2026-10').rglob('*') if p.is_file()) / 1e6:,.0f} MB")
    for _ in range(given.repeat):
        floor, floor_peak, said = timed([sys.executable, "-m", "benchmarks.floor", district / "2026-10", given.folder / "floor"])
        home = given.folder / f"home-{given.persons}"
        subprocess.run(["rm", "-rf", home], check=True)
        run, run_peak, said_run = timed(
            [sys.executable, "-m", "pipelines.cli", "run", "--extracts", district, "--home", home, "--batch", "2026-10"]
        )
        print(said_run[said_run.find("用时") :])
        print(f"\n| | seconds | peak MB |\n|---|---|---|\n| floor ({said.strip()}) | {floor:.1f} | {floor_peak:.0f} |")
        print(
            f"| zhudong run | {run:.1f} | {max(run_peak, *stage_peaks(said_run)):.0f} |\n| ratio | {run / floor:.1f} | |\n",
            flush=True,
        )


def stage_peaks(summary: str) -> list[float]:
    """The stages' peaks as the summary says them: each stage resets the process's own, so that the system knows only the last."""
    lines = summary[summary.find("用时") :].splitlines()
    cells = [line.split() for line in lines]
    return [float(cell[2].replace(",", "")) for cell in cells if len(cell) == 3 and cell[2].replace(",", "").isdigit()]


def timed(command: list[object]) -> tuple[float, float, str]:
    """Seconds, peak resident MB and standard output of a command, as one process."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "110"}
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {json.dumps([str(c) for c in command])}")
    return time.monotonic() - began, usage.ru_maxrss / (1 if sys.platform == "darwin" else 1024), said


if __name__ == "__main__":
    main()
