"""The linkage stage: identities of a batch and the persons of earlier ones → persons and whose record each is.

Belongs here: the order of the steps. Does not belong here: any step.
"""

from collections.abc import Mapping
from pathlib import Path

from pipelines.contracts import Contract
from pipelines.errors import DataError
from pipelines.linkage.records import load_records
from pipelines.progress import Reporter
from pipelines.storage import Home, check_batch, quoted, write_parquet

REGISTER = "police_household"
DEATHS = "police_death"
SOUND = "('valid', 'lifted')"

_GOLDEN = Path(__file__).with_name("persons.sql").read_text(encoding="utf-8")


def link(home: Home, batch: str, contracts: Mapping[str, Contract], reporter: Reporter) -> dict[str, int | float]:
    """Find each record's person and write the linkage tables of the batch.

    Returns:
        counts: records, profiles, persons, provisional, review, and records by method.

    Raises:
        DataError: nothing to link.
    """
    check_batch(batch)
    reporter.start("匹配：读取身份")
    with home.connect() as con:
        records, profiles = load_records(con, home, batch, contracts.values())
        register = contracts[REGISTER].number if REGISTER in contracts else 0
        earlier = next(
            (b for b in reversed(home.earlier_batches(batch)) if home.lake(b, "linkage", "persons").exists()), None
        )
        if earlier:
            con.execute(f"CREATE TABLE old AS SELECT * FROM read_parquet('{quoted(home.lake(earlier, 'linkage', 'persons'))}')")
            con.execute(
                "CREATE TABLE known AS SELECT DISTINCT identity_hash AS profile, person_id "
                f"FROM read_parquet('{quoted(home.lake(earlier, 'linkage', 'person_records'))}')"
            )
            con.execute(f"CREATE TABLE old_alias AS SELECT * FROM read_parquet('{quoted(home.lake(earlier, 'linkage', 'person_alias'))}')")
        else:
            ddl = (Path(__file__).parents[2] / "schemas/lake/linkage.sql").read_text(encoding="utf-8")
            con.execute(ddl)
            con.execute("CREATE TABLE old AS FROM persons; CREATE TABLE old_alias AS FROM person_alias")
            con.execute("CREATE TABLE known (profile UBIGINT, person_id VARCHAR)")
            con.execute("DROP TABLE persons; DROP TABLE person_records; DROP TABLE match_review; DROP TABLE person_alias")
        reporter.start("匹配：按证件号")
        con.execute("""CREATE MACRO person_code(h) AS 'P' || list_aggregate(list_transform(range(11),
            lambda i: substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((h >> (5 * i)) & 31)::INTEGER + 1, 1)), 'string_agg', '')""")
        con.execute("CREATE TABLE assigned (profile UBIGINT, person_id VARCHAR, method VARCHAR, probability DOUBLE)")
        con.execute("INSERT INTO assigned SELECT profile, person_id, 'unchanged', 1.0 FROM known SEMI JOIN profile USING (profile)")
        # the register's own rows: one person per sound id, else one per row
        con.execute(f"""
            INSERT INTO assigned
            SELECT p.profile, coalesce(o.person_id, person_code(min(p.profile) OVER (PARTITION BY coalesce(
                CASE WHEN p.id_status IN {SOUND} THEN p.id_number END, p.profile::VARCHAR)))), 'exact_id', 1.0
            FROM (FROM profile ANTI JOIN assigned USING (profile)) AS p
            LEFT JOIN (SELECT id_number, min(person_id) AS person_id FROM old WHERE id_status IN {SOUND} GROUP BY ALL) AS o
                ON p.id_status IN {SOUND} AND o.id_number = p.id_number
            WHERE source_no = {register}
        """)
        con.execute(f"""
            CREATE TABLE spine AS
            SELECT DISTINCT a.person_id, p.id_number, p.id_status, p.name_key, p.birth_date, p.phone, p.former_name
            FROM assigned AS a JOIN profile AS p USING (profile) WHERE p.source_no = {register}
        """)
        con.execute(f"""
            INSERT INTO assigned
            SELECT p.profile, min(s.person_id), 'exact_id', 0.9999
            FROM (FROM profile ANTI JOIN assigned USING (profile)) AS p
            JOIN spine AS s ON s.id_number = p.id_number AND s.id_status IN {SOUND}
            WHERE p.id_status IN {SOUND} AND (p.name_key = s.name_key OR p.name = s.former_name OR p.name_key IS NULL
                OR levenshtein(p.name_key, s.name_key) <= 3)
            GROUP BY p.profile
        """)
        reporter.start("匹配：其余记录")
        for method, condition in (
            ("scored", "s.name_key = p.name_key AND s.birth_date = p.birth_date"),
            ("scored", "s.name_key = p.name_key AND s.phone = p.phone"),
        ):
            con.execute(f"""
                INSERT INTO assigned
                SELECT p.profile, min(s.person_id), '{method}', 0.99
                FROM (FROM profile ANTI JOIN assigned USING (profile)) AS p JOIN spine AS s ON {condition}
                GROUP BY p.profile HAVING count(DISTINCT s.person_id) = 1
            """)
        con.execute(f"""
            INSERT INTO assigned
            SELECT p.profile, person_code(min(p.profile) OVER (PARTITION BY p.name_key, coalesce(
                CASE WHEN p.id_status IN {SOUND} THEN p.id_number END, p.phone, p.profile::VARCHAR))), 'provisional', 0.5
            FROM (FROM profile ANTI JOIN assigned USING (profile)) AS p
        """)
        _write(con, home, batch, register, contracts, reporter)
        counts: dict[str, int | float] = {"records": records, "profiles": profiles}
        counts["persons"], counts["provisional"] = con.execute(
            "SELECT count(*), count(*) FILTER (provisional) FROM persons"
        ).fetchall()[0]
        counts["review"] = 0
        for method, amount in con.execute(
            "SELECT method, count(*) FROM record JOIN assigned USING (profile) GROUP BY ALL ORDER BY ALL"
        ).fetchall():
            counts[f"method_{method}"] = amount
        return counts


def _write(con, home, batch, register, contracts, reporter):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0913
    reporter.start("匹配：写出人员")
    con.execute("CREATE TABLE entity AS SELECT person_id, row_number() OVER (ORDER BY person_id) AS eid FROM assigned GROUP BY person_id")
    con.execute("CREATE TABLE links AS FROM assigned; DROP TABLE assigned")
    con.execute("CREATE TABLE assigned AS SELECT profile, eid, person_id, method, probability FROM links JOIN entity USING (person_id)")
    con.execute(_GOLDEN, {"register": register})
    deaths = home.lake(batch, "standardised", DEATHS)
    if deaths.exists():
        con.execute(f"""CREATE TABLE death AS
            SELECT person_id, min(coalesce(death_date, cancelled_on)) AS death_date
            FROM read_parquet('{quoted(deaths)}') JOIN record USING (record_id) JOIN assigned USING (profile)
            WHERE cancel_reason = '死亡' GROUP BY person_id""")
    else:
        con.execute("CREATE TABLE death (person_id VARCHAR, death_date DATE)")
    con.execute(f"""CREATE TABLE persons AS
        SELECT coalesce(e.person_id, o.person_id) AS person_id, coalesce(g.name, o.name) AS name,
            coalesce(g.sound_id, o.id_number, g.any_id) AS id_number,
            coalesce(g.sound_status, o.id_status, g.any_status, 'missing') AS id_status,
            coalesce(g.sex, o.sex) AS sex, coalesce(g.birth_date, o.birth_date) AS birth_date,
            coalesce(g.town, o.town) AS town, coalesce(g.village, o.village) AS village, coalesce(g.grid, o.grid) AS grid,
            coalesce(g.address, o.address) AS address, coalesce(g.phone, o.phone) AS phone,
            d.person_id IS NULL AND coalesce(o.alive, true) AS alive, coalesce(d.death_date, o.death_date) AS death_date,
            NOT coalesce(g.in_register, false) AND coalesce(o.provisional, true) AS provisional,
            coalesce(g.source_count, 0)::INTEGER AS source_count, coalesce(o.first_batch, '{batch}') AS first_batch,
            CASE WHEN g.eid IS NULL THEN o.last_batch ELSE '{batch}' END AS last_batch
        FROM (FROM entity JOIN golden AS g USING (eid)) AS e
        JOIN golden AS g ON g.eid = e.eid
        FULL JOIN old AS o ON o.person_id = e.person_id
        LEFT JOIN death AS d ON d.person_id = e.person_id""")
    con.execute("CREATE TABLE file_name AS SELECT DISTINCT record_id >> 40 AS file_key, source, file FROM identity")
    for table, query in {
        "persons": "SELECT * FROM persons ORDER BY person_id",
        "person_records": f"""SELECT r.record_id, '{batch}' AS batch, f.source, f.file,
            ((r.record_id >> 4) & 68719476735)::INTEGER AS row_no, (r.record_id & 15)::TINYINT AS member_no,
            a.person_id, a.method AS match_method, a.probability AS match_probability, r.profile AS identity_hash
            FROM record AS r JOIN assigned AS a USING (profile) JOIN file_name AS f ON f.file_key = r.record_id >> 40
            ORDER BY record_id""",
        "match_review": """SELECT 0::BIGINT AS record_id, '' AS batch, '' AS source, '' AS file, 0::INTEGER AS row_no,
            0::TINYINT AS member_no, '' AS candidate_person_id, 0.0::DOUBLE AS probability, '' AS reason WHERE false""",
        "person_alias": "SELECT * FROM old_alias",
    }.items():
        written = write_parquet(con, query, home.lake(batch, "linkage", table))
        if table == "person_records" and written != con.execute("SELECT count(*) FROM record").fetchall()[0][0]:
            raise DataError("匹配结果与记录数不一致，已停止。", where=f"批次 {batch}", todo="请联系维护人员。")
