"""Where linkage's tables lie, and how they are read.

Belongs here: the relations that other stages read (persons, person_records …), as SQL to put behind FROM. Does not belong here:
what makes them (`stage`).

A batch that changed little keeps its persons, faces and identities as what changed since an earlier batch: `<table>.base.<that
batch>.parquet`, a hard link to that batch's whole table, so that a batch stands alone whatever becomes of the earlier one, and
`<table>.changes.parquet`. Whose record is whose follows from the identity: person_records is a view, not a file.
"""

from pathlib import Path

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.standardise import empty_query
from pipelines.storage import Home, quoted

STAGE = "linkage"

KEYS = {"persons": "person_id", "person_faces": "person_id", "identities": "identity_hash"}
"""The tables that may be kept as changes, and what a changed row replaces in the base."""


def is_linked(home: Home, batch: str) -> bool:
    """Whether a batch's linkage came to its end: the identities are written last."""
    return bool(_files(home, batch, "identities") or home.lake(batch, STAGE, "person_records").exists())


def persons(home: Home, batch: str) -> str:
    """Every person known by a batch: columns of `persons` in schemas/lake/linkage.sql.

    Raises:
        DataError: the batch has not been linked.
    """
    return relation(home, batch, "persons")


def person_faces(home: Home, batch: str) -> str:
    """Every identity that a person was seen under.

    Raises:
        DataError: the batch has not been linked.
    """
    return relation(home, batch, "person_faces")


def identities(home: Home, batch: str) -> str:
    """Every identity known by a batch, and whose it is: one row per identity_hash.

    Raises:
        DataError: the batch has not been linked.
    """
    return relation(home, batch, "identities")


def person_records(home: Home, batch: str, source: str | None = None) -> str:
    """Whose each standardised row of a batch is: columns of `person_records` in schemas/lake/linkage.sql.

    Args:
        home: where the batch is.
        batch: a linked month.
        source: only this source's rows; None: all.

    Raises:
        DataError: the batch has not been linked.
    """
    whole = home.lake(batch, STAGE, "person_records")
    if whole.exists():  # a batch that was linked before identities were kept
        only = f" WHERE source = '{source}'" if source else ""
        return f"(FROM read_parquet('{quoted(whole)}'){only})"
    rows = sorted((home.root / "lake" / batch / "standardised").glob("[!.]*.parquet"))
    if not rows or not _files(home, batch, "identities"):
        raise _not_linked(home, batch)
    rows = [path for path in rows if path.stem == source] or rows
    listed = ", ".join(f"'{quoted(path)}'" for path in rows)
    only = f"WHERE source = '{source}'" if source else ""
    return f"""(
        SELECT r.record_id, '{batch}' AS batch, r.source, r.file, r.row_no, r.member_no, i.person_id,
            CASE WHEN i.batch = '{batch}' THEN i.match_method ELSE 'unchanged' END AS match_method, i.match_probability,
            r.identity_hash
        FROM (
            SELECT record_id, source, file, row_no, member_no, identity_hash
            FROM read_parquet([{listed}], union_by_name = true) {only}
        ) AS r
        JOIN {identities(home, batch)} AS i USING (identity_hash))"""


def rows_of_persons(home: Home, batch: str, contract: Contract) -> str:
    """A source's standardised rows and whose they are: its columns, person_id, match_probability; empty where nothing was sent.

    Only the identities of this source are read: they lie together in their file.

    Raises:
        DataError: the batch has not been linked.
    """
    path = home.lake(batch, "standardised", contract.source)
    if not path.exists():
        return f"(SELECT *, NULL::VARCHAR AS person_id, NULL::DOUBLE AS match_probability FROM ({empty_query(contract)}))"
    if home.lake(batch, STAGE, "person_records").exists():  # a batch that was linked before identities were kept
        key, whose = "record_id", person_records(home, batch, contract.source)
    else:
        key, whose = "identity_hash", f"(FROM {identities(home, batch)} WHERE source_no = {contract.number})"
    return f"""(SELECT s.*, i.person_id, i.match_probability FROM read_parquet('{quoted(path)}') AS s
        JOIN (SELECT {key}, person_id, match_probability FROM {whose}) AS i USING ({key}))"""


def base_of(home: Home, batch: str, table: str) -> tuple[Path, str] | None:
    """The base of a table kept as changes, and the batch it is of; None where the table is whole or absent."""
    found = sorted(home.lake(batch, STAGE, table).parent.glob(f"{table}.base.*.parquet"))
    return (found[-1], found[-1].name.split(".")[2]) if found else None


def changes_of(home: Home, batch: str, table: str) -> Path:
    """Where a table's changes to its base lie."""
    return home.lake(batch, STAGE, f"{table}.changes")


def _files(home: Home, batch: str, table: str) -> list[Path]:
    """The files that hold a table, whole or as base and changes; none if it is not (wholly) there."""
    whole = home.lake(batch, STAGE, table)
    if whole.exists():
        return [whole]
    base, changes = base_of(home, batch, table), changes_of(home, batch, table)
    return [base[0], changes] if base and changes.exists() else []


def relation(home: Home, batch: str, table: str) -> str:
    """One of KEYS as it stands after a batch.

    Raises:
        DataError: the batch has not been linked.
    """
    files = _files(home, batch, table)
    if not files:
        raise _not_linked(home, batch)
    if len(files) == 1:
        return f"read_parquet('{quoted(files[0])}')"
    base, changes, key = f"read_parquet('{quoted(files[0])}')", f"read_parquet('{quoted(files[1])}')", KEYS[table]
    kept = f"FROM {base} ANTI JOIN (SELECT {key} FROM {changes}) USING ({key})"
    if table == "persons" and (then := base_of(home, batch, table)):
        kept = f"SELECT * REPLACE ({seen_now(then[1], batch)}) {kept}"
    return f"({kept} UNION ALL BY NAME SELECT * EXCLUDE (gone) FROM {changes} WHERE NOT gone)"


def seen_now(then: str, now: str) -> str:
    """Of persons whom a later batch did not change: whoever was seen in `then` is seen in `now`; for SELECT * REPLACE."""
    return f"CASE WHEN last_batch = '{then}' THEN '{now}' ELSE last_batch END AS last_batch"


def _not_linked(home: Home, batch: str) -> DataError:
    return DataError(f"批次 {batch} 还没有归并完。", where=str(home.root), todo="先运行该批次。")
