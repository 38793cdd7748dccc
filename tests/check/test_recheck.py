"""Re-check: everybody on the rosters at once, and what changed since the last time."""

import pytest
from sqlalchemy import select, update

from pipelines.casework.clock import now
from pipelines.casework.store import Store
from pipelines.casework.tables import check, transfer
from pipelines.check.recheck import change_of, changed_rows, recheck
from pipelines.progress import Silent


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path / 'cases.sqlite'}")
    yield made
    made.close()


def test_the_first_time_is_the_first_and_the_second_without_new_data_changes_nothing(district_home, store):
    first = recheck(district_home, store, Silent())
    assert first["households"] > 5
    assert first["首次"] == first["households"]
    second = recheck(district_home, store, Silent())
    assert second["无变化"] == second["households"] == first["households"]
    assert second["reported"] == 0


def test_a_rule_that_came_is_told_and_reported_to_the_town_never_a_stop(district_home, store):
    recheck(district_home, store, Silent())
    start = now()
    with store.write() as connection:  # as if the last time nothing had been found
        for row in connection.execute(select(check)).mappings().all():
            summary = row["summary"] | {"tests": {}}
            connection.execute(update(check).where(check.c.check_id == row["check_id"]).values(summary=summary))
    counts = recheck(district_home, store, Silent())
    told = changed_rows(store, start)
    assert counts["新增"] == sum(one["change"] == "新增" for one in told) > 0
    with store.read() as connection:
        reported = connection.execute(select(transfer)).mappings().all()
    assert len(reported) == counts["reported"] > 0
    assert {row["state"] for row in reported} == {"已上报"}
    assert all("不停发" in row["wanted"] for row in reported)


def test_only_those_that_are_due_are_checked(district_home, store):
    recheck(district_home, store, Silent())
    assert recheck(district_home, store, Silent(), due_only=True)["households"] == 0


def test_one_class_is_a_part(district_home, store):
    everybody = recheck(district_home, store, Silent())["households"]
    some = recheck(district_home, store, Silent(), classes=["特困"])["households"]
    assert 0 < some < everybody


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "无变化"),
        ({"members": ["P1"]}, "人口变化"),
        ({"tests": {"O01": "true"}}, "新增"),
        ({"tests": {}}, "减少"),
        ({"income": ["1", "1"]}, "金额变化"),
        ({"property": [1, 0]}, "金额变化"),
    ],
)
def test_what_counts_as_a_change(change, word):
    before = {"members": ["P1", "P2"], "income": ["0", "0"], "property": [0, 0], "aid": None, "tests": {"U01": "true"}}
    assert change_of(before, before | change) == word
    assert change_of(None, before) == "首次"
