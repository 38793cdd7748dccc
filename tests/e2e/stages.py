"""The month's stages one after another in one bare process, without Dagster: `python -m tests.e2e.stages DROP HOME BATCH`.

For tests that kill a process many times: what a kill leaves behind is the stages' doing, and Dagster costs seconds at every start.
"""

import sys
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


def main() -> None:
    """Run them all, telling on standard error which one begins."""
    drop, home, batch = Path(sys.argv[1]), Home(Path(sys.argv[2])), sys.argv[3]
    told, contracts = PlainLines(), load_contracts()

    def begin(stage: str) -> None:
        told.note(f"环节 {stage}")

    begin("extracts")
    for contract in contracts.values():
        extract_source(home, batch, contract, drop, told)
    begin("standardise")
    for contract in contracts.values():
        standardise_source(home, batch, contract, told)
    begin("linkage")
    link(home, batch, contracts, told)
    for stage in (build_households, compute_facts, compute_income, run_rules, raise_leads, build_warehouse, write_worklists):
        begin(stage.__name__)
        stage(home, batch, told)


if __name__ == "__main__":
    main()
