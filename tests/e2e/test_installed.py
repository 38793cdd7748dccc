"""The wheel, installed into an environment of its own, works from any folder: nothing of the checkout is needed."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.e2e.conftest import BATCH

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel, tmp_path_factory) -> Path:
    """The installed command. The environment sees this one's libraries, but not the checkout: no editable install is followed."""
    environment = tmp_path_factory.mktemp("installed") / "环境 一"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    [packages] = environment.glob("lib/*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, capture_output=True)
    return environment / "bin" / "zhudong"


def call(command, folder, *arguments):
    """What the command says, started from a folder that knows nothing of the project."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "ZHUDONG_SETTLE": "0"}
    return subprocess.run(
        [command, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip


def test_every_file_of_the_three_rooms_is_in_the_wheel(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    files = [
        path.relative_to(ROOT).as_posix()
        for room in ("pipelines", "assets", "schemas")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert set(files) | {"assets/dagster.yaml"} <= held


def test_it_runs_a_month_and_refuses_what_is_wrong_from_any_folder(command, required_drop, tmp_path):
    drop, elsewhere = required_drop.rename(tmp_path / "数据 文件"), tmp_path / "别处"
    elsewhere.mkdir()
    done = call(command, elsewhere, "run", "--extracts", drop, "--home", "工作 文件夹", "--batch", BATCH)
    assert done.returncode == 0, done.stderr
    home = elsewhere / "工作 文件夹"
    assert list((home / "worklists" / BATCH).glob("*.xlsx"))
    assert (home / "reports" / BATCH / "report.html").exists()
    assert (home / "dagster" / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()
    refused = call(command, elsewhere, "run", "--extracts", "没有这里", "--home", home, "--batch", BATCH)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert "找不到数据文件夹" in refused.stderr
