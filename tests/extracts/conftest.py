"""What the tests of this room share: a small contract, a drop folder to put files in, and a way to run the stage."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import Contract
from pipelines.extracts import extract_source
from pipelines.storage import Home

BATCH = "2026-10"

CONTRACT = {
    "source": "people",
    "number": 99,
    "title": "测试 · 人员",
    "department": "测试",
    "group": "testing",
    "columns": {
        "name": {"heading": ["姓名", "人员姓名"], "type": "name", "privacy": "identity", "required": True},
        "id_number": {"heading": ["身份证号", "公民身份号码"], "type": "id_number", "privacy": "identity", "required": True},
        "account": {"heading": ["银行账号"], "type": "text", "privacy": "finance"},
        "amount": {"heading": ["金额"], "type": "money", "privacy": "finance"},
        "paid_on": {"heading": ["发放日期"], "type": "date", "privacy": "finance"},
        "valid_to": {"heading": ["有效期至"], "type": "date", "privacy": "finance"},
        "note": {"heading": ["备注"], "type": "text", "privacy": "none"},
    },
    "identity": {"name": "name", "id_number": "id_number"},
}


class Told:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.titles: list[str] = []
        self.done = 0

    def start(self, title: str, total: int | None = None) -> None:  # noqa: ARG002
        self.titles.append(title)

    def advance(self, amount: int = 1) -> None:
        self.done += amount

    def note(self, text: str) -> None:
        self.notes.append(text)


class Office:
    """A drop folder and a home, and what the stage makes of one with the other."""

    def __init__(self, root: Path, contract: Contract) -> None:
        self.drop, self.home, self.contract, self.told = root / "drop", Home(root / "home"), contract, Told()
        self.folder = self.drop / BATCH / contract.source

    def put(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def extract(self) -> dict[str, int | float]:
        return extract_source(self.home, BATCH, self.contract, self.drop, self.told)

    def table(self, suffix: str = "") -> pl.DataFrame:
        return pl.read_parquet(self.path(suffix))

    def path(self, suffix: str = "") -> Path:
        return self.home.lake(BATCH, "extracts", self.contract.source + suffix)

    def lake(self) -> dict[str, bytes]:
        folder = self.path().parent
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.fixture
def contract() -> Contract:
    return Contract.model_validate(CONTRACT)


@pytest.fixture
def office(tmp_path: Path, contract: Contract) -> Office:
    return Office(tmp_path, contract)


@pytest.fixture
def offices(tmp_path: Path, contract: Contract) -> Callable[[str], Office]:
    return lambda name: Office(tmp_path / name, contract)
