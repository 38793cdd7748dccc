"""A store on both databases; a file with a lead in it."""

import datetime as dt

import pytest
from sqlalchemy import text

from pipelines.casework.access import Actor
from pipelines.casework.clock import now
from pipelines.casework.files import HOUSEHOLD, Place, open_file
from pipelines.casework.levels import refresh
from pipelines.casework.store import Store
from pipelines.casework.tables import case_lead
from tests.postgres import postgres

TOWN = Actor("wang", "town", "王台街道", title="王")
OTHER_TOWN = Actor("li", "town", "泊里镇", title="李")
VILLAGE = Actor("zhao", "village", "王台街道", "徐村", title="赵")
DISTRICT = Actor("qu", "district", title="区")


@pytest.fixture(scope="session")
def server():
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The address of an empty store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'cases.sqlite'}"
        return
    address = request.getfixturevalue("server")
    from sqlalchemy import create_engine

    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    yield address


@pytest.fixture
def store(url):
    made = Store(url)
    yield made
    made.close()


@pytest.fixture
def lite(tmp_path):
    """A store where one database is enough."""
    made = Store(f"sqlite:///{tmp_path / 'lite.sqlite'}")
    yield made
    made.close()


def household(store, number="H00000000001", *, level=None, urgent=False, raised_days_ago=0, town="王台街道"):
    """A file, with an open lead of a level where one is given; its number."""
    with store.write() as connection:
        file = open_file(connection, HOUSEHOLD, number, Place(town, "徐村", "003"))
        if level:
            raised = now() - dt.timedelta(days=raised_days_ago)
            lead = {
                "lead_id": f"L{number[1:]}", "file_no": file["file_no"], "batch": "2026-10", "direction": "under", "level": level,
                "rule_ids": ["U01"], "due_date": raised.date() + dt.timedelta(days=3), "urgent": urgent, "raised_at": raised,
                "state": "待走访", "version": 1,
            }  # fmt: skip
            connection.execute(case_lead.insert(), lead)
            from pipelines.casework.levels import raise_all

            raise_all(connection, {file["file_no"]: (level, "线索", number)})
        refresh(connection, file["file_no"])
    return file["file_no"]
