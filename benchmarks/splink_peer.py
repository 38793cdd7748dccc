"""Splink on the same cleaned records: usage `python -m benchmarks.splink_peer HOME BATCH TRUTH OUT.json`.

Configured as its users would for this data, and then given what they do not have: identical identities of one source are
handed in once, and its threshold is the best by the truth. Comparisons: id (exact with term frequency, one edit, else), name
(exact with term frequency, same pinyin, same surname, else), birth date (exact, one edit, same year, else), sex, phone (exact
with term frequency), village. Its edit distances are used on ids and dates only, where counting bytes is counting characters.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

MEMORY = "14GB"


def main() -> None:
    """Train, predict, cluster at many thresholds; keep the best by pair F1."""
    home, batch, truth, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
    connection = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(home / "tmp" / "splink")})
    connection.execute("SET max_temp_directory_size = '40GB'")  # its clustering filled a disk once: see linkage-peers
    load(connection, home, batch, truth)
    api = DuckDBAPI(connection)
    table = api.register("identity_input")
    seconds: dict[str, float] = {}
    began = time.monotonic()
    linker = Linker(table, settings(), log_level=40)
    linker.training.estimate_probability_two_random_records_match([block_on("id_valid", "name_key")], recall=0.9)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("id_valid"), max_pairs=2e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name_key", "birth_text"), max_pairs=2e6)
    seconds["train"] = time.monotonic() - began
    began = time.monotonic()
    predicted = linker.inference.predict(threshold_match_weight=-4)
    seconds["predict"] = time.monotonic() - began
    best: dict[str, float] = {"f1": -1.0}
    for weight in (0, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24):
        began = time.monotonic()
        clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_weight=weight)
        cluster_seconds = time.monotonic() - began
        figures = score(connection, clustered.physical_name)
        if figures["f1"] > best["f1"]:
            best = figures | {"threshold": weight}
            seconds["cluster"] = cluster_seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.write_text(json.dumps({"seconds": seconds, "total": sum(seconds.values()), "peak_mb": peak, **best}), encoding="utf-8")


def load(connection: duckdb.DuckDBPyConnection, home: Path, batch: str, truth: Path) -> None:
    """Every standardised identity once per source, and which true person each of its rows is."""
    columns = "name_key, name_pinyin, surname, id_number, id_status, sex, birth_date, phone, town, village"
    files = f"{home}/lake/{batch}/standardised/*.parquet"
    connection.execute(f"""
        CREATE TABLE rows AS
        SELECT record_id, source, file, row_no, member_no, {columns} FROM read_parquet('{files}', union_by_name = true)
    """)
    connection.execute(f"""
        CREATE TABLE identity_input AS
        SELECT min(record_id) AS unique_id, source, {columns},
               CASE WHEN id_status IN ('valid', 'lifted') THEN id_number END AS id_valid, birth_date::VARCHAR AS birth_text,
               coalesce(town, '') || coalesce(village, '') AS place
        FROM rows GROUP BY ALL
    """)
    connection.execute("UPDATE identity_input SET place = NULL WHERE village IS NULL")
    same = " AND ".join(
        f"r.{column.strip()} IS NOT DISTINCT FROM i.{column.strip()}" for column in ("source," + columns).split(",")
    )
    connection.execute(f"""
        CREATE TABLE true_person AS
        SELECT i.unique_id, t.true_person, count(*) AS n
        FROM rows r JOIN identity_input i ON {same}
        JOIN read_parquet('{truth}/person_record.parquet') t
          ON t.batch = '{batch}' AND t.source = r.source AND t.file = r.file AND t.row_no = r.row_no AND t.member_no = r.member_no
        GROUP BY ALL
    """)


def settings() -> SettingsCreator:
    """Comparisons and blocking rules."""

    def comparison(column: str, levels: list[Any]) -> Any:
        return cl.CustomComparison(output_column_name=column, comparison_levels=[cll.NullLevel(column), *levels, cll.ElseLevel()])

    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            comparison(
                "id_number",
                [cll.ExactMatchLevel("id_number", term_frequency_adjustments=True), cll.DamerauLevenshteinLevel("id_number", 1)],
            ),
            comparison(
                "name_key",
                [
                    cll.ExactMatchLevel("name_key", term_frequency_adjustments=True),
                    cll.CustomLevel("name_pinyin_l = name_pinyin_r", "same sound"),
                    cll.CustomLevel("surname_l = surname_r", "same surname"),
                ],
            ),
            comparison(
                "birth_text",
                [
                    cll.ExactMatchLevel("birth_text"),
                    cll.LevenshteinLevel("birth_text", 1),
                    cll.CustomLevel("left(birth_text_l, 4) = left(birth_text_r, 4)", "same year"),
                ],
            ),
            comparison("sex", [cll.ExactMatchLevel("sex")]),
            comparison("phone", [cll.ExactMatchLevel("phone", term_frequency_adjustments=True)]),
            comparison("place", [cll.ExactMatchLevel("place", term_frequency_adjustments=True)]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("id_valid"),
            block_on("name_key", "birth_text"),
            block_on("name_pinyin", "birth_text"),
            block_on("name_key", "phone"),
            block_on("name_key", "place"),
            block_on("substr(id_number, 1, 14)", "surname"),
            block_on("substr(id_number, 7, 12)"),
        ],
        additional_columns_to_retain=["name_pinyin", "surname"],
        em_convergence=0.001,
    )


def score(connection: duckdb.DuckDBPyConnection, clusters: str) -> dict[str, float]:
    """Pair precision, recall and F1 over rows."""
    cell, joined, true = connection.execute(f"""
        WITH cell AS (SELECT c.cluster_id, t.true_person, sum(t.n)::DOUBLE AS n
                      FROM {clusters} c JOIN true_person t USING (unique_id) GROUP BY ALL)
        SELECT (SELECT sum(n * (n - 1) / 2) FROM cell),
               (SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) n FROM cell GROUP BY cluster_id)),
               (SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) n FROM cell GROUP BY true_person))
    """).fetchall()[0]
    precision, recall = cell / joined, cell / true
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


if __name__ == "__main__":
    main()
