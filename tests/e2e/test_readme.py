"""The README's commands, run in the README's order, by somebody who does what it says."""

import re
from pathlib import Path

import pytest

from pipelines.storage import Home
from tests.e2e.conftest import zhudong

pytestmark = pytest.mark.e2e

README = Path(__file__).resolve().parents[2] / "README.md"


def commands():
    """The lines of the README that begin with `zhudong`, without their comments."""
    lines = re.findall(r"^ {4}zhudong (.+)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.split(r" {4,}", line)[0].strip() for line in lines]


def test_each_command_of_the_readme_does_what_it_says(tmp_path):
    home = Home(tmp_path / "home")
    told = commands()
    assert [line.split()[0] for line in told] == ["sample", "check", "run", "evaluate", "explain", "simulate", "returns"]
    for line in told:
        said = zhudong(*filled_in(line, tmp_path, home))
        assert said.code == 0, f"{line}\n{said.err}\n{said.out}"
        look_at(line.split()[0], said, home)


def filled_in(line, folder, home):
    """The command with real places, a smaller district, and the first lead's number."""
    drop = folder / "district"
    if line.startswith("returns"):
        drop = home.worklists("2026-10")
    if "L… | P…" in line:
        with home.connect(home.warehouse, read_only=True) as connection:
            lead = connection.execute("SELECT min(lead_id) FROM lead").fetchall()[0][0]
        line = line.replace("L… | P…", lead)
    words = line.replace("--persons 200000", "--persons 1500").split()
    return [
        str(drop) if w == "DIR" else str(home.root) if w == "HOME" else w.replace("DIR/truth", str(drop / "truth")) for w in words
    ]


def look_at(command, said, home):
    """What a person would look at after the command."""
    if command == "run":
        assert "走访清单" in said.out
        assert list(home.worklists("2026-10").glob("*.xlsx"))
        assert home.warehouse.exists()
    if command == "evaluate":
        assert "U01" in said.out
    if command == "explain":
        assert "疑似" in said.out
