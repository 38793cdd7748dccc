-- What the unknown findings wait for: one row per missing fact and whom it is missing of. Where it is missing of a household
-- because it is not known of some members, one row per such member.
WITH waits AS (
    SELECT f.rule_id, f.household_id, f.person_id, unnest(f.missing) AS fact FROM found AS f WHERE f.outcome = 'unknown'
), of_members AS (
    SELECT w.rule_id, w.household_id, p.person_id, w.fact
    FROM waits AS w JOIN supply AS s USING (fact) JOIN person_fact AS p USING (household_id)
    WHERE s.of_member = 'income' AND p.income IS NULL
), whom AS (
    SELECT w.* FROM waits AS w JOIN supply AS s USING (fact) WHERE s.of_member IS NULL
    UNION ALL
    FROM of_members
)
SELECT s.source, CASE WHEN asked THEN '区里' ELSE s.department END AS department, w.fact, s.meaning,
    CASE WHEN asked THEN $to_decide ELSE s.what END AS what, w.person_id, w.household_id,
    list_sort(list(DISTINCT w.rule_id)) AS rule_ids, count(DISTINCT w.rule_id)::INTEGER AS findings
FROM (
    -- A row of that source may be theirs already: deciding whose it is comes before asking anybody for more.
    SELECT w.*, coalesce(list_contains(CASE WHEN w.person_id IS NULL THEN h.household_asked_sources ELSE p.asked_sources END, s.source), false)
        AS asked
    FROM whom AS w JOIN supply AS s USING (fact)
    LEFT JOIN person_fact AS p ON p.person_id = w.person_id
    LEFT JOIN household_fact AS h ON w.person_id IS NULL AND h.household_id = w.household_id
) AS w JOIN supply AS s USING (fact)
GROUP BY ALL
ORDER BY s.source, w.fact, w.household_id, w.person_id
