"""A row that a caseworker found to be wrong (E6) is not joined to anybody silently again, and the register stays what it is."""

import copy
import datetime as dt
import shutil

import pyarrow.parquet as pq
import pytest

from pipelines.linkage.resolve.corrections import REASON
from pipelines.linkage.resolve.decisions import Decision, record_decisions
from pipelines.storage import Home, write_parquet
from tests.builders.leads_lake import declared_columns
from tests.builders.town import BATCH, Town, id_of, slip

NOVEMBER, DECEMBER = "2026-11", "2026-12"
MING, LIANG, MOTHER, UNKNOWN = id_of("20080512", 301), id_of("19990101", 303), id_of("19851103", 422), id_of("19910203", 617)
SAID = ("slipped", "by_id", "in_register", "alone")


@pytest.fixture(scope="module")
def october(tmp_path_factory):
    """Rows that are found by weighing, by an exact id, in the register itself, and one that is nobody's."""
    town = Town(tmp_path_factory.mktemp("october") / "home", households=50)
    town.register("in_register", "周家明", MING, household="100001")
    town.register("liang", "欧阳雪", LIANG, household="100002")
    town.register("mother", "刘桂芳", MOTHER, household="100003")
    town.put("medical_settlement", "slipped", settlement_id="a1", name="周家明", id_number=slip(MING, 5))
    town.put("medical_settlement", "slipped_too", settlement_id="a2", name="欧阳雪", id_number=slip(LIANG, 5))
    town.put("medical_settlement", "by_id", settlement_id="a3", name="刘桂芳", id_number=MOTHER)
    town.put("medical_enrolment", "alone", name="司徒明月", id_number=UNKNOWN, phone="13612345678")
    town.standardise().link()
    assert [town.record(tag)["match_method"] for tag in ("slipped", "by_id")] == ["scored", "exact_id"]
    for batch in (NOVEMBER, DECEMBER):  # the same rows are sent again
        shutil.copytree(town.home.root / "lake" / BATCH / "standardised", town.home.root / "lake" / batch / "standardised")
    return town


def copied(town, folder):
    shutil.copytree(town.home.root, folder / "home")
    town = copy.copy(town)
    town.home = Home(folder / "home", memory="1GB", threads=2)
    return town


@pytest.fixture
def town(october, tmp_path):
    """A home of its own, with the rows of the months after, not linked yet."""
    return copied(october, tmp_path)


@pytest.fixture(scope="module")
def november(october, tmp_path_factory):
    """The month after four rows were said to be wrong."""
    town = copied(october, tmp_path_factory.mktemp("november"))
    answered_e6(town, *SAID)
    return town.link(NOVEMBER)


@pytest.fixture
def asked(november, tmp_path):
    """The same month, in a home of its own."""
    return copied(november, tmp_path)


def answered_e6(town, *tags, batch=BATCH):
    """What `returns` leaves of an answer E6 to a lead that rests on these rows."""
    columns = declared_columns("returns.sql", "corrections")
    with town.home.connect() as con:
        con.execute(f"CREATE TABLE corrections ({', '.join(f'{name} {kind}' for name, kind in columns)})")
        for tag in tags:
            row = town.record(tag)
            con.execute(
                "INSERT INTO corrections (lead_id, kind, person_id, source, file, row_no, identity_hash) VALUES ('L1', 'data', ?, ?, ?, ?, ?)",
                [row[name] for name in ("person_id", "source", "file", "row_no", "identity_hash")],
            )
        con.execute("INSERT INTO corrections (lead_id, kind, household_id) VALUES ('L2', 'household', 'H1')")
        write_parquet(con, "FROM corrections", town.home.lake(batch, "returns", "corrections"))


def decided(town, tag, person, *, same):
    at = dt.datetime(2026, 11, 5, 9, tzinfo=dt.UTC)
    record_decisions(town.home, [Decision(town.record(tag)["identity_hash"], person, same=same, decided_by="张", decided_at=at)])


def reasons(town, tag):
    source, row_no = town.tags[tag]
    return {r["reason"] for r in town.review if (r["source"], r["row_no"]) == (source, row_no)}


def whose(town):
    return {place: row["person_id"] for place, row in town.by_place.items()}


def test_without_a_correction_every_row_stays_and_nobody_is_told_anything(october, town):
    before = whose(october)
    answered_e6(town)
    town.link(NOVEMBER)
    assert whose(town) == before
    assert town.counts["set_apart"] == 0
    assert not [r for r in town.review if r["reason"] == REASON]
    assert not [i for i in town.issues if i["kind"] == "said_wrong"]


def test_a_row_joined_by_weighing_stands_apart_and_a_clerk_is_asked_about_its_person(october, november):
    was, before = october.person("slipped"), whose(october)
    assert november.counts["set_apart"] == 1
    assert november.person("slipped") != was
    assert november.persons[november.person("slipped")]["provisional"]
    assert november.record("slipped")["match_method"] == "provisional"
    assert (november.asked("slipped"), reasons(november, "slipped")) == ({was}, {REASON})
    others = {place for place, person in whose(november).items() if before[place] != person}
    assert others == {(*november.tags["slipped"], 0)}


def test_an_exact_id_and_the_register_stay_and_are_listed_for_the_source(october, november):
    for tag in ("by_id", "in_register"):
        assert november.person(tag) == october.person(tag)
        assert "said_wrong" in november.issue_kinds(tag)
        assert november.asked(tag) == set()
    assert not november.persons[november.person("in_register")]["provisional"]
    assert "said_wrong" not in november.issue_kinds("slipped") | november.issue_kinds("slipped_too")


def test_a_row_that_is_nobody_elses_is_left_alone(october, november):
    assert november.person("alone") == october.person("alone")
    assert november.asked("alone") == set()


def test_the_question_stays_open_and_the_row_keeps_its_number_until_it_is_answered(october, november, asked):
    asked.link(DECEMBER)
    assert asked.person("slipped") == november.person("slipped")
    assert (asked.asked("slipped"), reasons(asked, "slipped")) == ({october.person("slipped")}, {REASON})


@pytest.mark.parametrize("same", [True, False])
def test_a_clerks_decision_outranks_the_correction(october, november, asked, same):
    was, apart = october.person("slipped"), november.person("slipped")
    decided(asked, "slipped", was, same=same)
    asked.link(DECEMBER)
    assert asked.person("slipped") == (was if same else apart)
    assert asked.asked("slipped") == set()
    splits = pq.read_table(asked.home.lake(DECEMBER, "linkage", "person_splits")).to_pylist()
    assert (apart, was, "走访反馈说数据有误") in {(s["person_id"], s["from_person_id"], s["reason"]) for s in splits}
    alias = pq.read_table(asked.home.lake(DECEMBER, "linkage", "person_alias")).to_pylist()
    assert [(a["old_person_id"], a["person_id"]) for a in alias] == ([(apart, was)] if same else [])


def test_what_a_clerk_said_before_the_visit_holds_as_well(town):
    was = town.person("slipped")
    decided(town, "slipped", was, same=True)
    answered_e6(town, "slipped")
    town.link(NOVEMBER)
    assert town.person("slipped") == was
    assert town.asked("slipped") == set()


def test_the_answered_batch_linked_again_is_not_touched_by_its_own_answers(october, town):
    answered_e6(town, *SAID)
    town.link(BATCH)
    assert whose(town) == whose(october)


def test_a_row_that_the_department_has_corrected_is_another_row(october, town):
    answered_e6(town, "slipped")
    source, row_no = town.tags["slipped"]
    town.rows = copy.deepcopy(october.rows)
    town.rows[source][row_no - 2]["id_number"] = MING
    town.standardise(NOVEMBER).link(NOVEMBER)
    assert town.person("slipped") == october.person("slipped")
    assert town.counts["set_apart"] == 0
