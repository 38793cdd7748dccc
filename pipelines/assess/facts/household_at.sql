-- household_at: of each address that an unnamed row gives, the one household registered there; none where there are two. And
-- earlier_home: of those who are in no register any more, where most of those live whom they lived with in the batch before.
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
WITH gone AS (FROM earlier_member ANTI JOIN registered USING (person_id)),
left_behind AS (FROM earlier_member SEMI JOIN registered USING (person_id))
SELECT DISTINCT ON (person_id) person_id, household_id
FROM (
    SELECT g.person_id, m.household_id, count(*) AS members
    FROM gone AS g JOIN left_behind AS b USING (household_id) JOIN assistance_member AS m ON m.person_id = b.person_id
    GROUP BY ALL
)
ORDER BY person_id, members DESC, household_id;
