"""The month's stages in one bare process, without Dagster: `python -m tests.e2e.stages DROP HOME BATCH FIRST`, from FIRST on.

For tests that kill a process many times: what a kill leaves behind is the stages' doing, and Dagster costs seconds at every start.
"""

import sys
from functools import partial
from pathlib import Path

from pipelines.assess.facts.compute import compute_facts
from pipelines.assess.income.compute import compute_income
from pipelines.assess.leads.leads import raise_leads
from pipelines.assess.rules.findings import run_rules
from pipelines.contracts import load_contracts
from pipelines.extracts.stage import extract_source
from pipelines.households.stage import build_households
from pipelines.linkage.stage import link
from pipelines.progress import PlainLines
from pipelines.publish.warehouse import build_warehouse
from pipelines.publish.worklists import write_worklists
from pipelines.standardise.stage import standardise_source
from pipelines.storage import Home

LATER = (build_households, compute_facts, compute_income, run_rules, raise_leads, build_warehouse, write_worklists)
STAGES = ("extracts", "standardise", "linkage", *(stage.__name__ for stage in LATER))


def main() -> None:
    """Run them, telling on standard error which one begins."""
    drop, home, batch, first = Path(sys.argv[1]), Home(Path(sys.argv[2])), sys.argv[3], sys.argv[4]
    told, contracts = PlainLines(), load_contracts()
    calls = {
        "extracts": lambda: [extract_source(home, batch, contract, drop, told) for contract in contracts.values()],
        "standardise": lambda: [standardise_source(home, batch, contract, told) for contract in contracts.values()],
        "linkage": lambda: link(home, batch, contracts, told),
        **{stage.__name__: partial(stage, home, batch, told) for stage in LATER},
    }
    for stage in STAGES[STAGES.index(first) :]:
        told.note(f"环节 {stage}")
        calls[stage]()


if __name__ == "__main__":
    main()
