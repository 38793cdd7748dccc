"""The published database, built beside the old one, checked, and swapped in by one rename.

Belongs here: which table of the lake fills which published table, and what must hold before it is published. Does not belong
here: the tables' columns and comments (`schemas/warehouse/*.sql`), the analysts' copy (`masked`).

A reader sees the whole old batch or the whole new one; a run that fails leaves the old file as it was.
"""

import datetime as dt
import importlib.metadata
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract, load_contracts
from pipelines.errors import DataError
from pipelines.linkage.lake import is_linked, person_records, persons
from pipelines.progress import Reporter
from pipelines.storage import SCHEMAS, Home, quoted, whole_or_absent

if TYPE_CHECKING:
    import duckdb

STORAGE_VERSION = "v1.0.0"
"""Pinned so that analysts' DuckDB 1.x clients open the file (2.0 writes a form that they cannot read by default)."""


@dataclass(frozen=True)
class Filling:
    """Where a published table comes from: a stage's table, of every batch or of the latest only."""

    stage: str
    table: str
    every_batch: bool = True


FILLINGS = {
    "person": Filling("linkage", "persons", every_batch=False),
    "person_record": Filling("linkage", "person_records"),
    "match_review": Filling("linkage", "match_review"),
    "person_alias": Filling("linkage", "person_alias", every_batch=False),
    "person_split": Filling("linkage", "person_splits", every_batch=False),
    "household": Filling("households", "households"),
    "household_member": Filling("households", "members"),
    "household_change": Filling("households", "changes"),
    "id_issue": Filling("linkage", "id_issues"),
    "finding": Filling("assess", "findings"),
    "waiting": Filling("assess", "waiting"),
    "income_statement": Filling("assess", "income_statement", every_batch=False),
    "household_income": Filling("assess", "household_income"),
    "income_comparison": Filling("assess", "income_comparison"),
    "lead": Filling("assess", "leads"),
    "rule": Filling("assess", "rules"),
    "parameter": Filling("assess", "parameters"),
    "followup": Filling("returns", "followups"),
    "referral_result": Filling("returns", "referral_results"),
    "correction": Filling("returns", "corrections"),
    "rule_performance": Filling("assess", "rule_performance", every_batch=False),
    "town_performance": Filling("assess", "town_performance", every_batch=False),
    "source_performance": Filling("assess", "source_performance", every_batch=False),
    "case_file": Filling("casework", "case_file", every_batch=False),
    "case_event": Filling("casework", "case_event", every_batch=False),
    "case_lead": Filling("casework", "case_lead", every_batch=False),
    "visit": Filling("casework", "visit", every_batch=False),
    "visit_due": Filling("casework", "visit_due", every_batch=False),
    "transfer": Filling("casework", "transfer", every_batch=False),
    "transfer_event": Filling("casework", "transfer_event", every_batch=False),
    "service_order": Filling("casework", "service_order", every_batch=False),
    "service_event": Filling("casework", "service_event", every_batch=False),
    "service_record": Filling("casework", "service_record", every_batch=False),
    "service_rating": Filling("casework", "service_rating", every_batch=False),
    "screened": Filling("casework", "screened"),
    "quality_result": Filling("quality", "*results"),
    "unmapped_text": Filling("unmapped", "*"),
    "source_file": Filling("extracts", "*.files"),
    "rejected_row": Filling("extracts", "*.rejected"),
}

_PUT_TOGETHER = {"persons": persons, "person_records": person_records}


def build_warehouse(home: Home, batch: str, reporter: Reporter) -> dict[str, int | float]:
    """Build, check and swap in `warehouse/zhudong.duckdb` with this batch and every other that the lake holds in full.

    Returns:
        rows per published table.

    Raises:
        DataError: a check failed or the disk is full; the published file is as it was.
    """
    finished = {other for other in home.batches() if home.lake(other, "assess", "leads").exists()}
    batches = sorted({*home.earlier_batches(batch), *finished, batch})
    contracts = load_contracts()
    reporter.start("发布数据库", len(FILLINGS) + 4)
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with whole_or_absent(home.warehouse) as new:
        with home.connect() as connection:
            connection.execute(f"ATTACH '{quoted(new)}' AS zhudong (STORAGE_VERSION '{STORAGE_VERSION}')")
            connection.execute("USE zhudong")
            create_tables(connection)
            reporter.advance()
            for table in FILLINGS:
                fill(connection, home, table, batches)
                reporter.advance()
            _keep_persons_of(connection, home, batch, batches[-1])
            _fill_source(connection, contracts, batches)
            _fill_exports(connection, home, batches)
            _fill_batch(connection)
            reporter.advance()
            check(connection, batch)
            check_rows(connection, home, batch)
            close_sources(connection, home, batches, contracts)
            counts = _row_counts(connection)
            connection.execute("CHECKPOINT zhudong")
            reporter.advance()
            connection.execute("USE memory")
            connection.execute("DETACH zhudong")
        _keep_previous(home.warehouse)
    return counts


def create_tables(connection: "duckdb.DuckDBPyConnection") -> None:
    """Every published table and view with its Chinese comments, empty, in the connection's current database."""
    for path in sorted((SCHEMAS / "warehouse").glob("*.sql")):
        connection.execute(path.read_text(encoding="utf-8"))


def fill(connection: "duckdb.DuckDBPyConnection", home: Home, table: str, batches: list[str]) -> None:
    """Insert a table's rows from the lake. A column that the lake's table lacks stays NULL; one that is not published is left."""
    filling = FILLINGS[table]
    columns = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
    for of_batch in batches if filling.every_batch else batches[-1:]:
        for relation in _relations(home, of_batch, filling):
            present = [row[0] for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()]
            selected = [f'"{column}"' for column in present if column in columns and column != "batch"]
            if "batch" in columns:
                of_row = "batch" if table in ("person_alias", "person_split") else f"'{of_batch}' AS batch"
                selected.append(of_row)
            connection.execute(f"INSERT INTO {table} BY NAME SELECT {', '.join(selected)} FROM {relation}")


def _keep_persons_of(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, latest: str) -> None:
    """An earlier batch that is run again may know persons whom the latest, linked before, does not: they are published too."""
    if batch != latest and is_linked(home, batch):
        published = {row[0] for row in connection.execute("DESCRIBE person").fetchall()}
        present = connection.execute(f"DESCRIBE FROM {persons(home, batch)}").fetchall()
        columns = [row[0] for row in present if row[0] in published]
        connection.execute(f"""
            INSERT INTO person BY NAME SELECT {", ".join(columns)} FROM {persons(home, batch)} earlier
            ANTI JOIN person USING (person_id) ANTI JOIN person_alias a ON a.old_person_id = earlier.person_id
        """)


def _relations(home: Home, batch: str, filling: Filling) -> Iterator[str]:
    """What to read a table of one batch from: what lies in files of its own, and what linkage puts together from several."""
    if filling.stage == "linkage" and filling.table in _PUT_TOGETHER:
        if is_linked(home, batch):
            yield _PUT_TOGETHER[filling.table](home, batch)
        return
    pattern = home.lake(batch, filling.stage, filling.table)
    for path in sorted(pattern.parent.glob(pattern.name)):
        if not path.name.startswith("."):
            yield f"read_parquet('{quoted(path)}')"


def _fill_source(connection: "duckdb.DuckDBPyConnection", contracts: dict[str, Contract], batches: list[str]) -> None:
    declared = [(c.source, c.title, c.department, c.required, c.use) for c in contracts.values()]
    connection.execute(
        "CREATE TEMP TABLE declared_source (source VARCHAR, title VARCHAR, department VARCHAR, required BOOLEAN, use VARCHAR)"
    )
    connection.executemany("INSERT INTO declared_source VALUES (?, ?, ?, ?, ?)", declared)
    connection.execute("CREATE TEMP TABLE known_batch AS SELECT unnest(?) AS batch", [batches])
    connection.execute("""
        INSERT INTO source BY NAME
        SELECT batch, source, title, department, required, use,
               coalesce(f.files, 0) > 0 AS arrived, coalesce(f.files, 0) AS files,
               coalesce(f.accepted, 0) AS accepted, coalesce(f.rejected, 0) AS rejected,
               max(CASE WHEN f.files > 0 THEN batch END) OVER (
                   PARTITION BY source ORDER BY batch ROWS UNBOUNDED PRECEDING) AS last_arrived_batch
        FROM declared_source CROSS JOIN known_batch
        LEFT JOIN (SELECT batch, source, count(*) AS files, sum(accepted) AS accepted, sum(rejected) AS rejected
                   FROM source_file WHERE state = 'current' GROUP BY ALL) f USING (batch, source)
    """)


def _fill_exports(connection: "duckdb.DuckDBPyConnection", home: Home, batches: list[str]) -> None:
    """What was handed out, as the worklists' manifests say; the batch being published writes its own after this."""
    for batch in batches:
        manifest = home.worklists(batch) / "manifest.csv"
        if manifest.exists():
            written = dt.datetime.fromtimestamp(manifest.stat().st_mtime, dt.UTC)
            connection.execute(
                "INSERT INTO export_log BY NAME SELECT ? AS batch, file, '走访清单' AS purpose, NULL AS recipient, "
                '"rows"::BIGINT AS "rows", sha256, ? AS written_at '
                f"FROM read_csv('{quoted(manifest)}', header = true, all_varchar = true)",
                [batch, written],
            )


def _fill_batch(connection: "duckdb.DuckDBPyConnection") -> None:
    connection.execute(
        """
        INSERT INTO batch BY NAME
        SELECT batch, last_day((batch || '-01')::DATE) AS as_of, now() AS published_at,
               (SELECT coalesce(sum(accepted), 0) FROM source_file f WHERE f.batch = b.batch AND f.state = 'current') AS "rows",
               (SELECT count(DISTINCT person_id) FROM person_record r WHERE r.batch = b.batch) AS persons,
               (SELECT count(*) FROM household h WHERE h.batch = b.batch AND h.kind = 'assistance') AS households,
               (SELECT count(*) FROM finding f WHERE f.batch = b.batch) AS findings,
               (SELECT count(*) FROM lead l WHERE l.batch = b.batch) AS leads,
               ? AS version
        FROM known_batch b ORDER BY batch
        """,
        [importlib.metadata.version("zhudong")],
    )


MUST_BE_EMPTY = {
    "人员编号重复": "SELECT person_id FROM person GROUP BY 1 HAVING count(*) > 1",
    "来源行的人员不在人员表": "SELECT 1 FROM person_record r ANTI JOIN person USING (person_id) WHERE r.batch = $batch",
    "来源行重复": "SELECT 1 FROM person_record WHERE batch = $batch GROUP BY source, file, row_no, member_no HAVING count(*) > 1",
    "家庭编号重复": "SELECT 1 FROM household WHERE batch = $batch GROUP BY household_id HAVING count(*) > 1",
    "成员的家庭不存在": "SELECT 1 FROM household_member m ANTI JOIN household USING (batch, household_id) WHERE m.batch = $batch",
    "命中的家庭不存在": "SELECT 1 FROM finding f ANTI JOIN household USING (batch, household_id) WHERE f.batch = $batch",
    "命中的人员不存在": """SELECT 1 FROM finding f ANTI JOIN person USING (person_id)
        WHERE f.batch = $batch AND f.person_id IS NOT NULL""",
    "命中编号重复": "SELECT 1 FROM finding WHERE batch = $batch GROUP BY finding_id HAVING count(*) > 1",
    "线索编号重复": "SELECT 1 FROM lead WHERE batch = $batch GROUP BY lead_id HAVING count(*) > 1",
    "命中没有线索": """SELECT 1 FROM finding f
        ANTI JOIN lead l ON l.batch = f.batch AND l.household_id = f.household_id AND l.direction = f.direction
        WHERE f.batch = $batch""",
    "文件行数不平": "SELECT 1 FROM source_file WHERE batch = $batch AND rows_read <> accepted + rejected + skipped",
    "表或列没有说明": """SELECT 1 FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, table_name)
        WHERE c.database_name = 'zhudong' AND (c.comment IS NULL OR t.comment IS NULL)""",
}
"""What must hold before a batch is published: queries that must find nothing."""


def check(connection: "duckdb.DuckDBPyConnection", batch: str) -> None:
    """Refuse to publish what contradicts itself.

    Raises:
        DataError: names the first check that failed and how many rows it concerns.
    """
    for what, query in MUST_BE_EMPTY.items():
        parameters = {"batch": batch} if "$batch" in query else {}
        wrong = connection.execute(f"SELECT count(*) FROM ({query})", parameters).fetchall()[0][0]
        if wrong:
            raise DataError(
                f"发布前检查未通过：{what}（{wrong} 处）。已发布的数据没有改变。",
                where=f"批次 {batch}",
                todo="这是程序或中间数据的问题：重新运行该批次；仍不通过请把这段文字发给维护人员。",
            )


def check_rows(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Refuse to publish if a standardised row has no person: whose a row is follows by a join, which would drop it in silence.

    Raises:
        DataError: names the sources that were standardised again after the batch was linked.
    """
    linked = dict(
        connection.execute("SELECT source, count(*) FROM person_record WHERE batch = ? GROUP BY source", [batch]).fetchall()
    )
    lost = []
    for contract in load_contracts().values():
        path = home.lake(batch, "standardised", contract.source)
        if path.exists():
            rows = connection.execute(f"SELECT count(*) FROM read_parquet('{quoted(path)}')").fetchall()[0][0]
            if rows != linked.get(contract.source, 0):
                lost.append(contract.title)
    if lost:
        raise DataError(
            f"发布前检查未通过：{'、'.join(lost)}重新规范以后还没有重新归并，有的行不知道是谁的。已发布的数据没有改变。",
            where=f"批次 {batch}",
            todo="从头运行该批次，不要只运行其中的后几步。",
        )


def close_sources(
    connection: "duckdb.DuckDBPyConnection", home: Home, batches: list[str], contracts: Mapping[str, Contract]
) -> None:
    """Take out whose the rows of authorised use are, but for those with an authorisation in that batch: not even how many.

    Which rows came, and whose they are, stays in the lake; the ledger counts them by file.
    """
    closed = ", ".join(f"'{source}'" for source, contract in contracts.items() if contract.use == "authorised")
    for batch in batches:
        facts = home.lake(batch, "assess", "person_fact")
        told = (
            f"SELECT person_id FROM read_parquet('{quoted(facts)}') WHERE authorised"
            if facts.exists()
            else "SELECT '' WHERE false"
        )
        for table, person in (("person_record", "person_id"), ("match_review", "candidate_person_id")):
            connection.execute(f"""
                DELETE FROM {table} WHERE batch = '{batch}' AND source IN ({closed or "''"}) AND {person} NOT IN ({told})
            """)


def _row_counts(connection: "duckdb.DuckDBPyConnection") -> dict[str, int | float]:
    tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'zhudong' ORDER BY 1").fetchall()
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for (table,) in tables}


def _keep_previous(published: Path) -> None:
    """Keep the file that is about to be replaced, for going back: a hard link costs nothing."""
    if published.exists():
        previous = published.with_name("zhudong.previous.duckdb")
        previous.unlink(missing_ok=True)
        os.link(published, previous)
