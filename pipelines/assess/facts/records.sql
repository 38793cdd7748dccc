-- fact_records: the rows that made somebody's facts, so that a finding can name file and row: those within their window, active,
-- and of sources that may be read for this person.
SELECT person_id, source, file, row_no
FROM person_record
WHERE source NOT IN ('medical_settlement', 'tax_income', 'assistance_roster', 'grid_reports')
    AND (NOT list_contains(getvariable('restricted'), source) OR person_id IN (SELECT person_id FROM authorised))
UNION ALL
SELECT person_id, source, file, row_no FROM src_medical_settlement
WHERE settled_on BETWEEN getvariable('from_before_12m') AND getvariable('as_of')
UNION ALL
SELECT person_id, source, file, row_no FROM src_tax_income
WHERE coalesce(period_to, period_from) BETWEEN getvariable('from_12m') AND getvariable('as_of')
UNION ALL
SELECT person_id, source, file, row_no FROM src_assistance_roster
SEMI JOIN (SELECT record_id FROM roster_member WHERE active OR left_24m) USING (record_id)
UNION ALL
SELECT person_id, source, file, row_no FROM src_grid_reports
WHERE reported_on BETWEEN getvariable('month') AND getvariable('as_of')
