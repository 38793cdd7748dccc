-- household_at: of each address that an unnamed row gives, the one household registered there; none where there are two. And
-- earlier_home: where those lived who are in no register any more, if that household is still there.
CREATE TABLE household_at AS
WITH place AS (SELECT DISTINCT town, village, address FROM unnamed WHERE address IS NOT NULL)
SELECT l.town, l.village, l.address, any_value(m.household_id) AS household_id
FROM place AS l
JOIN person AS p ON p.address = l.address AND coalesce(p.village = l.village, true) AND coalesce(p.town = l.town, true)
JOIN registered AS r ON r.person_id = p.person_id
JOIN assistance_member AS m ON m.person_id = p.person_id
WHERE l.village IS NOT NULL OR l.town IS NOT NULL
GROUP BY ALL
HAVING count(DISTINCT m.household_id) = 1;

CREATE TABLE earlier_home AS
SELECT e.person_id, any_value(e.household_id) AS household_id
FROM earlier_member AS e ANTI JOIN registered USING (person_id)
WHERE e.household_id IN (SELECT household_id FROM assistance_member)
GROUP BY e.person_id;
