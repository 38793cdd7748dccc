"""What is measured of a source's batch."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.quality import measures as measuring
from pipelines.quality.measures import measure_source


@pytest.fixture
def measured(home, register):
    def measures(batch="2026-10"):
        with home.connect() as connection:
            return {measure.name: measure.value for measure in measure_source(connection, home, batch, register)}

    return measures


def test_a_source_that_did_not_arrive_has_no_measures(measured):
    assert measured() == {}


def test_fill_rates_are_the_shares_of_rows_in_which_a_column_says_something(write, measured):
    write(200, phone="CASE WHEN i % 4 = 0 THEN 'x' END", former_name="NULL")
    found = measured()
    assert found["rows"] == 200
    assert found["filled phone"] == 0.25
    assert found["filled former_name"] == 0
    assert found["filled name"] == 1


def test_fill_rates_are_counted_where_the_files_footer_holds_no_null_counts(home, register, measured, write):
    import pyarrow.parquet as pq

    write(200, phone="CASE WHEN i % 4 = 0 THEN 'x' END")
    path = home.lake("2026-10", "extracts", register.source)
    pq.write_table(pq.read_table(path), path, write_statistics=False)
    assert measured()["filled phone"] == 0.25


def test_rows_are_compared_with_the_last_batch_that_held_the_source(write, measured, home):
    write(100, batch="2026-07")
    (home.root / "lake" / "2026-09").mkdir()
    write(80)
    assert measured()["rows_against_last_batch"] == 0.8
    assert "rows_against_last_batch" not in measured("2026-07")


def test_the_rejected_share_is_of_all_data_rows(write, measured):
    write(75, rejected=25)
    assert measured()["rejected_share"] == 0.25


def test_repeated_rows_are_those_that_say_the_same_in_every_column(write, measured):
    write(100, **dict.fromkeys(["household_no"], "i // 2"))
    assert measured()["repeated_share"] == 0, "another name makes another row"


def test_a_row_that_is_sent_twice_counts_once_as_repeated(write, measured, register):
    write(100, **dict.fromkeys(register.text_columns(), "i % 80"))
    assert measured()["repeated_share"] == pytest.approx(0.2)


def test_above_a_million_rows_the_repeated_share_is_taken_from_a_part_of_them(write, measured, register, monkeypatch):
    monkeypatch.setattr(measuring, "WHOLE_ROWS", 1000)
    write(20_000, **dict.fromkeys(register.text_columns(), "i % 16000"))
    assert measured()["repeated_share"] == pytest.approx(0.2, abs=0.05)


def test_id_states_and_the_usable_share_of_the_ids_that_were_written(write, measured):
    write(100, states="CASE WHEN i < 20 THEN 'missing' WHEN i < 40 THEN 'bad_check' WHEN i < 50 THEN 'lifted' ELSE 'valid' END")
    found = measured()
    assert found["id_status missing"] == 0.2
    assert found["id_status bad_check"] == 0.2
    assert found["id_usable_share"] == 0.75


def test_reading_warnings_are_counted_by_column_and_kind(write, measured):
    write(
        100,
        warnings="CASE WHEN i < 10 THEN ['birth_date:not_a_date', 'sex:unknown_code'] WHEN i < 15 THEN ['sex:unknown_code'] END",
    )
    found = measured()
    assert found["warned birth_date not_a_date"] == 0.1
    assert found["warned sex unknown_code"] == 0.15


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(1, 60), step=st.integers(1, 9), rejected=st.integers(0, 40))
def test_every_share_lies_between_nothing_and_everything(write, measured, rows, step, rejected):
    write(
        rows,
        rejected=rejected,
        phone=f"CASE WHEN i % {step} = 0 THEN 'x' END",
        states=f"CASE WHEN i % {step} = 0 THEN 'valid' ELSE 'missing' END",
    )
    for name, value in measured().items():
        if name not in ("rows", "rows_against_last_batch"):
            assert 0 <= value <= 1, name
    assert measured()["rejected_share"] == rejected / (rows + rejected)


def test_an_extract_without_rows_is_measured_as_such(write, measured):
    write(0)
    assert measured() == {"rows": 0}
