"""Three months of one town: what a batch keeps of the one before, written whole or as changes, read at once or streamed."""

import shutil

import pytest

from pipelines.errors import DataError
from pipelines.linkage import lake, stage
from pipelines.linkage.resolve import write as persons
from tests.builders.town import BATCH, Town, id_of, slip
from tests.linkage.test_traps import furnish

NOVEMBER, DECEMBER = "2026-11", "2026-12"
LATE, MOVED, MERGED = id_of("19880808", 151), id_of("19790119", 233), id_of("19850607", 415)


def months(root):
    """October, November (a phone, an id and an address changed; somebody gone, two new), December (one back, one changed)."""
    town = Town(root, households=90)
    furnish(town)
    town.register("moved", "端木行远", MOVED, household="800001", phone="13700000001")
    town.put("medical_enrolment", "patient", name="端木行远", id_number=MOVED, phone="13700000001")
    town.put("medical_enrolment", "merged", name="夏侯清", id_number=MERGED, phone="13700000002")
    town.put("social_insurance", "insured", name="端木行远", id_number=slip(MOVED, 12))
    town.standardise().link()
    for source, rows in (("medical_enrolment", 40), ("police_household", 60)):
        for row in town.rows[source][:rows:20]:
            row["phone"] = "13811112222"
    town.rows["police_household"][town.tags["moved"][1] - 2]["address"] = "石桥村88号"
    town.rows["social_insurance"][town.tags["insured"][1] - 2]["id_number"] = slip(MOVED, 13)
    gone = town.rows["social_insurance"].pop(0)
    town.tags = {tag: (s, n - 1 if s == "social_insurance" else n) for tag, (s, n) in town.tags.items()}
    town.put("medical_settlement", "late", settlement_id="s1", name="公孙策", id_number=LATE)
    town.register("registered", "夏侯清", MERGED, household="800002")
    town.standardise(NOVEMBER).link(NOVEMBER)
    town.rows["social_insurance"].append(gone)
    town.rows["medical_settlement"][town.tags["late"][1] - 2]["name"] = "公孙策策"
    town.standardise(DECEMBER).link(DECEMBER)
    return town


def known(town, batch):
    """All that is kept of a batch, in a fixed order."""
    with town.home.connect() as connection:
        return {
            table: connection.execute(f"FROM {lake.relation(town.home, batch, table)} ORDER BY ALL").fetchall()
            for table in lake.KEYS
        } | {"person_records": connection.execute(f"FROM {lake.person_records(town.home, batch)} ORDER BY ALL").fetchall()}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return months(tmp_path_factory.mktemp("changes"))


def files(town, batch):
    return {path.name for path in town.home.lake(batch, "linkage", "persons").parent.iterdir()}


def test_a_later_batch_keeps_what_changed_and_a_link_to_the_rest(town):
    assert "persons.parquet" in files(town, BATCH)
    for batch in (NOVEMBER, DECEMBER):
        assert {f"{table}.base.{BATCH}.parquet" for table in lake.KEYS} <= files(town, batch)
        assert {f"{table}.changes.parquet" for table in lake.KEYS} <= files(town, batch)
    base = town.home.lake(DECEMBER, "linkage", f"persons.base.{BATCH}")
    assert base.stat().st_ino == town.home.lake(BATCH, "linkage", "persons").stat().st_ino


def test_every_row_of_every_month_has_exactly_one_person(town):
    with town.home.connect() as connection:
        for batch in (BATCH, NOVEMBER, DECEMBER):
            rows = f"read_parquet('{town.home.lake(batch, 'standardised', '*')}', union_by_name = true)"
            sent = connection.execute(f"SELECT record_id FROM {rows} ORDER BY 1").fetchall()
            whose = lake.person_records(town.home, batch)
            assert connection.execute(f"SELECT record_id FROM {whose} ORDER BY 1").fetchall() == sent
            nobody = f"FROM {whose} ANTI JOIN {lake.persons(town.home, batch)} USING (person_id)"
            assert connection.execute(nobody).fetchall() == []


def test_written_as_changes_or_whole_the_same_is_known(town, tmp_path, monkeypatch):
    monkeypatch.setattr(persons, "_WHOLE_FROM", -1.0)
    whole = months(tmp_path)
    assert "persons.parquet" in files(whole, DECEMBER)
    for batch in (NOVEMBER, DECEMBER):
        assert known(whole, batch) == known(town, batch)


def test_read_at_once_or_streamed_the_same_is_found(town, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "_FEW", 0.0)
    streamed = months(tmp_path)
    for batch in (NOVEMBER, DECEMBER):
        for table in ("identities", "person_records", "person_faces"):
            assert known(streamed, batch)[table] == known(town, batch)[table]


def test_a_changed_row_is_its_persons_again_and_an_unchanged_one_is_not_linked_again(town):
    assert town.person("patient") == town.person("moved") == town.person("insured")
    unchanged = [r for r in town.records if r["match_method"] == "unchanged"]
    assert len(unchanged) > 0.95 * len(town.records)
    assert town.record("late")["match_method"] != "unchanged"


def test_whoever_was_provisional_keeps_the_id_when_the_register_lists_them(town):
    assert town.person("registered") == town.person("merged")
    assert not town.persons[town.person("merged")]["provisional"]
    assert town.persons[town.person("merged")]["first_batch"] == BATCH


def test_a_person_says_in_which_batch_they_were_last_seen_and_in_how_many_sources(town):
    for batch in (NOVEMBER, DECEMBER):
        with town.home.connect() as connection:
            counted = connection.execute(f"""
                SELECT p.person_id, p.last_batch, p.source_count, r.batch, coalesce(r.sources, 0)
                FROM {lake.persons(town.home, batch)} AS p LEFT JOIN (
                    SELECT person_id, any_value(batch) AS batch, count(DISTINCT source) AS sources
                    FROM {lake.person_records(town.home, batch)} GROUP BY person_id) AS r USING (person_id)""").fetchall()
        for _, last, sources, seen, held in counted:
            assert sources == held
            assert (last == batch) == (seen is not None)


def test_a_new_address_in_the_register_is_the_persons(town):
    assert town.persons[town.person("moved")]["address"] == "88号"
    assert town.persons[town.person("moved")]["phone"] == "13700000001"


def test_a_batch_stands_without_the_one_it_rests_on(town, tmp_path):
    expected = known(town, DECEMBER)
    copy = tmp_path / "home"
    shutil.copytree(town.home.root, copy)
    for batch in (BATCH, NOVEMBER):
        shutil.rmtree(copy / "lake" / batch)
    town_of_one = Town.__new__(Town)
    town_of_one.home = type(town.home)(copy)
    assert known(town_of_one, DECEMBER) == expected


def test_a_batch_that_is_linked_again_gives_the_same(town, tmp_path):
    expected = known(town, DECEMBER)
    copy = tmp_path / "home"
    shutil.copytree(town.home.root, copy)
    again = Town.__new__(Town)
    again.home, again.contracts = type(town.home)(copy), town.contracts
    again.link(DECEMBER)
    assert known(again, DECEMBER) == expected


def test_a_month_linked_by_an_earlier_version_must_be_run_again_first(town, tmp_path):
    copy = tmp_path / "home"
    shutil.copytree(town.home.root, copy)
    again = Town.__new__(Town)
    again.home, again.contracts = type(town.home)(copy), town.contracts
    whole = again.home.lake(NOVEMBER, "linkage", "person_records")
    whole.write_bytes(again.home.lake(NOVEMBER, "linkage", "persons.changes").read_bytes())
    with pytest.raises(DataError, match=f"先重新运行批次 {NOVEMBER}"):
        again.link(DECEMBER)


def test_where_links_cannot_be_the_base_is_a_copy(town, tmp_path, monkeypatch):
    expected = known(town, DECEMBER)
    copy = tmp_path / "home"
    shutil.copytree(town.home.root, copy)
    again = Town.__new__(Town)
    again.home, again.contracts = type(town.home)(copy), town.contracts

    def refused(*_):
        raise OSError

    monkeypatch.setattr(persons.os, "link", refused)
    again.link(DECEMBER)
    base = again.home.lake(DECEMBER, "linkage", f"persons.base.{BATCH}")
    assert base.stat().st_nlink == 1
    assert known(again, DECEMBER) == expected
