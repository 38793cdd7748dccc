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

CREATE VIEW year_count AS
WITH one AS (
    -- measure, year, town, what is counted once a year, whether it counts (others count into `of` alone)
    SELECT kind || '_screened' AS measure, left(batch, 4) AS year, town, person_id AS subject, true AS hit FROM screened
    UNION ALL
    SELECT 'households_found', left(batch, 4), town, household_id, true FROM lead WHERE direction = 'under'
    UNION ALL
    SELECT 'households_aided', year(v.visited_on)::VARCHAR, f.town, f.subject_id, true
    FROM visit v JOIN case_file f USING (file_no) WHERE v.outcome_code = 'B3' AND f.kind = '户'
    UNION ALL
    SELECT 'households_aided', year(t.closed_on)::VARCHAR, f.town, f.subject_id, true
    FROM transfer t JOIN case_file f USING (file_no) WHERE t.state = '已办结' AND t.result = 'R1' AND f.kind = '户'
    UNION ALL
    SELECT 'households_aided', year(coalesce(r.closed_on, r.received_at::DATE))::VARCHAR, l.town, l.household_id, true
    FROM referral_result r JOIN lead l USING (lead_id) WHERE r.result_code = 'R1' AND NOT coalesce(r.superseded, false)
    UNION ALL
    SELECT 'visits_on_time', year(v.visited_on)::VARCHAR, f.town, v.visit_id, bool_and(v.visited_on <= l.due_date)
    FROM (SELECT visit_id, file_no, visited_on, unnest(regexp_extract_all(lead_ids, 'L[0-9A-Z]+')) AS lead_id FROM visit) v
    JOIN case_file f USING (file_no)
    ASOF JOIN (FROM lead WHERE due_date IS NOT NULL) l ON l.lead_id = v.lead_id AND v.visited_on >= l.generated_on
    GROUP BY ALL
    UNION ALL
    SELECT 'children_on_file', left(d.batch, 4), f.town, d.person_id, true
    FROM finding d JOIN case_file f ON f.kind = '户' AND f.subject_id = d.household_id
    WHERE d.rule_id IN ('U10', 'U11', 'U25') AND d.outcome = 'true' AND d.person_id IS NOT NULL
    UNION ALL
    SELECT 'orders_served', year(o.asked_on)::VARCHAR, f.town, o.order_id, o.order_id IN (SELECT order_id FROM service_record)
    FROM service_order o JOIN case_file f USING (file_no)
),
named (measure, place, title) AS (VALUES
    ('disabled_screened', 1, '筛查残疾人'), ('medical_burden_screened', 2, '筛查医疗个人负担超过预警线的患者'),
    ('lifted_out_screened', 3, '筛查脱贫户成员'), ('households_found', 4, '发现的疑似困难家庭'), ('households_aided', 5, '得到救助的家庭'),
    ('visits_on_time', 6, '按时走访'), ('children_on_file', 7, '建档的困境儿童'), ('orders_served', 8, '已服务的订单')
)
SELECT o.year, o.town, n.place, n.measure, n.title, count(DISTINCT o.subject) FILTER (WHERE o.hit) AS amount,
    count(DISTINCT o.subject) AS among
FROM one o JOIN named n USING (measure)
WHERE o.year IS NOT NULL
GROUP BY GROUPING SETS ((o.year, n.place, n.measure, n.title), (o.year, o.town, n.place, n.measure, n.title))
HAVING grouping(o.town) = 1 OR o.town IS NOT NULL
ORDER BY o.year, o.town NULLS FIRST, n.place;
COMMENT ON VIEW year_count IS '年度数字：按年、镇街（空为全区）和指标；amount 为数，among 为其中多少（按时走访的全部走访、订单的全部订单，其他与 amount 相同）；一人、一户、一次在一年里只计一次；对外公布前，小于 5 的要隐去';

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
