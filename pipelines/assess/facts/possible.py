"""Rows that may be somebody's: those a clerk is asked about, and those that found nobody but fit somebody.

Belongs here: the table `possible_records` of a batch. Does not belong here: how surely a row is whose (`pipelines.linkage`),
which facts are not known because of it (`compute`).

Absence counts only as far as the rows allow that found nobody: of 31 children whom U20 called out of school in a district of
20,000 with rough files, 18 were in school, under another name or without an id. A row may be that of somebody born on the same
day of at least the same surname; of a like name, where nothing that both say is another; or of the same address, telephone or
household of guardian, with at least the same surname.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts import Contract
from pipelines.linkage.compare.names import name_levels
from pipelines.linkage.config import COMPARERS, DEATHS, REGISTER
from pipelines.storage import Home, quoted, write_parquet

if TYPE_CHECKING:
    import duckdb

_SILENCE = re.compile(r"\bsure_(\w+)")
_CANDIDATES = Path(__file__).with_suffix(".sql")

_NAMES = COMPARERS["chinese_name"]
_ALIKE = _NAMES.index("截断或音译不同") + 1
"""Up to this level a name alone may be another writing of the same."""
_AKIN = _NAMES.index("只有姓相同") + 1
"""Up to this level it may be, where the birthday or the home is the same: a former name, a child's other name."""


def write_possible(
    con: "duckdb.DuckDBPyConnection", home: Home, batch: str, read: Mapping[str, Contract], there: Collection[str]
) -> int:
    """Write `possible_records` (person_id, source, file, row_no) of a batch.

    Args:
        con: holds person, member, and src_<source> of the sources read.
        home: where the batch lies.
        batch: the month.
        read: the sources that facts are made of.
        there: those of which a delivery speaks.

    Returns:
        how many rows.
    """
    review = home.lake(batch, "linkage", "match_review")
    parts = ["SELECT '' AS person_id, '' AS source, '' AS file, 0::INTEGER AS row_no WHERE false"]
    if review.exists():
        parts.append(f"SELECT candidate_person_id, source, file, row_no FROM read_parquet('{quoted(review)}')")
    # of authorised use nothing is looked for, not even as a possibility: nobody of no register has given an authorisation
    silent = [s for s in _read_for_silence() if s in read and s in there and read[s].use == "screening"]
    searched = [read[source] for source in silent if source not in (REGISTER, DEATHS)]
    if searched and _open_rows(con, searched):
        con.execute(_CANDIDATES.read_text(encoding="utf-8"))
        _compare_names(con)
        own = [f"SELECT DISTINCT '{one.source}' AS source, person_id FROM src_{one.source}" for one in searched]
        parts.append(f"""
            SELECT person_id, source, file, row_no FROM (
                SELECT c.person_id, o.source, o.file, o.row_no FROM candidate AS c JOIN open_row AS o USING (place)
                JOIN alike AS n USING (a, b) WHERE n.level <= CASE c.by WHEN 'name' THEN {_ALIKE} ELSE {_AKIN} END)
            ANTI JOIN (FROM ({" UNION ALL ".join(own)}) SEMI JOIN candidate USING (person_id)) USING (source, person_id)""")
    query = f"SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}) ORDER BY ALL"
    return write_parquet(con, query, home.lake(batch, "assess", "possible_records"))


def _read_for_silence() -> list[str]:
    """The sources whose silence about somebody is a fact."""
    folder = Path(__file__).parent
    named = {name for path in folder.glob("*.sql") for name in _SILENCE.findall(path.read_text(encoding="utf-8"))}
    return sorted(named | {path.stem for path in (folder / "of_source").glob("*.sql")})


def _open_rows(con: "duckdb.DuckDBPyConnection", searched: list[Contract]) -> int:
    """Make `open_row`: rows of those in no register who bear no sound id of their own, and rows given by no more than a name."""
    con.execute("""CREATE TABLE nobody AS SELECT person_id FROM person
        WHERE provisional AND last_batch = getvariable('batch') AND (NOT coalesce(id_status IN ('valid', 'lifted'), false)
            OR id_number IN (SELECT id_number FROM person WHERE NOT provisional AND id_status IN ('valid', 'lifted')))""")
    rows = []
    for contract in searched:
        guardian = "guardian" if "guardian" in contract.columns else "NULL::VARCHAR"
        rows.append(f"""
            SELECT '{contract.source}' AS source, file, row_no, name_key, name_pinyin,
                coalesce(CASE WHEN NOT coalesce(birth_date_from_id, false) THEN birth_date END,
                    CASE WHEN NOT sound AND length(id_number) BETWEEN 14 AND 20
                        THEN try_strptime(substr(id_number, 7, 8), '%Y%m%d')::DATE END) AS day,
                CASE WHEN NOT coalesce(sex_from_id, false) THEN sex END AS sex, phone, town, village, address,
                {guardian} AS guardian, CASE WHEN sound THEN id_number END AS borrowed_id
            FROM (SELECT *, coalesce(id_status IN ('valid', 'lifted'), false) AS sound FROM src_{contract.source})
            WHERE person_id IN (FROM nobody) OR (match_probability < 1 AND id_status = 'missing' AND birth_date IS NULL)""")
    con.execute(f"CREATE TABLE open_row AS SELECT row_number() OVER () AS place, * FROM ({' UNION ALL '.join(rows)})")
    return int(con.execute("SELECT count(*) FROM open_row").fetchall()[0][0])


def _compare_names(con: "duckdb.DuckDBPyConnection") -> None:
    """Make `alike` (a, b, level) of the names that candidates set side by side."""
    import pyarrow as pa

    pairs = con.sql("SELECT DISTINCT a, b FROM candidate WHERE a IS NOT NULL AND b IS NOT NULL").to_arrow_table()
    levels = name_levels(pairs.column("a").to_pylist(), pairs.column("b").to_pylist())
    con.register("named", pairs.append_column("level", pa.array(levels)))
    con.execute("CREATE TABLE alike AS SELECT a, b, CASE WHEN a = b THEN 1 ELSE level END AS level FROM named")
    con.unregister("named")
