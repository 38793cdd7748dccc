"""Linkage of a first batch beside that of the next month's: seconds, peak memory, what changed.

Usage: python -m benchmarks.second_batch --persons 200000 [--folder /somewhere/large]

Writes a district of two months (the second touches about one person in fifty), reads and standardises both (all kept for the next
time), then links each in a process of its own. Prints Markdown. The ratio is what counts, not the seconds of one machine.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.run import timed

BATCHES = ("2026-10", "2026-11")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--persons", type=int, required=True)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--link", help=argparse.SUPPRESS)
    given = parser.parse_args()
    district, home = given.folder / f"two-months-{given.persons}", given.folder / f"two-months-home-{given.persons}"
    if given.link:
        print(json.dumps(_link(home, given.link)))
        return
    if not (district / "truth").exists():
        timed([sys.executable, "-m", "pipelines.cli", "sample", district, "--persons", given.persons, "--seed", 7, "--months", 2])
    if not (home / "lake" / BATCHES[1] / "standardised").exists():
        _standardise(district, home)
    for batch in BATCHES:
        subprocess.run(["rm", "-rf", home / "lake" / batch / "linkage"], check=True)
    print("| batch | rows | new identities | seconds | peak MB |\n|---|---|---|---|---|")
    seconds = []
    for batch in BATCHES:
        took, peak, said = timed(
            [
                sys.executable,
                "-m",
                "benchmarks.second_batch",
                "--persons",
                given.persons,
                "--folder",
                given.folder,
                "--link",
                batch,
            ]
        )
        counts = json.loads(said.splitlines()[-1])
        seconds.append(took)
        print(f"| {batch} | {counts['records']:,} | {counts['new_identities']:,} | {took:.1f} | {peak:,.0f} |")
    print(f"\nsecond / first: {seconds[1] / seconds[0]:.2f}", flush=True)


def _standardise(district: Path, home: Path) -> None:
    from pipelines.contracts import load_contracts
    from pipelines.extracts import extract_source
    from pipelines.progress import Silent
    from pipelines.standardise import standardise_source
    from pipelines.storage import Home

    place = Home(home.resolve())
    for batch in BATCHES:
        for contract in load_contracts().values():
            extract_source(place, batch, contract, district, Silent())
            standardise_source(place, batch, contract, Silent())


def _link(home: Path, batch: str) -> dict[str, int | float]:
    from pipelines.contracts import load_contracts
    from pipelines.linkage import link
    from pipelines.progress import Silent
    from pipelines.storage import Home

    return link(Home(home.resolve()), batch, load_contracts(), Silent())


if __name__ == "__main__":
    main()
