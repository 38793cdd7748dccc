"""Transfers: only the declared ways, each message once, nobody's move lost."""

import datetime as dt
import itertools
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from pipelines.casework.clock import day_of, now
from pipelines.casework.declared import load_transfers
from pipelines.casework.files import belonging
from pipelines.casework.store import TakenError
from pipelines.casework.tables import transfer
from pipelines.casework.transfers import Move, events, move, report
from pipelines.errors import DataError
from tests.casework.conftest import DISTRICT, TOWN, VILLAGE, household

POLICY = load_transfers()
KEYS = itertools.count()
COMPLETE = {"note": "说明", "department": "住建", "result": "R1", "granted": "公租房", "closed_on": day_of(now())}


def reported(store, number=None, matter="住房"):
    number = number or household(store)
    with store.write() as connection:
        return report(connection, number, VILLAGE, {"matter": matter, "wanted": "请核实"}, key=f"k{next(KEYS)}")


def row(store, transfer_id):
    with store.read() as connection:
        return dict(connection.execute(select(transfer).where(transfer.c.transfer_id == transfer_id)).mappings().one())


def put(store, transfer_id, state):
    with store.write() as connection:
        closed = day_of(now()) if state == "已办结" else None
        connection.execute(update(transfer).where(transfer.c.transfer_id == transfer_id).values(state=state, closed_on=closed))


def go(store, transfer_id, to, actor=DISTRICT, **more):
    given_ = {**COMPLETE, **more}
    version = given_.pop("version", None) or row(store, transfer_id)["version"]
    return move(store, transfer_id, Move(to=to, version=version, key=given_.pop("key", f"k{next(KEYS)}"), **given_), actor)


@pytest.mark.parametrize(("state", "to"), list(itertools.product(POLICY.states, POLICY.states)))
def test_every_allowed_way_is_open_and_every_other_is_closed(lite, state, to):
    number = reported(lite)
    put(lite, number, state)
    if POLICY.step(state, to):
        go(lite, number, to)
        assert row(lite, number)["state"] == to
    else:
        with pytest.raises(DataError, match="不能直接到"):
            go(lite, number, to)
        assert row(lite, number)["state"] == state


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([*POLICY.states, "别的"]), st.sampled_from([VILLAGE, TOWN, DISTRICT]), st.booleans()),
        max_size=12,
    )
)
def test_no_sequence_of_messages_reaches_an_undeclared_state(lite, messages):
    number = reported(lite, household(lite, f"H{next(KEYS):011d}"))
    for to, actor, again in messages:
        before = row(lite, number)
        key = f"k{next(KEYS)}"
        for _ in range(2 if again else 1):
            try:
                go(lite, number, to, actor, key=key, version=before["version"])
            except DataError:
                assert row(lite, number) == before
        after = row(lite, number)
        assert after["state"] in POLICY.states
        if after["state"] != before["state"]:
            assert POLICY.step(before["state"], after["state"])
            assert after["version"] == before["version"] + 1
    told = [(one["from_state"], one["to_state"]) for one in events(lite, number)]
    assert told[-1][1] == row(lite, number)["state"]
    assert all(one[1] == two[0] for one, two in itertools.pairwise(told))


def test_the_clock_starts_when_it_is_handed_out_and_stops_when_it_is_sent_back(store):
    number = reported(store)
    go(store, number, "已受理", TOWN)
    assert row(store, number)["due"] is None
    go(store, number, "已分办", TOWN)
    assert row(store, number)["due"] > day_of(now())
    go(store, number, "退回", as_department=True)
    assert (row(store, number)["due"], row(store, number)["returns"]) == (None, 1)


def test_after_two_returns_the_district_decides(lite):
    number = reported(lite)
    go(lite, number, "已受理", TOWN)
    for _ in range(2):
        go(lite, number, "已分办")
        go(lite, number, "退回")
    with pytest.raises(DataError, match="由区里确定"):
        go(lite, number, "已分办", TOWN)
    go(lite, number, "已分办", DISTRICT)


@pytest.mark.parametrize(
    ("state", "to", "without", "told"),
    [
        ("已受理", "已分办", {"department": ""}, "承办部门"),
        ("已上报", "撤销", {"note": " "}, "理由"),
        ("已分办", "退回", {"note": ""}, "理由"),
        ("办理中", "已办结", {"result": ""}, "办理结果"),
        ("办理中", "已办结", {"closed_on": None}, "办结日期"),
        ("办理中", "已办结", {"closed_on": dt.date(2999, 1, 1)}, "今天以后"),
        ("办理中", "已办结", {"granted": ""}, "已落实的政策"),
    ],
)
def test_what_a_step_needs_is_asked_for(lite, state, to, without, told):
    number = reported(lite)
    put(lite, number, state)
    with pytest.raises(DataError, match=told):
        go(lite, number, to, **without)
    assert row(lite, number)["state"] == state


def test_a_village_reports_and_withdraws_but_hands_nothing_out(lite):
    number = reported(lite)
    with pytest.raises(DataError, match="不能办理"):
        go(lite, number, "已受理", VILLAGE)
    go(lite, number, "撤销", VILLAGE)


@pytest.mark.parametrize(("days", "open_"), [(30, True), (31, False)])
def test_what_is_done_is_reopened_within_thirty_days(lite, days, open_):
    number = reported(lite)
    with lite.write() as connection:
        connection.execute(update(transfer).values(state="已办结", closed_on=day_of(now()) - dt.timedelta(days=days)))
    if open_:
        go(lite, number, "已受理", TOWN)
        assert row(lite, number)["closed_on"] is None
    else:
        with pytest.raises(DataError, match="超过 30 天"):
            go(lite, number, "已受理", TOWN)


def test_the_same_matter_reported_again_while_open_is_joined(store):
    number = household(store)
    first = reported(store, number)
    assert reported(store, number) == first
    put(store, first, "已办结")
    assert reported(store, number) != first
    assert len(belonging(store, number)["transfers"]) == 2


def test_of_many_who_move_it_at_once_one_does_and_the_others_are_told(store):
    number = reported(store)
    version, outcomes = row(store, number)["version"], []

    def take(n):
        try:
            move(store, number, Move("已受理", version, f"clerk-{n}"), TOWN)
            outcomes.append("moved")
        except TakenError:
            outcomes.append("told")

    threads = [threading.Thread(target=take, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["moved", *["told"] * 7]
    assert row(store, number)["version"] == version + 1


def test_one_message_that_arrives_many_times_at_once_counts_once(store):
    number = reported(store)
    version, failures = row(store, number)["version"], []

    def send():
        try:
            move(store, number, Move("已受理", version, "the same"), TOWN)
        except Exception as error:  # noqa: BLE001  whatever it is, the test fails with it
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(failure) for failure in failures if not isinstance(failure, TakenError)] == []
    assert [one["to_state"] for one in events(store, number)] == ["已上报", "已受理"]
