-- Step 1: id and name both the same.
INSERT INTO assigned
SELECT p.profile, f.eid, 'exact_id', $equal
FROM (FROM profile_face WHERE sound AND {where} AND profile NOT IN (SELECT profile FROM decision WHERE NOT same) AND profile NOT IN (SELECT profile FROM assigned)) AS p
JOIN (SELECT id, name, min(eid) AS eid FROM person_face WHERE sound GROUP BY id, name HAVING min(eid) = max(eid)) AS f
    ON f.id = p.id AND f.name = p.name;

-- Step 2: the same id under another writing of the name, or none.
CREATE OR REPLACE TEMP TABLE exact_open AS
SELECT p.profile, p.id, p.name, p.own_birth
FROM profile_face AS p WHERE sound AND {where} AND profile NOT IN (SELECT profile FROM decision WHERE NOT same) AND profile NOT IN (SELECT profile FROM assigned);

CREATE OR REPLACE TEMP TABLE exact_pair AS
SELECT DISTINCT p.profile, p.name, f.eid, f.name AS known,
    coalesce(abs(p.own_birth // 10000 - f.birth // 10000) > 1, false) AS other_birth
FROM exact_open AS p JOIN person_face AS f ON f.id = p.id AND f.sound;
