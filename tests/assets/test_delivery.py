"""What lies in a batch's folder."""

import os

import pytest

from assets.delivery import arrived, look_into
from pipelines.errors import DataError


def test_it_counts_the_files_of_each_source_and_names_what_is_missing(drop, put, contracts, home):
    put(drop, "2026-10", "police_household", "another.csv")
    found = look_into(drop, "2026-10", contracts, home)
    assert found.present == {"police_household": 2, "disabled_persons": 1}
    assert [contract.source for contract in found.missing] == ["grid_reports"]
    assert found.files == 3
    assert found.size == 3


@pytest.mark.parametrize("name", [".hidden.csv", "~$open.xlsx", "half.csv.part", "copy.tmp"])
def test_half_copied_and_lock_files_are_no_delivery(drop, put, contracts, home, name):
    before = look_into(drop, "2026-10", contracts, home)
    put(drop, "2026-10", "grid_reports", name)
    assert look_into(drop, "2026-10", contracts, home) == before


def test_the_state_changes_with_size_time_and_place_and_with_nothing_else(drop, put, contracts, home):
    def state():
        return look_into(drop, "2026-10", contracts, home).state

    first = state()
    assert state() == first
    path = put(drop, "2026-10", "police_household", text="longer")
    longer = state()
    os.utime(path, (1, 1))
    older = state()
    path.rename(path.with_name("moved.csv"))
    assert len({first, longer, older, state()}) == 4


def test_a_folder_that_is_not_there_stops_the_batch(drop, contracts, home):
    with pytest.raises(DataError, match="没有批次 2026-09 的文件夹"):
        arrived(drop, "2026-09", contracts, home)


def test_all_required_sources_that_are_missing_are_named_at_once(tmp_path, contracts, home):
    (tmp_path / "drop" / "2026-10").mkdir(parents=True)
    with pytest.raises(DataError) as error:
        arrived(tmp_path / "drop", "2026-10", contracts, home)
    assert "police_household" in error.value.what
    assert "disabled_persons" in error.value.what
    assert "grid_reports" not in error.value.what


def test_what_was_read_before_is_not_missing_though_its_file_has_gone(drop, contracts, home):
    path = home.lake("2026-10", "extracts", "grid_reports")
    path.parent.mkdir(parents=True)
    path.touch()
    assert look_into(drop, "2026-10", contracts, home).missing == []


def lake(home, batch, source):
    path = home.lake(batch, "extracts", source)
    path.parent.mkdir(parents=True)
    path.touch()


def test_a_source_is_late_when_it_has_not_come_for_as_long_as_it_is_sent_after(drop, contracts, home):
    lake(home, "2026-07", "grid_reports")

    def late(frequency):
        several = {**contracts, "grid_reports": contracts["grid_reports"].model_copy(update={"frequency": frequency})}
        return look_into(drop, "2026-10", several, home).late

    assert late("month") == late("quarter") == {"grid_reports": "2026-07"}
    assert late("year") == {}
    assert late("event") == {}


def test_the_sentences_name_the_source_and_the_department_but_no_file(drop, put, contracts, home):
    monthly = {**contracts, "grid_reports": contracts["grid_reports"].model_copy(update={"frequency": "month"})}
    put(drop, "2026-10", "police_household", "王小明.csv")
    lake(home, "2026-09", "grid_reports")
    found = look_into(drop, "2026-10", monthly, home)
    assert found.sentences() == ["镇街 · 网格与热线线索 已经过期：上次收到是 2026-09。请向镇街催要。"]
    assert "王小明" not in found.markdown() + found.state
