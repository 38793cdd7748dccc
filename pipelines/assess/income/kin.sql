-- Classes 12 and 11: what relatives outside the household owe. On income without class 11, in one pass: support goes in no circle.

CREATE TABLE own_income AS
SELECT person_id, sum(low) AS low, sum(high) AS high FROM statement WHERE counted AND class <> 11 GROUP BY person_id;

-- 12: a minor whose divorced parent lives elsewhere. A fifth to three tenths of that parent's income, several children together
-- at most half (民法典婚姻家庭编解释（一）第四十九条).
CREATE TABLE owed_child AS
SELECT c.household_id, c.person_id, o.parent_id, p.person_id IS NOT NULL AS known, any_value(p.support_child_least) AS least,
    any_value(p.support_child_most) AS most, any_value(p.support_children_together) AS together
FROM earner AS c
JOIN (SELECT person_id, unnest([father_id, mother_id]) AS parent_id FROM earner) AS o ON o.person_id = c.person_id AND o.parent_id IS NOT NULL
JOIN person_fact AS f ON f.person_id = o.parent_id AND f.alive AND f.marriage_change = '离婚'
LEFT JOIN earner AS p ON p.person_id = o.parent_id AND NOT p.dead
WHERE c.age < 18 AND NOT c.dead AND p.household_id IS DISTINCT FROM c.household_id
GROUP BY ALL;
INSERT INTO statement
SELECT c.household_id, c.person_id, 12,
    sum(CASE WHEN c.known THEN least(c.least, c.together / n.children) * coalesce(i.low, 0) ELSE 0 END),
    sum(CASE WHEN c.known THEN least(c.most, c.together / n.children) * coalesce(i.high, 0) ELSE 'inf'::DOUBLE END),
    CASE WHEN bool_and(c.known) AND sum(coalesce(i.high, 0)) < 'inf' THEN 'rows' ELSE 'unknown' END, true, NULL, NULL, NULL,
    getvariable('as_of')
FROM owed_child AS c
JOIN (SELECT parent_id, count(*) AS children FROM owed_child GROUP BY parent_id) AS n USING (parent_id)
LEFT JOIN own_income AS i ON i.person_id = c.parent_id
WHERE NOT EXISTS (SELECT 1 FROM statement AS s WHERE s.person_id = c.person_id AND s.class = 12)
GROUP BY c.household_id, c.person_id;

-- 11: a parent of 60 or more, or unable to work, and a grown child who lives in another household.
CREATE TABLE household_before AS
SELECT s.household_id, sum(low) AS low, sum(high) AS high FROM statement AS s WHERE counted AND class <> 11 GROUP BY s.household_id;
CREATE TABLE owed_parent AS
SELECT p.household_id, p.person_id, c.person_id AS child_id, k.household_id AS child_household,
    k.person_id IS NULL AS child_unknown,
    coalesce(k.covered OR k.severe OR k.in_school OR k.in_custody, false) OR coalesce(f.in_custody, false) AS exempt
FROM earner AS p
JOIN (SELECT DISTINCT person_id, other_person_id FROM edge WHERE kind = 'parent') AS d ON d.other_person_id = p.person_id
JOIN person AS c ON c.person_id = d.person_id AND c.alive
LEFT JOIN earner AS k ON k.person_id = c.person_id AND NOT k.dead
LEFT JOIN person_fact AS f ON f.person_id = c.person_id
WHERE NOT p.dead AND (p.age >= 60 OR p.unable OR p.severe)
    AND (f.age IS NULL OR f.age >= 18) AND k.household_id IS DISTINCT FROM p.household_id;

-- How many living children decides the share; a couple that supports the parents of both gives each couple a part of its one payment;
-- what a child pays is divided among the parents it supports.
CREATE TABLE support AS
WITH living AS (
    SELECT e.other_person_id AS person_id, count(DISTINCT e.person_id) AS children
    FROM edge AS e JOIN person AS c ON c.person_id = e.person_id AND c.alive WHERE e.kind = 'parent' GROUP BY e.other_person_id
), obliged AS (SELECT child_household, count(DISTINCT child_id) AS payers FROM owed_parent WHERE NOT exempt GROUP BY child_household),
supported AS (SELECT child_id, count(*) AS parents FROM owed_parent GROUP BY child_id)
SELECT o.*, l.children, h.size, e.support_floor * e.dibao_standard AS floor,
    CASE WHEN l.children >= 3 THEN e.support_share_of_three ELSE e.support_share END / b.payers / s.parents AS share,
    CASE WHEN o.child_unknown OR h.size IS NULL THEN 0 ELSE coalesce(i.low, 0) / 12 / h.size END AS low_per_head,
    CASE WHEN o.child_unknown OR h.size IS NULL THEN 'inf'::DOUBLE ELSE coalesce(i.high, 0) / 12 / h.size END AS high_per_head
FROM owed_parent AS o
JOIN earner AS e ON e.person_id = o.person_id
JOIN living AS l ON l.person_id = o.person_id
JOIN supported AS s ON s.child_id = o.child_id
LEFT JOIN obliged AS b ON b.child_household IS NOT DISTINCT FROM o.child_household
LEFT JOIN household_before AS i ON i.household_id = o.child_household
LEFT JOIN (SELECT household_id, count(*) FILTER (NOT dead) AS size FROM earner GROUP BY household_id) AS h ON h.household_id = o.child_household
WHERE NOT o.exempt;
INSERT INTO statement
SELECT household_id, person_id, 11,
    sum(greatest(0, low_per_head - coalesce(floor, 'inf')) * coalesce(share, 0) * 12),
    sum(CASE WHEN share IS NULL OR floor IS NULL THEN 'inf' ELSE greatest(0, high_per_head - floor) * share * 12 END),
    CASE WHEN sum(high_per_head) < 'inf' THEN 'rows' ELSE 'unknown' END, true, NULL, NULL, NULL, getvariable('as_of')
FROM support
GROUP BY household_id, person_id;
-- A judgment, an agreement or a proof of payment counts where it says more than the reckoning.
UPDATE statement SET counted = (basis = 'statement') = (said >= reckoned) FROM (
    SELECT person_id, max(low) FILTER (basis = 'statement') AS said, max(low) FILTER (basis <> 'statement') AS reckoned
    FROM statement WHERE class = 11 GROUP BY person_id HAVING said IS NOT NULL AND reckoned IS NOT NULL
) AS both_known
WHERE statement.class = 11 AND statement.person_id = both_known.person_id;
