"""Bad input: a message that an officer can act on, exit code 1, nothing published, nothing lost."""

import shutil
import subprocess
import zipfile

import pytest

from tests.e2e.conftest import BATCH, zhudong

pytestmark = pytest.mark.e2e

HEADINGS = "结算ID,姓名,身份证号码,医院名称,结算日期,总费用,统筹支出,大病保险,医疗救助支付,自费金额"


def settlements(drop):
    """The folder of the medical settlements, emptied: what a case puts there is all there is."""
    folder = drop / BATCH / "medical_settlement"
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def missing_required_source(drop):
    shutil.rmtree(drop / BATCH / "assistance_roster")
    return ["救助在册"]


def missing_heading(drop):
    text = HEADINGS.replace("结算日期,", "") + "\n1,甲,,某院,100,50,0,0,0\n"
    (settlements(drop) / "医保结算.csv").write_text(text, encoding="utf-8")
    return ["医保结算.csv", "结算日期", "医院名称"]


def empty_file(drop):
    (settlements(drop) / "医保结算.csv").write_bytes(b"")
    return ["医保结算.csv", "空"]


def binary_named_csv(drop):
    (settlements(drop) / "医保结算.csv").write_bytes(bytes(range(256)) * 64)
    return ["医保结算.csv"]


def truncated_zip(drop):
    folder = settlements(drop)
    with zipfile.ZipFile(folder / "结算.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("医保结算.csv", HEADINGS + "\n" + "1,甲,,某院,2026-10-01,100,50,0,0,0\n" * 500)
    whole = (folder / "结算.zip").read_bytes()
    (folder / "结算.zip").write_bytes(whole[: len(whole) // 2])
    return ["结算.zip"]


def wrong_month(drop):
    folder = drop / BATCH / "medical_settlement"
    for path in list(folder.iterdir()):
        path.rename(path.with_name("医保结算202608.csv" if path.suffix == ".csv" else f"202608{path.suffix}"))
        break
    return ["202608"]


def quoting_breaks(drop):
    good = "1,甲,,某院,2026-10-01,100,50,0,0,0\n"
    text = HEADINGS + "\n" + good * 50 + '2,"乙,,某院,2026-10-01,100,50,0,0,0\n' + good * 50
    (settlements(drop) / "医保结算.csv").write_text(text, encoding="utf-8")
    return ["医保结算.csv"]


def cut_in_the_middle_of_a_row(drop):
    good = "1,甲,,某院,2026-10-01,100,50,0,0,0\n"
    (settlements(drop) / "医保结算.csv").write_text(HEADINGS + "\n" + good * 50 + "2,乙,,某院,2026-10-01,10", encoding="utf-8")
    return ["医保结算.csv", "第 52 行", "没有传完"]


CASES = [
    missing_required_source, missing_heading, empty_file, binary_named_csv, truncated_zip, wrong_month, quoting_breaks,
    cut_in_the_middle_of_a_row,
]  # fmt: skip


@pytest.mark.parametrize("spoil", CASES, ids=lambda case: case.__name__)
def test_a_spoilt_file_stops_the_batch_with_what_where_and_what_to_do(spoil, required_drop, tmp_path):
    words = spoil(required_drop)
    said = zhudong("run", "--extracts", required_drop, "--home", tmp_path / "home", "--batch", BATCH)
    assert said.code == 1, said.out
    for word in [*words, "处理"]:
        assert word in said.err, f"{word} not in:\n{said.err[-1500:]}"
    assert "Traceback" not in said.err
    assert "asset check" not in said.err, "Dagster's own words are nothing to an officer"
    assert not (tmp_path / "home" / "warehouse" / "zhudong.duckdb").exists()
    assert not (tmp_path / "home" / "worklists" / BATCH).exists()


def test_a_spoilt_file_leaves_the_published_batch_and_mending_it_is_enough(published, drop, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(published, home)
    before = (home / "warehouse" / "zhudong.duckdb").read_bytes()
    good = drop.with_name("good")
    shutil.copytree(drop, good)
    missing_heading(drop)
    assert zhudong("run", "--extracts", drop, "--home", home, "--batch", BATCH).code == 1
    assert (home / "warehouse" / "zhudong.duckdb").read_bytes() == before
    said = zhudong("run", "--extracts", good, "--home", home, "--batch", BATCH)
    assert said.code == 0, said.err


def test_a_disk_that_fills_up_while_publishing_leaves_what_was_published(published, drop, tmp_path):
    """The warehouse lies on a file system of one megabyte; where none can be mounted, the test says so."""
    home = tmp_path / "home"
    shutil.copytree(published, home)
    place = home / "warehouse"
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small], check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        (small / "zhudong.duckdb").write_bytes(b"what was published before")
        shutil.rmtree(place)
        place.symlink_to(small)
        said = zhudong("run", "--extracts", drop, "--home", home, "--batch", BATCH)
        assert said.code == 1
        assert "磁盘空间不足" in said.err
        assert (small / "zhudong.duckdb").read_bytes() == b"what was published before"
        assert [path.name for path in small.iterdir()] == ["zhudong.duckdb"]
    finally:
        subprocess.run(["umount", small], check=False)
