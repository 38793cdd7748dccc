"""The contracts' expectations as Great Expectations suites, validated on the measures; Data Docs. Runs as a process of its own.

Belongs here: everything that Great Expectations is. Does not belong here: which limits there are (`limits`), how the
pages look (`pages`), starting this process (`validator`).

Great Expectations cannot run on DuckDB (every expectation fails there, its issue 11579) and pandas would need the rows in memory.
So DuckDB measures, and the suites validate the measures: one row per source, a column per measure. That costs the same for a
thousand rows and for a thousand million, and no page can show a person, because no person's data is there.

Importing the library takes 5 to 7 s; validating sixteen sources 0.5 s, writing the pages 0.9 s (measured on two cores). As a
process of its own it imports while the extracts are read, and its 250 MB are gone before linkage needs them.
"""

import contextlib
import json
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any, TypedDict

from pipelines.quality.pages import Line, make_readable


class Expectation(TypedDict):
    """One limit on one measure."""

    column: str
    low: float | None
    high: float | None
    severity: str
    text: str


class Suite(TypedDict):
    """One source: what a person calls it, its measures by name, what they should be."""

    source: str
    title: str
    measures: dict[str, float]
    expectations: list[Expectation]


class Task(TypedDict):
    """What the process is asked: suites to validate, the pages' heading, and their folder, which is replaced."""

    suites: list[Suite]
    title: str
    docs: str


def validate(task: Task) -> list[list[bool]]:
    """Validate every suite and write the Data Docs.

    Returns:
        per suite, per expectation in the order given, whether it holds.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    import pandas as pd

    docs = Path(task["docs"])
    new = docs.with_name(f".{docs.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    for site in list(context.get_site_names()):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(site_name="quality", site_config=_site(new))
    frames = context.data_sources.add_pandas("measures")
    answers = []
    for asked in task["suites"]:
        suite = context.suites.add(_suite(gx, asked))
        batch = frames.add_dataframe_asset(name=asked["source"]).add_batch_definition_whole_dataframe("batch")
        definition = context.validation_definitions.add(gx.ValidationDefinition(name=asked["source"], data=batch, suite=suite))
        answer = definition.run(batch_parameters={"dataframe": pd.DataFrame([asked["measures"]])}, result_format="BASIC")
        held = {one.expectation_config.meta["number"]: bool(one.success) for one in answer.results}
        answers.append([held[number] for number in range(len(asked["expectations"]))])
    context.build_data_docs()
    make_readable(new, task["title"], [_line(asked, held) for asked, held in zip(task["suites"], answers, strict=True)])
    docs.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(docs, ignore_errors=True)
    os.replace(new, docs)
    return answers


def _line(asked: Suite, held: list[bool]) -> Line:
    failed = [one["severity"] for one, holds in zip(asked["expectations"], held, strict=True) if not holds]
    return Line(asked["source"], asked["title"], len(held), failed.count("critical"), failed.count("warning"))


def _suite(gx: Any, asked: Suite) -> Any:
    from great_expectations import expectations

    return gx.ExpectationSuite(
        name=asked["source"],
        notes=f"{asked['title']}：由数据源合同和 schemas/quality.yaml 生成。只有比例和行数，没有任何人的信息。",
        expectations=[
            expectations.ExpectColumnMinToBeBetween(
                column=expected["column"],
                min_value=expected["low"],
                max_value=expected["high"],
                severity=expected["severity"],
                description=expected["text"],
                meta={"number": number},
            )
            for number, expected in enumerate(asked["expectations"])
        ],
    )


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def main() -> None:
    """Import first, then read one task from standard input and answer on standard output; no task, no answer."""
    answer = sys.stdout
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: F401  now, while whoever started this process still reads files

        asked = sys.stdin.read()
        if asked:
            json.dump(validate(json.loads(asked)), answer)


if __name__ == "__main__":
    main()
