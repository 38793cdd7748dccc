"""The year's counts: one person, household, visit once a year; by town and for the district."""

import duckdb
import pytest

from pipelines.publish.warehouse import create_tables

ROWS = """
INSERT INTO screened VALUES
    ('2026-09', 'disabled', 'P1', '甲镇'), ('2026-10', 'disabled', 'P1', '乙镇'), ('2026-10', 'disabled', 'P2', '甲镇'),
    ('2027-01', 'disabled', 'P1', '甲镇'), ('2026-10', 'medical_burden', 'P3', NULL), ('2026-10', 'lifted_out', 'P4', '甲镇');
INSERT INTO lead (lead_id, batch, household_id, direction, due_date, town, generated_on) VALUES
    ('L00000000001', '2026-09', 'H1', 'under', '2026-10-10', '甲镇', '2026-10-07'),
    ('L00000000001', '2026-10', 'H1', 'under', '2026-11-10', '甲镇', '2026-11-07'),
    ('L00000000002', '2026-10', 'H2', 'under', '2026-11-10', '甲镇', '2026-11-07'),
    ('L00000000003', '2026-10', 'H3', 'over', '2026-11-10', '甲镇', '2026-11-07');
INSERT INTO case_file (file_no, kind, subject_id, town) VALUES
    ('D1', '户', 'H1', '甲镇'), ('D2', '户', 'H2', '甲镇'), ('D3', '户', 'H3', '甲镇'), ('D4', '户', 'H4', '乙镇');
INSERT INTO visit (visit_id, file_no, visited_on, outcome_code, lead_ids) VALUES
    ('F1', 'D1', '2026-10-10', 'H1', '["L00000000001"]'),          -- on its last day
    ('F2', 'D1', '2026-11-08', 'B3', '["L00000000001"]'),          -- against the newer date
    ('F3', 'D2', '2026-11-11', 'B1', '["L00000000002", "L00000000003"]'),  -- a day late
    ('F4', 'D3', '2026-11-12', 'H1', '[]');                        -- answers no lead: not among them
INSERT INTO transfer (transfer_id, file_no, state, result, closed_on) VALUES
    ('T1', 'D1', '已办结', 'R1', '2026-12-01'), ('T2', 'D4', '已办结', 'R1', '2026-12-01'), ('T3', 'D3', '已办结', 'R2', '2026-12-01');
INSERT INTO referral_result (lead_id, result_code, closed_on, superseded) VALUES
    ('L00000000001', 'R1', '2026-11-30', false), ('L00000000002', 'R1', '2026-11-30', true);
INSERT INTO finding (batch, rule_id, outcome, person_id, household_id) VALUES
    ('2026-09', 'U10', 'true', 'P9', 'H1'), ('2026-10', 'U25', 'true', 'P9', 'H1'), ('2026-10', 'U11', 'true', 'P8', 'H9'),
    ('2026-10', 'U10', 'unknown', 'P7', 'H1');
INSERT INTO service_order (order_id, file_no, asked_on) VALUES
    ('S1', 'D1', '2026-11-01'), ('S2', 'D1', '2026-11-01'), ('S3', 'D4', '2026-11-01');
INSERT INTO service_record (order_id, on_day) VALUES ('S1', '2026-11-02'), ('S1', '2026-11-03');
"""


@pytest.fixture(scope="module")
def counts():
    with duckdb.connect() as connection:
        create_tables(connection)
        connection.execute(ROWS)
        rows = connection.execute("SELECT year, town, measure, amount, among FROM year_count").fetchall()
    return {(year, town, measure): (amount, among) for year, town, measure, amount, among in rows}


@pytest.mark.parametrize(
    ("town", "measure", "amount", "among"),
    [
        (None, "disabled_screened", 2, 2), ("甲镇", "disabled_screened", 2, 2), ("乙镇", "disabled_screened", 1, 1),
        (None, "medical_burden_screened", 1, 1), (None, "lifted_out_screened", 1, 1),
        (None, "households_found", 2, 2), (None, "households_aided", 2, 2), ("乙镇", "households_aided", 1, 1),
        (None, "visits_on_time", 2, 3), (None, "children_on_file", 1, 1), (None, "orders_served", 1, 3), ("乙镇", "orders_served", 0, 1),
    ],
)  # fmt: skip
def test_each_count_of_the_year(counts, town, measure, amount, among):
    assert counts["2026", town, measure] == (amount, among)


def test_who_has_no_known_town_counts_for_the_district_alone(counts):
    assert [town for _, town, measure in counts if measure == "medical_burden_screened"] == [None]


def test_a_year_counts_its_own(counts):
    assert counts["2027", None, "disabled_screened"] == (1, 1)
