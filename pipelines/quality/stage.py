"""The quality stage: measure every source of a batch, hold the measures against their limits, write both down.

Belongs here: the stage. Does not belong here: what is measured (`measures`), expected (`limits`), who validates
(`suites`, `validator`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.lake_tables import frame
from pipelines.progress import Reporter
from pipelines.quality.limits import Limit, Result, limits_of
from pipelines.quality.measures import Measure, measure_source
from pipelines.quality.suites import Suite
from pipelines.quality.validator import Validator
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
        return [result.in_words() for result in self.results if not result.passed and result.limit.severity == severity]


def docs_folder(home: Home, batch: str) -> Path:
    """Where a batch's Data Docs stand; `index.html` is the first page."""
    return home.root / "data_docs" / batch


def check_quality(
    home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter, validator: Validator | None = None
) -> Quality:
    """Measure and check all sources of a batch; writes `quality/{measures,results}.parquet` and the Data Docs.

    Args:
        home: the home folder.
        batch: the batch.
        contracts: the sources.
        reporter: told of the progress.
        validator: the validating process, if it was started before; else one is started now.
    """
    reporter.start("检查数据质量", len(contracts) + 1)
    with validator or Validator() as validating:
        measures: dict[str, list[Measure]] = {}
        with home.connect() as connection:
            for source, contract in contracts.items():
                measures[source] = measure_source(connection, home, batch, contract)
                reporter.advance()
        limits = {source: limits_of(contract, measures[source]) for source, contract in contracts.items()}
        suites = [_suite(contracts[source], measures[source], limits[source]) for source in contracts if limits[source]]
        answers = validating.validate({"suites": suites, "title": f"数据质量检查 {batch}", "docs": str(docs_folder(home, batch))})
    results = []
    for suite, held in zip(suites, answers, strict=True):
        for limit, passed in zip(limits[suite["source"]], held, strict=True):
            results.append(Result(limit, suite["measures"][limit.name], passed))
    _write(home, batch, measures, results)
    reporter.advance()
    return Quality(measures, results)


def _suite(contract: Contract, measures: list[Measure], limits: list[Limit]) -> Suite:
    return {
        "source": contract.source,
        "title": contract.title,
        "measures": {measure.name: float(measure.value) for measure in measures},
        "expectations": [
            {
                "column": limit.name,
                "low": limit.low,
                "high": limit.high,
                "severity": limit.severity,
                "text": limit.in_words(),
            }
            for limit in limits
        ],
    }


def _write(home: Home, batch: str, measures: Mapping[str, list[Measure]], results: list[Result]) -> None:
    taken = [
        (batch, one.source, one.measure, one.column_name, one.detail, float(one.value), one.of_rows)
        for of_source in measures.values()
        for one in of_source
    ]
    held = [
        (
            batch, one.limit.source, one.limit.measure, one.limit.column_name, one.limit.severity, one.passed,
            float(one.measured), one.limit.low, one.limit.high, one.limit.in_words(),
        )
        for one in results
    ]  # fmt: skip
    with home.connect() as connection:
        for table, rows in (("measures", taken), ("results", held)):
            connection.register("written", frame("quality", table, rows).to_arrow())
            write_parquet(connection, "FROM written", home.lake(batch, "quality", table))
            connection.unregister("written")
