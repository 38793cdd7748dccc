"""The linkage stage: identities of a batch and the persons of earlier ones → persons and whose record each is.

Belongs here: the order of the steps. Does not belong here: any step.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage.compare.frequency import frequency_tables
from pipelines.linkage.config import DEATHS, REGISTER, load_config
from pipelines.linkage.decide.threshold import link_threshold
from pipelines.linkage.decide.weights import Model, current_model
from pipelines.linkage.measure.missed import keep_key_patterns
from pipelines.linkage.resolve.corrections import set_apart, tell_sources
from pipelines.linkage.resolve.decisions import load_decisions
from pipelines.linkage.resolve.earlier import carry_review, enter_old, find_splits, open_old, survivors
from pipelines.linkage.resolve.exact import exact_probabilities, settle_exact
from pipelines.linkage.resolve.id_issues import find_issues
from pipelines.linkage.resolve.near import load_faces, load_near
from pipelines.linkage.resolve.profile import batch_shape, coverage, drifted
from pipelines.linkage.resolve.records import bring_new, find_new, open_rows
from pipelines.linkage.resolve.register import add_faces, former_names, found_persons, prepare
from pipelines.linkage.resolve.rounds import Round, apply_decisions, household_homes, make_units, settle_household, settle_scored
from pipelines.linkage.resolve.unregistered import settle_leftovers
from pipelines.linkage.resolve.write import find_deaths, write_all
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch

if TYPE_CHECKING:
    import duckdb

_FEW = 0.2
"""So small a share of new identities among the rows is read at once."""


def link(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> dict[str, int | float]:
    """Find each record's person and write the linkage tables of the batch.

    Returns:
        counts: records, new identities, persons, provisional persons, rows for review, candidate pairs, identities set apart
                (E6), records by method, model.

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
        open_rows(connection, home, batch, contracts.values())
        load_decisions(connection, home)
        earlier = open_old(connection, home, batch)
        records, new = find_new(connection)
        counts: dict[str, int | float] = {"records": records, "new_identities": new, "model": model.number}
        counts["drifted_sources"] = _warn_of_drift(connection, contracts, model, reporter)
        few = earlier is not None and new < _FEW * records
        counts |= _settle(Round(connection, config, model, contracts, contracts[REGISTER].number), home, batch, reporter, few=few)
        reporter.start("匹配：写出人员")
        find_issues(connection, contracts)
        tell_sources(connection)
        find_deaths(connection, home, batch, DEATHS)
        counts |= _counts(connection, records)
        return counts | write_all(connection, home, batch, earlier, contracts, few=few)


def _settle(work: Round, home: Home, batch: str, reporter: Reporter, *, few: bool) -> dict[str, int | float]:
    """Give every new identity a person; returns the numbers of candidate pairs."""
    connection, config, model, contracts, register = work.connection, work.config, work.model, work.contracts, work.register
    of_register = f"source_no = {register}"
    # where little is new, it is read at once; a first batch streams past, and only its register is
    bring_new(connection, "true" if few else f"(record_id >> 56) = {register}")
    prepare(connection)
    enter_old(connection)
    reporter.start("匹配：按证件号")
    if few:
        load_near(connection, config)
        work = replace(work, frequencies=frequency_tables(connection, config, "everyone", "seek_face"))
    else:
        load_faces(connection, "SELECT eid FROM entity")
    trust = exact_probabilities(model)
    counts: dict[str, int | float] = {}
    if connection.execute("SELECT count(*) FROM entity").fetchall()[0][0]:
        settle_exact(connection, of_register, trust, loaded=True)
        add_faces(connection, "true")
        household_homes(connection, register)
        make_units(work, of_register)
        counts["register_pairs"] = settle_scored(work, "scored", link=config.odds.join)
    found_persons(connection, register, batch)
    former_names(connection, register)
    household_homes(connection, register)
    apply_decisions(connection)
    settle_exact(connection, f"source_no <> {register}", trust, loaded=few)
    add_faces(connection, f"method = 'exact_id' AND source_no <> {register}")
    model.coverage = coverage(connection, contracts, model)
    reporter.start("匹配：其余记录")
    make_units(work, f"source_no <> {register}")
    counts["pairs"] = settle_scored(work, "scored")
    counts["link_from"] = link_threshold(connection, config.odds)
    counts["household_pairs"] = settle_household(work, "household")
    keep_key_patterns(connection, config, home, batch)
    reporter.start("匹配：未登记的人")
    settle_leftovers(work, batch)
    carry_review(connection)
    counts["set_apart"] = set_apart(connection, home, batch, register)
    survivors(connection, batch)
    find_splits(connection, batch)
    return counts


def _warn_of_drift(
    connection: "duckdb.DuckDBPyConnection", contracts: Mapping[str, Contract], model: Model, reporter: Reporter
) -> int:
    """Say which sources no longer look like those the model was trained on; return how many."""
    others = drifted(model, batch_shape(connection, contracts)) if model.health.get("shape") else []
    if others:
        titles = "、".join(contracts[source].title for source in others)
        reporter.note(
            f"匹配模型 {model.number} 训练以来，这些数据源变了样：{titles}。请检查文件，无误后用 zhudong train 重新训练。"
        )
    return len(others)


def _counts(connection: "duckdb.DuckDBPyConnection", records: int) -> dict[str, int | float]:
    """Rows by how they came to their person, and rows that a clerk is asked about."""
    rows = dict(
        connection.execute("""SELECT a.method::VARCHAR, sum(n.rows) FROM (FROM assigned WHERE method <> 'exact_id') AS a
            JOIN new_identity AS n USING (profile) GROUP BY ALL ORDER BY ALL""").fetchall()
    )
    new, asked = connection.execute("""SELECT (SELECT coalesce(sum(rows), 0) FROM new_identity),
        (SELECT count(*) FROM record WHERE profile IN (SELECT profile FROM review))""").fetchall()[0]
    rows |= {"exact_id": new - sum(rows.values()), "unchanged": records - new}
    return {"review": asked, **{f"method_{method}": amount for method, amount in sorted(rows.items()) if amount}}
