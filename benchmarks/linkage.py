"""This engine and Splink side by side on the same cleaned records: time, memory, precision, recall, F1.

Usage: python -m benchmarks.linkage --home HOME --truth DISTRICT/truth [--batch 2026-10] [--skip-splink]

HOME is a home folder in which the batch has been run (its standardised records are used; linking is done again in a home that
shares the same files). Both engines work in a process of their own, one after the other; what is timed is the linkage alone, on
records that are clean already. Adds a line per engine to benchmarks/results/linkage.md.

Splink gets its best threshold by the truth (`splink_peer`); this engine its own. With --model trained, the model is learnt from
the batch first, without the truth, and the time of learning is told apart.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.run import timed

RESULTS = Path(__file__).parent / "results" / "linkage.md"
_HEAD = """# Linkage: this engine beside Splink

The same cleaned records of a synthetic district, both engines one after the other on the same machine ({cores} cores). Seconds
and megabytes hold for that machine and moment; what counts is the one beside the other. Pairs: two rows of one person.
Splink: its best threshold chosen *with* the truth (`splink_peer.py`). This engine: its own threshold, the truth unseen.

| persons | rows | engine | seconds | of it learning | peak MB | pair precision | pair recall | F1 | decided without review |
|---|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Measure both and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--batch", default="2026-10")
    parser.add_argument("--model", choices=["stored", "trained"], default="stored")
    parser.add_argument("--skip-splink", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        given.inside.write_text(json.dumps(link_once(given)), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory(prefix="linkage-", dir=given.home.parent) as scratch:
        own = measured_own(given, Path(scratch))
        lines = [own]
        if not given.skip_splink:
            lines.append(measured_splink(given, Path(scratch), own))
    for line in lines:
        print(line["text"])
    keep([line["text"] for line in lines])


def measured_own(given: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """This engine, in a fresh process on a home that holds nothing but the standardised records."""
    home, out = shared_home(given.home, scratch, given.batch), scratch / "own.json"
    command = [sys.executable, "-m", "benchmarks.linkage", "--home", home, "--truth", given.truth, "--batch", given.batch]
    command += ["--model", given.model, "--inside", out, *(["--threads", given.threads] if given.threads else [])]
    timed(command)
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    found["text"] = line(found, found, f"zhudong, {found['model']}", found["learning"]) + f" {found['decided']:.4%} |"
    return found


def line(size: dict[str, Any], found: dict[str, Any], engine: str, learning: float) -> str:
    """A line of the table, all but its last column."""
    cells = [
        f"{size['persons']:,}",
        f"{size['rows']:,}",
        engine,
        f"{found['seconds']:.1f}",
        f"{learning:.1f}",
        f"{found['peak']:,.0f}",
    ]
    cells += [f"{found[figure]:.5f}" for figure in ("precision", "recall", "f1")]
    return f"| {' | '.join(cells)} |"


def shared_home(home: Path, scratch: Path, batch: str) -> Path:
    """A home with the same standardised files (hard links) and nothing linked."""
    there = scratch / "home"
    for path in (home / "lake" / batch / "standardised").glob("*.parquet"):
        target = there / "lake" / batch / "standardised" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, target)
    for model in (home / "models").glob("model-*.yaml"):
        (there / "models").mkdir(exist_ok=True)
        os.link(model, there / "models" / model.name)
    return there


def link_once(given: argparse.Namespace) -> dict[str, Any]:
    """Link the batch once and hold the result against the truth."""
    from pipelines.contracts import load_contracts
    from pipelines.linkage.measure.evaluate import evaluate_linkage
    from pipelines.linkage.stage import link
    from pipelines.progress import Silent
    from pipelines.storage import Home

    home, contracts = Home(given.home, threads=given.threads), load_contracts()
    began = time.monotonic()
    learning = 0.0
    if given.model == "trained":
        from pipelines.linkage.train.train import train

        train(home, given.batch, contracts, Silent())
        learning = time.monotonic() - began
    counts = link(home, given.batch, contracts, Silent())
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    overall = evaluate_linkage(home, given.batch, given.truth).overall
    return {
        "seconds": seconds,
        "learning": learning,
        "peak": peak,
        "persons": int(overall["真实人员"]),
        "rows": int(overall["记录"]),
        "precision": overall["成对准确率"],
        "recall": overall["成对召回率"],
        "f1": overall["成对 F1"],
        "decided": overall["未经人工即已决定"],
        "model": f"model-{int(counts['model'])}",
    }


def measured_splink(given: argparse.Namespace, scratch: Path, own: dict[str, Any]) -> dict[str, Any]:
    """Splink on the same records."""
    home, out = scratch / "home", scratch / "splink.json"
    timed([sys.executable, "-m", "benchmarks.splink_peer", home, given.batch, given.truth, out])
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    learning = found["seconds"]["train"]
    found |= {"seconds": found["total"], "peak": found["peak_mb"]}
    found["text"] = line(own, found, f"Splink, threshold {found['threshold']:g}", learning) + " |"
    return found


def keep(lines: list[str]) -> None:
    """Add lines to the results; of one size and engine the newest stands."""
    RESULTS.parent.mkdir(exist_ok=True)
    old = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    rows = {}
    for text in [*old, *lines]:
        if text.startswith("| ") and text[2].isdigit():
            cells = text.split("|")
            rows[int(cells[1].replace(",", "")), cells[3].split(",")[0].strip()] = text
    ordered = [rows[key] for key in sorted(rows, key=lambda key: (key[0], key[1] == "Splink"))]
    RESULTS.write_text(_HEAD.format(cores=os.cpu_count()) + "\n".join(ordered) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
