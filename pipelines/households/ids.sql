-- Household ids that last: a household keeps the id of the previous batch's household with which it shares most members
-- (then the head), if that household's best heir is this one. Everything else gets a new id, a hash of what first made it:
-- the kind, the person its base is, the batch.

CREATE MACRO digit(number, place) AS ('0123456789ABCDEFGHJKMNPQRSTVWXYZ')[((number >> (5 * place)) & 31)::INTEGER + 1];
CREATE MACRO new_id(kind, base) AS (
    SELECT concat('H', digit(h, 0), digit(h, 1), digit(h, 2), digit(h, 3), digit(h, 4), digit(h, 5), digit(h, 6), digit(h, 7),
        digit(h, 8), digit(h, 9), digit(h, 10)) FROM (SELECT hash(kind, base, getvariable('batch')) AS h)
);

CREATE TABLE membership AS      -- the living, in both kinds of household
SELECT 'register' AS kind, base, person_id FROM resident WHERE alive
UNION ALL
SELECT 'assistance', base, person_id FROM assistance_member WHERE NOT in_custody;

CREATE TABLE overlap AS
SELECT m.kind, m.base, o.household_id, count(*) AS shared, bool_or(m.person_id = o.head_person_id) AS keeps_head
FROM membership AS m JOIN old_member AS o USING (kind, person_id)
GROUP BY ALL;

CREATE TABLE inherited (kind VARCHAR, base VARCHAR, household_id VARCHAR);

-- Each the other's best among those still without. Twice: who lost to a better match has a second choice.
CREATE VIEW mutual_best AS
WITH free AS (
    SELECT * FROM overlap
    ANTI JOIN inherited AS i ON i.kind = overlap.kind AND i.base = overlap.base
    ANTI JOIN inherited AS j ON j.household_id = overlap.household_id
),
heir AS (
    SELECT household_id, arg_max(base, (shared, keeps_head, base)) AS base FROM free GROUP BY household_id
),
forebear AS (
    SELECT kind, base, arg_max(household_id, (shared, keeps_head, household_id)) AS household_id FROM free GROUP BY kind, base
)
SELECT f.kind, f.base, f.household_id FROM forebear AS f JOIN heir AS h USING (household_id, base);

INSERT INTO inherited FROM mutual_best;
INSERT INTO inherited FROM mutual_best;

CREATE TABLE household_id AS
SELECT b.kind, b.base, coalesce(i.household_id, new_id(b.kind, b.base)) AS household_id, i.household_id IS NULL AS is_new
FROM (SELECT DISTINCT kind, base FROM membership) AS b LEFT JOIN inherited AS i USING (kind, base);

CREATE TABLE left_household AS
SELECT d.person_id, coalesce(h.household_id, o.household_id, new_id('assistance', d.own_base)) AS household_id, d.reason,
    CASE WHEN h.household_id IS NOT NULL THEN d.basis WHEN o.household_id IS NOT NULL THEN 'earlier_batch' ELSE 'own' END AS basis
FROM departed AS d
LEFT JOIN household_id AS h ON h.kind = 'assistance' AND h.base = d.living_base
LEFT JOIN (SELECT person_id, min(household_id) AS household_id FROM old_member WHERE kind = 'assistance' GROUP BY person_id) AS o
    ON h.household_id IS NULL AND o.person_id = d.person_id;
