"""One small district for the whole room, and its world in memory."""

import pytest

from pipelines.progress import Silent
from pipelines.sample import write_district
from pipelines.sample.district import World
from pipelines.sample.households import Plan


@pytest.fixture(scope="session")
def district(tmp_path_factory):
    """A written district of 3,000 persons in one batch."""
    folder = tmp_path_factory.mktemp("district")
    write_district(folder, 3000, 7, ["2026-10"], Silent())
    return folder


@pytest.fixture(scope="session")
def world():
    """The people of one chunk of a district of 20,000, as of October 2026."""
    return World(Plan(20_000, 3, ("2026-10",)), 0, 0).months[0]
