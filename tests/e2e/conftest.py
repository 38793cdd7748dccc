"""A small district and a run of it, made once for all tests of whole commands."""

import contextlib
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines import cli

BATCH = "2026-10"


@dataclass
class Said:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


def zhudong(*arguments) -> Said:
    """Run a command in this process: the heavy imports are paid for once."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def district(tmp_path_factory) -> Path:
    """A synthetic district of 1,000 persons, one month, with its truth. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("district")
    assert zhudong("sample", folder, "--persons", 1000, "--seed", 11).code == 0
    return folder


@pytest.fixture(scope="session")
def published(district, tmp_path_factory) -> Path:
    """A home folder in which the district has been run. Not to be changed: copy it."""
    home = tmp_path_factory.mktemp("published") / "home"
    said = zhudong("run", "--extracts", district, "--home", home, "--batch", BATCH)
    assert said.code == 0, said.err
    return home


REQUIRED = ("police_household", "disabled_persons", "medical_settlement", "assistance_roster")


@pytest.fixture
def required_drop(district, tmp_path) -> Path:
    """A drop folder with the sources only that a batch must have: a run of it costs a third of a whole one."""
    for source in REQUIRED:
        shutil.copytree(district / BATCH / source, tmp_path / "required" / BATCH / source)
    return tmp_path / "required"


@pytest.fixture
def drop(district, tmp_path) -> Path:
    """The district's drop folder, to spoil."""
    shutil.copytree(district, tmp_path / "drop")
    return tmp_path / "drop"
