"""docs/adding.md is true: what it adds can be added so, in so few files, and then works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
BLOCK = re.compile(r'^```\w+ (\S+)(?: after "([^\n]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SECTIONS = {section.split("\n", 1)[0]: BLOCK.findall(section) for section in PAGE.split("\n## ")[1:]}

WHAT_WAS_ADDED = """
import sys
from pathlib import Path

import pipelines
from pipelines.assess.leads.leads import raise_leads
from pipelines.assess.rules.cases import run_cases
from pipelines.assess.rules.catalogue import load_catalogue
from pipelines.assess.rules.load import load_rules
from pipelines.parameters import load_parameters
from pipelines.progress import Silent
from pipelines.publish.warehouse import create_tables, fill
from tests.builders.leads_lake import OCTOBER, LeadsLake
from tests.builders.model_lake import Facts, ModelLake

tree, scratch = map(Path, sys.argv[1:])
assert Path(pipelines.__file__).parents[1] == tree

lake = ModelLake(scratch / "facts")
lake.person("甲", "1", "1970-01-01")
lake.person("乙", "2", "1970-01-01")
lake.register("1", 甲="户主", 乙="配偶")
lake.row("heating_subsidy", "甲", amount=300)
facts = Facts(lake)
assert (facts["甲"]["heating_aid"], facts["乙"]["heating_aid"]) == (300, 0)
silent = ModelLake(scratch / "silent", absent=("heating_subsidy",))
silent.register("1", 甲="户主")
assert Facts(silent)["甲"]["heating_aid"] is None

parameters = load_parameters()
catalogue = load_catalogue(parameters=parameters)
rule = load_rules(parameters=parameters, catalogue=catalogue)["U90"]
came = list(run_cases(rule, parameters, catalogue))
assert (len(came), [(one.case.name, one.differences) for one in came if one.differences]) == (6, []), came

leads = LeadsLake(scratch / "leads")
leads.household("H0000000000A", "P0000000000A")
leads.rule("U90", "yellow", programmes=["低保"])
leads.finding("2026-10", "U90", "H0000000000A", "P0000000000A")
leads.write("2026-10")
raise_leads(leads.home, "2026-10", Silent(), today=OCTOBER)
leads._write("2026-10", "households", "issues", "", [{"kind": "two_heads", "person_id": "P0000000000A"}])
with leads.home.connect() as connection:
    create_tables(connection)
    for table in ("lead", "household_issue"):
        fill(connection, leads.home, table, ["2026-10"])
    assert connection.execute("SELECT reasons FROM lead").fetchall() == [(1,)]
    assert connection.execute("SELECT batch, kind FROM household_issue").fetchall() == [("2026-10", "two_heads")]
"""


@pytest.mark.parametrize("section", SECTIONS)
def test_it_costs_three_files_at_most(section):
    assert 1 <= len({path for path, _, _ in SECTIONS[section]}) <= 3


def test_what_the_page_adds_works(tmp_path):
    tree = tmp_path / "tree"
    for folder in ("pipelines", "schemas"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for blocks in SECTIONS.values():
        for path, anchor, text in blocks:
            add(tree / path, anchor.replace('\\"', '"'), text)
    done = subprocess.run(
        [sys.executable, "-c", WHAT_WAS_ADDED, tree, tmp_path / "scratch"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": f"{tree}{os.pathsep}{ROOT}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def add(path, anchor, text):
    if not anchor:
        assert not path.exists(), f"{path.name} is there already"
        path.write_text(text, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if line.startswith(anchor))
    path.write_text("".join([*lines[: place + 1], text, *lines[place + 1 :]]), encoding="utf-8")
