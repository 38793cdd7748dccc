-- finding_records: for each finding, the source rows of what it rests on. rule_reads says which sources a rule reads of whom:
-- self (for a household's finding its members), member (everybody of the household), father, mother. What is not known because a row
-- may be somebody's rests on that row as well.
CREATE OR REPLACE TEMP TABLE finding_person AS
WITH member AS (  -- somebody dead or in custody is in no household but the one they left
    SELECT coalesce(household_id, left_household_id) AS household_id, person_id FROM person_fact
    WHERE coalesce(household_id, left_household_id) IN (SELECT household_id FROM found)
)
SELECT rule_id, household_id, person_id, 'self' AS scope, person_id AS read_person FROM found WHERE person_id IS NOT NULL
UNION ALL
SELECT f.rule_id, f.household_id, f.person_id, 'member', m.person_id
FROM found AS f JOIN member AS m USING (household_id)
WHERE f.rule_id IN (SELECT rule_id FROM rule_reads WHERE scope = 'member')
UNION ALL
SELECT f.rule_id, f.household_id, f.person_id, 'father', p.father_id
FROM found AS f JOIN person_fact AS p USING (person_id)
WHERE f.rule_id IN (SELECT rule_id FROM rule_reads WHERE scope = 'father') AND p.father_id IS NOT NULL
UNION ALL
SELECT f.rule_id, f.household_id, f.person_id, 'mother', p.mother_id
FROM found AS f JOIN person_fact AS p USING (person_id)
WHERE f.rule_id IN (SELECT rule_id FROM rule_reads WHERE scope = 'mother') AND p.mother_id IS NOT NULL;

CREATE OR REPLACE TEMP TABLE finding_records AS
WITH wanted AS (
    SELECT DISTINCT f.rule_id, f.household_id, f.person_id, f.read_person, r.source  -- a person is also a member
    FROM finding_person AS f JOIN rule_reads AS r USING (rule_id, scope)
), undecided AS (
    SELECT rule_id, household_id, person_id FROM found WHERE outcome = 'unknown'
), record AS (
    SELECT DISTINCT w.rule_id, w.household_id, w.person_id, r.source, r.file, r.row_no
    FROM wanted AS w JOIN fact_records AS r ON r.person_id = w.read_person AND r.source = w.source
    UNION
    SELECT w.rule_id, w.household_id, w.person_id, r.source, r.file, r.row_no
    FROM wanted AS w JOIN possible_records AS r ON r.person_id = w.read_person AND r.source = w.source
    JOIN undecided AS u ON u.rule_id = w.rule_id AND u.household_id IS NOT DISTINCT FROM w.household_id
        AND u.person_id IS NOT DISTINCT FROM w.person_id
)
SELECT rule_id, household_id, person_id,
    to_json(list(json_array(source, file, row_no) ORDER BY source, file, row_no))::VARCHAR AS records
FROM record
GROUP BY ALL;
