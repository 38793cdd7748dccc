-- Rows of which a caseworker said that they are wrong (E6): which stay with their person, and which stand apart until a clerk decides.
-- Made before this runs: said_wrong (profile, of this batch).
-- Left behind: wrong (profile, eid, probability, stays).

CREATE OR REPLACE TEMP TABLE wrong AS
WITH joined AS (
    SELECT a.profile, a.eid, a.probability, e.person_id, p.source_no = $register AS of_register,
        -- it stands apart already: the question is open, or a clerk has looked at it
        a.kept AND (a.profile IN (SELECT profile FROM old_review) OR a.profile IN (SELECT profile FROM decision)) AS asked,
        -- the row's id and name are its person's own: an exact id would settle it anew, however it was found before
        a.method = 'exact_id'
            OR (p.sound AND p.id_number = f.id AND p.name_key = f.name) AS exact
    FROM (
        SELECT profile, eid, method::VARCHAR AS method, probability, false AS kept FROM assigned
        WHERE profile IN (SELECT profile FROM said_wrong)
        UNION ALL
        SELECT profile, eid, method, probability, true FROM old_identity
        WHERE profile IN (SELECT profile FROM said_wrong) AND profile IN (SELECT profile FROM kept_row)
    ) AS a
    JOIN profile AS p ON p.profile = a.profile
    JOIN entity AS e ON e.eid = a.eid
    LEFT JOIN own_face AS f ON f.eid = a.eid
),
-- Whoever rests on nothing but rows that are said to be wrong is joined to nobody: there is nothing to ask.
others AS (
    SELECT DISTINCT a.eid FROM whose AS a SEMI JOIN joined AS j ON j.eid = a.eid ANTI JOIN said_wrong AS w ON w.profile = a.profile
    UNION
    SELECT person_no FROM old_person WHERE NOT provisional AND person_no IN (SELECT eid FROM joined)
)
-- A register row is what its person is made of: it stays whatever was said, and the register is told.
SELECT j.profile, j.eid, j.probability, j.person_id, coalesce(j.of_register OR j.exact, false) AS stays
FROM joined AS j
WHERE (coalesce(j.of_register OR j.exact, false) OR NOT j.asked AND j.eid IN (SELECT eid FROM others))
    AND NOT EXISTS (SELECT 1 FROM decision AS d WHERE d.profile = j.profile AND d.person_id = j.person_id AND d.same);
