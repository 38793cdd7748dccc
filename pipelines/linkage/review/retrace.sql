-- The little world around a few records: who is near them, who is of their households, and what is known of those persons.
-- `subject` (record_id, profile, person_id, method, probability) is there; person_faces and person_records are views on the lake.

-- Step faces: what the subjects say, as it is compared.
CREATE OR REPLACE TEMP TABLE subject_face AS
SELECT row_number() OVER (ORDER BY s.profile)::BIGINT AS eid, p.*, false AS companions
FROM subject AS s JOIN profile_face AS p USING (profile);

-- Step near: {condition} holds wherever a key could hold; the keys themselves are asked afterwards.
CREATE OR REPLACE TEMP TABLE near_face AS
SELECT dense_rank() OVER (ORDER BY person_id)::BIGINT AS eid, *
FROM person_faces WHERE {condition};

-- Step persons: the nearest by the number of keys that found them, whoever shares a source's household, and whose the records are.
CREATE OR REPLACE TEMP TABLE around AS
SELECT DISTINCT person_id FROM (
    SELECT f.person_id FROM pairs AS p JOIN (SELECT DISTINCT eid, person_id FROM near_face) AS f ON f.eid = p.r
    QUALIFY row_number() OVER (PARTITION BY p.l ORDER BY bit_count(p.keys) DESC, f.person_id) <= {nearest}
    UNION ALL
    SELECT person_id FROM person_records SEMI JOIN beside USING (record_id)
    UNION ALL
    SELECT person_id FROM subject
    UNION ALL
    SELECT person_id FROM wanted_person
);

-- Step records: each identity of theirs once.
CREATE OR REPLACE TEMP TABLE known_record AS
SELECT min(record_id) AS record_id, identity_hash AS profile, person_id, min(match_method) AS method, min(match_probability) AS probability
FROM person_records WHERE person_id IN (FROM around) GROUP BY identity_hash, person_id;

-- Step entities: everybody in the little world, numbered by their ids.
CREATE OR REPLACE TEMP TABLE nearby AS
FROM persons
WHERE person_id IN (SELECT person_id FROM known_record UNION SELECT person_id FROM around UNION SELECT person_id FROM home_record);

INSERT INTO entity
SELECT row_number() OVER (ORDER BY person_id), person_id, first_batch, provisional FROM nearby;

INSERT INTO assigned
SELECT DISTINCT k.profile, e.eid, k.method, k.probability, p.source_no, p.sound, p.household
FROM (SELECT profile, person_id, method, probability FROM known_record
    UNION SELECT profile, person_id, method, probability FROM home_record
    UNION SELECT profile, person_id, method, probability FROM beside_record) AS k
JOIN entity AS e USING (person_id)
JOIN profile AS p ON p.profile = k.profile;

INSERT INTO new_own
SELECT e.eid, {face} FROM person_faces AS f JOIN entity AS e USING (person_id) WHERE f.own;
