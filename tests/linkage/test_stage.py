"""The stage as a whole: declared tables, determinism, and what stays from month to month."""

import datetime as dt

import pyarrow.parquet as pq
import pytest

from pipelines.errors import DataError
from pipelines.linkage import lake
from pipelines.linkage.resolve.decisions import Decision, read_decisions, record_decisions
from pipelines.linkage.review.explain import explain_person
from pipelines.storage import Home
from tests.builders.leads_lake import declared_columns
from tests.builders.town import BATCH, Town, id_of, slip
from tests.linkage.test_traps import furnish

NEXT = "2026-11"
MINGYUE, TWICE, GOLDEN = id_of("19910203", 617), id_of("19800505", 119), id_of("19720909", 415)
TABLES = ("persons", "person_faces", "identities", "match_review", "person_alias", "person_splits", "id_issues", "coverage")


def whose(town):
    """Which rows are one person's, and how each was found: without file names and row order."""
    return sorted((r["source"], r["row_no"], r["member_no"], r["person_id"], r["match_method"]) for r in town.records)


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """October as it is; November with one row changed, two new, and somebody registered who was not."""
    town = Town(tmp_path_factory.mktemp("months"), households=90)
    furnish(town)
    town.put("medical_enrolment", "first_seen", name="司徒明月", id_number=MINGYUE, phone="13612345678")
    town.register("here", "柏万里", TWICE, household="600001")
    town.register("there", "柏万里", TWICE, household="600002", village="北屯")
    town.register("golden", "申屠青", GOLDEN, household="700001")
    town.put("medical_enrolment", "less_golden", name="申屠清", id_number=GOLDEN, phone="13512341234", birth_date="1972-09-08")
    town.put("finance_check", "closed", name="申屠青", id_number=GOLDEN, over_limit="是", snapshot_on="2026-09-01")
    town.standardise().link()
    october = {"persons": town.persons, "by_place": town.by_place}
    october |= {"first_seen": town.person("first_seen"), "ming": town.person("ming")}
    source, row_no = town.tags["ming_typo"]
    town.rows[source][row_no - 2]["id_number"] = slip(id_of("20080512", 301), 9)
    town.put("medical_settlement", "newcomer", settlement_id="b1", name="田䶮", id_number=id_of("19960401", 831))
    town.put("medical_settlement", "unheard_of", settlement_id="b2", name="闻人长庚", id_number=id_of("19911111", 911))
    town.register("registered", "司徒明月", MINGYUE, household="500001")
    town.standardise(NEXT).link(NEXT)
    return october, town


def test_every_table_is_as_declared(months):
    _, town = months
    with town.home.connect() as connection:
        for batch in (BATCH, NEXT):
            for table in (*TABLES, "person_records"):
                declared = [name for name, _ in declared_columns("linkage.sql", table)]
                lies = f"read_parquet('{town.home.lake(batch, 'linkage', table)}')"
                if table == "person_records":
                    lies = lake.person_records(town.home, batch)
                elif table in lake.KEYS:
                    lies = lake.relation(town.home, batch, table)
                assert [row[0] for row in connection.execute(f"DESCRIBE FROM {lies}").fetchall()] == declared, (batch, table)


def test_an_unchanged_row_keeps_its_person_without_being_linked_again(months):
    october, town = months
    for place, before in october["by_place"].items():
        after = town.by_place[place]
        if before["identity_hash"] == after["identity_hash"]:
            assert after["person_id"] == before["person_id"]
            assert after["match_method"] == "unchanged"


def test_a_changed_row_finds_the_same_person_and_new_ones_find_theirs(months):
    october, town = months
    assert town.record("ming_typo")["match_method"] == "scored"
    assert town.person("ming_typo") == october["ming"]
    assert town.person("newcomer") == town.person("yan")
    assert town.persons[town.person("unheard_of")]["first_batch"] == NEXT


def test_persons_of_earlier_batches_stay_known(months):
    october, town = months
    assert set(october["persons"]) <= set(town.persons)
    same = [p for p in october["persons"] if town.persons[p]["first_batch"] == BATCH]
    assert len(same) == len(october["persons"])


def test_an_open_question_stays_open_until_answered(months):
    _, town = months
    assert town.asked("some_xiuying") == {town.person("xiuying_one"), town.person("xiuying_two")}


def test_the_same_rows_in_another_order_in_more_files_on_one_thread_give_the_same(tmp_path):
    results = []
    for number, (threads, order, files) in enumerate(((2, None, 1), (1, 11, 3))):
        town = Town(tmp_path / str(number), households=90)
        furnish(town)
        town.home = Home(tmp_path / str(number), memory="1GB", threads=threads)
        town.standardise(order=order, files=files).link()
        persons = town.persons
        review = sorted((r["source"], r["row_no"], r["candidate_person_id"], r["probability"]) for r in town.review)
        results.append((whose(town), persons, review))
    assert results[0] == results[1]


def test_what_a_clerk_decided_outranks_the_model_and_is_not_asked_again(tmp_path):
    town = Town(tmp_path, households=90)
    furnish(town)
    town.standardise().link()
    one, two = town.person("xiuying_one"), town.person("xiuying_two")
    row = town.record("some_xiuying")
    at = dt.datetime(2026, 10, 5, 9, tzinfo=dt.UTC)
    record_decisions(town.home, [Decision(row["identity_hash"], one, same=True, decided_by="张", decided_at=at)])
    # a decision against an exact id as well
    enrolled = town.record("maiden_name")
    record_decisions(
        town.home, [Decision(enrolled["identity_hash"], enrolled["person_id"], same=False, decided_by="张", decided_at=at)]
    )
    for batch in (NEXT, "2026-12"):
        town.standardise(batch).link(batch)
        assert town.person("some_xiuying") == one != two
        assert town.asked("some_xiuying") == set()
        assert town.person("maiden_name") != town.person("maiden")
    alias = pq.read_table(town.home.lake(NEXT, "linkage", "person_alias")).to_pylist()
    assert [(a["old_person_id"], a["person_id"]) for a in alias] == [(row["person_id"], one)]
    splits = pq.read_table(town.home.lake("2026-12", "linkage", "person_splits")).to_pylist()
    apart = {"person_id": town.person("maiden_name"), "from_person_id": enrolled["person_id"], "batch": NEXT}
    assert splits == [apart | {"reason": "人工确认不是同一人"}]
    told = explain_person(town.home, enrolled["person_id"])
    assert f"批次 {NEXT} 有记录分出，成为 {apart['person_id']}（人工确认不是同一人）" in told
    assert f"批次 {NEXT} 由 {enrolled['person_id']} 分出" in explain_person(town.home, apart["person_id"])


def test_a_later_answer_replaces_an_earlier_one(tmp_path):
    home = Home(tmp_path)
    early, late = (dt.datetime(2026, 10, day, tzinfo=dt.UTC) for day in (1, 2))
    record_decisions(home, [Decision(7, "P1", same=True, decided_by="甲", decided_at=early)])
    record_decisions(home, [Decision(7, "P2", same=True, decided_by="乙", decided_at=late)])
    assert [(d.person_id, d.same, d.decided_by) for d in read_decisions(home)] == [("P2", True, "乙")]


def test_somebody_the_register_lists_later_keeps_the_provisional_persons_id(months):
    october, town = months
    before = october["first_seen"]
    assert october["persons"][before]["provisional"]
    assert town.person("registered") == town.person("first_seen") == before
    assert not town.persons[before]["provisional"]


def test_a_register_that_holds_one_person_twice_is_one_person_and_is_listed(months):
    _, town = months
    assert town.person("here") == town.person("there")
    assert "registered_twice" in town.issue_kinds("here")


def test_golden_values_are_the_registers_and_gaps_are_filled_from_others(months):
    _, town = months
    person = town.persons[town.person("golden")]
    assert town.person("less_golden") == town.person("golden")
    assert (person["name"], str(person["birth_date"]), person["phone"]) == ("申屠青", "1972-09-09", "13512341234")
    assert person["source_count"] == 2


def test_how_many_sources_mention_somebody_does_not_count_closed_ones(months):
    """Only those with an authorisation may be looked for in them: not even a count says that a row is there."""
    _, town = months
    assert town.person("closed") == town.person("golden")
    assert town.persons[town.person("closed")]["source_count"] == 2


def test_nothing_to_link_is_said_plainly(tmp_path):
    from pipelines.contracts import load_contracts
    from pipelines.linkage import link
    from pipelines.progress import Silent

    with pytest.raises(DataError, match="没有可供匹配的数据"):
        link(Home(tmp_path), BATCH, load_contracts(), Silent())


def test_a_broken_table_is_said_without_what_stands_in_it(tmp_path):
    from pipelines.contracts import load_contracts
    from pipelines.linkage import link
    from pipelines.progress import Silent

    home = Home(tmp_path)
    path = home.lake(BATCH, "standardised", "police_household")
    path.parent.mkdir(parents=True)
    path.write_bytes("王秀英 370211196503021235".encode())
    with pytest.raises(DataError, match="没有完成") as told:
        link(home, BATCH, load_contracts(), Silent())
    assert "王秀英" not in str(told.value)
    assert told.value.__cause__ is None
