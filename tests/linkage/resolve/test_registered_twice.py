"""Register rows that repeat a person under a damaged id or none."""

import pytest

from pipelines.linkage.resolve.registered_twice import adopt_damaged
from pipelines.storage import Home
from tests.builders.town import id_of, slip

OWN = id_of("19790514", 312)
ELDER, YOUNGER = id_of("20010203", 111), id_of("20010203", 131)


@pytest.fixture
def adopted(tmp_path):
    """Which number's founder each of some register rows gets: (name, id, mode, birth, sex, address) by number."""

    def run(*rows):
        with Home(tmp_path, memory="300MB", threads=1).connect() as connection:
            connection.execute("""CREATE TABLE register_face (profile UBIGINT, name VARCHAR, id VARCHAR, sound BOOLEAN, mode TINYINT,
                birth INTEGER, sex VARCHAR, address VARCHAR, village VARCHAR)""")
            if rows:
                connection.executemany(
                    "INSERT INTO register_face VALUES (?, ?, ?, ?, ?, ?, ?, ?, '东洼村')",
                    [
                        (n, name, number, mode == 1, mode, birth, sex, address)
                        for n, (name, number, mode, birth, sex, address) in enumerate(rows)
                    ],
                )
            connection.execute("""CREATE TABLE founder AS
                SELECT profile, CASE WHEN sound THEN hash(id) ELSE profile END AS own, name, 0 AS part FROM register_face""")
            count = adopt_damaged(connection)
            own = dict(connection.execute("SELECT profile, own FROM founder").fetchall())
        return count, [own[n] for n in range(len(rows))]

    return run


def test_a_row_with_a_slip_in_the_id_is_the_row_it_repeats(adopted):
    count, own = adopted(("孟秀兰", OWN, 1, 19790514, "女", "12号"), ("孟秀兰", slip(OWN, 16), 2, 19790514, "女", "12号"))
    assert count == 1
    assert own[0] == own[1]


def test_a_twin_with_a_slip_in_the_id_is_not_the_other_twin(adopted):
    count, own = adopted(
        ("孟大双", ELDER, 1, 20010203, "男", "12号"), ("孟小双", slip(YOUNGER, 16), 2, 20010203, "男", "12号"),
    )  # fmt: skip
    assert count == 0
    assert own[0] != own[1]


def test_a_row_without_an_id_is_the_namesake_of_that_birthday_at_that_address(adopted):
    count, _ = adopted(("孟秀兰", OWN, 1, 19790514, "女", "12号"), ("孟秀兰", None, 5, 19790514, "女", "12号"))
    assert count == 1


@pytest.mark.parametrize("other", [("孟秀兰", None, 5, 19790514, "女", "15号"), ("孟秀兰", None, 5, 19790515, "女", "12号"), ("孟秀兰", None, 5, 19790514, "女", None)])  # fmt: skip
def test_where_anything_differs_or_is_not_said_they_stay_two(adopted, other):
    assert adopted(("孟秀兰", OWN, 1, 19790514, "女", "12号"), other)[0] == 0


def test_two_who_could_be_meant_leave_it_alone(adopted):
    other = id_of("19790514", 322)
    count, own = adopted(
        ("孟秀兰", OWN, 1, 19790514, "女", "12号"), ("孟秀兰", other, 1, 19790514, "女", "12号"), ("孟秀兰", None, 5, 19790514, "女", "12号"),
    )  # fmt: skip
    assert count == 0
    assert len(set(own)) == 3


def test_a_register_of_nobody_has_nobody_to_adopt(adopted):
    assert adopted() == (0, [])
