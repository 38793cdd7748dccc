-- Assistance households: register households with spouses brought together, then those in custody leave.

CREATE TABLE in_custody AS
SELECT DISTINCT person_id
FROM src_custody
WHERE from_date <= getvariable('as_of') AND (to_date IS NULL OR to_date >= getvariable('as_of'));

-- Where spouses are registered apart, the one who is not 户主 moves; if both are or neither is, the wife.
CREATE TABLE move AS
SELECT CASE WHEN w.is_head AND NOT m.is_head THEN m.person_id ELSE w.person_id END AS person_id,
    CASE WHEN w.is_head AND NOT m.is_head THEN w.base ELSE m.base END AS base,
    CASE WHEN w.is_head AND NOT m.is_head THEN w.person_id ELSE m.person_id END AS partner
FROM couple AS c
JOIN resident AS m ON m.person_id = c.man AND m.alive
JOIN resident AS w ON w.person_id = c.woman AND w.alive
WHERE m.base <> w.base;

CREATE TABLE assistance_member AS
SELECT r.person_id, coalesce(v.base, r.base) AS base, v.partner, c.person_id IS NOT NULL AS in_custody
FROM resident AS r
LEFT JOIN move AS v USING (person_id)
LEFT JOIN in_custody AS c USING (person_id)
WHERE r.alive;

-- The household somebody left. The dead: that of their register row if anybody is left in it, else their spouse's, else
-- the one they were in last month (found by `ids.sql`); nobody anywhere: their own, now empty.
CREATE TABLE departed AS
WITH living_base AS (SELECT DISTINCT base FROM assistance_member WHERE NOT in_custody),
spouse_base AS (
    SELECT s.person_id, min(a.base) AS base
    FROM spouse AS s JOIN assistance_member AS a ON a.person_id = s.spouse_id AND NOT a.in_custody GROUP BY s.person_id
),
dead AS (
    SELECT person_id, base, household_no IS NOT NULL AS in_household FROM resident WHERE NOT alive
    UNION ALL
    -- Deaths come as events: one of an earlier month has no row in this one, and still counts for half a year.
    SELECT person_id, person_id, false FROM person
    WHERE NOT alive AND last_batch < getvariable('batch') AND death_date >= getvariable('as_of') - INTERVAL 1 YEAR
)
SELECT d.person_id, 'dead' AS reason, coalesce(b.base, s.base) AS living_base, d.base AS own_base,
    CASE WHEN b.base IS NOT NULL THEN 'register' WHEN s.base IS NOT NULL THEN 'spouse' END AS basis
FROM dead AS d
LEFT JOIN living_base AS b ON b.base = d.base AND d.in_household
LEFT JOIN spouse_base AS s ON s.person_id = d.person_id
UNION ALL
SELECT a.person_id, 'custody', b.base, a.base, CASE WHEN b.base IS NOT NULL THEN 'register' END
FROM assistance_member AS a LEFT JOIN living_base AS b USING (base) WHERE a.in_custody;
