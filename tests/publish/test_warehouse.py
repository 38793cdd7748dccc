"""The warehouse: complete and commented, whole or as it was, opened by older clients."""

import struct

import pytest

from pipelines.errors import DataError
from pipelines.progress import Silent
from pipelines.publish.warehouse import build_warehouse
from pipelines.storage import Home, write_parquet

INTERFACE = {
    "person": "person_id, name, id_number, id_status, sex, birth_date, town, village, grid, address, phone, alive, death_date, "
    "source_count, first_batch, last_batch",
    "person_record": "batch, source, file, row_no, member_no, person_id, match_method, match_probability",
    "match_review": "batch, source, file, row_no, candidate_person_id, probability, reason",
    "person_alias": "old_person_id, person_id, batch",
    "person_split": "person_id, from_person_id, batch, reason",
    "household": "batch, household_id, kind, head_person_id, town, village, grid, member_count",
    "household_member": "batch, household_id, person_id, relation",
    "finding": "finding_id, batch, rule_id, rule_version, direction, outcome, level, person_id, household_id, inputs, missing, reason",
    "lead": "lead_id, batch, household_id, direction, level, rule_ids, suggested_programmes, due_date, town, village, grid, status, "
    "times_raised, last_outcome",
    "followup": "lead_id, outcome_code, visited_on, visitors, note, referred_to, received_in",
    "quality_result": "batch",
    "source_file": "sha256, rows_read, accepted, rejected, skipped",
    "rejected_row": "row_no, reason",
    "parameter": "key, value, document",
    "rule": "rule_id, rule_version, ran",
    "source": "source, title",
    "export_log": "file",
    "batch": "batch",
    "current_finding": "finding_id",
    "current_lead": "lead_id",
    "year_count": "year, town, measure, title, amount, among",
    "service_order": "order_id, file_no, person_id, item, state",
    "dictionary": "table_name, column_name, column_comment",
}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path, memory="500MB", threads=1)


def persons(home, batch, number, *, start=0):
    with home.connect() as connection:
        write_parquet(
            connection,
            f"""SELECT 'P' || lpad((i + {start})::VARCHAR, 11, '0') AS person_id, '测试' AS name, 'valid' AS id_status,
                       TRUE AS alive, '{batch}' AS first_batch, '{batch}' AS last_batch FROM range({number}) r(i)""",
            home.lake(batch, "linkage", "persons"),
        )
        write_parquet(
            connection,
            f"""SELECT i AS record_id, '{batch}' AS batch, 's' AS source, 'f.csv' AS file, i::INTEGER + 2 AS row_no, 0::TINYINT AS member_no,
                       'P' || lpad((i + {start})::VARCHAR, 11, '0') AS person_id, 'exact_id' AS match_method,
                       1.0 AS match_probability, 0::UBIGINT AS identity_hash FROM range({number}) r(i)""",
            home.lake(batch, "linkage", "person_records"),
        )


def query(path, home, sql):
    with home.connect(path, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_table_and_column_of_the_interface_is_there_and_commented_in_chinese(home):
    build_warehouse(home, "2026-10", Silent())
    for table, columns in INTERFACE.items():
        query(home.warehouse, home, f"SELECT {columns} FROM {table} LIMIT 0")
    undocumented = query(
        home.warehouse, home,
        "SELECT table_name, column_name FROM dictionary WHERE table_comment IS NULL OR (column_name IS NOT NULL AND column_comment IS NULL)",
    )  # fmt: skip
    assert undocumented == []


def test_the_file_is_in_the_storage_version_that_duckdb_1_opens(home):
    build_warehouse(home, "2026-10", Silent())
    header = home.warehouse.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert struct.unpack("<Q", header[12:20])[0] == 64  # v1.0.0; 2.0's own is 69 and more


def test_batches_stay_queryable_and_a_batch_can_be_published_again(home):
    persons(home, "2026-09", 3)
    build_warehouse(home, "2026-09", Silent())
    persons(home, "2026-10", 5)
    build_warehouse(home, "2026-10", Silent())
    build_warehouse(home, "2026-10", Silent())
    assert query(home.warehouse, home, "SELECT batch, count(*) FROM person_record GROUP BY 1 ORDER BY 1") == [
        ("2026-09", 3), ("2026-10", 5),
    ]  # fmt: skip
    assert query(home.warehouse, home, "SELECT count(*) FROM person") == [(5,)]
    assert query(home.warehouse, home, "SELECT max(batch) FROM batch") == [("2026-10",)]


def test_a_batch_that_contradicts_itself_is_refused_and_the_published_one_stays(home):
    persons(home, "2026-09", 3)
    build_warehouse(home, "2026-09", Silent())
    persons(home, "2026-10", 2)
    with home.connect() as connection:  # a household of which nobody has heard
        write_parquet(
            connection,
            "SELECT 'F00000000001' AS finding_id, 'U01' AS rule_id, 'under' AS direction, 'true' AS outcome, 'red' AS level, "
            "'H00000000009' AS household_id",
            home.lake("2026-10", "assess", "findings"),
        )
    with pytest.raises(DataError, match="命中的家庭不存在"):
        build_warehouse(home, "2026-10", Silent())
    assert query(home.warehouse, home, "SELECT max(batch) FROM batch") == [("2026-09",)]
    assert [path.name for path in home.warehouse.parent.iterdir()] == ["zhudong.duckdb"]


def standardised(home, batch, hashes):
    """Rows of one source, by the hash of the identity that each bears."""
    with home.connect() as connection:
        write_parquet(
            connection,
            f"""SELECT row_number() OVER () AS record_id, 'custody' AS source, 'f.csv' AS file,
                (row_number() OVER () + 1)::INTEGER AS row_no, 0::TINYINT AS member_no, h::UBIGINT AS identity_hash
            FROM (SELECT unnest({hashes}) AS h)""",
            home.lake(batch, "standardised", "custody"),
        )


def test_rows_that_were_standardised_again_but_not_linked_are_never_dropped_in_silence(home):
    persons(home, "2026-10", 2)
    home.lake("2026-10", "linkage", "person_records").unlink()
    with home.connect() as connection:
        write_parquet(
            connection,
            "SELECT i::UBIGINT AS identity_hash, 'P' || lpad(i::VARCHAR, 11, '0') AS person_id, '2026-10' AS batch, "
            "'exact_id' AS match_method, 1.0 AS match_probability FROM range(2) r(i)",
            home.lake("2026-10", "linkage", "identities"),
        )
    standardised(home, "2026-10", [0, 1, 1])
    build_warehouse(home, "2026-10", Silent())
    assert query(home.warehouse, home, "SELECT count(*) FROM person_record") == [(3,)]
    standardised(home, "2026-10", [0, 1, 7])  # a corrected file came, and linkage was not run again
    with pytest.raises(DataError, match="重新归并"):
        build_warehouse(home, "2026-10", Silent())
    assert query(home.warehouse, home, "SELECT count(*) FROM person_record") == [(3,)]


def test_a_reader_that_has_the_old_file_open_keeps_it_while_the_new_one_is_swapped_in(home):
    persons(home, "2026-09", 3)
    build_warehouse(home, "2026-09", Silent())
    with home.warehouse.open("rb") as reader:
        persons(home, "2026-10", 5)
        build_warehouse(home, "2026-10", Silent())
        assert reader.read(12)[8:] == b"DUCK"
    assert home.warehouse.with_name("zhudong.previous.duckdb").exists()


def test_the_source_table_says_what_did_not_arrive_and_when_it_last_did(home):
    with home.connect() as connection:
        write_parquet(
            connection,
            "SELECT 'police_death' AS source, 'd.csv' AS file, 3 AS rows_read, 2 AS accepted, 0 AS rejected, 1 AS skipped, "
            "'current' AS state",
            home.lake("2026-09", "extracts", "police_death.files"),
        )
        write_parquet(connection, "SELECT 1 AS x LIMIT 0", home.lake("2026-10", "extracts", "other"))
    build_warehouse(home, "2026-10", Silent())
    assert query(
        home.warehouse, home,
        "SELECT arrived, accepted, last_arrived_batch FROM source WHERE batch = '2026-10' AND source = 'police_death'",
    ) == [(False, 0, "2026-09")]  # fmt: skip


def test_an_earlier_batch_published_again_leaves_the_later_one_in_and_its_own_persons_too(home):
    persons(home, "2026-09", 3)
    persons(home, "2026-10", 5)
    for batch in ("2026-09", "2026-10"):
        with home.connect() as connection:  # both were finished once
            write_parquet(
                connection,
                "SELECT 'L1' AS lead_id, 'H1' AS household_id, 'under' AS direction LIMIT 0",
                home.lake(batch, "assess", "leads"),
            )
    build_warehouse(home, "2026-10", Silent())
    persons(home, "2026-09", 4, start=3)  # run again: it now knows persons 3 to 6; the later batch knows 0 to 4
    build_warehouse(home, "2026-09", Silent())
    assert query(home.warehouse, home, "SELECT batch, count(*) FROM person_record GROUP BY 1 ORDER BY 1") == [
        ("2026-09", 4), ("2026-10", 5),
    ]  # fmt: skip
    assert query(home.warehouse, home, "SELECT count(*) FROM person") == [(7,)]


def test_whose_the_rows_of_closed_sources_are_is_published_only_of_the_authorised(home):
    batch, person = "2026-10", "'P' || lpad(i::VARCHAR, 11, '0')"
    persons(home, batch, 3)
    with home.connect() as connection:
        records = home.lake(batch, "linkage", "person_records")
        rows = connection.execute(f"CREATE TABLE r AS FROM read_parquet('{records}')").execute("FROM r").fetchall()
        closed = "SELECT * REPLACE ('finance_check' AS source) FROM r"
        write_parquet(connection, f"FROM r UNION ALL {closed}", records)
        asked = f"SELECT 9 AS record_id, 'finance_check' AS source, 'f.csv' AS file, {person} AS candidate_person_id FROM range(3) t(i)"
        write_parquet(connection, asked, home.lake(batch, "linkage", "match_review"))
        facts = f"SELECT {person} AS person_id, i = 1 AS authorised FROM range(3) t(i)"
        write_parquet(connection, facts, home.lake(batch, "assess", "person_fact"))
    build_warehouse(home, batch, Silent())
    count = "SELECT count(*), any_value(person_id) FROM person_record WHERE source"
    assert query(home.warehouse, home, f"{count} = 's'")[0][0] == len(rows) == 3
    assert query(home.warehouse, home, f"{count} = 'finance_check'") == [(1, "P00000000001")]
    assert query(home.warehouse, home, "SELECT candidate_person_id FROM match_review") == [("P00000000001",)]
