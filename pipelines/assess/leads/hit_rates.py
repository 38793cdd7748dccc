"""Learning: what the answers so far say about each rule, town and source.

Belongs here: hit rates, days to answer, what is overdue, rules that find only mistakes in the data. Does not belong here:
changing anything by it: a threshold is a parameter that a person decides (`whatif.simulate` shows what it would do).

The hit rate is (A + B + C + D) ÷ answered (domain practice 5.2). An answer counts for every rule of its lead.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.storage import Home, check_batch, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

TABLES = {"rule_performance": "rule_id", "town_performance": "town", "source_performance": "source"}
"""The tables and what orders them."""

_SQL = Path(__file__).with_name("hit_rates.sql").read_text(encoding="utf-8")


def learn(home: Home, batch: str | None = None) -> "dict[str, pa.Table]":
    """What the answers say, over all batches up to and including `batch` (the newest if None).

    Returns:
        rule_performance, town_performance, source_performance, as `schemas/lake/assess.sql` declares them.
    """
    with home.connect() as connection:
        _learn(connection, home, batch)
        return {table: connection.sql(f"FROM {table} ORDER BY {key}").to_arrow_table() for table, key in TABLES.items()}


def write_learning(home: Home, batch: str) -> dict[str, int | float]:
    """Write the three tables to the lake of `batch`.

    Returns:
        counts: answered, hits, overdue, rules_only_errors.
    """
    check_batch(batch)
    with home.connect() as connection:
        _learn(connection, home, batch)
        for table, key in TABLES.items():
            write_parquet(connection, f"FROM {table} ORDER BY {key}", home.lake(batch, "assess", table))
        answered, hits, overdue, only_errors = connection.execute(
            "SELECT (SELECT count(*) FROM answered), (SELECT count(*) FILTER (hit) FROM answered), "
            "(SELECT coalesce(sum(overdue), 0) FROM town_performance), "
            "(SELECT count(*) FILTER (only_data_errors) FROM rule_performance)"
        ).fetchall()[0]
    return {"answered": int(answered), "hits": int(hits), "overdue": int(overdue), "rules_only_errors": int(only_errors)}


def _learn(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str | None) -> None:
    connection.execute(
        "CREATE TABLE answer (batch VARCHAR, lead_id VARCHAR, outcome_code VARCHAR, visited_on DATE, received_on DATE)"
    )
    connection.execute(
        "CREATE TABLE raised (batch VARCHAR, lead_id VARCHAR, town VARCHAR, rule_ids VARCHAR[], generated_on DATE, "
        "status VARCHAR, household_id VARCHAR, direction VARCHAR)"
    )
    connection.execute("CREATE TABLE finding_source (batch VARCHAR, household_id VARCHAR, direction VARCHAR, source VARCHAR)")
    connection.execute("CREATE TABLE outcome (code VARCHAR, hit BOOLEAN, correction VARCHAR)")
    for outcome in load_outcomes().values():
        connection.execute("INSERT INTO outcome VALUES (?, ?, ?)", [outcome.code, outcome.hit, outcome.correction])
    for one in home.batches():
        if batch is None or one <= batch:
            _add_batch(connection, home, one)
    connection.execute(_SQL)


def _add_batch(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    leads = home.lake(batch, "assess", "leads")
    if leads.exists():
        connection.execute(
            "INSERT INTO raised BY NAME SELECT batch, lead_id, town, rule_ids, generated_on, status, household_id, direction "
            f"FROM read_parquet('{quoted(leads)}') WHERE held_back IS NULL"
        )
    answers = home.lake(batch, "returns", "followups")
    if not answers.exists():
        return
    connection.execute(
        "INSERT INTO answer SELECT ?, lead_id, outcome_code, visited_on, received_at::DATE "
        f"FROM read_parquet('{quoted(answers)}') WHERE NOT superseded",
        [batch],
    )
    # Only the findings of answered leads are opened: their inputs are JSON.
    connection.execute(
        f"""
        INSERT INTO finding_source
        SELECT DISTINCT $batch, household_id, direction, json_extract_string(record, '$[0]') FROM (
            SELECT f.household_id, f.direction, unnest(json_extract(f.inputs, '$.records[*]')) AS record
            FROM read_parquet('{quoted(home.lake(batch, "assess", "findings"))}') AS f
            SEMI JOIN (FROM raised SEMI JOIN answer USING (batch, lead_id) WHERE batch = $batch) AS r
                USING (household_id, direction)
        )
        """,
        {"batch": batch},
    )
