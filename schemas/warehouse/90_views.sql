CREATE VIEW current_finding AS
SELECT * FROM finding WHERE batch = (SELECT max(batch) FROM batch);
COMMENT ON VIEW current_finding IS '最近批次的规则命中（列同 finding）';

CREATE VIEW current_lead AS
SELECT * FROM lead WHERE batch = (SELECT max(batch) FROM batch);
COMMENT ON VIEW current_lead IS '最近批次的线索（列同 lead）';

-- The joins that every question needs, by name.
CREATE MACRO latest_batch() AS (SELECT max(batch) FROM batch);
CREATE MACRO members_of(of_household) AS TABLE
SELECT m.relation, p.* FROM household_member AS m JOIN person AS p USING (person_id)
WHERE m.household_id = of_household AND m.batch = (SELECT max(batch) FROM batch);
CREATE MACRO records_of(of_person) AS TABLE
SELECT r.batch, r.source, s.title, r.file, r.row_no, r.match_method, r.match_probability
FROM person_record AS r LEFT JOIN source AS s USING (batch, source) WHERE r.person_id = of_person;
CREATE MACRO findings_of(of_household) AS TABLE
SELECT f.batch, f.rule_id, r.title, f.outcome, f.level, f.person_id, f.reason
FROM finding AS f LEFT JOIN rule AS r USING (batch, rule_id) WHERE f.household_id = of_household;

CREATE VIEW dictionary AS
SELECT c.table_name, t.comment AS table_comment, c.column_name, c.data_type, c.comment AS column_comment
FROM duckdb_columns() c
JOIN duckdb_tables() t ON t.table_oid = c.table_oid AND t.database_oid = c.database_oid
WHERE c.database_name = current_database()
UNION ALL
SELECT view_name, comment, NULL, NULL, NULL
FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal
ORDER BY 1, 3;
COMMENT ON VIEW dictionary IS '数据字典：每个表、每一列的含义';
