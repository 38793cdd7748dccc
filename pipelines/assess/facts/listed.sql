-- Poverty monitoring, grid reports, and what only an authorisation opens.

CREATE TABLE monitoring_row AS
SELECT s.person_id, s.household_type, s.monitored_class, s.risk_cleared, s.income_per_head, s.labour
FROM src_poverty_monitoring AS s;

CREATE TABLE fact_monitoring AS
SELECT person_id,
    coalesce(bool_or(risk_cleared = '否'), false) AS risk_open,
    arg_min(monitored_class, (coalesce(risk_cleared, '') <> '否', monitored_class)) FILTER (monitored_class IS NOT NULL) AS monitored_class,
    coalesce(bool_or(monitored_class IS NOT NULL AND risk_cleared = '否'), false) AS monitored_open,
    max(household_type) AS household_type,  -- 脱贫户 sorts after 一般农户
    min(income_per_head) AS income_per_head,
    max(labour) AS labour
FROM monitoring_row GROUP BY person_id;

CREATE TABLE fact_grid AS
SELECT s.person_id, coalesce(bool_or(s.difficulty LIKE '急难%'), false) AS urgent, max(s.reported_on) AS reported_on,
    arg_max(s.difficulty, (coalesce(s.difficulty LIKE '急难%', false), s.reported_on, s.record_id)) AS difficulty
FROM src_grid_reports AS s
WHERE s.reported_on BETWEEN getvariable('month') AND getvariable('as_of')
GROUP BY s.person_id;

CREATE TABLE fact_vehicles AS
SELECT s.person_id, count(DISTINCT coalesce(s.plate, s.record_id::VARCHAR))::INTEGER AS vehicles
FROM src_vehicles AS s
WHERE s.vehicle_state = '正常' AND NOT regexp_matches(coalesce(s.vehicle_type, ''), '摩托|残疾人')
GROUP BY s.person_id;

CREATE TABLE fact_business AS
SELECT person_id, count(*)::INTEGER AS businesses, sum(capital)::DECIMAL(18,2) AS capital
FROM (
    SELECT s.person_id, coalesce(s.credit_code, s.record_id::VARCHAR) AS business, max(s.capital) AS capital
    FROM src_business_registration AS s
    WHERE s.business_state IN ('存续', '在业')
        AND NOT regexp_matches(coalesce(s.business_type, ''), '农民专业合作')
    GROUP BY ALL
)
GROUP BY person_id;
