"""Storage: a file is whole or absent, a connection is bounded, the home folder is found by batch."""

import errno

import pytest

from pipelines.errors import DataError, UsageError
from pipelines.storage import Home, check_batch, whole_or_absent, write_parquet


def test_a_file_appears_only_when_its_block_succeeds(tmp_path):
    target = tmp_path / "a" / "t.parquet"
    with pytest.raises(ZeroDivisionError), whole_or_absent(target) as new:
        new.write_bytes(b"half")
        _ = 1 / 0
    assert list(target.parent.iterdir()) == []
    with whole_or_absent(target) as new:
        new.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"
    assert list(target.parent.iterdir()) == [target]


def test_an_old_file_survives_a_failed_write(tmp_path):
    target = tmp_path / "t"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), whole_or_absent(target) as new:
        new.write_bytes(b"new")
        raise RuntimeError
    assert target.read_bytes() == b"old"


def test_a_full_disk_is_said_in_plain_words_and_leaves_the_old_file(tmp_path):
    target = tmp_path / "t"
    target.write_bytes(b"old")
    with pytest.raises(DataError, match="磁盘空间不足"), whole_or_absent(target):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert target.read_bytes() == b"old"


def test_duckdbs_own_words_for_a_full_disk_are_understood(tmp_path):
    class IOException(Exception):  # noqa: N818  DuckDB's name
        pass

    with pytest.raises(DataError, match="磁盘空间不足"), whole_or_absent(tmp_path / "t"):
        raise IOException('IO Error: Could not write file "t": No space left on device')


def test_a_query_that_needs_more_memory_than_it_may_have_says_so(tmp_path):
    home = Home(tmp_path, memory="20MB", threads=1)
    with pytest.raises(DataError, match="内存"), home.connect() as connection:
        connection.execute("SET max_temp_directory_size = '1MB'")
        connection.execute("CREATE TABLE t AS SELECT random()::VARCHAR || i AS r FROM range(3000000) t(i)").fetchall()


def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path):
    (tmp_path / ".t.4711.new").write_bytes(b"left over")
    with whole_or_absent(tmp_path / "t") as new:
        new.write_bytes(b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t"]


def test_batches_are_calendar_months():
    assert check_batch("2026-10") == "2026-10"
    for wrong in ("2026-13", "202610", "2026-1", "latest", "../2026-10"):
        with pytest.raises(UsageError):
            check_batch(wrong)


def test_batches_of_the_lake_are_found_oldest_first(tmp_path):
    home = Home(tmp_path)
    for batch in ("2026-11", "2026-09", "2026-10"):
        home.lake(batch, "extracts", "x").parent.mkdir(parents=True)
    (tmp_path / "lake" / "notes").mkdir()
    assert home.batches() == ["2026-09", "2026-10", "2026-11"]
    assert home.earlier_batches("2026-11") == ["2026-09", "2026-10"]


def test_a_connection_is_bounded_fetches_nothing_and_leaves_no_spill_folder(tmp_path):
    home = Home(tmp_path, memory="500MB", threads=1)
    with home.connect() as connection:
        settings = dict(connection.execute("SELECT name, value FROM duckdb_settings()").fetchall())
        assert settings["threads"] == "1"
        assert settings["autoinstall_known_extensions"] == "false"
        assert "476" in settings["memory_limit"]
        rows = write_parquet(connection, "SELECT range AS n FROM range(5)", tmp_path / "n.parquet")
    assert rows == 5
    assert not list((tmp_path / "tmp").glob("spill-*")) if (tmp_path / "tmp").exists() else True
