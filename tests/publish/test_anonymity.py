"""Nobody is rarer than k over all that the copy holds of them, and a household gives no member away."""

import duckdb
import pytest

from pipelines.publish.anonymity import coarsen
from pipelines.publish.warehouse import create_tables


@pytest.fixture
def copy():
    """Forty women of one village and year, in households of two; one of them lives with a man, the only one."""
    with duckdb.connect() as connection:
        create_tables(connection)
        for number in range(40):
            person, household = f"P{number:02}", f"H{number // 2:02}"
            sex = "1" if number == 0 else "2"
            connection.execute(
                "INSERT INTO person BY NAME SELECT ? AS person_id, ? AS sex, DATE '1950-01-01' AS birth_date, '王台街道' AS town,"
                " '大村' AS village, true AS alive", [person, sex],
            )  # fmt: skip
            connection.execute(
                "INSERT INTO household_member BY NAME SELECT '2026-10' AS batch, ? AS household_id, ? AS person_id",
                [household, person],
            )
        connection.execute("""
            INSERT INTO household BY NAME
            SELECT DISTINCT '2026-10' AS batch, household_id, '王台街道' AS town, '大村' AS village FROM household_member;
            INSERT INTO lead BY NAME SELECT household_id, town, village FROM household;
            INSERT INTO finding BY NAME
            SELECT person_id, '{"facts":{"age":76,"severe":true}}' AS inputs, '本人 76 周岁' AS reason FROM person
        """)
        yield connection


def rarest(copy):
    return copy.execute(
        "SELECT min(n) FROM (SELECT count(*) AS n FROM person GROUP BY town, village, sex, birth_date, alive, death_date)"
    ).fetchall()[0][0]


def test_the_only_man_is_no_longer_told_apart(copy):
    counts = coarsen(copy, 5)
    assert rarest(copy) >= 5
    assert (counts["rarer_than_k"], counts["smallest_group"] >= 5) == (0, True)
    assert copy.execute("SELECT village, town, sex FROM person WHERE person_id = 'P00'").fetchall() == [(None, None, None)]


def test_neither_his_household_nor_who_lives_with_him_says_where(copy):
    coarsen(copy, 5)
    for table in ("household", "lead"):
        assert copy.execute(f"SELECT town, village FROM {table} WHERE household_id = 'H00'").fetchall() == [(None, None)]
    assert copy.execute("SELECT town, village FROM person WHERE person_id = 'P01'").fetchall() == [(None, None)]


def test_whose_year_went_has_no_age_in_a_finding(copy):
    coarsen(copy, 5)
    ((inputs, reason),) = copy.execute("SELECT inputs, reason FROM finding WHERE person_id = 'P00'").fetchall()
    assert (inputs, reason) == ('{"facts":{"age":null,"severe":true}}', "本人 周岁")
    assert '"age":76' in copy.execute("SELECT inputs FROM finding WHERE person_id = 'P39'").fetchall()[0][0]


def test_most_of_the_village_stays_as_it_is_and_what_went_is_counted(copy):
    counts = coarsen(copy, 5)
    assert copy.execute("SELECT count(*) FROM person WHERE village = '大村' AND year(birth_date) = 1950").fetchall()[0][0] >= 30
    assert counts["persons"] == 40
    assert 0 < counts["村居"] < 10


def test_an_earlier_place_of_a_household_is_as_much_as_its_place(copy):
    copy.execute("INSERT INTO household_member BY NAME SELECT '2026-09' AS batch, 'H90' AS household_id, 'P39' AS person_id")
    copy.execute(
        "INSERT INTO household BY NAME SELECT '2026-09' AS batch, 'H90' AS household_id, '远乡' AS town, '远村' AS village"
    )
    coarsen(copy, 5)
    assert copy.execute("SELECT town, village FROM household WHERE household_id = 'H90'").fetchall() == [(None, None)]
