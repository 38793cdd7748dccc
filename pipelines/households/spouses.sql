-- Spouses: the latest marriage record of both, if it is 结婚 and they are each other's; else 户主 and 配偶 of one 户号.
-- The dead are kept here: they remain parents. Whoever brings spouses together looks at the living only.

-- One row per registration; 补领 (a copy of a certificate) is not a marriage.
CREATE TABLE registration AS
SELECT s.record_id >> 4 AS registration, any_value(s.register_type) AS register_type,
    coalesce(any_value(s.registered_on), DATE '0001-01-01') AS registered_on,
    any_value(s.person_id) FILTER (s.member_no = 0) AS man, any_value(s.person_id) FILTER (s.member_no = 1) AS woman,
    min(s.record_id) AS record_id
FROM src_marriage AS s
WHERE s.register_type IN ('结婚', '离婚') AND coalesce(s.registered_on <= getvariable('as_of'), true)
GROUP BY registration;

-- On one day a divorce comes before the next marriage. The same row sent twice: the later number for both alike.
CREATE TABLE latest_registration AS
SELECT person_id, arg_max(registration, (registered_on, register_type = '结婚', registration)) AS registration
FROM (
    SELECT man AS person_id, registration, registered_on, register_type FROM registration WHERE man IS NOT NULL
    UNION ALL
    SELECT woman, registration, registered_on, register_type FROM registration WHERE woman IS NOT NULL
)
GROUP BY person_id;

-- The first 户主 and the first 配偶 of a 户号.
CREATE TABLE register_pair AS
WITH partner AS (
    SELECT household_no, arg_min(person_id, record_id) AS person_id, arg_min(relation, record_id) AS relation,
        min(record_id) AS record_id
    FROM own_row WHERE household_no IS NOT NULL AND relation IN ('配偶', '夫', '妻') GROUP BY household_no
),
pair AS (
    SELECT h.registered_head AS head, p.person_id AS partner, p.record_id,
        CASE WHEN p.relation = '夫' THEN false WHEN p.relation = '妻' THEN true
            ELSE coalesce(hp.sex = '1', pp.sex = '2', true) END AS head_is_man
    FROM household_no AS h JOIN partner AS p USING (household_no)
    LEFT JOIN person AS hp ON hp.person_id = h.registered_head
    LEFT JOIN person AS pp ON pp.person_id = p.person_id
    WHERE h.registered_head <> p.person_id
)
SELECT CASE WHEN head_is_man THEN head ELSE partner END AS man, CASE WHEN head_is_man THEN partner ELSE head END AS woman, record_id
FROM pair;

CREATE TABLE married AS
SELECT g.man, g.woman, g.record_id
FROM registration AS g
JOIN latest_registration AS m ON m.person_id = g.man AND m.registration = g.registration
JOIN latest_registration AS w ON w.person_id = g.woman AND w.registration = g.registration
WHERE g.register_type = '结婚' AND g.man <> g.woman;

-- A party of the marriage record who is in no register, where the other's registered spouse has that name or that id: the
-- record was not linked to the spouse. Believing in a third person would tear the household apart.
CREATE TABLE mistaken AS
WITH other AS (     -- two joins, not one with OR: that would compare every couple with every other
    SELECT m.record_id, p.man, p.woman, m.man AS stranger, p.man AS registered
    FROM married AS m JOIN register_pair AS p USING (woman) WHERE p.man <> m.man
    UNION ALL
    SELECT m.record_id, p.man, p.woman, m.woman, p.woman
    FROM married AS m JOIN register_pair AS p USING (man) WHERE p.woman <> m.woman
)
SELECT o.record_id, o.man, o.woman, o.stranger
FROM other AS o
JOIN person AS x ON x.person_id = o.stranger
JOIN person AS y ON y.person_id = o.registered
ANTI JOIN own_row AS w ON w.person_id = o.stranger
WHERE x.name = y.name OR x.id_number = y.id_number;

INSERT INTO issue SELECT 'spouse_not_linked', record_id, stranger FROM mistaken;

CREATE TABLE couple AS
SELECT coalesce(x.man, m.man) AS man, coalesce(x.woman, m.woman) AS woman, 'marriage' AS basis, m.record_id
FROM married AS m LEFT JOIN mistaken AS x USING (record_id);

-- In the register alone: unless a marriage record says otherwise of either.
INSERT INTO couple
WITH taken AS (SELECT man AS person_id FROM couple UNION SELECT woman FROM couple)
SELECT man, woman, 'register', record_id FROM register_pair
WHERE man NOT IN (SELECT person_id FROM taken) AND woman NOT IN (SELECT person_id FROM taken);

CREATE TABLE spouse AS
SELECT man AS person_id, woman AS spouse_id, true AS is_man, basis, record_id FROM couple
UNION ALL
SELECT woman, man, false, basis, record_id FROM couple;
