-- What newly assigned records add to their persons: a name, date, phone or place that the person's own face has not.
-- First which records add anything at all, by those columns alone: nearly none does, and wide rows cost most.
CREATE OR REPLACE TEMP TABLE adding AS
SELECT a.profile, a.eid
FROM (FROM assigned WHERE {new}) AS a
JOIN profile AS p USING (profile)
JOIN own_face AS o USING (eid)
WHERE p.name_key <> o.name
    OR p.birth_date IS NOT NULL AND NOT coalesce(p.birth_date_from_id, false)
        AND (year(p.birth_date) * 10000 + month(p.birth_date) * 100 + day(p.birth_date)) IS DISTINCT FROM o.birth
    OR p.phone IS NOT NULL AND p.phone IS DISTINCT FROM o.phone
    OR p.village IS NOT NULL AND p.village IS DISTINCT FROM o.village
    OR p.address IS NOT NULL AND p.address IS DISTINCT FROM o.address
    OR p.sound AND p.id_number IS DISTINCT FROM o.id;

CREATE OR REPLACE TABLE adding_row AS SELECT p.* FROM profile AS p SEMI JOIN adding AS a ON a.profile = p.profile;
CREATE OR REPLACE TEMP TABLE adding_face AS FROM faces_of('adding_row');

-- Name with its sound and surname, town with its village go together; what a record does not say is the person's own.
CREATE OR REPLACE TEMP TABLE brought AS
WITH one AS (
    SELECT
        a.profile, a.eid,
        CASE WHEN p.name IS NULL THEN o.name ELSE p.name END AS name,
        CASE WHEN p.name IS NULL THEN o.pinyin ELSE p.pinyin END AS pinyin,
        CASE WHEN p.name IS NULL THEN o.surname ELSE p.surname END AS surname,
        coalesce(p.own_birth, o.birth) AS birth,
        CASE WHEN p.own_birth IS NULL THEN o.lunar ELSE p.lunar END AS lunar,
        NULL::INTEGER AS own_birth,
        coalesce(o.sex, p.sex) AS sex,
        CASE WHEN o.sound OR NOT p.sound THEN o.id ELSE p.id END AS id,
        CASE WHEN o.sound OR NOT p.sound THEN o.id_status ELSE p.id_status END AS id_status,
        o.sound OR p.sound AS sound,
        coalesce(p.phone, o.phone) AS phone,
        coalesce(p.town, o.town) AS town,
        CASE WHEN p.village IS NULL AND p.town <> o.town THEN NULL ELSE coalesce(p.village, o.village) END AS village,
        CASE WHEN p.village IS NOT NULL AND p.village IS DISTINCT FROM o.village THEN p.address
            ELSE coalesce(p.address, o.address) END AS address
    FROM adding_face AS p
    JOIN adding AS a USING (profile)
    JOIN own_face AS o USING (eid)
    UNION ALL
    -- one person with two sound ids: found under either from now on; a relative's id on the row does not make it the person's
    SELECT a.profile, o.eid, o.name, o.pinyin, o.surname, p.birth, p.lunar, NULL, p.sex, p.id, p.id_status, true,
        o.phone, o.town, o.village, o.address
    FROM (FROM adding_face WHERE sound) AS p
    JOIN adding AS a USING (profile)
    JOIN own_face AS o USING (eid)
    WHERE o.sound AND p.id <> o.id AND p.id NOT IN (SELECT id FROM own_face WHERE sound)
)
FROM one;

INSERT INTO new_extra SELECT DISTINCT * EXCLUDE (profile) FROM brought;
DROP TABLE adding;
DROP TABLE adding_row;
DROP TABLE adding_face;
