-- Findings against a truth. Given: true_record (source, file, row_no, member_no, true_person), true_finding (rule_id, outcome,
-- true_person, true_household), true_member (true_household, true_person), and of the lake person_records, person_fact, findings,
-- rules. Left behind: by_rule, by_household.

-- Whose rows a person mostly holds: register rows first, then any.
CREATE TEMP TABLE true_person_of AS
WITH shared AS (
    SELECT r.person_id, t.true_person, count(*) FILTER (source = 'police_household') AS register_rows, count(*) AS all_rows
    FROM person_records AS r JOIN true_record AS t USING (source, file, row_no, member_no)
    GROUP BY r.person_id, t.true_person
)
SELECT person_id, arg_max(true_person, (register_rows, all_rows, true_person)) AS true_person FROM shared GROUP BY person_id;

CREATE TEMP TABLE true_household_of AS
WITH member AS (
    SELECT coalesce(household_id, left_household_id) AS household_id, person_id FROM person_fact
), shared AS (
    SELECT m.household_id, t.true_household, count(*) AS persons
    FROM member AS m JOIN true_person_of USING (person_id) JOIN true_member AS t USING (true_person)
    WHERE m.household_id IS NOT NULL
    GROUP BY m.household_id, t.true_household
)
SELECT household_id, arg_max(true_household, (persons, true_household)) AS true_household FROM shared GROUP BY household_id;

-- Only rules that the truth speaks of can be judged.
CREATE TEMP TABLE judged AS
SELECT rule_id, subject, direction FROM rules WHERE rule_id IN (SELECT rule_id FROM true_finding);

CREATE TEMP TABLE found AS
SELECT DISTINCT
    f.rule_id,
    f.direction,
    f.outcome,
    f.person_id IS NULL AS of_household,
    coalesce(p.true_person, '?' || f.person_id) AS true_person,
    coalesce(h.true_household, '?' || f.household_id) AS true_household
FROM findings AS f
SEMI JOIN judged USING (rule_id)
LEFT JOIN true_person_of AS p USING (person_id)
LEFT JOIN true_household_of AS h USING (household_id);

CREATE TEMP TABLE by_rule AS
WITH truth AS (
    SELECT DISTINCT t.rule_id, t.outcome, CASE j.subject WHEN 'person' THEN t.true_person ELSE t.true_household END AS whom
    FROM true_finding AS t JOIN judged AS j USING (rule_id)
), ours AS (
    SELECT DISTINCT rule_id, outcome, CASE WHEN of_household THEN true_household ELSE true_person END AS whom FROM found
), pairs AS (
    SELECT coalesce(o.rule_id, t.rule_id) AS rule_id, coalesce(o.outcome, t.outcome) AS outcome, o.whom AS ours, t.whom AS truth
    FROM ours AS o FULL JOIN truth AS t ON o.rule_id = t.rule_id AND o.outcome = t.outcome AND o.whom = t.whom
)
SELECT
    rule_id,
    outcome,
    count(ours) AS found,
    count(truth) AS true,
    count(*) FILTER (ours IS NOT NULL AND truth IS NOT NULL) AS agreed,
    agreed / nullif(count(ours), 0) AS precision,
    agreed / nullif(count(truth), 0) AS recall
FROM pairs
GROUP BY rule_id, outcome
ORDER BY rule_id, outcome;

-- A person's finding flags that person's true household; where the truth knows none, the person stands for it.
CREATE TEMP TABLE by_household AS
WITH home_of AS (
    SELECT true_person, min(true_household) AS true_household FROM true_member GROUP BY true_person
), truth AS (
    SELECT DISTINCT j.direction, coalesce(t.true_household, m.true_household, t.true_person) AS whom
    FROM true_finding AS t JOIN judged AS j USING (rule_id) LEFT JOIN home_of AS m USING (true_person)
), ours AS (
    SELECT DISTINCT
        f.direction,
        CASE WHEN f.of_household THEN f.true_household ELSE coalesce(m.true_household, f.true_person) END AS whom
    FROM found AS f LEFT JOIN home_of AS m USING (true_person)
), pairs AS (
    SELECT coalesce(o.direction, t.direction) AS direction, o.whom AS ours, t.whom AS truth
    FROM ours AS o FULL JOIN truth AS t ON o.direction = t.direction AND o.whom = t.whom
)
SELECT
    direction,
    count(ours) AS found,
    count(truth) AS true,
    count(*) FILTER (ours IS NOT NULL AND truth IS NOT NULL) AS agreed,
    agreed / nullif(count(ours), 0) AS precision,
    agreed / nullif(count(truth), 0) AS recall
FROM pairs
GROUP BY direction
ORDER BY direction DESC;
