"""Corrections: what caseworkers found wrong with the data (E5, E6), record by record, and a list per source to send back.

Belongs here: turning standing answers into corrections and quality lists. Does not belong here: what linkage and households
make of a correction.

A correction is somebody's word from the spot against a department's record: it is kept beside the record and dated, the
record itself is never changed (政务数据共享条例 asks to return such findings to the department that keeps the data).
"""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.assess.leads.outcomes import load_outcomes
from pipelines.contracts import load_contracts
from pipelines.linkage.lake import person_records
from pipelines.storage import Home, quoted, whole_or_absent, write_parquet

if TYPE_CHECKING:
    import duckdb

_SQL = Path(__file__).with_name("corrections.sql").read_text(encoding="utf-8")


def write_corrections(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str) -> None:
    """Write `returns/corrections` and `returns/source_quality` of a batch, and a quality list per source beside the lists.

    Args:
        connection: holds the batch's `followups` and the empty declared tables `corrections` and `source_quality`.
        home: where.
        batch: whose lists were answered.
    """
    views = {
        "lead": ("assess", "leads", "*"),
        "finding": ("assess", "findings", "household_id, direction, inputs"),
        "member": ("households", "members", "household_id, person_id"),
    }
    for view, (stage, table, columns) in views.items():
        path = home.lake(batch, stage, table)
        connection.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM read_parquet('{quoted(path)}')")
    columns = "source, file, row_no, person_id, identity_hash"
    connection.execute(f"CREATE VIEW person_record AS SELECT {columns} FROM {person_records(home, batch)}")
    connection.execute("CREATE TABLE outcome (code VARCHAR, correction VARCHAR)")
    for outcome in load_outcomes().values():
        connection.execute("INSERT INTO outcome VALUES (?, ?)", [outcome.code, outcome.correction])
    connection.execute(_SQL)
    write_parquet(
        connection,
        "FROM corrections ORDER BY lead_id, source, file, row_no, person_id",
        home.lake(batch, "returns", "corrections"),
    )
    write_parquet(connection, "FROM source_quality ORDER BY source", home.lake(batch, "returns", "source_quality"))
    _write_lists(connection, home.returns(batch))


def _write_lists(connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
    """One CSV per source: the file and row numbers that were found wrong; the department finds the rest by them."""
    contracts = load_contracts()
    wrong = connection.execute(
        "SELECT source, file, row_no, string_agg(DISTINCT lead_id, '、' ORDER BY lead_id), max(answered_on) FROM corrections "
        "WHERE kind = 'data' AND source IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    for source in sorted({row[0] for row in wrong}):
        title = contracts[source].title if source in contracts else source
        with (
            whole_or_absent(folder / f"数据质量_{title.replace(' ', '')}.csv") as new,
            new.open("w", encoding="utf-8-sig", newline="") as out,
        ):
            writer = csv.writer(out)
            writer.writerow(("文件", "行号", "反馈", "线索编号", "反馈日期"))
            writer.writerows(
                (file, row_no, "入户核查反馈数据有误，可能涉及此行，请核对", leads, day)
                for _, file, row_no, leads, day in (row for row in wrong if row[0] == source)
            )
