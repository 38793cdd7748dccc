-- Units: what is still open, folded: profiles of one sound id and one name are one unit; others are one unit where all that is
-- compared is the same, whatever the source. A unit is numbered by what it holds.
CREATE OR REPLACE TABLE unit_profile AS
WITH open_profile AS (
    SELECT profile,
        CASE WHEN sound THEN hash(id, name)
        ELSE hash(name, id, id_status, own_birth, sex, phone, town, village, address) END AS content
    FROM profile_face
    WHERE {where} AND profile IN (SELECT profile FROM open_profile) AND profile NOT IN (SELECT profile FROM assigned)
),
numbered AS (SELECT content, row_number() OVER (ORDER BY min(profile)) AS unit FROM open_profile GROUP BY content)
SELECT unit, profile FROM open_profile JOIN numbered USING (content);

CREATE OR REPLACE TABLE companion_group AS
SELECT DISTINCT hash(p.source_no, p.household_key) AS household, p.profile
FROM profile AS p WHERE p.household_key IS NOT NULL AND p.source_no <> $register
UNION
SELECT DISTINCT hash(record_id >> 4), r.profile FROM record AS r WHERE (r.record_id >> 56) IN (SELECT source_no FROM wide_source);
