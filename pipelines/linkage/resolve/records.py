"""The batch's identities: where they lie, which of them are new, and all that a few of them say.

Belongs here: reading `standardised/*.parquet`, and telling identities known from earlier batches from new ones. Does not belong
here: any judgement of who somebody is.

Most rows are settled without ever being held in memory: only what linking needs to look at twice is loaded (`bring`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage.compare.lunar import lunar_number
from pipelines.storage import Home, quoted

if TYPE_CHECKING:
    import duckdb

IDENTITY_COLUMNS = (
    "record_id", "source", "file", "row_no", "member_no", "name", "name_key", "name_pinyin", "surname", "former_name",
    "id_number", "id_status", "sex", "birth_date", "sex_from_id", "birth_date_from_id", "phone", "address", "town", "village",
    "grid", "household_key", "identity_hash",
)  # fmt: skip
"""The columns of schemas/lake/standardise.sql that linkage reads."""

_FOLD = Path(__file__).with_name("records.sql").read_text(encoding="utf-8")
_WIDE = Path(__file__).with_name("rows.sql").read_text(encoding="utf-8")
_FACES = Path(__file__).with_name("faces.sql").read_text(encoding="utf-8")

_FIRST_DAY, _LAST_DAY = -25567, 29219
"""1900-01-01 and 2049-12-31 as days since 1970-01-01: whoever an extract can name was born in between."""


def present_sources(home: Home, batch: str, contracts: Iterable[Contract]) -> list[Contract]:
    """The contracts whose standardised table this batch has, by source number."""
    there = [contract for contract in contracts if home.lake(batch, "standardised", contract.source).exists()]
    return sorted(there, key=lambda contract: contract.number)


def rows_of(home: Home, batch: str, contract: Contract) -> str:
    """SQL that gives a source's identities, and the earlier of the two years of birth that an age leaves possible."""
    age = contract.age_column()
    born = f"{age}_born_from" if age else "NULL::INTEGER"
    table = f"read_parquet('{quoted(home.lake(batch, 'standardised', contract.source))}')"
    return f"SELECT {', '.join(IDENTITY_COLUMNS)}, {born} AS born_from FROM {table}"


def open_rows(connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: Iterable[Contract]) -> None:
    """Make the views `identity` (IDENTITY_COLUMNS, born_from and source_no of every row) and `record` (record_id, profile).

    Raises:
        DataError: no standardised table at all.
    """
    sources = present_sources(home, batch, contracts)
    if not sources:
        raise DataError("这个批次没有可供匹配的数据。", where=f"批次 {batch}", todo="先把各部门的文件放进批次文件夹，再运行。")
    rows = [f"SELECT *, {c.number}::TINYINT AS source_no FROM ({rows_of(home, batch, c)})" for c in sources]
    connection.execute(f"CREATE OR REPLACE TEMP VIEW identity AS {' UNION ALL '.join(rows)}")
    connection.execute("CREATE OR REPLACE TEMP VIEW record AS SELECT record_id, identity_hash AS profile FROM identity")
    _empty_profile(connection)


def find_new(connection: "duckdb.DuckDBPyConnection") -> tuple[int, int]:
    """Tell the batch's rows apart: `kept_row` of identities whose person stands, `new_identity` of those to be linked.

    Args:
        connection: holds the view record, and `old_identity` (profile, eid, source_no, sound) of earlier batches, without those
            that must be linked anew.

    Returns:
        number of rows, number of new identities. Tables: kept_row (record_id, profile, eid, source_no, sound); new_identity
        (profile, record_id of its first row, rows).
    """
    known = connection.execute("SELECT 1 FROM old_identity LIMIT 1").fetchall()
    # the first batch makes no table of all its rows: nothing is known
    kind, none = ("TABLE", "") if known else ("VIEW", " WHERE false")
    connection.execute(f"""CREATE OR REPLACE TEMP {kind} known_row AS
        SELECT r.record_id, r.profile, k.eid, k.source_no, k.sound
        FROM record AS r LEFT JOIN old_identity AS k USING (profile){none}""")
    connection.execute("CREATE OR REPLACE TEMP VIEW kept_row AS FROM known_row WHERE eid IS NOT NULL")
    unknown = "known_row WHERE eid IS NULL" if known else "record"
    connection.execute(f"""CREATE OR REPLACE TABLE new_identity AS
        SELECT profile, min(record_id) AS record_id, count(*) AS rows FROM {unknown} GROUP BY profile""")
    kept = connection.execute("SELECT count(*) FROM kept_row").fetchall()[0][0] if known else 0
    new, rows = connection.execute("SELECT count(*), coalesce(sum(rows), 0) FROM new_identity").fetchall()[0]
    return int(kept + rows), int(new)


def bring_new(connection: "duckdb.DuckDBPyConnection", which: str) -> None:
    """Add new identities to `profile`.

    Args:
        connection: holds identity, new_identity, profile.
        which: SQL over new_identity; none of them may be there yet.

    Raises:
        DataError: a record id repeats in the standardised tables.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE wanted AS SELECT record_id FROM new_identity WHERE {which}")
    _bring(connection)


def bring_known(connection: "duckdb.DuckDBPyConnection", profiles: str) -> None:
    """Add identities that the batch holds, new or not, to `profile`, as far as they are not there yet.

    Args:
        connection: holds identity, record, profile.
        profiles: SQL giving a column `profile`.

    Raises:
        DataError: a record id repeats in the standardised tables.
    """
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE wanted AS
        SELECT min(record_id) AS record_id FROM record
        WHERE profile IN (SELECT profile FROM ({profiles}) ANTI JOIN profile USING (profile)) GROUP BY profile""")
    _bring(connection)


def _bring(connection: "duckdb.DuckDBPyConnection") -> None:
    wanted, distinct = connection.execute("SELECT count(*), count(DISTINCT record_id) FROM wanted").fetchall()[0]
    if wanted and (wanted != distinct or connection.execute(_WIDE.replace("{first}", "wanted")).fetchall()[0][0] != wanted):
        raise DataError("标准化数据里有重复的记录编号，无法匹配。", todo="重新运行标准化；若仍出现，请联系维护人员。")
    connection.execute("DROP TABLE wanted")


def load_records(
    connection: "duckdb.DuckDBPyConnection", home: Home, batch: str, contracts: Iterable[Contract]
) -> tuple[int, int]:
    """Make `record`, `new_identity` and `profile` of a whole batch, nothing known from earlier ones: for training.

    Returns:
        number of records, number of profiles.

    Raises:
        DataError: no standardised table at all, or record ids that repeat.
    """
    open_rows(connection, home, batch, contracts)
    connection.execute("DROP VIEW record")
    connection.execute(_FOLD)
    bring_new(connection, "true")
    counted = connection.execute("SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM profile)").fetchall()
    return int(counted[0][0]), int(counted[0][1])


def fold_identities(connection: "duckdb.DuckDBPyConnection", rows: list[str]) -> None:
    """Make `record`, `new_identity` and `profile` of what the given queries (`rows_of`) give: for a few records."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW identity AS {' UNION ALL '.join(rows)}")
    connection.execute(_FOLD)
    _empty_profile(connection)
    bring_new(connection, "true")


def _empty_profile(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make the empty table `profile`, the view profile_face on it, and the calendar."""
    connection.execute("""CREATE OR REPLACE TABLE profile (
        profile UBIGINT, source_no TINYINT, name VARCHAR, name_key VARCHAR, name_pinyin VARCHAR, surname VARCHAR,
        former_name VARCHAR, id_number VARCHAR, id_status VARCHAR, sound BOOLEAN, sex VARCHAR, birth_date DATE,
        sex_from_id BOOLEAN, birth_date_from_id BOOLEAN, phone VARCHAR, address VARCHAR, town VARCHAR, village VARCHAR,
        grid VARCHAR, household_key VARCHAR, household UBIGINT,
        born_from INTEGER)""")
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
