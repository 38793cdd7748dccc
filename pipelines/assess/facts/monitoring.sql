-- Poverty monitoring.

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
