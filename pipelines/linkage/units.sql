-- Units: what is still open, folded: profiles of one sound id and one name are one unit; others are one unit where all that is
-- compared is the same, whatever the source. A unit is numbered by what it holds.
CREATE OR REPLACE TABLE open_row AS
SELECT p.* FROM profile AS p SEMI JOIN open_profile AS o ON o.profile = p.profile ANTI JOIN assigned AS a ON a.profile = p.profile
WHERE {where};

CREATE OR REPLACE TABLE unit_row AS FROM faces_of('open_row');

CREATE OR REPLACE TABLE unit_profile AS
WITH alike AS (
    SELECT profile,
        CASE WHEN sound THEN hash(id, name)
        ELSE hash(name, id, id_status, own_birth, sex, phone, town, village, address) END AS content
    FROM unit_row
),
numbered AS (SELECT content, row_number() OVER (ORDER BY min(profile)) AS unit FROM alike GROUP BY content)
SELECT unit, profile FROM alike JOIN numbered USING (content);

CREATE OR REPLACE TABLE companion_group AS
SELECT DISTINCT hash(p.source_no, p.household_key) AS household, p.profile
FROM profile AS p WHERE p.household_key IS NOT NULL AND p.source_no <> $register
UNION
SELECT DISTINCT hash(record_id >> 4), r.profile FROM record AS r WHERE (r.record_id >> 56) IN (SELECT source_no FROM wide_source);
