-- Spouses: the latest marriage record of both, if it is 结婚 and they are each other's; else 户主 and 配偶 of one 户号.
-- The dead are kept here: they remain parents. Whoever brings spouses together looks at the living only.

-- One row per registration; 补领 (a copy of a certificate) is not a marriage.
CREATE TABLE registration AS
SELECT s.record_id >> 4 AS registration, any_value(s.register_type) AS register_type,
    coalesce(any_value(s.registered_on), DATE '0001-01-01') AS registered_on,
    any_value(r.person_id) FILTER (s.member_no = 0) AS man, any_value(r.person_id) FILTER (s.member_no = 1) AS woman,
    min(s.record_id) AS record_id
FROM src_marriage AS s JOIN person_record AS r USING (record_id)
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

CREATE TABLE couple AS
SELECT g.man, g.woman, 'marriage' AS basis, g.record_id
FROM registration AS g
JOIN latest_registration AS m ON m.person_id = g.man AND m.registration = g.registration
JOIN latest_registration AS w ON w.person_id = g.woman AND w.registration = g.registration
WHERE g.register_type = '结婚' AND g.man <> g.woman;

-- In the register: the first 户主 and the first 配偶 of a 户号, unless a marriage record says otherwise of either.
INSERT INTO couple
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
),
married AS (SELECT man AS person_id FROM couple UNION SELECT woman FROM couple)
SELECT CASE WHEN head_is_man THEN head ELSE partner END, CASE WHEN head_is_man THEN partner ELSE head END, 'register', record_id
FROM pair
WHERE head NOT IN (SELECT person_id FROM married) AND partner NOT IN (SELECT person_id FROM married);

CREATE TABLE spouse AS
SELECT man AS person_id, woman AS spouse_id, true AS is_man, basis, record_id FROM couple
UNION ALL
SELECT woman, man, false, basis, record_id FROM couple;
