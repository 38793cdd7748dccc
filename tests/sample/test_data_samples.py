"""`data_samples/` is what its README's command makes: whoever changes the sample makes it again."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.progress import Silent
from pipelines.sample import write_district

SAMPLES = Path(__file__).parents[2] / "data_samples"
AGAIN = "zhudong sample data_samples --persons 3000 --seed 2026 --batch 2026-10"


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    folder = tmp_path_factory.mktemp("again")
    write_district(folder, 3000, 2026, ["2026-10"], Silent())
    return folder


def test_the_readme_names_the_command():
    assert AGAIN in (SAMPLES / "README.md").read_text(encoding="utf-8")


def test_the_same_files_come_out(again):
    kept = {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*") if path.is_file()} - {"README.md"}
    assert kept == {str(path.relative_to(again)) for path in again.rglob("*") if path.is_file()}


def test_with_the_same_content(again):
    for path in again.rglob("*"):
        old = SAMPLES / path.relative_to(again)
        if path.suffix == ".csv":
            assert path.read_bytes() == old.read_bytes(), f"run again: {AGAIN}"
        elif path.suffix == ".parquet":  # whose bytes depend on the library's version
            assert_frame_equal(pl.read_parquet(path), pl.read_parquet(old))


def test_they_are_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 5_000_000
