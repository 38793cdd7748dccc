"""The desk on a copy of a published district: as an application, and as a server that a browser can open."""

import contextlib
import re
import shutil
import socket
import threading
import time

import pytest
from starlette.testclient import TestClient

from pipelines.casework.accounts import add_account
from pipelines.casework.store import Store
from pipelines.desk.app import create_app
from pipelines.storage import Home

PASSWORD = "ban-li-tai-2026"


@pytest.fixture
def home(district_home, tmp_path):
    """A home of its own: the batches are shared by links, the store is a copy."""
    root = tmp_path / "home"
    shutil.copytree(district_home.root, root, copy_function=_link)
    return Home(root, memory="1GB", threads=2)


def _link(source, target):
    import os

    if "cases" in str(source):
        shutil.copy2(source, target)
    else:
        os.link(source, target)


@pytest.fixture
def store(home):
    made = Store(f"sqlite:///{home.root / 'cases' / 'cases.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def app(home, store):
    return create_app(home, store)


@pytest.fixture
def towns(store):
    """The towns that have files, the one with the most first; and a village of that town."""
    from collections import Counter

    from sqlalchemy import select

    from pipelines.casework.tables import case_file

    with store.read() as connection:
        rows = connection.execute(select(case_file.c.town, case_file.c.village)).all()
    named = [town for town, _ in Counter(row.town for row in rows if row.town).most_common()]
    return named, next(row.village for row in rows if row.town == named[0] and row.village)


@pytest.fixture
def clerks(store, towns):
    """An account of each role: district, town, other town, village, organisation."""
    named, village = towns
    add_account(store, "qu", PASSWORD, "district")
    add_account(store, "zhen", PASSWORD, "town", town=named[0])
    add_account(store, "wai", PASSWORD, "town", town=named[1])
    add_account(store, "cun", PASSWORD, "village", town=named[0], village=village)
    add_account(store, "jigou", PASSWORD, "organisation", organisation="某中心")
    return {"district": "qu", "town": "zhen", "other": "wai", "village": "cun", "organisation": "jigou"}


class Clerk:
    """Somebody logged in, without a browser."""

    def __init__(self, app, name):
        self.client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
        answer = self.client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text

    def get(self, path):
        return self.client.get(path, follow_redirects=True)

    def post(self, path, page=None, **fields):
        csrf = fields.pop("csrf", None) or self.token(page or "/password")
        return self.client.post(path, data={"csrf": csrf, **fields})

    def token(self, page):
        return re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)[1]

    def field(self, page, name):
        return re.search(rf'name="{name}" value="([^"]*)"', self.get(page).text)[1]


@pytest.fixture
def log_in(app, clerks):
    return lambda role: Clerk(app, clerks[role])


@contextlib.contextmanager
def served(app):
    """The application on a port of this machine."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def file_no(store, towns):
    """A file of the first town with an open lead."""
    from sqlalchemy import select

    from pipelines.casework.tables import case_file, case_lead

    named, village = towns
    with store.read() as connection:
        return connection.execute(
            select(case_file.c.file_no)
            .join(case_lead, case_lead.c.file_no == case_file.c.file_no)
            .where(case_file.c.town == named[0], case_file.c.village == village, case_lead.c.state == "待走访")
            .order_by(case_file.c.file_no)
        ).scalars().first()  # fmt: skip
