-- What newly assigned records add to their persons: a name, date, phone or place that the person's own face has not.
-- Name with its sound and surname, town with its village go together; what a record does not say is the person's own.
INSERT INTO person_face
WITH brought AS (
    SELECT DISTINCT
        a.eid,
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
        CASE WHEN p.village IS NOT NULL AND p.village IS DISTINCT FROM o.village THEN p.address ELSE coalesce(p.address, o.address) END AS address
    FROM (FROM assigned WHERE {new}) AS a
    JOIN profile_face AS p USING (profile)
    JOIN own_face AS o USING (eid)
    WHERE p.name IS DISTINCT FROM o.name AND p.name IS NOT NULL
        OR p.own_birth IS DISTINCT FROM o.birth AND p.own_birth IS NOT NULL
        OR p.phone IS DISTINCT FROM o.phone AND p.phone IS NOT NULL
        OR p.village IS DISTINCT FROM o.village AND p.village IS NOT NULL
        OR p.address IS DISTINCT FROM o.address AND p.address IS NOT NULL
        OR p.sound AND p.id <> o.id
        OR p.sound AND NOT o.sound
)
SELECT * FROM brought
UNION ALL
-- one person with two sound ids: found under either from now on
SELECT DISTINCT o.eid, o.name, o.pinyin, o.surname, p.birth, p.lunar, NULL, p.sex, p.id, p.id_status, true, o.phone, o.town, o.village, o.address
FROM (FROM assigned WHERE {new}) AS a JOIN profile_face AS p USING (profile) JOIN own_face AS o USING (eid)
WHERE p.sound AND o.sound AND p.id <> o.id;
