"""The linkage stage: identities of a batch and the persons of earlier ones → persons and whose record each is.

Belongs here: the order of the steps. Does not belong here: any step.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage.config import load_config
from pipelines.linkage.corrections import set_apart, tell_sources
from pipelines.linkage.decisions import load_decisions
from pipelines.linkage.exact import settle_exact
from pipelines.linkage.issues import find_issues
from pipelines.linkage.leftovers import settle_leftovers
from pipelines.linkage.persons import carry_review, enter_old, find_deaths, load_old, survivors, write_persons, write_records
from pipelines.linkage.records import load_records
from pipelines.linkage.rounds import Round, apply_decisions, household_homes, make_units, settle_household, settle_scored
from pipelines.linkage.shape import batch_shape, coverage, drifted
from pipelines.linkage.spine import add_faces, faces_of_old, former_names, found_persons, prepare
from pipelines.linkage.weights import Model, current_model
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch

if TYPE_CHECKING:
    import duckdb

REGISTER = "police_household"
DEATHS = "police_death"
_BORROWED = 0.003
"""How often a row bears somebody else's sound id, before anything is learnt."""


def link(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> dict[str, int | float]:
    """Find each record's person and write the linkage tables of the batch.

    Returns:
        counts: records, profiles, persons, provisional persons, rows for review, candidate pairs, identities set apart (E6),
                records by method, model.

    Raises:
        DataError: nothing to link, or a result that does not cover every row.
        DeclarationError: the comparison file or the model is wrong.
    """
    import duckdb

    check_batch(batch)
    try:
        return _link(home, batch, contracts, reporter)
    except duckdb.Error:
        raise DataError(
            "匹配记录时出错，本批次的匹配没有完成。",
            where=f"批次 {batch}",
            todo="重新规范数据后再运行；仍然出错请联系维护人员。",
        ) from None  # what DuckDB says may hold a value


def _link(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> dict[str, int | float]:
    """See `link`."""
    config = load_config()
    model = current_model(home.root / "models", config)
    with home.connect() as connection:
        # tables in memory are for this run alone: packing them costs a fifth of the time and saves a tenth of the memory
        connection.execute("SET checkpoint_threshold = '1TB'")
        reporter.start("匹配：读取身份")
        records, profiles = load_records(connection, home, batch, contracts.values())
        counts: dict[str, int | float] = {"records": records, "profiles": profiles, "model": model.number}
        counts["drifted_sources"] = _warn_of_drift(connection, contracts, model, reporter)
        counts |= _settle(Round(connection, config, model, contracts, contracts[REGISTER].number), home, batch, reporter)
        reporter.start("匹配：写出人员")
        find_issues(connection, contracts)
        tell_sources(connection)
        find_deaths(connection, home, batch, DEATHS)
        counts |= write_persons(connection, home, batch, contracts[REGISTER].number)
        write_records(connection, home, batch, contracts)
        return counts | _counts(connection)


def _settle(work: Round, home: Home, batch: str, reporter: Reporter) -> dict[str, int | float]:
    """Give every profile a person; returns the numbers of candidate pairs."""
    connection, config, model, contracts, register = work.connection, work.config, work.model, work.contracts, work.register
    load_decisions(connection, home)
    load_old(connection, home, batch)
    prepare(connection)
    enter_old(connection)
    faces_of_old(connection)
    reporter.start("匹配：按证件号")
    trust = exact_probabilities(model)
    of_register = f"source_no = {register}"
    counts: dict[str, int | float] = {}
    if connection.execute("SELECT count(*) FROM entity").fetchall()[0][0]:
        settle_exact(connection, of_register, trust)
        add_faces(connection, "method <> 'unchanged'")
        household_homes(connection, register)
        make_units(work, of_register)
        counts["register_pairs"] = settle_scored(work, "scored", link=config.odds.join)
    found_persons(connection, register, batch)
    former_names(connection, register)
    household_homes(connection, register)
    apply_decisions(connection)
    settle_exact(connection, f"source_no <> {register}", trust)
    add_faces(connection, "method = 'exact_id'")
    model.coverage = coverage(connection, contracts, model)
    reporter.start("匹配：其余记录")
    make_units(work, f"source_no <> {register}")
    counts["pairs"] = settle_scored(work, "scored")
    counts["household_pairs"] = settle_household(work, "household")
    reporter.start("匹配：未登记的人")
    settle_leftovers(work, batch)
    carry_review(connection)
    counts["set_apart"] = set_apart(connection, home, batch, register)
    survivors(connection, batch)
    return counts


def _warn_of_drift(
    connection: "duckdb.DuckDBPyConnection", contracts: Mapping[str, Contract], model: Model, reporter: Reporter
) -> int:
    """Say which sources no longer look like those the model was trained on; return how many."""
    others = drifted(model, batch_shape(connection, contracts))
    if others:
        titles = "、".join(contracts[source].title for source in others)
        reporter.note(
            f"匹配模型 {model.number} 训练以来，这些数据源变了样：{titles}。请检查文件，无误后用 zhudong train 重新训练。"
        )
    return len(others)


def exact_probabilities(model: Model) -> list[float]:
    """Of being right, for a sound id with each level of the name (0: no name): against a row that bears somebody else's id."""
    weights = model.comparisons["name"]
    m = weights.m.get("*", next(iter(weights.m.values())))
    family = weights.family.get("*", next(iter(weights.family.values())))
    return [1 - _BORROWED, *(float(a / (a + _BORROWED * max(b, 1e-4))) for a, b in zip(m, family, strict=True))]


def _counts(connection: "duckdb.DuckDBPyConnection") -> dict[str, int | float]:
    counts: dict[str, int | float] = {}
    counts["review"] = connection.execute("SELECT count(*) FROM record WHERE profile IN (SELECT profile FROM review)").fetchall()[
        0
    ][0]
    for method, amount in connection.execute(
        "SELECT method, count(*) FROM record JOIN assigned USING (profile) GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        counts[f"method_{method}"] = amount
    return counts
