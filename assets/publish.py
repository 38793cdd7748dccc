"""What goes out, as assets: the warehouse and its masked copy, the towns' worklists, the report.

Belongs here: the four assets. Does not belong here: what is in them (`pipelines.publish`, `schemas/warehouse`).
"""

import dagster as dg

from assets.assess import LEADS
from assets.graph import Key, stage_asset
from assets.resources import Counts, Place
from pipelines.progress import Reporter

CASES: Key = ("case_files",)
WAREHOUSE: Key = ("warehouse",)
WORKLISTS: Key = ("worklists",)
MASKED: Key = ("masked",)
REPORT: Key = ("report",)


def publish_assets() -> list[dg.AssetsDefinition]:
    """The published database, then what is written from it."""

    def cases(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.casework.batch import export_tables, meet_batch

        counts = meet_batch(place.at(), batch, reporter)
        export_tables(place.at(), batch)
        return counts

    def warehouse(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.publish.warehouse import build_warehouse

        return build_warehouse(place.at(), batch, reporter)

    def worklists(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.publish.worklists import write_worklists

        return write_worklists(place.at(), batch, reporter)

    def report(place: Place, batch: str, reporter: Reporter) -> Counts:
        from pipelines.publish.report import write_report

        return write_report(place.at(), batch, reporter)

    def masked(place: Place, _batch: str, reporter: Reporter) -> Counts:
        from pipelines.publish.masked import build_masked

        return build_masked(place.at(), reporter)

    return [
        stage_asset(
            CASES,
            cases,
            title="办理台",
            group="publish",
            deps=[LEADS],
            description="办理台：有线索的家庭建档，收回的走访结果记入档案，推算下次走访；办理情况抄一份给数据库。",
            kinds={"sqlite"},
        ),
        stage_asset(
            WAREHOUSE,
            warehouse,
            title="发布数据库",
            group="publish",
            deps=[LEADS, CASES],
            description="数据库：在旁边建好、检查、一次换上；检查不过，原来的不动。",
            kinds={"duckdb"},
        ),
        stage_asset(
            WORKLISTS,
            worklists,
            title="走访清单",
            group="publish",
            deps=[WAREHOUSE],
            description="走访清单：每个镇街一份 CSV 和 XLSX，姓名、证号已遮盖；另有清单目录和校验值。",
            kinds={"csv", "excel"},
        ),
        stage_asset(
            REPORT,
            report,
            title="报告",
            group="publish",
            deps=[WAREHOUSE],
            description="报告：本批次的数字和图，没有任何人的信息。",
            kinds={"html"},
        ),
        stage_asset(
            MASKED,
            masked,
            title="脱敏副本",
            group="publish",
            deps=[WAREHOUSE],
            description="给分析人员的副本：没有姓名、证号、电话和村居以下住址，罕见特征已隐去。",
            kinds={"duckdb"},
        ),
    ]
