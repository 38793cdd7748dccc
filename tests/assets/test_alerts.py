"""The alerts' job and the command do one thing: write what is overdue, send what waits."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from assets.alerts import alerts_job
from assets.resources import Place
from pipelines.casework.store import open_store
from pipelines.casework.tables import outbox, visit_due
from pipelines.cli import main
from pipelines.storage import Home
from tests.casework.conftest import household


def by_job(folder):
    assert alerts_job.execute_in_process(resources={"place": Place(home=str(folder), extracts=str(folder))}).success


def by_command(folder):
    assert main(["alerts", "send", "--home", str(folder)]) == 0


@pytest.mark.parametrize("run", [by_job, by_command])
def test_what_is_overdue_is_written_once(tmp_path, monkeypatch, run):
    monkeypatch.delenv("ZHUDONG_CASES", raising=False)
    store = open_store(Home(tmp_path))
    household(store, level="orange")
    with store.write() as connection:
        connection.execute(update(visit_due).values(due_by=dt.date(2026, 1, 5)))
    for _ in range(2):
        run(tmp_path)
    with store.read() as connection:
        assert connection.execute(select(outbox.c.reader).order_by(outbox.c.number)).scalars().all() == ["town", "district"]
