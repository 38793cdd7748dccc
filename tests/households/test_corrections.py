"""A caseworker found other members than the data has (E5): the household is disputed until the data change."""

import pytest

from pipelines.storage import write_parquet
from tests.builders.leads_lake import declared_columns
from tests.builders.model_lake import Facts, ModelLake
from tests.households.test_register import built

NOVEMBER, DECEMBER = "2026-11", "2026-12"


@pytest.fixture
def october(tmp_path):
    """A couple with a child, and an old man who lives alone."""
    lake = ModelLake(tmp_path)
    lake.person("夫", "1", "1980-01-01")
    lake.person("妻", "2", "1981-01-01")
    lake.person("子", "1", "2012-05-01")
    lake.person("翁", "1", "1940-01-01")
    lake.register("户", 夫="户主", 妻="配偶", 子="子")
    lake.register("独户", 翁="户主")
    return built(lake)


def household_of(lake, who):
    [found] = [
        h
        for h in lake.read("households", "households")
        for m in lake.read("households", "members")
        if m["household_id"] == h["household_id"] and (m["kind"], m["person_id"]) == ("assistance", who)
    ]
    return found


def answered_e5(lake, who, size, lead="L1", on=None):
    """What `returns` leaves of an answer E5 to a lead of the lake's batch: a row for each member as the data has them."""
    household = household_of(lake, who)["household_id"]
    members = [m["person_id"] for m in lake.read("households", "members") if m["household_id"] == household]
    columns = declared_columns("returns.sql", "corrections")
    with lake.home.connect() as con:
        con.execute(f"CREATE TABLE corrections ({', '.join(f'{name} {kind}' for name, kind in columns)})")
        for member in members:
            con.execute(
                "INSERT INTO corrections (lead_id, kind, household_id, person_id, household_size, answered_on) "
                "VALUES (?, 'household', ?, ?, ?, ?)",
                [lead, household, member, size, on or f"{lake.batch}-20"],
            )
        write_parquet(con, "FROM corrections", lake.home.lake(lake.batch, "returns", "corrections"))


def month_after(lake, batch):
    return lake.next_month(batch, keep=("police_household",))


def disputed(lake, who):
    household = household_of(lake, who)
    return household["disputed"], household["stated_members"]


def test_without_a_correction_nobody_is_disputed_and_every_size_is_known(october):
    november = month_after(october, NOVEMBER)
    facts = Facts(november)
    assert {(h["disputed"], h["stated_members"]) for h in november.read("households", "households")} == {(False, None)}
    assert (facts["夫"]["household_size"], facts["翁"]["household_size"]) == (3, 1)


def test_a_household_found_with_others_is_disputed_from_the_next_batch_on_and_no_other_is(october):
    answered_e5(october, "夫", 2)
    assert disputed(october, "夫") == (False, None)
    for batch in (NOVEMBER, DECEMBER):
        later = built(month_after(october, batch))
        assert disputed(later, "夫") == (True, 2)
        assert disputed(later, "翁") == (False, None)
        register = [h for h in later.read("households", "households") if h["kind"] == "register"]
        assert not any(h["disputed"] for h in register)
        assert household_of(later, "夫")["household_id"] == household_of(october, "夫")["household_id"]
        assert household_of(later, "夫")["member_count"] == 3


def test_built_again_the_answered_batch_is_not_touched_by_its_own_answers(october):
    answered_e5(october, "夫", 2)
    built(october)
    assert disputed(october, "夫") == (False, None)


def test_nothing_is_divided_by_a_number_of_persons_known_to_be_wrong(october):
    answered_e5(october, "夫", 2)
    facts = Facts(month_after(october, NOVEMBER))
    assert facts["夫"]["household_size"] is None
    assert facts["夫"]["member_children"] == 1
    assert facts["翁"]["household_size"] == 1


@pytest.mark.parametrize("size", [3, None])
def test_other_relations_with_the_same_or_no_number_are_disputed_and_the_size_stays(october, size):
    answered_e5(october, "夫", size)
    november = month_after(october, NOVEMBER)
    facts = Facts(november)
    assert disputed(november, "夫") == (True, size)
    assert facts["夫"]["household_size"] == 3


def test_when_the_members_change_in_the_data_the_correction_is_used_up_for_good(october):
    answered_e5(october, "夫", 2)
    november = october.next_month(NOVEMBER)
    november.register("户", 夫="户主", 妻="配偶")
    november.register("独户", 翁="户主")
    assert disputed(built(november), "夫") == (False, None)
    december = november.next_month(DECEMBER)
    december.register("户", 夫="户主", 妻="配偶", 子="子")
    december.register("独户", 翁="户主")
    assert disputed(built(december), "夫") == (False, None)


def test_the_newest_word_counts(october):
    answered_e5(october, "夫", 2)
    november = built(month_after(october, NOVEMBER))
    answered_e5(november, "夫", 4, lead="L2")
    december = built(month_after(november, DECEMBER))
    assert disputed(december, "夫") == (True, 4)
