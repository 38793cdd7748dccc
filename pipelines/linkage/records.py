"""The batch's identities: where they lie, and the distinct ones among them.

Belongs here: reading `standardised/*.parquet` and folding repeated identities. Does not belong here: any judgement of who
somebody is.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage.dates import lunar_number
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

IDENTITY_COLUMNS = (
    "record_id", "source", "file", "row_no", "member_no", "name", "name_key", "name_pinyin", "surname", "former_name",
    "id_number", "id_status", "sex", "birth_date", "sex_from_id", "birth_date_from_id", "phone", "address", "town", "village",
    "grid", "household_key",
)  # fmt: skip
"""The columns of schemas/lake/standardise.sql that linkage reads."""

_SQL = Path(__file__).with_name("records.sql").read_text(encoding="utf-8")
_FACES = Path(__file__).with_name("faces.sql").read_text(encoding="utf-8")

_FIRST_DAY, _LAST_DAY = -25567, 29219
"""1900-01-01 and 2049-12-31 as days since 1970-01-01: whoever an extract can name was born in between."""


def present_sources(home: Home, batch: str, contracts: Iterable[Contract]) -> list[Contract]:
    """The contracts whose standardised table this batch has, by source number."""
    there = [contract for contract in contracts if home.lake(batch, "standardised", contract.source).exists()]
    return sorted(there, key=lambda contract: contract.number)


def load_records(
    connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: Iterable[Contract]
) -> tuple[int, int]:
    """Make the tables `record` (record_id, profile) and `profile` (one row per distinct identity of a source).

    Returns:
        number of records, number of profiles.

    Raises:
        DataError: no standardised table at all, or record ids that repeat.
    """
    sources = present_sources(home, batch, contracts)
    if not sources:
        raise DataError("这个批次没有可供匹配的数据。", where=f"批次 {batch}", todo="先把各部门的文件放进批次文件夹，再运行。")
    fold_identities(connection, [rows_of(home, batch, contract.source) for contract in sources])
    counted = connection.execute(
        "SELECT count(*), (SELECT count(*) FROM first_record), (SELECT count(*) FROM profile) FROM record"
    ).fetchall()
    records, identities, profiles = counted[0]
    if identities != profiles:  # an identity's first record was found twice
        raise DataError(
            "标准化数据里有重复的记录编号，无法匹配。", where=f"批次 {batch}", todo="重新运行标准化；若仍出现，请联系维护人员。"
        )
    return int(records), int(profiles)


def rows_of(home: Home, batch: str, source: str) -> str:
    """SQL that gives a source's identities."""
    return f"SELECT {', '.join(IDENTITY_COLUMNS)} FROM read_parquet('{quoted(home.lake(batch, 'standardised', source))}')"


def fold_identities(connection: "duckdb.DuckDBPyConnection", rows: list[str]) -> None:
    """Make record, profile, profile_face, calendar and file_name of what the given queries (IDENTITY_COLUMNS) give."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW identity AS {' UNION ALL '.join(rows)}")
    connection.execute(_SQL)
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'calendar'").fetchall():
        _calendar(connection)
    connection.execute(_FACES)


def _calendar(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make the table `calendar` (day, lunar): the lunar number of each solar date."""
    import numpy as np
    import pyarrow as pa

    days = np.arange(_FIRST_DAY, _LAST_DAY + 1)
    table = pa.table({"day": pa.array(days.astype("datetime64[D]")), "lunar": lunar_number(days).astype(np.int32)})
    connection.register("calendar_days", table)
    connection.execute(
        "CREATE OR REPLACE TABLE calendar AS SELECT day::DATE AS day, nullif(lunar, 0) AS lunar FROM calendar_days"
    )
    connection.unregister("calendar_days")
