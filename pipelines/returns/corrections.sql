-- What the answers of one batch say against the data. Made before this runs: followups; views lead, finding, member,
-- person_record, outcome (code, correction). Left behind: corrections, source_quality filled.

CREATE OR REPLACE TEMP TABLE standing AS
SELECT f.lead_id, f.outcome_code, f.household_size, coalesce(f.visited_on, f.received_at::DATE) AS answered_on,
    l.household_id, l.direction, l.rule_ids, o.correction
FROM followups AS f
JOIN lead AS l USING (lead_id)
LEFT JOIN outcome AS o ON o.code = f.outcome_code
WHERE NOT f.superseded;

-- The records behind the findings of an answered lead: inputs.records of each.
CREATE OR REPLACE TEMP TABLE behind AS
SELECT DISTINCT
    s.lead_id, s.correction,
    json_extract_string(record, '$[0]') AS source,
    json_extract_string(record, '$[1]') AS file,
    json_extract_string(record, '$[2]')::INTEGER AS row_no
FROM (
    SELECT s.lead_id, s.correction, unnest(json_extract(f.inputs, '$.records[*]')) AS record
    FROM standing AS s JOIN finding AS f USING (household_id, direction)
) AS s;

INSERT INTO corrections BY NAME
SELECT s.lead_id, 'data' AS kind, s.household_id, r.person_id, b.source, b.file, b.row_no, r.identity_hash, s.rule_ids, s.answered_on
FROM standing AS s
LEFT JOIN behind AS b USING (lead_id)
LEFT JOIN person_record AS r USING (source, file, row_no)
WHERE s.correction = 'data'
UNION ALL BY NAME
SELECT s.lead_id, 'household' AS kind, s.household_id, m.person_id, s.household_size, s.rule_ids, s.answered_on
FROM standing AS s LEFT JOIN member AS m USING (household_id)
WHERE s.correction = 'household';

INSERT INTO source_quality BY NAME
SELECT
    source,
    count(DISTINCT lead_id) AS leads,
    count(DISTINCT lead_id) FILTER (correction IS NOT NULL) AS wrong_leads,
    count(DISTINCT (file, row_no)) FILTER (correction = 'data') AS wrong_records
FROM behind GROUP BY source;
