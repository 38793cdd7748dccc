"""The masked copy of the warehouse, for analysts who may not see identities.

Belongs here: carrying out `schemas/warehouse/masked.yaml`. Does not belong here: what is coarsened so that nobody is rarer than k
(`anonymity`), masking on worklists (`pipelines.masking`).

Pseudonyms are HMACs of the value under a key that stays in the home folder: a bare hash of an id number can be undone by
trying them all.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.errors import DataError
from pipelines.progress import Reporter
from pipelines.publish.anonymity import STEPS, coarsen
from pipelines.publish.warehouse import STORAGE_VERSION, create_tables
from pipelines.storage import SCHEMAS, Home, quoted, whole_or_absent

if TYPE_CHECKING:
    import duckdb


def build_masked(home: Home, reporter: Reporter) -> dict[str, int | float]:
    """Write `warehouse/zhudong_masked.duckdb` from the published warehouse.

    Returns:
        persons in all, of how many what was coarsened for k-anonymity (`anonymity.STEPS`), the smallest group left, and how many
        are rarer than k.
    """
    policy = yaml.safe_load((SCHEMAS / "warehouse" / "masked.yaml").read_text(encoding="utf-8"))
    k_rule, digest = policy.pop("k"), policy.pop("digest")
    reporter.start("脱敏副本", 3)
    with whole_or_absent(home.masked_warehouse) as new, home.connect() as connection:
        connection.execute(f"ATTACH '{quoted(home.warehouse)}' AS full_copy (READ_ONLY)")
        connection.execute(f"ATTACH '{quoted(new)}' AS zhudong (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE zhudong")
        create_tables(connection)
        teach_pseudonym(connection, masking_key(home), digest)
        reporter.advance()
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'full_copy'").fetchall():
            _copy(connection, table, policy.get(table, {}))
        reporter.advance()
        counts = coarsen(connection, k_rule)
        connection.execute("CHECKPOINT zhudong")
        connection.execute("USE memory")
        connection.execute("DETACH zhudong")
        reporter.advance()
    coarsened = [f"{step} {counts[step]:,} 人" for step, _, _ in STEPS if counts[step]]
    if coarsened:
        reporter.note(f"脱敏副本：为了同样特征的人不少于 {k_rule} 人，隐去或放宽了{'，'.join(coarsened)}。")
    return counts


def masking_key(home: Home) -> bytes:
    """The bureau's pseudonym key: `ZHUDONG_MASKING_KEY` (hexadecimal), else `keys/masking.key`, made at first use, owner-only.

    Raises:
        DataError: the environment's key is not hexadecimal or shorter than 16 bytes.
    """
    given = os.environ.get("ZHUDONG_MASKING_KEY")
    if given:
        try:
            key = bytes.fromhex(given)
        except ValueError:
            key = b""
        if len(key) < 16:
            raise DataError("环境变量 ZHUDONG_MASKING_KEY 不是至少 32 位的十六进制数。", todo="改正或删去该变量后重新运行。")
        return key
    path = home.root / "keys" / "masking.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


def keyed_hash(key: bytes, digest: str) -> Callable[[str], str]:
    """A function from a value to its pseudonym: the first 16 hexadecimal digits of its HMAC.

    Raises:
        DataError: this machine's OpenSSL does not have the digest.
    """
    if digest not in hashlib.algorithms_available:
        raise DataError(
            f"这台机器的密码库没有 {digest}。",
            where="schemas/warehouse/masked.yaml",
            todo="把 digest 改为 sha256，或换带国密的 OpenSSL。",
        )
    keyed = hmac.new(key, digestmod=digest)

    def pseudonym(value: str) -> str:
        one = keyed.copy()
        one.update(value.encode())
        return one.hexdigest()[:16]

    return pseudonym


def teach_pseudonym(connection: "duckdb.DuckDBPyConnection", key: bytes, digest: str) -> None:
    """Make the SQL function `pseudonym` on this connection.

    SHA-256 is DuckDB's own, put together to an HMAC after RFC 2104: 2 million ids take a second. Another digest is computed value
    by value outside (measured 11 s for the same ids).
    """
    if digest == "sha256":
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
        connection.execute(f"""
            CREATE OR REPLACE TEMP MACRO pseudonym(value) AS
            left(sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(value)))), 16)
        """)
        return
    import pyarrow as pa
    from duckdb.func import PythonUDFType

    hashed = keyed_hash(key, digest)

    def column(values: Any) -> Any:
        return pa.array([None if value is None else hashed(value) for value in values.to_pylist()], pa.string())

    connection.create_function("pseudonym", column, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)


def _copy(connection: "duckdb.DuckDBPyConnection", table: str, masks: dict[str, str]) -> None:
    as_masked = {
        "drop": "NULL",
        "free_text": "NULL",
        "pseudonym": 'pseudonym("{c}")',
        "year": "date_trunc('year', \"{c}\")::DATE",
        "no_days": "regexp_replace(\"{c}\", '([0-9]{4})-[0-9]{2}-[0-9]{2}', '\\1', 'g')",
    }
    columns = [row[0] for row in connection.execute(f"DESCRIBE full_copy.{table}").fetchall()]
    selected = [
        as_masked[masks[column]].replace("{c}", column) + f' AS "{column}"' if column in masks else f'"{column}"'
        for column in columns
    ]
    connection.execute(f"INSERT INTO zhudong.{table} BY NAME SELECT {', '.join(selected)} FROM full_copy.{table}")
