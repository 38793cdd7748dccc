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
        ELSE hash(name, id, id_status, own_birth, born_from, sex, phone, town, village, address) END AS content
    FROM unit_row
),
numbered AS (SELECT content, row_number() OVER (ORDER BY min(profile)) AS unit FROM alike GROUP BY content)
SELECT unit, profile FROM alike JOIN numbered USING (content);

-- Which of these have a person by now: asked often, of few among all that are assigned.
CREATE OR REPLACE VIEW settled_unit AS SELECT profile FROM assigned SEMI JOIN unit_profile USING (profile);

-- Who else stands with an open row: in its household of the source, or in the same wide row.
CREATE OR REPLACE TABLE companion_group AS
WITH row_group AS (
    SELECT record_id >> 4 AS place, profile FROM record WHERE (record_id >> 56) IN (SELECT source_no FROM wide_source)
),
of_row AS (
    SELECT DISTINCT hash(place) AS household, profile FROM row_group
    WHERE place IN (SELECT place FROM row_group SEMI JOIN open_row USING (profile))
),
of_source AS (SELECT DISTINCT household FROM open_row WHERE household IS NOT NULL AND source_no <> $register)
SELECT household, profile FROM of_row
UNION
SELECT household, profile FROM open_row SEMI JOIN of_source USING (household)
UNION
SELECT household, profile FROM assigned SEMI JOIN of_source USING (household)
UNION
SELECT household, profile FROM old_household SEMI JOIN of_source USING (household) SEMI JOIN kept_row USING (profile);
