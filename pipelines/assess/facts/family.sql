-- Custody, parents, marriage (rules.md, Parents; U10).

CREATE TABLE fact_custody AS
SELECT s.person_id, arg_min(s.custody_type, (s.from_date, s.custody_type)) AS custody_type, min(s.from_date) AS from_date,
    bool_or(coalesce(s.to_date, getvariable('as_of')) >= s.from_date + INTERVAL 6 MONTH) AS six_months
FROM src_custody AS s
WHERE s.from_date <= getvariable('as_of') AND coalesce(s.to_date >= getvariable('as_of'), true)
GROUP BY s.person_id;

-- S and D of everybody who is somebody's parent. The dead are in D, never in S: two dead parents make an orphan (U11).
CREATE TABLE parent_state AS
SELECT e.person_id, max(e.other_person_id) FILTER (e.role = 'father') AS father_id,
    max(e.other_person_id) FILTER (e.role = 'mother') AS mother_id
FROM edge AS e WHERE e.kind = 'parent' AND e.role IS NOT NULL GROUP BY e.person_id;

CREATE TABLE parent_known AS
SELECT p.person_id, NOT p.alive AS dead,
    p.alive AND (
        fact(d.person_id, sure_disabled_persons(a.person_id IS NOT NULL, q.sources), d.parent_unable, false)
        OR fact(c.person_id, sure_custody(a.person_id IS NOT NULL, q.sources), c.six_months, false)
    ) AS unable,
    m.household_id
FROM person AS p
SEMI JOIN (SELECT other_person_id FROM edge WHERE kind = 'parent') AS e ON e.other_person_id = p.person_id
LEFT JOIN fact_disability AS d USING (person_id)
LEFT JOIN fact_custody AS c USING (person_id)
LEFT JOIN authorised AS a USING (person_id)
LEFT JOIN asked AS q USING (person_id)
LEFT JOIN assistance_member AS m USING (person_id);

CREATE TABLE fact_parents AS
SELECT s.person_id, s.father_id, s.mother_id, f.unable AS father_unable, f.dead AS father_dead, m.unable AS mother_unable,
    m.dead AS mother_dead, f.household_id AS father_household_id, m.household_id AS mother_household_id
FROM parent_state AS s
LEFT JOIN parent_known AS f ON f.person_id = s.father_id
LEFT JOIN parent_known AS m ON m.person_id = s.mother_id;

CREATE TABLE fact_children AS
SELECT e.other_person_id AS person_id, bool_or(p.alive) AS living_child
FROM edge AS e JOIN person AS p ON p.person_id = e.person_id
WHERE e.kind = 'parent' GROUP BY e.other_person_id;

CREATE TABLE fact_spouse AS
SELECT person_id, min(other_person_id) AS spouse_id FROM edge WHERE kind = 'spouse' GROUP BY person_id;

-- The latest marriage or divorce of each, and whether the other one stands on the same active 低保 row.
CREATE TABLE fact_marriage AS
WITH registration AS (
    SELECT s.record_id >> 4 AS registration, any_value(s.register_type) AS register_type, any_value(s.registered_on) AS registered_on,
        any_value(s.person_id) FILTER (s.member_no = 0) AS man, any_value(s.person_id) FILTER (s.member_no = 1) AS woman
    FROM src_marriage AS s
    WHERE s.register_type IN ('结婚', '离婚') AND s.registered_on <= getvariable('as_of')
    GROUP BY registration
),
latest AS (
    SELECT DISTINCT ON (person_id) person_id, other_id, register_type, registered_on
    FROM (
        SELECT man AS person_id, woman AS other_id, register_type, registered_on, registration FROM registration WHERE man IS NOT NULL
        UNION ALL
        SELECT woman, man, register_type, registered_on, registration FROM registration WHERE woman IS NOT NULL
    )
    ORDER BY person_id, registered_on DESC, register_type = '结婚' DESC, registration DESC
),
together AS (
    SELECT DISTINCT l.person_id
    FROM latest AS l
    JOIN roster_member AS a ON a.person_id = l.person_id AND a.active AND a.assistance_class = '低保'
    JOIN roster_member AS b ON b.person_id = l.other_id AND b.active AND b.assistance_class = '低保' AND b.record_id >> 4 = a.record_id >> 4
)
SELECT l.person_id, l.register_type, l.registered_on, t.person_id IS NOT NULL AS together
FROM latest AS l LEFT JOIN together AS t USING (person_id);
