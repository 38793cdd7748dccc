-- Whose outcome would be another if the interval of fourteen classes took the place of today's household income.
WITH today AS (SELECT rule_id, household_id, person_id, outcome FROM found_today),
with_classes AS (SELECT rule_id, household_id, person_id, outcome FROM found)
SELECT $batch AS batch, coalesce(t.rule_id, n.rule_id) AS rule_id, coalesce(t.household_id, n.household_id) AS household_id,
    coalesce(t.person_id, n.person_id) AS person_id, coalesce(t.outcome, 'none') AS outcome_today,
    coalesce(n.outcome, 'none') AS outcome_with_classes
FROM today AS t
FULL JOIN with_classes AS n ON n.rule_id = t.rule_id AND n.household_id IS NOT DISTINCT FROM t.household_id
    AND n.person_id IS NOT DISTINCT FROM t.person_id
WHERE t.outcome IS DISTINCT FROM n.outcome
ORDER BY ALL
