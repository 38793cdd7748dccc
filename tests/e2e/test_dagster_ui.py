"""The Dagster UI in a real browser, on a home folder in which a month was run from the command line.

With `ZHUDONG_PICTURES=1` the pages are kept as the handbooks' pictures (docs/images/dagster_*.png).
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pipelines.storage import Home

pytestmark = [pytest.mark.e2e, pytest.mark.real]

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"


@pytest.fixture(scope="module")
def home(published, tmp_path_factory):
    return Home(Path(shutil.copytree(published, tmp_path_factory.mktemp("ui") / "home")))


@pytest.fixture(scope="module")
def address(home, district):
    """`zhudong dev` on that home; its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "pipelines.cli",
        "dev",
        "--home",
        str(home.root),
        "--extracts",
        str(district),
        "--port",
        str(port),
    ]
    log = home.root / "dev.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        assert answers(url, server), log.read_text(encoding="utf-8")
        yield url
    finally:
        os.kill(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def answers(url, server):
    """Whether the project's definitions are loaded, after waiting for it."""
    for _ in range(150):
        if server.poll() is not None:
            return False
        with contextlib.suppress(OSError, KeyError):
            found = ask(url, "{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name } } } } }")
            if found["repositoriesOrError"]["nodes"]:
                return True
        time.sleep(1)
    return False


def ask(url, query):
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["data"]


def names(home):
    with home.connect(home.warehouse, read_only=True) as connection:
        rows = connection.execute("SELECT DISTINCT name FROM person WHERE length(name) >= 3").fetchall()
        return {row[0] for row in rows} | {
            row[0] for row in connection.execute("SELECT id_number FROM person").fetchall() if row[0]
        }


def test_the_ui_shows_the_graph_by_department_the_run_and_the_checks_and_nobody(address, home, browser):
    [run] = ask(address, "{ runsOrError { ... on Runs { results { runId status } } } }")["runsOrError"]["results"]
    assert run["status"] == "SUCCESS"
    pages = {
        "graph": ("/asset-groups", ["police", "medical_insurance", "linkage", "publish"]),
        "department": (
            "/locations/__repository__@zhudong/asset-groups/police",
            ["police_household_extract", "police_household_standardised", "police_household_quality"],
        ),
        "run": (f"/runs/{run['runId']}", ["Success", "2026-10"]),
        "checks": ("/assets/police_household_quality?view=checks", ["filled", "rows", "values", "填写率"]),
        "persons": ("/assets/persons", ["归并", "records", "month"]),
    }
    people = names(home)
    assert people
    with browser(width=1360, height=820) as page:
        for name, (path, texts) in pages.items():
            page.goto(address + path)
            for text in texts:
                page.get_by_text(text).first.wait_for(timeout=60_000)
            page.wait_for_timeout(1500)
            shown = page.inner_text("body")
            assert not [person for person in people if person in shown], name
            if os.environ.get("ZHUDONG_PICTURES"):
                PICTURES.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=PICTURES / f"dagster_{name}.png")
