-- Where a household lives: its register's town, unless every other department that knows one of its members names one and the
-- same other town. One dissenting word, and the register's stands: a lead in the wrong town finds nobody.

CREATE TABLE named_place AS
SELECT person_id, town, village, NULL::VARCHAR AS grid, 2 AS said FROM src_disabled_persons WHERE town IS NOT NULL
UNION ALL SELECT person_id, town, village, NULL, 3 FROM src_poverty_monitoring WHERE town IS NOT NULL
UNION ALL SELECT person_id, town, village, NULL, 4 FROM src_assistance_roster WHERE town IS NOT NULL
UNION ALL SELECT person_id, town, village, grid, 1 FROM src_grid_reports WHERE town IS NOT NULL;

-- Head first, then by age: whose place is the household's, and who stands at its head.
CREATE TABLE seat AS
SELECT m.kind, m.base, count(*) AS member_count, bool_or(r.collective) AS collective,
    arg_min(m.person_id, (
        CASE WHEN r.base <> m.base THEN 4 WHEN r.relation = '户主' AND m.person_id = m.base THEN 0 WHEN r.relation = '户主' THEN 1
            WHEN r.relation IN ('配偶', '夫', '妻') THEN 2 ELSE 3 END,
        coalesce(r.birth_date, DATE '2900-01-01'), m.person_id
    )) AS head_person_id
FROM membership AS m JOIN resident AS r USING (person_id)
GROUP BY m.kind, m.base;

CREATE TABLE lives_at AS
WITH told AS (
    SELECT m.kind, m.base, n.town, arg_min(n.village, (n.said, n.village)) FILTER (n.village IS NOT NULL) AS village,
        arg_min(n.grid, (n.said, n.grid)) FILTER (n.grid IS NOT NULL) AS grid
    FROM named_place AS n JOIN membership AS m USING (person_id) GROUP BY ALL
)
SELECT kind, base, any_value(town) AS town, any_value(village) AS village, any_value(grid) AS grid
FROM told GROUP BY kind, base HAVING count(*) = 1;

-- The head's row may lack what all the others of the same number say.
CREATE TABLE head_place AS
WITH said AS (
    SELECT s.kind, s.base, o.town, o.village, o.grid FROM seat AS s LEFT JOIN own_row AS o ON o.person_id = s.head_person_id
),
others AS (
    SELECT m.kind, m.base, any_value(o.town) AS town
    FROM (FROM said WHERE town IS NULL) AS s JOIN membership AS m USING (kind, base)
    JOIN resident AS r ON r.person_id = m.person_id AND r.base = m.base JOIN own_row AS o ON o.person_id = m.person_id
    WHERE o.town IS NOT NULL GROUP BY ALL HAVING count(DISTINCT o.town) = 1
)
SELECT kind, base, coalesce(s.town, o.town) AS town, s.village, s.grid FROM said AS s LEFT JOIN others AS o USING (kind, base);

CREATE TABLE household AS
SELECT i.household_id, s.kind, s.base, s.head_person_id,
    coalesce(l.town, o.town) AS town,
    CASE WHEN o.town IS NULL OR l.town <> o.town THEN l.village ELSE coalesce(o.village, l.village) END AS village,
    CASE WHEN o.town IS NULL OR l.town <> o.town THEN l.grid ELSE coalesce(o.grid, l.grid) END AS grid,
    CASE WHEN l.town <> o.town THEN o.town END AS register_town,
    s.member_count::INTEGER AS member_count, s.collective, i.is_new
FROM seat AS s
JOIN household_id AS i USING (kind, base)
JOIN head_place AS o ON o.kind = s.kind AND o.base = s.base
LEFT JOIN lives_at AS l ON l.kind = s.kind AND l.base = s.base
UNION ALL
-- Households whose last member died or is in custody: kept without members, so that a finding about that person has a place.
SELECT e.household_id, 'assistance', NULL, e.person_id, coalesce(o.town, p.town), coalesce(o.village, p.village),
    coalesce(o.grid, p.grid), NULL, 0, coalesce(o.collective, false), false
FROM (
    SELECT household_id, min(person_id) AS person_id FROM left_household
    WHERE household_id NOT IN (SELECT household_id FROM household_id) GROUP BY household_id
) AS e
JOIN person AS p USING (person_id)
LEFT JOIN own_row AS o USING (person_id);

-- Relation to the head, as the register has it; a spouse who moved in stands to the partner.
CREATE TABLE member AS
SELECT h.household_id, m.kind, m.person_id,
    CASE
        WHEN m.person_id = h.head_person_id THEN '户主'
        WHEN r.base = m.base THEN r.relation
        WHEN v.partner = h.head_person_id THEN '配偶'
        WHEN p.relation IN ('子', '长子', '次子', '三子', '四子') THEN '儿媳'
        WHEN p.relation IN ('女', '长女', '次女', '三女', '四女') THEN '女婿'
        ELSE '其他亲属'
    END AS relation
FROM membership AS m
JOIN (SELECT kind, base, household_id, head_person_id FROM household WHERE base IS NOT NULL) AS h ON h.kind = m.kind AND h.base = m.base
JOIN resident AS r ON r.person_id = m.person_id
LEFT JOIN move AS v ON v.person_id = m.person_id
LEFT JOIN resident AS p ON p.person_id = v.partner;
