-- What the report counts, each query by its name. $batch is the batch reported on. Counts only: no name, id or row.

-- name: funnel
SELECT * FROM (VALUES
    (1, '来源行', (SELECT coalesce(sum(rows_read - skipped), 0) FROM source_file WHERE batch = $batch AND state = 'current')),
    (2, '接收行', (SELECT coalesce(sum(accepted), 0) FROM source_file WHERE batch = $batch AND state = 'current')),
    (3, '人员', (SELECT persons FROM batch WHERE batch = $batch)),
    (4, '家庭', (SELECT households FROM batch WHERE batch = $batch)),
    (5, '命中家庭', (SELECT count(DISTINCT household_id) FROM finding WHERE batch = $batch)),
    (6, '线索', (SELECT count(*) FROM lead WHERE batch = $batch)),
    (7, '本月派发', (SELECT count(*) FROM lead WHERE batch = $batch AND held_back IS NULL))
) AS funnel (step, title, n) ORDER BY step;

-- name: towns
SELECT coalesce(h.town, '镇街不明') AS town, count(*) AS households,
       count(*) FILTER (l.level = 'red') AS red, count(*) FILTER (l.level = 'orange') AS orange,
       count(*) FILTER (l.level = 'yellow') AS yellow
FROM household h
LEFT JOIN (SELECT household_id, arg_min(level, CASE level WHEN 'red' THEN 1 WHEN 'orange' THEN 2 ELSE 3 END) AS level
           FROM lead WHERE batch = $batch GROUP BY 1) l USING (household_id)
WHERE h.batch = $batch AND h.kind = 'assistance'
GROUP BY 1 ORDER BY 1;

-- name: rules
SELECT r.rule_id, r.title, r.direction, r.ran, r.not_run_reason,
       count(f.finding_id) FILTER (f.outcome = 'true') AS true_findings,
       count(f.finding_id) FILTER (f.outcome = 'unknown') AS unknown_findings,
       count(f.finding_id) FILTER (f.level = 'red') AS red,
       count(f.finding_id) FILTER (f.level = 'orange') AS orange,
       count(f.finding_id) FILTER (f.level = 'yellow') AS yellow
FROM rule r LEFT JOIN finding f USING (batch, rule_id)
WHERE r.batch = $batch
GROUP BY ALL ORDER BY r.rule_id;

-- name: hit_rates
SELECT rule_id,
       count(*) AS answered,
       count(*) FILTER (left(outcome_code, 1) IN ('A', 'B', 'C', 'D')) AS hits,
       count(*) FILTER (outcome_code = 'E6') AS data_errors
FROM (SELECT lead_id, unnest(arg_max(rule_ids, batch)) AS rule_id FROM lead WHERE batch <= $batch GROUP BY lead_id) l
JOIN followup f USING (lead_id)
WHERE NOT coalesce(f.superseded, FALSE)
GROUP BY rule_id ORDER BY rule_id;

-- name: sources
SELECT s.title, s.required, s.arrived, s.last_arrived_batch, s.files, s.accepted, s.rejected,
       (SELECT sum(skipped) FROM source_file f WHERE f.batch = s.batch AND f.source = s.source AND f.state = 'current') AS skipped,
       count(r.person_id) AS records,
       count(*) FILTER (r.match_method NOT IN ('provisional')) AS linked,
       count(*) FILTER (r.match_probability < 0.99) AS weak
FROM source s LEFT JOIN person_record r USING (batch, source)
WHERE s.batch = $batch
GROUP BY ALL ORDER BY s.required DESC, s.title;

-- name: quality
SELECT coalesce(s.title, q.source) AS title, q.check_name, q.column_name, q.severity, q.measured, q.expected_min, q.expected_max, q.description
FROM quality_result q LEFT JOIN source s USING (batch, source)
WHERE q.batch = $batch AND NOT q.passed
ORDER BY q.severity, title, q.check_name;

-- name: months
SELECT b.batch, b."rows" AS n_rows, b.persons, b.findings, b.leads,
       count(l.lead_id) FILTER (l.level = 'red') AS red, count(l.lead_id) FILTER (l.level = 'orange') AS orange,
       count(l.lead_id) FILTER (l.level = 'yellow') AS yellow,
       count(l.lead_id) FILTER (l.first_batch = l.batch) AS new_leads,
       count(l.lead_id) FILTER (l.held_back IS NOT NULL) AS held_back,
       count(a.kind) AS visited, count(*) FILTER (a.kind IN ('A', 'B', 'C', 'D')) AS confirmed
FROM batch b LEFT JOIN lead l USING (batch)
LEFT JOIN (SELECT lead_id, arg_max(left(outcome_code, 1), (received_at, visited_on)) AS kind FROM followup
    WHERE NOT coalesce(superseded, FALSE) GROUP BY lead_id) a
    ON a.lead_id = l.lead_id AND l.held_back IS NULL
WHERE b.batch <= $batch
GROUP BY ALL ORDER BY b.batch DESC LIMIT 13;

-- name: answers
SELECT f.outcome_code, count(*) AS n
FROM followup f WHERE NOT coalesce(f.superseded, FALSE) AND f.received_in <= $batch GROUP BY 1 ORDER BY 1;

-- name: last_month
-- What became of the lists of the batch before, so far: visited is answered, late is past its time without an answer on the day
-- this batch's lists go out.
WITH sent AS (
    SELECT lead_id, coalesce(town, '镇街不明') AS town, due_date FROM lead
    WHERE batch = (SELECT max(batch) FROM lead WHERE batch < $batch) AND held_back IS NULL
),
answer AS (
    SELECT lead_id, arg_max(left(outcome_code, 1), (received_at, visited_on)) AS kind FROM followup
    WHERE NOT coalesce(superseded, FALSE) GROUP BY lead_id
)
SELECT (SELECT max(batch) FROM lead WHERE batch < $batch) AS batch, town, count(*) AS sent, count(kind) AS visited,
    count(*) FILTER (kind IN ('A', 'B', 'C', 'D')) AS confirmed, count(*) FILTER (kind IN ('A', 'B')) AS aided,
    count(*) FILTER (kind IS NULL AND due_date < (SELECT max(generated_on) FROM lead WHERE batch = $batch)) AS late
FROM sent LEFT JOIN answer USING (lead_id)
GROUP BY town ORDER BY town;

-- name: year
SELECT measure, title, amount, among FROM year_count WHERE town IS NULL AND year = left($batch, 4) ORDER BY place;

-- name: deliveries
-- Departments that were late or did worse than in the batch before.
SELECT s.title, s.arrived, s.last_arrived_batch, s.accepted, b.accepted AS accepted_before, coalesce(q.failed, 0) AS failed,
    coalesce(qb.failed, 0) AS failed_before
FROM source s
LEFT JOIN source b ON b.source = s.source AND b.batch = (SELECT max(batch) FROM source WHERE batch < $batch)
LEFT JOIN (SELECT source, count(*) AS failed FROM quality_result WHERE batch = $batch AND NOT passed GROUP BY source) q
    ON q.source = s.source
LEFT JOIN (SELECT source, count(*) AS failed FROM quality_result
    WHERE batch = (SELECT max(batch) FROM source WHERE batch < $batch) AND NOT passed GROUP BY source) qb ON qb.source = s.source
WHERE s.batch = $batch AND b.batch IS NOT NULL
    AND (b.arrived AND NOT s.arrived OR s.accepted < 0.8 * b.accepted OR coalesce(q.failed, 0) > coalesce(qb.failed, 0))
ORDER BY s.arrived, s.title;

-- name: parameters
SELECT key, title, area, population, valid_from, value, unit, document
FROM parameter WHERE batch = $batch AND used AND status = 'to_confirm' ORDER BY key, population;

-- name: waiting
SELECT department, what, count(DISTINCT coalesce(person_id, household_id)) AS subjects, sum(findings)::BIGINT AS findings
FROM waiting WHERE batch = $batch GROUP BY ALL ORDER BY findings DESC, department, what;

-- name: id_issues
SELECT coalesce(s.title, i.source) AS title, i.kind, count(*) AS n
FROM id_issue i LEFT JOIN source s USING (batch, source) WHERE i.batch = $batch GROUP BY ALL ORDER BY n DESC, title, i.kind;
