"""The contracts' expectations as Great Expectations suites, validated on the measures; Data Docs.

Belongs here: everything that Great Expectations is. Does not belong here: which limits there are (`limits`).

Great Expectations cannot run on DuckDB (every expectation fails there, its issue 11579) and pandas would need the rows in memory.
So DuckDB measures, and the suites validate the measures: one row per source, a column per measure. That costs the same for a
thousand rows and for a thousand million, and no page can show a person, because no person's data is there. Importing the library
takes longer (measured: 5 to 7 s) than validating all sources (0.5 s) and writing the pages (0.9 s); it is imported once per run.
"""

import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.quality.limits import Limit
from pipelines.quality.measures import Measure


@dataclass(frozen=True)
class Result:
    """One limit held against its measure."""

    limit: Limit
    measured: float
    passed: bool


def validate(
    measures: Mapping[str, Sequence[Measure]], limits: Mapping[str, Sequence[Limit]], titles: Mapping[str, str], docs: Path
) -> list[Result]:
    """Validate every source's suite and write the Data Docs.

    Args:
        measures: source → its measures.
        limits: source → its limits, each on a measure that was taken.
        titles: source → what a person calls it.
        docs: folder of the pages; replaced.

    Returns:
        one result per limit, in the limits' order.
    """
    gx, expectations = _library()
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    for site in list(context.get_site_names()):
        context.delete_data_docs_site(site)
    new = docs.with_name(f".{docs.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    context.add_data_docs_site(site_name="quality", site_config=_site(new))
    frames = context.data_sources.add_pandas("measures")
    results: list[Result] = []
    for source, held in limits.items():
        if not held:
            continue
        suite = context.suites.add(
            gx.ExpectationSuite(
                name=source,
                notes=f"{titles[source]}：由数据源合同和 schemas/quality.yaml 生成。只有比例和行数，没有任何人的信息。",
                expectations=[_expectation(expectations, limit, number) for number, limit in enumerate(held)],
            )
        )
        batch = frames.add_dataframe_asset(name=source).add_batch_definition_whole_dataframe("batch")
        definition = context.validation_definitions.add(gx.ValidationDefinition(name=source, data=batch, suite=suite))
        taken = {_column(measure): measure.value for measure in measures[source]}
        answer = definition.run(batch_parameters={"dataframe": pd.DataFrame([taken])}, result_format="BASIC")
        by_meta = {one.expectation_config.meta["limit"]: bool(one.success) for one in answer.results}
        results += [Result(limit, taken[_column(limit)], by_meta[number]) for number, limit in enumerate(held)]
    context.build_data_docs()
    shutil.rmtree(docs, ignore_errors=True)
    os.replace(new, docs)
    return results


def _library() -> tuple[Any, Any]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations
        from great_expectations import expectations

    return great_expectations, expectations


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _column(of: Measure | Limit) -> str:
    """The name of a measure in its source's frame, as the pages show it."""
    return " ".join(part for part in (of.measure, of.column_name, of.detail) if part)


def _expectation(expectations: Any, limit: Limit, number: int) -> Any:
    return expectations.ExpectColumnMinToBeBetween(
        column=_column(limit),
        min_value=limit.low,
        max_value=limit.high,
        severity=limit.severity,
        description=in_words(limit),
        meta={"limit": number},
    )


def in_words(limit: Limit) -> str:
    """A limit as an officer reads it."""
    count = limit.measure == "rows"

    def number(value: float) -> str:
        return f"{value:,.0f}" if count else f"{value:g}" if limit.measure == "rows_against_last_batch" else f"{value:.2%}"

    if limit.low is not None and limit.high is not None:
        between = f"应在 {number(limit.low)} 与 {number(limit.high)} 之间"
    elif limit.low is not None:
        between = f"不应低于 {number(limit.low)}"
    elif limit.high is not None:
        between = f"不应高于 {number(limit.high)}"
    else:
        between = "不限"
    return f"{limit.text}{between}"
