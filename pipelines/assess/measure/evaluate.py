"""Findings held against a truth: precision and recall per rule.

Belongs here: matching persons and households to true ones through the rows they share, and counting. Does not belong here:
the truth itself (`pipelines.sample`, or whoever brings one) and the accuracy of linkage (`pipelines.linkage.measure.evaluate`).

A person is the true person most of whose register rows it holds (all rows, where it is in no register); a household the
true household of most of its members. A finding about somebody nobody in the truth matches counts against precision.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import DataError
from pipelines.linkage.lake import person_records
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb
    import polars as pl


@dataclass(frozen=True)
class Evaluation:
    """Precision and recall of findings.

    Attributes:
        by_rule: rule_id, outcome, found, true, agreed, precision, recall; only rules that the truth speaks of.
        households: direction, found, true, agreed, precision, recall: true households flagged by any under-coverage (`under`) or
            over-coverage (`over`) rule.
        income: income (a class, 扣减, 合计), households, closed (to one number), held, share: how many intervals hold the true
            amount; None where the truth speaks of no income.
    """

    by_rule: "pl.DataFrame"
    households: "pl.DataFrame"
    income: "pl.DataFrame | None" = None

    def __str__(self) -> str:
        """Plain tables."""
        import polars as pl

        with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, float_precision=4):
            income = "" if self.income is None else f"\n\n家庭收入（区间里有真值的户数 held）\n{self.income}"
            return f"规则的准确率、召回率\n{self.by_rule}\n\n家庭（任一规则）\n{self.households}{income}"


def evaluate_findings(home: Home, batch: str, truth: Path) -> Evaluation:
    """Hold a batch's findings against a truth.

    Args:
        home: where the batch is.
        batch: a month that was run.
        truth: folder with `person_record.parquet` (batch, source, file, row_no, member_no, true_person), `finding.parquet`
            (batch, rule_id, outcome, true_person, true_household) and, for households, `household.parquet` (batch, kind,
            true_household, true_person); without it a household's members are read from the findings that name both. For
            incomes, `household_income.parquet` (batch, true_household, class, amount; class 0: what may be deducted).

    Raises:
        DataError: a file of the truth or the batch's findings are not there.
    """
    for path in (truth / "person_record.parquet", truth / "finding.parquet", home.lake(batch, "assess", "findings")):
        if not path.exists():
            raise DataError(
                f"没有 {path.name}，不能评价。", where=str(path.parent), todo="先运行批次；真值由 zhudong sample 写在 truth/ 里。"
            )
    with home.connect() as connection:
        _open(connection, home, batch, truth)
        connection.execute(Path(__file__).with_name("evaluate.sql").read_text(encoding="utf-8"))
        by_rule: pl.DataFrame = connection.table("by_rule").pl()
        by_household: pl.DataFrame = connection.table("by_household").pl()
        return Evaluation(by_rule, by_household, _incomes(connection, home, batch, truth))


def _incomes(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, truth: Path) -> "pl.DataFrame | None":
    """How many households' intervals hold what they truly have, by class."""
    path = truth / "household_income.parquet"
    if not path.exists() or not home.lake(batch, "assess", "household_income").exists():
        return None
    for table in ("income_statement", "household_income"):
        connection.execute(f"CREATE TEMP VIEW {table} AS FROM read_parquet('{quoted(home.lake(batch, 'assess', table))}')")
    connection.execute(f"CREATE TEMP VIEW true_income AS FROM read_parquet('{quoted(path)}') WHERE batch = '{batch}'")
    connection.execute(Path(__file__).with_name("evaluate_income.sql").read_text(encoding="utf-8"))
    by_class: pl.DataFrame = connection.table("income_by_class").pl()
    return by_class


def _open(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, truth: Path) -> None:
    """The truth's tables of this batch and the lake's, by the names that evaluate.sql knows."""

    def true(table: str) -> str:
        return f"(FROM read_parquet('{quoted(truth / f'{table}.parquet')}') WHERE batch = '{batch}')"

    connection.execute(f"CREATE TEMP VIEW person_records AS FROM {person_records(home, batch)}")
    for table in ("person_fact", "findings", "rules"):
        connection.execute(f"CREATE TEMP VIEW {table} AS FROM read_parquet('{quoted(home.lake(batch, 'assess', table))}')")
    connection.execute(f"CREATE TEMP VIEW true_record AS FROM {true('person_record')}")
    columns = {row[0] for row in connection.execute(f"DESCRIBE {true('finding')}").fetchall()}
    whom = [name if name in columns else f"NULL::VARCHAR AS {name}" for name in ("true_person", "true_household")]
    connection.execute(
        f"CREATE TEMP TABLE true_finding AS SELECT DISTINCT rule_id, outcome, {', '.join(whom)} FROM {true('finding')}"
    )
    members = "SELECT true_household, true_person FROM true_finding WHERE true_household IS NOT NULL AND true_person IS NOT NULL"
    if (truth / "household.parquet").exists():
        members += f" UNION SELECT true_household, true_person FROM {true('household')} WHERE kind = 'assistance'"
    connection.execute(f"CREATE TEMP TABLE true_member AS {members}")
