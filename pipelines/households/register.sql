-- Persons of the batch with the register household each belongs to.
-- A household is known by its base: the person_id of its 户主 when it was first read, or of whoever stands alone.

-- The household number of a row, NULL where it makes no household: no number, or a 集体户.
CREATE TABLE register_row AS
SELECT person_id, record_id, household_key AS household_no, relation, town, village, grid FROM src_police_household;

CREATE TABLE collective AS
SELECT household_no FROM register_row WHERE household_no IS NOT NULL
GROUP BY household_no HAVING count(*) > getvariable('collective_size');

-- Registered twice: the row read first counts. Record ids rise in reading order.
CREATE TABLE registered_twice AS
SELECT person_id, min(record_id) AS first FROM register_row GROUP BY person_id HAVING count(*) > 1;

CREATE TABLE own_row AS
SELECT r.person_id, r.record_id, r.relation, r.town, r.village, r.grid, c.household_no IS NOT NULL AS collective,
    CASE WHEN c.household_no IS NULL THEN r.household_no END AS household_no
FROM register_row AS r
LEFT JOIN registered_twice AS t USING (person_id)
LEFT JOIN collective AS c ON c.household_no = r.household_no
WHERE t.first IS NULL OR t.first = r.record_id;

CREATE TABLE household_no AS
SELECT household_no,
    arg_min(person_id, record_id) FILTER (relation = '户主') AS registered_head,
    coalesce(registered_head, arg_min(person_id, record_id)) AS base,
    count(*) FILTER (relation = '户主') AS heads,
    min(record_id) AS record_id
FROM own_row WHERE household_no IS NOT NULL GROUP BY household_no;

CREATE TABLE issue AS
SELECT 'registered_twice' AS kind, r.record_id, r.person_id
FROM register_row AS r JOIN registered_twice AS t USING (person_id) WHERE r.record_id <> t.first
UNION ALL
SELECT 'two_heads', o.record_id, o.person_id
FROM own_row AS o JOIN household_no AS h USING (household_no)
WHERE h.heads > 1 AND o.relation = '户主' AND o.person_id <> h.registered_head
UNION ALL
SELECT 'no_head', record_id, base FROM household_no WHERE heads = 0;

-- Everybody with a record in this batch.
CREATE TABLE resident AS
SELECT p.person_id, p.alive, p.sex, p.birth_date, o.record_id, o.relation, coalesce(o.collective, false) AS collective,
    o.household_no, coalesce(h.base, p.person_id) AS base,
    coalesce(o.relation = '户主' AND o.household_no IS NOT NULL, false) AS is_head
FROM person AS p
LEFT JOIN own_row AS o USING (person_id)
LEFT JOIN household_no AS h USING (household_no)
WHERE p.last_batch = getvariable('batch');
