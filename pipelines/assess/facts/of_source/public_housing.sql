-- Danger that is not mended: the worst grade of a house found dangerous and not said to be rebuilt.
SELECT person_id, true AS dangerous_house, max(danger_grade) AS house_danger_grade
FROM src_public_housing
WHERE housing_kind = '危房' AND danger_grade IN ('C', 'D') AND finished IS DISTINCT FROM '是'
GROUP BY person_id
