"""The store: one form on both databases, history nobody rewrites, nobody's change lost."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DatabaseError

from pipelines.casework.access import Entry, record
from pipelines.casework.files import add_event, history, read_file, set_adviser
from pipelines.casework.store import Store, TakenError, next_number, open_store, store_url
from pipelines.casework.tables import (
    ADDED_ONLY,
    METADATA,
    access_log,
    case_event,
    case_file,
    service_event,
    service_rating,
    service_record,
    transfer_event,
)
from pipelines.errors import DataError
from pipelines.storage import Home
from tests.casework.conftest import DISTRICT, TOWN, household


def test_migrations_end_in_the_declared_tables(store):
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_opening_again_keeps_what_is_there(url):
    first = Store(url)
    number = household(first)
    first.close()
    again = Store(url)
    assert read_file(again, number, DISTRICT)["subject_id"] == "H00000000001"
    again.close()


def test_processes_that_start_together_make_one_store(url):
    failures = []

    def start():
        try:
            Store(url).close()
        except Exception as error:  # noqa: BLE001  whatever it is, the test fails with it
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


GUARDED = [access_log, case_event, transfer_event, service_event, service_record, service_rating]


@pytest.mark.parametrize("table", GUARDED, ids=lambda table: table.name)
@pytest.mark.parametrize("change", ["update", "delete"])
def test_what_is_only_added_to_is_guarded_by_the_database(store, table, change):
    from pipelines.casework.transfers import report
    from tests.casework.test_orders import ORGANISATION, accepted, go, serve

    assert table.name in ADDED_ONLY
    number = household(store)
    record(store, Entry(TOWN, "查看家庭", "入户走访", ["H1"]))
    with store.write() as connection:
        report(connection, number, TOWN, {"matter": "住房", "wanted": "核实"}, key="r1")
    order = accepted(store)
    go(store, order, "服务中", ORGANISATION)
    serve(store, order)
    go(store, order, "待评价", ORGANISATION)
    go(store, order, "完结", TOWN)
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar() > 0
    text = next(c for c in table.c if c.name in ("actor", "recorded_by"))
    statement = update(table).values({text: "x"}) if change == "update" else delete(table)
    with pytest.raises(DatabaseError, match="only added to"), store.write() as connection:
        connection.execute(statement)


def test_a_message_that_comes_twice_is_written_once(store):
    number = household(store)
    for _ in range(2):
        with store.write() as connection:
            add_event(connection, number, TOWN, "走访", "一次", key="same")
    assert [event["text"] for event in history(store, read_file(store, number, TOWN), TOWN)].count("一次") == 1


def test_who_read_an_old_version_does_not_write(store):
    number = household(store)
    seen_by_both = read_file(store, number, TOWN)
    set_adviser(store, seen_by_both, "wang", TOWN)
    with pytest.raises(TakenError, match="已被"):
        set_adviser(store, seen_by_both, "li", TOWN)
    assert read_file(store, number, TOWN)["adviser"] == "wang"


def test_numbers_are_given_out_once_to_many_at_once(store):
    given, lock = [], threading.Lock()

    def take():
        for _ in range(5):
            with store.write() as connection:
                mine = next_number(connection, "X", count=3)
            with lock:
                given.extend(mine)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [f"X{n:06d}" for n in range(1, 121)]


def test_two_who_open_a_households_file_at_once_get_one(store):
    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(lambda _: household(store), range(6)))  # an error in one of them is this test's
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(case_file)).scalar() == 1
        made = connection.execute(select(func.count()).select_from(case_event).where(case_event.c.kind == "建档")).scalar()
    assert (len(set(numbers)), made) == (1, 1)


def test_an_error_of_the_database_does_not_quote_what_was_typed(lite):
    with pytest.raises(DatabaseError) as told, lite.write() as connection:
        connection.execute(case_event.insert(), {"file_no": "张三370211198003051230"})
    assert "张三" not in str(told.value)


def test_a_wrong_address_is_told_plainly(tmp_path, monkeypatch):
    monkeypatch.setenv("ZHUDONG_CASES", "mysql://x")
    with pytest.raises(DataError, match="ZHUDONG_CASES"):
        open_store(Home(tmp_path))
    monkeypatch.setenv("ZHUDONG_CASES", "postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(DataError) as told:
        open_store(Home(tmp_path))
    assert "secret" not in str(told.value)
    monkeypatch.delenv("ZHUDONG_CASES")
    assert store_url(Home(tmp_path)).startswith("sqlite:///")
