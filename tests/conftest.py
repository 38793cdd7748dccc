"""What several rooms' tests need: a real browser, a real office program; absent ones are said, and demanded where they must be."""

import contextlib
import os
import shutil

import pytest

# Files that a test has just written are looked at twice all the same, without waiting between.
os.environ.setdefault("ZHUDONG_SETTLE", "0")


def real_part(program: str) -> str:
    """The path of a real program; skips where it is not installed, fails where `ZHUDONG_REQUIRE_REAL` is set."""
    path = shutil.which(program)
    if path is None:
        if os.environ.get("ZHUDONG_REQUIRE_REAL"):
            pytest.fail(f"{program} is not installed and ZHUDONG_REQUIRE_REAL asks for it")
        pytest.skip(f"{program} is not installed")
    return path


@pytest.fixture
def browser():
    """A context manager that gives a page of a headless Chromium."""
    chromium = real_part("chromium")

    @contextlib.contextmanager
    def page(**size):
        from playwright.sync_api import sync_playwright

        quiet = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=chromium, args=quiet)
            try:
                yield started.new_page(
                    viewport={"width": size.get("width", 1200), "height": size.get("height", 900)}, locale="zh-CN"
                )
            finally:
                started.close()

    return page


@pytest.fixture(scope="session")
def district_home(tmp_path_factory):
    """A published district of 1,000 persons with its case store. Not to be changed: copy it."""
    from tests.builders.district_home import publish_district

    return publish_district(tmp_path_factory.mktemp("district_home"))
