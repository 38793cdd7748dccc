-- Step 1: id and name both those that a person was first seen under. Most rows end here, so it streams past: what it leaves
-- of a row is whose it is, and whether the row says anything that the person's own face does not (adds).
-- Whom a provisional person or another writing makes two is nobody's yet.
CREATE OR REPLACE TEMP TABLE doubled AS
SELECT DISTINCT x.id, x.name
FROM (
    SELECT eid, id, name FROM extra_face WHERE sound
    UNION ALL SELECT f.eid, f.id, f.name FROM own_face AS f SEMI JOIN (FROM entity WHERE provisional) AS e USING (eid) WHERE f.sound
) AS x
JOIN own_face AS o ON o.id = x.id AND o.name = x.name AND o.eid <> x.eid AND o.sound;

-- one 64-bit value for id and name: a join on two texts of 2 million persons costs half as much again
CREATE OR REPLACE TEMP TABLE sole AS
SELECT eid, hash(id, name) AS h, birth, phone, village, address
FROM own_face AS o ANTI JOIN doubled AS d ON d.id = o.id AND d.name = o.name WHERE o.sound;

CREATE OR REPLACE TEMP TABLE met AS
SELECT
    p.profile, f.eid, p.source_no, p.household,
    p.birth_date IS NOT NULL AND NOT coalesce(p.birth_date_from_id, false)
        AND (year(p.birth_date) * 10000 + month(p.birth_date) * 100 + day(p.birth_date)) IS DISTINCT FROM f.birth
    OR p.phone IS NOT NULL AND p.phone IS DISTINCT FROM f.phone
    OR p.village IS NOT NULL AND p.village IS DISTINCT FROM f.village
    OR p.address IS NOT NULL AND p.address IS DISTINCT FROM f.address AS adds
FROM ({rows}) AS p JOIN sole AS f ON f.h = hash(p.id_number, p.name_key);

DELETE FROM met WHERE profile IN (
    SELECT profile FROM decision WHERE NOT same UNION ALL SELECT profile FROM assigned WHERE method = 'decided');

INSERT INTO assigned SELECT profile, eid, 'exact_id', $equal, source_no, true, household FROM met;

-- What is open from here on.
CREATE OR REPLACE TABLE open_profile AS
SELECT profile FROM new_identity AS p ANTI JOIN assigned AS a ON a.profile = p.profile WHERE {where};
