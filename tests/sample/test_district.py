import gc
import hashlib
import weakref

import polars as pl
import pytest

from pipelines.errors import UsageError
from pipelines.progress import Silent
from pipelines.sample import district as district_module
from pipelines.sample import households, write_district
from pipelines.sample.sources import SOURCES

MONTHS = ["2026-10", "2026-11", "2026-12"]


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def three_months(tmp_path_factory):
    folder = tmp_path_factory.mktemp("months")
    write_district(folder, 4000, 4, MONTHS, Silent())
    return folder


def test_the_same_seed_gives_the_same_bytes(tmp_path, three_months):
    write_district(tmp_path / "again", 4000, 4, MONTHS, Silent())
    assert digests(tmp_path / "again") == digests(three_months)


def test_another_seed_gives_another_district(tmp_path, district):
    write_district(tmp_path, 3000, 8, ["2026-10"], Silent())
    one, other = digests(tmp_path), digests(district)
    assert set(one) == set(other)
    assert all(one[name] != other[name] for name in one)


def test_the_folder_is_a_drop_folder_with_all_sources(district):
    assert {path.name for path in (district / "2026-10").iterdir()} == set(SOURCES)
    assert {path.name for path in (district / "truth").iterdir()} == {
        "person_record.parquet", "finding.parquet", "person.parquet", "household.parquet", "household_income.parquet", "defect.parquet",
    }  # fmt: skip


def test_the_truth_has_the_columns_of_the_interface(district):
    records = pl.read_parquet(district / "truth" / "person_record.parquet")
    assert records.columns == ["batch", "source", "file", "row_no", "member_no", "true_person"]
    assert records.select("source", "file", "row_no", "member_no").is_duplicated().sum() == 0
    findings = pl.read_parquet(district / "truth" / "finding.parquet")
    assert findings.columns == ["batch", "rule_id", "outcome", "true_person", "true_household"]


def test_there_are_as_many_people_as_asked_for(district):
    people = pl.read_parquet(district / "truth" / "person.parquet")
    assert 2950 <= len(people) <= 3000
    assert people["true_person"].n_unique() == len(people)


def test_chunks_do_not_collide(tmp_path, monkeypatch):
    monkeypatch.setattr(households, "CHUNK", 1500)
    write_district(tmp_path, 6000, 2, ["2026-10"], Silent())
    people = pl.read_parquet(tmp_path / "truth" / "person.parquet")
    assert people["true_person"].n_unique() == len(people)
    assert (people["id_number"].is_duplicated()).sum() == 2 * 4  # one shared id in each of the four chunks
    register = pl.read_parquet(tmp_path / "truth" / "household.parquet").filter(pl.col("kind") == "register")
    assert register["true_person"].is_duplicated().sum() == 0


def test_what_is_held_is_one_chunk_however_many_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(households, "CHUNK", 800)
    made, held = [], []

    class Watched(district_module.World):
        def __init__(self, *given):
            super().__init__(*given)
            made.append(weakref.ref(self.months[-1].settlements))
            made.append(weakref.ref(self))

    class Watching(Silent):
        def advance(self, _amount=1):
            gc.collect()
            held.append(sum(ref() is not None for ref in made))

    monkeypatch.setattr(district_module, "World", Watched)
    write_district(tmp_path, 4800, 2, ["2026-10"], Watching())
    assert len(made) == 12
    assert held == [0] * 6


def test_months_follow_each_other_with_small_changes(three_months):
    records = pl.read_parquet(three_months / "truth" / "person_record.parquet")
    register = records.filter(pl.col("source") == "police_household")
    sizes = dict(register.group_by("batch").len().iter_rows())
    assert sorted(sizes) == MONTHS
    assert max(sizes.values()) < 1.02 * min(sizes.values())
    first, last = (set(register.filter(pl.col("batch") == batch)["true_person"]) for batch in (MONTHS[0], MONTHS[2]))
    assert last - first, "children are born"
    assert first - last, "the dead leave the register"


def test_settlements_of_each_month_reach_thirteen_months_back(three_months):
    for batch in MONTHS:
        (path,) = (three_months / batch / "medical_settlement").iterdir()
        lines = path.read_bytes().decode("gb18030").splitlines()
        at = lines[0].split("|").index("结算日期")
        months = sorted({line.split("|")[at][:7] for line in lines[1:]})
        year, month = int(batch[:4]), int(batch[5:])
        assert months[-1] == batch
        assert months[0] == f"{year - 1}-{month:02d}"


def test_a_thing_that_is_no_month_is_refused(tmp_path):
    with pytest.raises(UsageError):
        write_district(tmp_path, 100, 1, ["2026-13"], Silent())


def test_a_district_too_small_for_the_planted_families_is_refused(tmp_path):
    with pytest.raises(UsageError):
        write_district(tmp_path, 100, 1, ["2026-10"], Silent())


def test_batches_out_of_order_are_refused(tmp_path):
    for batches in (["2026-11", "2026-10"], ["2026-10", "2026-10"], []):
        with pytest.raises(UsageError):
            write_district(tmp_path, 3000, 1, batches, Silent())


def test_a_second_sample_replaces_the_first_and_leaves_none_of_its_files(tmp_path):
    write_district(tmp_path, 1200, 1, ["2026-10"], Silent())
    stale = tmp_path / "2026-10" / "custody" / "旧文件.csv"
    stale.write_text("姓名", encoding="utf-8")
    write_district(tmp_path, 1200, 1, ["2026-10"], Silent())
    assert not stale.exists()


def test_files_that_no_sample_made_are_never_taken_away(tmp_path):
    real = tmp_path / "2026-10" / "custody" / "服刑.csv"
    real.parent.mkdir(parents=True)
    real.write_text("姓名", encoding="utf-8")
    with pytest.raises(UsageError):
        write_district(tmp_path, 1200, 1, ["2026-10"], Silent())
    assert real.exists()


@pytest.mark.parametrize(
    "text", ["default: {id_typos: 0.1}", "sources: {tax: {id_typo: 0.1}}", "rates: {}", "scale: [", "scale: {typo: 2}", "[1]"]
)
def test_a_channel_with_something_unknown_in_it_is_refused_by_name(tmp_path, text):
    path = tmp_path / "channel.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="差错率文件"):
        write_district(tmp_path / "d", 1200, 1, ["2026-10"], Silent(), channel=path)


def test_a_channel_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="不存在"):
        write_district(tmp_path / "d", 1200, 1, ["2026-10"], Silent(), channel=tmp_path / "none.yaml")
