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
