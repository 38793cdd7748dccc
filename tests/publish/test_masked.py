"""The masked copy: nobody can be read out of it, and the same person stays the same person."""

import hashlib
import hmac

import pytest

from pipelines.errors import DataError
from pipelines.progress import Silent
from pipelines.publish.masked import build_masked, keyed_hash, masking_key, teach_pseudonym
from pipelines.publish.warehouse import build_warehouse
from pipelines.storage import Home, write_parquet

NAME, PHONE, ADDRESS = "欧阳测试", "13812345678", "幸福里3号楼2单元"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("ZHUDONG_MASKING_KEY", raising=False)
    home = Home(tmp_path, memory="500MB", threads=1)
    with home.connect() as connection:
        write_parquet(
            connection,
            f"""SELECT 'P' || lpad(i::VARCHAR, 11, '0') AS person_id, '{NAME}' AS name,
                       '370211' || (19500101 + i) || '0012' AS id_number, '{PHONE}' AS phone, '{ADDRESS}' AS address,
                       CASE WHEN i < 3 THEN '1' ELSE '2' END AS sex, DATE '1950-01-01' + i::INTEGER AS birth_date,
                       '王台街道' AS town, CASE WHEN i < 3 THEN '偏僻村' ELSE '大村庄' END AS village, 'G-7-3' AS grid
                FROM range(60) r(i)""",
            home.lake("2026-10", "linkage", "persons"),
        )
        write_parquet(connection, "SELECT 0 AS record_id LIMIT 0", home.lake("2026-10", "linkage", "person_records"))
        write_parquet(
            connection,
            f"SELECT 'L00000000001' AS lead_id, 'A1' AS outcome_code, '{NAME}说没事' AS note, '{NAME}' AS visitors",
            home.lake("2026-10", "returns", "followups"),
        )
    build_warehouse(home, "2026-10", Silent())
    return home


class Told(Silent):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def query(home, sql):
    with home.connect(home.masked_warehouse, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_no_name_id_phone_or_address_is_left_in_any_byte_of_the_file(home):
    build_masked(home, Silent())
    content = home.masked_warehouse.read_bytes()
    for text in (NAME, PHONE, ADDRESS, "G-7-3", "370211195001"):
        assert text.encode() not in content


def test_the_tables_are_the_same_and_the_persons_are_still_told_apart(home):
    build_masked(home, Silent())
    assert query(
        home, "SELECT count(*), count(DISTINCT id_number), count(DISTINCT phone), count(DISTINCT person_id) FROM person"
    ) == [(60, 60, 1, 60)]
    assert query(home, "SELECT outcome_code, note, visitors FROM followup") == [("A1", None, None)]


@pytest.mark.parametrize("key", [b"k" * 16, b"k" * 64, b"k" * 100])
def test_the_databases_pseudonym_is_the_hmac_of_the_standard(home, key):
    with home.connect() as connection:
        teach_pseudonym(connection, key, "sha256")
        [(of_database, of_nothing)] = connection.execute("SELECT pseudonym('王小明'), pseudonym(NULL)").fetchall()
    assert of_database == hmac.new(key, "王小明".encode(), hashlib.sha256).hexdigest()[:16] == keyed_hash(key, "sha256")("王小明")
    assert of_nothing is None


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="this machine's OpenSSL has no SM3")
def test_a_bureau_may_have_sm3(home):
    with home.connect() as connection:
        teach_pseudonym(connection, b"k" * 32, "sm3")
        [(one, none)] = connection.execute("SELECT pseudonym('x'), pseudonym(NULL)").fetchall()
    assert one == hmac.new(b"k" * 32, b"x", "sm3").hexdigest()[:16]
    assert none is None


def test_a_digest_that_the_machine_lacks_is_said():
    with pytest.raises(DataError, match="sm9"):
        keyed_hash(b"k" * 32, "sm9")


GROUPS = "SELECT count(*) AS n FROM person GROUP BY town, village, sex, birth_date, death_date"


def test_nobody_is_rarer_than_five_and_it_is_said_what_was_coarsened(home):
    told = Told()
    counts = build_masked(home, told)
    assert query(home, f"SELECT min(n) >= 5 FROM ({GROUPS})") == [(True,)]
    assert (counts["rarer_than_k"], counts["smallest_group"] >= 5) == (0, True)
    assert query(home, "SELECT count(*) FROM person WHERE village = '偏僻村'") == [(0,)]
    assert query(home, "SELECT DISTINCT village FROM person WHERE sex = '2' AND village IS NOT NULL") == [("大村庄",)]
    assert counts["村居"] >= 3
    assert any("不少于 5 人" in note and "村居" in note for note in told.notes)


def test_the_key_is_kept_for_next_time_and_only_its_owner_may_read_it(home):
    first = masking_key(home)
    assert masking_key(home) == first
    assert (home.root / "keys" / "masking.key").stat().st_mode & 0o077 == 0


def test_a_key_of_the_environment_comes_first_and_must_be_one(home, monkeypatch):
    monkeypatch.setenv("ZHUDONG_MASKING_KEY", "ab" * 32)
    assert masking_key(home) == bytes.fromhex("ab" * 32)
    monkeypatch.setenv("ZHUDONG_MASKING_KEY", "secret")
    with pytest.raises(DataError, match="十六进制"):
        masking_key(home)
