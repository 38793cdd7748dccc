"""A small district, published, made once for the tests of checks and of the desk."""

from pathlib import Path

from pipelines.assess.facts.compute import compute_facts
from pipelines.assess.income.compute import compute_income
from pipelines.assess.leads.leads import raise_leads
from pipelines.assess.rules.findings import run_rules
from pipelines.casework.batch import export_tables, meet_batch
from pipelines.contracts import load_contracts
from pipelines.extracts.stage import extract_source
from pipelines.households.stage import build_households
from pipelines.linkage.stage import link
from pipelines.progress import Silent
from pipelines.publish.warehouse import build_warehouse
from pipelines.sample.district import write_district
from pipelines.standardise.stage import standardise_source
from pipelines.storage import Home

BATCH = "2026-10"


def publish_district(folder: Path, persons: int = 1000, seed: int = 5) -> Home:
    """Write a district and run every stage up to the warehouse; the store is the home's own."""
    told, contracts = Silent(), load_contracts()
    write_district(folder / "drop", persons, seed, [BATCH], told)
    home = Home(folder / "home", memory="1GB", threads=2)
    for contract in contracts.values():
        extract_source(home, BATCH, contract, folder / "drop", told)
        standardise_source(home, BATCH, contract, told)
    link(home, BATCH, contracts, told)
    for stage in (build_households, compute_facts, compute_income, run_rules, raise_leads, meet_batch):
        stage(home, BATCH, told)
    export_tables(home, BATCH)
    build_warehouse(home, BATCH, told)
    return home
