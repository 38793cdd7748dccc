-- The year's total as the insurance has added it up: the largest of the year, never added to its settlements.
SELECT person_id, max(in_policy_burden) AS medical_yearly_in_policy
FROM src_medical_yearly WHERE year = year(getvariable('month')) GROUP BY person_id
