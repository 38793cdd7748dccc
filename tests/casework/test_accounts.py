"""Accounts: who may come in, for how long, and that every attempt is on record."""

import datetime as dt

import pytest

from pipelines.casework import accounts
from pipelines.casework.access import latest
from pipelines.errors import DataError, UsageError

PASSWORD = "mo-sheng-ren-2026"


@pytest.fixture
def wang(store):
    accounts.add_account(store, "wang", PASSWORD, "town", town="王台街道")
    return store


def test_the_right_password_opens_a_session_and_logging_out_ends_it(wang):
    token = accounts.log_in(wang, "wang", PASSWORD)
    held = accounts.resume(wang, token)
    assert (held.actor.role, held.actor.town) == ("town", "王台街道")
    accounts.log_out(wang, held)
    assert accounts.resume(wang, token) is None


@pytest.mark.parametrize(("name", "password"), [("wang", "wrong-password"), ("nobody", PASSWORD), ("wang", "")])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer_and_are_logged(wang, name, password):
    with pytest.raises(DataError, match="账号或密码不对"):
        accounts.log_in(wang, name, password)
    assert latest(wang)[0]["allowed"] is False


def test_after_five_failures_the_account_is_locked_for_a_while(wang, monkeypatch):
    for _ in range(accounts.FAILURES):
        with pytest.raises(DataError):
            accounts.log_in(wang, "wang", "wrong-password")
    with pytest.raises(DataError):
        accounts.log_in(wang, "wang", PASSWORD)
    later = accounts.now() + accounts.LOCKED + dt.timedelta(seconds=1)
    monkeypatch.setattr(accounts, "now", lambda: later)
    assert accounts.log_in(wang, "wang", PASSWORD)


def test_a_session_ends_when_unused_and_after_a_day_of_use(wang, monkeypatch):
    start = accounts.now()
    token = accounts.log_in(wang, "wang", PASSWORD)
    for minutes in range(20, 12 * 60, 20):
        monkeypatch.setattr(accounts, "now", lambda minutes=minutes: start + dt.timedelta(minutes=minutes))
        assert accounts.resume(wang, token), minutes
    monkeypatch.setattr(accounts, "now", lambda: start + dt.timedelta(hours=12, minutes=1))
    assert accounts.resume(wang, token) is None
    monkeypatch.setattr(accounts, "now", lambda: start)
    token = accounts.log_in(wang, "wang", PASSWORD)
    monkeypatch.setattr(accounts, "now", lambda: start + accounts.IDLE + dt.timedelta(minutes=2))
    assert accounts.resume(wang, token) is None


@pytest.mark.parametrize("end", [accounts.disable, lambda store, name: accounts.set_password(store, name, "another-password")])
def test_disabling_and_a_new_password_end_sessions_at_once(wang, end):
    token = accounts.log_in(wang, "wang", PASSWORD)
    end(wang, "wang")
    assert accounts.resume(wang, token) is None


def test_the_demo_account_works_on_this_machine_only(lite):
    name, password = accounts.demo_account(lite)
    assert accounts.log_in(lite, name, password, loopback=True)
    with pytest.raises(DataError):
        accounts.log_in(lite, name, password, loopback=False)
    assert accounts.demo_account(lite) is None


@pytest.mark.parametrize(
    ("name", "password", "role", "place", "told"),
    [
        ("a b", PASSWORD, "district", {}, "空格"),
        ("a", "short", "district", {}, "至少"),
        ("a", PASSWORD, "king", {}, "角色"),
        ("a", PASSWORD, "town", {}, "镇街账号要写镇街"),
        ("a", PASSWORD, "village", {"town": "王台街道"}, "村居账号"),
        ("a", PASSWORD, "district", {"town": "王台街道"}, "别的账号都不写"),
        ("a", PASSWORD, "town", {"town": "天上街道"}, "没有“天上街道”"),
    ],
)
def test_a_wrong_account_is_refused_with_what_to_do(lite, name, password, role, place, told):
    with pytest.raises(UsageError, match=told):
        accounts.add_account(lite, name, password, role, **place)
    assert accounts.accounts(lite) == []


def test_no_password_is_kept_as_it_was_typed(wang, tmp_path):
    accounts.log_in(wang, "wang", PASSWORD)
    if wang.sqlite:
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("cases.sqlite*"))
        assert PASSWORD.encode() not in kept


def test_full_values_are_seen_for_a_reason_and_for_half_an_hour(wang, monkeypatch):
    held = accounts.resume(wang, accounts.log_in(wang, "wang", PASSWORD))
    assert accounts.opened(wang, held, "H1") is None
    with pytest.raises(DataError, match="事由"):
        accounts.open_subject(wang, held, "H1", "好奇")
    accounts.open_subject(wang, held, "H1", "入户走访")
    assert accounts.opened(wang, held, "H1") == "入户走访"
    assert accounts.opened(wang, held, "H2") is None
    assert [(row["action"], row["purpose"], row["subjects"]) for row in latest(wang, limit=1)] == [
        ("查看完整信息", "入户走访", ["H1"])
    ]
    later = accounts.now() + accounts.OPEN_FOR + dt.timedelta(minutes=1)
    monkeypatch.setattr(accounts, "now", lambda: later)
    assert accounts.opened(wang, held, "H1") is None
