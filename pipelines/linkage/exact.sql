-- Step 1: id and name both the same. Most rows end here, so it reads the profiles as they are.
INSERT INTO assigned
SELECT p.profile, f.eid, 'exact_id', $equal
FROM (FROM profile WHERE id_status IN ('valid', 'lifted') AND {where}) AS p
JOIN (SELECT id, name, min(eid) AS eid FROM person_face WHERE sound GROUP BY id, name HAVING min(eid) = max(eid)) AS f
    ON f.id = p.id_number AND f.name = p.name_key
ANTI JOIN (SELECT profile FROM decision WHERE NOT same UNION ALL SELECT profile FROM assigned) AS d ON d.profile = p.profile;

-- What is open from here on.
CREATE OR REPLACE TABLE open_profile AS
SELECT profile FROM profile AS p ANTI JOIN assigned AS a ON a.profile = p.profile WHERE {where};

-- Step 2: the same id under another writing of the name, or none.
CREATE OR REPLACE TABLE open_row AS SELECT p.* FROM profile AS p SEMI JOIN open_profile AS o ON o.profile = p.profile;

CREATE OR REPLACE TEMP TABLE exact_open AS
SELECT p.profile, p.id, p.name, p.own_birth
FROM faces_of('open_row') AS p
WHERE p.sound AND p.profile NOT IN (SELECT profile FROM decision WHERE NOT same);

CREATE OR REPLACE TEMP TABLE exact_pair AS
SELECT DISTINCT p.profile, p.name, f.eid, f.name AS known,
    coalesce(abs(p.own_birth // 10000 - f.birth // 10000) > 1, false) AS other_birth
FROM exact_open AS p JOIN person_face AS f ON f.id = p.id AND f.sound;
