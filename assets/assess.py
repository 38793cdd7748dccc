"""Facts, income, findings and leads as assets.

Belongs here: the four assets. Does not belong here: rules and parameters (`schemas`), how they are held against the facts
(`pipelines.assess`).
"""

import dagster as dg

from assets.graph import Key, stage_asset
from assets.households import HOUSEHOLDS
from assets.linkage import PERSONS
from assets.resources import Counts, Place
from pipelines.progress import Reporter

FACTS: Key = ("facts",)
INCOME: Key = ("income",)
FINDINGS: Key = ("findings",)
LEADS: Key = ("leads",)


def assess_assets() -> list[dg.AssetsDefinition]:
    """Facts about persons and households; their income; what the rules found; the leads raised from it."""

    def facts(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.assess.facts.compute import compute_facts

        return compute_facts(place.at(), batch, reporter)

    def income(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.assess.income.compute import compute_income

        return compute_income(place.at(), batch, reporter)

    def findings(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.assess.rules.findings import run_rules

        return run_rules(place.at(), batch, reporter)

    def leads(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.assess.leads.leads import raise_leads

        return raise_leads(place.at(), batch, reporter)

    kinds = {"parquet", "duckdb"}
    return [
        stage_asset(
            FACTS,
            facts,
            title="计算事实",
            group="assess",
            deps=[PERSONS, HOUSEHOLDS],
            description="事实：每个人、每户在本批次的情况，规则只看这些。缺证据的为空，不猜。",
            kinds=kinds,
        ),
        stage_asset(
            INCOME,
            income,
            title="计算收入",
            group="assess",
            deps=[FACTS],
            description="家庭收入：十四类收入的区间、可扣减的刚性支出；没有查清的写明该问谁、问哪一类。",
            kinds=kinds,
        ),
        stage_asset(
            FINDINGS,
            findings,
            title="运行规则",
            group="assess",
            deps=[INCOME],
            description="命中：每条规则对每个人、每户的结论，成立或情况不明，附所用数据、参数和依据文件。",
            kinds=kinds,
        ),
        stage_asset(
            LEADS,
            leads,
            title="形成线索",
            group="assess",
            deps=[FINDINGS],
            description="线索：每户每个方向一条，有级别、时限和状态。线索只是疑似，须入户核实。",
            kinds=kinds,
        ),
    ]
