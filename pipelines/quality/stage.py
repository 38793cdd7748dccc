"""The quality stage: measure every source of a batch, hold the measures against their limits, write both down.

Belongs here: the stage. Does not belong here: what is measured (`measures`), expected (`limits`), who validates (`suites`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.progress import Reporter
from pipelines.quality.limits import limits_of
from pipelines.quality.measures import Measure, measure_source
from pipelines.quality.suites import Result, in_words, validate
from pipelines.storage import Home, write_parquet


@dataclass(frozen=True)
class Quality:
    """What the stage found.

    Args:
        measures: source → its measures; a source that did not arrive has none.
        results: one per limit.
    """

    measures: dict[str, list[Measure]]
    results: list[Result]

    def counts(self) -> dict[str, int | float]:
        """For plotting."""
        failed = [result for result in self.results if not result.passed]
        return {
            "sources": sum(bool(taken) for taken in self.measures.values()),
            "expectations": len(self.results),
            "warnings": sum(result.limit.severity == "warning" for result in failed),
            "critical": sum(result.limit.severity == "critical" for result in failed),
        }

    def sentences(self, severity: str) -> list[str]:
        """What did not hold, one sentence each."""
        return [tell(result) for result in self.results if not result.passed and result.limit.severity == severity]


def docs_folder(home: Home, batch: str) -> Path:
    """Where a batch's Data Docs stand; `index.html` is the first page."""
    return home.root / "data_docs" / batch


def check_quality(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> Quality:
    """Measure and check all sources of a batch; writes `quality/{measures,results}.parquet` and the Data Docs."""
    reporter.start("检查数据质量", len(contracts) + 1)
    measures: dict[str, list[Measure]] = {}
    with home.connect() as connection:
        for source, contract in contracts.items():
            measures[source] = measure_source(connection, home, batch, contract)
            reporter.advance()
    limits = {source: limits_of(contract, measures[source]) for source, contract in contracts.items()}
    titles = {source: contract.title for source, contract in contracts.items()}
    results = validate(measures, limits, titles, docs_folder(home, batch))
    _write(home, batch, measures, results)
    reporter.advance()
    return Quality(measures, results)


def tell(result: Result) -> str:
    """One result in a sentence, with what was measured."""
    limit = result.limit
    count = limit.measure == "rows"
    ratio = limit.measure == "rows_against_last_batch"
    measured = f"{result.measured:,.0f}" if count else f"{result.measured:.2f}" if ratio else f"{result.measured:.2%}"
    return f"{in_words(limit)}，实际 {measured}"


def _write(home: Home, batch: str, measures: Mapping[str, list[Measure]], results: list[Result]) -> None:
    import polars as pl

    taken = pl.DataFrame(
        [
            (batch, one.source, one.measure, one.column_name, one.detail, float(one.value), one.of_rows)
            for of_source in measures.values()
            for one in of_source
        ],
        schema={
            "batch": pl.String,
            "source": pl.String,
            "measure": pl.String,
            "column_name": pl.String,
            "detail": pl.String,
            "value": pl.Float64,
            "of_rows": pl.Int64,
        },
        orient="row",
    )
    held = pl.DataFrame(
        [
            (
                batch, one.limit.source, one.limit.measure, one.limit.column_name, one.limit.severity, one.passed,
                float(one.measured), one.limit.low, one.limit.high, in_words(one.limit),
            )
            for one in results
        ],
        schema={
            "batch": pl.String,
            "source": pl.String,
            "check_name": pl.String,
            "column_name": pl.String,
            "severity": pl.String,
            "passed": pl.Boolean,
            "measured": pl.Float64,
            "expected_min": pl.Float64,
            "expected_max": pl.Float64,
            "description": pl.String,
        },
        orient="row",
    )  # fmt: skip
    with home.connect() as connection:
        connection.register("taken", taken.to_arrow())
        connection.register("held", held.to_arrow())
        write_parquet(connection, "SELECT * FROM taken", home.lake(batch, "quality", "measures"))
        write_parquet(connection, "SELECT * FROM held", home.lake(batch, "quality", "results"))
