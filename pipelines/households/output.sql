-- The declared tables (schemas/lake/households.sql), in their order of columns.

CREATE TABLE file_name AS
SELECT record_id >> 40 AS file_key, any_value(source) AS source, any_value(file) AS file
FROM sent GROUP BY file_key;

CREATE MACRO row_no_of(record_id) AS ((record_id >> 4) & 68719476735)::INTEGER;

-- Edges of the batches before stay, where this batch says nothing else of the same father, mother or person.
CREATE TABLE out_edges AS
WITH now AS (
    SELECT person_id, other_person_id, 'parent' AS kind, role, basis, record_id FROM parent_edge
    UNION ALL
    SELECT person_id, spouse_id, 'spouse', NULL, basis, record_id FROM spouse
    UNION ALL
    SELECT person_id, other_person_id, 'guardian', NULL, 'certificate', record_id FROM guardian_edge
),
kept AS (
    SELECT DISTINCT ON (o.person_id, coalesce(o.role, o.other_person_id))
        o.person_id, o.other_person_id, 'parent' AS kind, o.role, 'earlier_batch' AS basis, o.source, o.file, o.row_no
    FROM old_edge AS o
    ANTI JOIN parent_edge AS p
        ON p.person_id = o.person_id AND (p.role = o.role OR p.other_person_id = o.other_person_id)
    WHERE o.person_id <> o.other_person_id
    ORDER BY o.person_id, coalesce(o.role, o.other_person_id), o.other_person_id
)
SELECT n.person_id, n.other_person_id, n.kind, n.role, n.basis, f.source, f.file, row_no_of(n.record_id) AS row_no
FROM now AS n LEFT JOIN file_name AS f ON f.file_key = n.record_id >> 40
UNION ALL
SELECT person_id, other_person_id, kind, role, basis, source, file, row_no FROM kept;

CREATE TABLE disputed (household_id VARCHAR, stated_members INTEGER);    -- filled by corrections.sql, where anybody said anything

CREATE VIEW out_households AS
SELECT h.household_id, h.kind, h.head_person_id, h.town, h.village, h.grid, h.register_town, h.member_count, h.collective,
    d.household_id IS NOT NULL AS disputed, d.stated_members
FROM household AS h LEFT JOIN disputed AS d ON d.household_id = h.household_id AND h.kind = 'assistance';

CREATE VIEW out_members AS SELECT household_id, kind, person_id, relation FROM member;

CREATE VIEW out_left_household AS SELECT person_id, household_id, reason, basis FROM left_household;

CREATE VIEW out_issues AS
SELECT i.kind, f.source, f.file, row_no_of(i.record_id) AS row_no, i.person_id
FROM issue AS i LEFT JOIN file_name AS f ON f.file_key = i.record_id >> 40;

-- Who is in another household than in the batch before, and why. Nothing in the first batch.
CREATE VIEW out_changes AS
WITH before AS (SELECT kind, person_id, min(household_id) AS household_id FROM old_member WHERE NOT left_it GROUP BY ALL),
now AS (SELECT kind, person_id, household_id FROM member)
SELECT coalesce(n.kind, b.kind) AS kind, coalesce(n.person_id, b.person_id) AS person_id,
    b.household_id AS from_household_id, n.household_id AS to_household_id,
    CASE
        WHEN b.household_id IS NOT NULL AND n.household_id IS NOT NULL THEN CASE WHEN v.person_id IS NULL THEN 'moved' ELSE 'joined_spouse' END
        WHEN n.household_id IS NOT NULL THEN 'came'
        WHEN p.alive = false THEN 'died'
        WHEN l.reason IS NOT NULL THEN l.reason
        ELSE 'gone'
    END AS reason
FROM before AS b
FULL JOIN now AS n ON n.kind = b.kind AND n.person_id = b.person_id
LEFT JOIN person AS p ON p.person_id = coalesce(n.person_id, b.person_id)
LEFT JOIN left_household AS l ON l.person_id = b.person_id
LEFT JOIN move AS v ON v.person_id = n.person_id AND n.kind = 'assistance'
WHERE n.household_id IS DISTINCT FROM b.household_id AND (SELECT count(*) FROM old_member) > 0;
