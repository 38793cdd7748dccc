-- What the answers so far say about rules, towns and sources. Made before this runs: answer (batch, lead_id, outcome_code,
-- visited_on, received_on), raised (batch, lead_id, town, rule_ids, generated_on, status, household_id, direction), outcome
-- (code, hit, correction), finding_source (batch, household_id, direction, source). Left behind: the three tables.

CREATE TABLE answered AS
SELECT
    r.batch, r.lead_id, r.town, r.rule_ids, r.household_id, r.direction, a.outcome_code,
    o.hit, o.correction,
    greatest(date_diff('day', r.generated_on, coalesce(a.visited_on, a.received_on)), 0) AS days
FROM answer AS a
JOIN raised AS r USING (batch, lead_id)
JOIN outcome AS o ON o.code = a.outcome_code;

CREATE TABLE rule_performance AS
WITH sent AS (
    SELECT rule_id, count(*) AS leads FROM (SELECT lead_id, unnest(rule_ids) AS rule_id FROM raised WHERE status = '待派发')
    GROUP BY rule_id
), said AS (
    SELECT
        rule_id,
        count(*) AS answered,
        count(*) FILTER (hit) AS hits,
        count(*) FILTER (correction = 'data') AS data_errors,
        count(*) FILTER (correction = 'household') AS household_errors,
        count(*) FILTER (outcome_code[1] = 'F') AS not_reached,
        median(days) AS median_days
    FROM (SELECT * EXCLUDE (rule_ids), unnest(rule_ids) AS rule_id FROM answered)
    GROUP BY rule_id
)
SELECT
    coalesce(s.rule_id, a.rule_id) AS rule_id,
    coalesce(s.leads, 0)::BIGINT AS leads,
    coalesce(a.answered, 0)::BIGINT AS answered,
    coalesce(a.hits, 0)::BIGINT AS hits,
    (a.hits / a.answered)::DOUBLE AS hit_rate,
    coalesce(a.data_errors, 0)::BIGINT AS data_errors,
    coalesce(a.household_errors, 0)::BIGINT AS household_errors,
    coalesce(a.not_reached, 0)::BIGINT AS not_reached,
    a.median_days::DOUBLE AS median_days,
    coalesce(a.data_errors = a.answered, false) AS only_data_errors
FROM sent AS s FULL JOIN said AS a ON a.rule_id = s.rule_id;

CREATE TABLE town_performance AS
WITH sent AS (
    SELECT
        coalesce(town, '') AS town,
        count(*) FILTER (status = '待派发') AS leads,
        count(*) FILTER (status = '超期' AND batch = (SELECT max(batch) FROM raised)) AS overdue
    FROM raised GROUP BY ALL
), said AS (
    SELECT coalesce(town, '') AS town, count(*) AS answered, count(*) FILTER (hit) AS hits, median(days) AS median_days
    FROM answered GROUP BY ALL
)
SELECT
    s.town,
    s.leads::BIGINT AS leads,
    coalesce(a.answered, 0)::BIGINT AS answered,
    coalesce(a.hits, 0)::BIGINT AS hits,
    (a.hits / a.answered)::DOUBLE AS hit_rate,
    s.overdue::BIGINT AS overdue,
    a.median_days::DOUBLE AS median_days
FROM sent AS s LEFT JOIN said AS a USING (town);

CREATE TABLE source_performance AS
SELECT
    f.source,
    count(DISTINCT (a.batch, a.lead_id))::BIGINT AS answered,
    count(DISTINCT (a.batch, a.lead_id)) FILTER (a.hit)::BIGINT AS hits,
    (count(DISTINCT (a.batch, a.lead_id)) FILTER (a.hit) / count(DISTINCT (a.batch, a.lead_id)))::DOUBLE AS hit_rate,
    count(DISTINCT (a.batch, a.lead_id)) FILTER (a.correction = 'data')::BIGINT AS data_errors,
    count(DISTINCT (a.batch, a.lead_id)) FILTER (a.correction = 'household')::BIGINT AS household_errors
FROM answered AS a
JOIN finding_source AS f USING (batch, household_id, direction)
GROUP BY f.source;
