-- Whom the sources of authorised use may be read for: everybody on an active roster row, everybody in an assistance household
-- with such a member, and whom home/authorisations.csv names on that day (rules.md, Principles 5).
CREATE TABLE authorised AS
WITH on_roster AS (SELECT DISTINCT person_id FROM roster_member WHERE active)
SELECT person_id FROM on_roster
UNION
SELECT m.person_id FROM assistance_member AS m
WHERE m.household_id IN (SELECT household_id FROM assistance_member SEMI JOIN on_roster USING (person_id))
UNION
SELECT coalesce(l.person_id, a.subject)
FROM authorisation AS a LEFT JOIN person_alias AS l ON l.old_person_id = a.subject
WHERE a.begins <= getvariable('as_of') AND coalesce(a.ends >= getvariable('as_of'), true)
UNION
SELECT m.person_id
FROM authorisation AS a JOIN member AS m ON m.household_id = a.subject
WHERE a.begins <= getvariable('as_of') AND coalesce(a.ends >= getvariable('as_of'), true);
