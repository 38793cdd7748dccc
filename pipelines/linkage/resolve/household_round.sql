-- The household round: once one member of a source's household (or row) is linked, the household of that person in the register
-- is where the others are looked for.
CREATE OR REPLACE TEMP TABLE open_group AS
SELECT DISTINCT g.household, u.unit FROM companion_group AS g JOIN unit_profile AS u USING (profile);

CREATE OR REPLACE TEMP TABLE linked_group AS
SELECT DISTINCT g.household, a.eid
FROM (FROM companion_group WHERE household IN (SELECT household FROM open_group)) AS g JOIN whose AS a USING (profile);

CREATE OR REPLACE TEMP TABLE companion AS
SELECT DISTINCT o.unit AS eid, b.eid AS kin
FROM open_group AS o
JOIN linked_group AS l USING (household)
JOIN home AS a ON a.eid = l.eid
JOIN home AS b ON b.household = a.household
WHERE NOT EXISTS (SELECT 1 FROM linked_group AS t WHERE t.household = o.household AND t.eid = b.eid);

CREATE OR REPLACE TEMP TABLE accompanied AS
SELECT DISTINCT o.unit FROM open_group AS o JOIN linked_group AS l USING (household) JOIN home AS a ON a.eid = l.eid;

-- somebody's sound id on a row: perhaps a relative's row
CREATE OR REPLACE TEMP TABLE owner_kin AS
SELECT DISTINCT u.unit AS eid, b.eid AS kin
FROM unit_profile AS u
JOIN unit_row AS p USING (profile)
JOIN person_face AS f ON f.id = p.id AND f.sound
JOIN home AS a ON a.eid = f.eid
JOIN home AS b ON b.household = a.household AND b.eid <> a.eid
WHERE p.sound;

-- whom the same household of the same source already holds: nobody stands twice in one roster row
CREATE OR REPLACE TEMP TABLE taken AS
SELECT DISTINCT o.unit AS l, t.eid AS r FROM open_group AS o JOIN linked_group AS t USING (household);
