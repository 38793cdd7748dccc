-- Parent, spouse and guardian edges. They are kept apart from households: who cares for a child is one question, who lives
-- with whom another. The dead and those in custody keep theirs.

-- Father or mother: by the parent's sex; where that is not known, by whether they are the man of the couple.
CREATE MACRO role_of(sex, is_man) AS
    CASE WHEN sex = '1' OR (sex IS NULL AND is_man) THEN 'father' WHEN sex = '2' OR (sex IS NULL AND NOT is_man) THEN 'mother' END;

CREATE TABLE parent_claim AS
-- The head's children: the head, and the head's spouse.
WITH child AS (
    SELECT o.person_id, o.record_id, h.registered_head AS head
    FROM own_row AS o JOIN household_no AS h USING (household_no)
    WHERE o.relation IN ('子', '长子', '次子', '三子', '四子', '女', '长女', '次女', '三女', '四女') AND h.registered_head IS NOT NULL
),
head_spouse AS (
    SELECT s.person_id AS head, s.spouse_id, s.is_man AS head_is_man, s.basis, s.record_id
    FROM spouse AS s SEMI JOIN child AS c ON c.head = s.person_id
)
SELECT c.person_id, c.head AS other_person_id,
    role_of(p.sex, k.head_is_man) AS role,
    'register' AS basis, c.record_id, 1 AS rank
FROM child AS c
LEFT JOIN person AS p ON p.person_id = c.head
LEFT JOIN head_spouse AS k ON k.head = c.head
WHERE c.person_id <> c.head
UNION ALL
SELECT c.person_id, k.spouse_id,
    role_of(p.sex, NOT k.head_is_man),
    k.basis, k.record_id, 2
FROM child AS c JOIN head_spouse AS k USING (head)
LEFT JOIN person AS p ON p.person_id = k.spouse_id
WHERE c.person_id <> k.spouse_id
UNION ALL
-- The head's own father and mother.
SELECT h.registered_head, o.person_id, CASE o.relation WHEN '父亲' THEN 'father' ELSE 'mother' END, 'register', o.record_id, 1
FROM own_row AS o JOIN household_no AS h USING (household_no)
WHERE o.relation IN ('父亲', '母亲') AND h.registered_head IS NOT NULL AND h.registered_head <> o.person_id;

-- One father, one mother: what the register says before what the marriage record says, then the row read first.
CREATE TABLE parent_edge AS
SELECT person_id, role, arg_min(other_person_id, (rank, record_id)) AS other_person_id,
    arg_min(basis, (rank, record_id)) AS basis, arg_min(record_id, (rank, record_id)) AS record_id
FROM parent_claim WHERE role IS NOT NULL GROUP BY person_id, role
UNION ALL
SELECT person_id, NULL, other_person_id, arg_min(basis, (rank, record_id)), min(record_id)
FROM parent_claim WHERE role IS NULL GROUP BY person_id, other_person_id;

-- A guardian named on the certificate is found among those of the same register household or among parents and spouse;
-- elsewhere a name alone would be a guess.
CREATE TABLE guardian_edge AS
WITH named AS (
    SELECT s.person_id, s.guardian, s.record_id, w.base
    FROM src_disabled_persons AS s
    JOIN resident AS w USING (person_id)
    WHERE s.guardian IS NOT NULL
),
candidate AS (
    SELECT n.person_id, n.guardian, n.record_id, o.person_id AS other_person_id FROM named AS n JOIN resident AS o USING (base)
    UNION
    SELECT n.person_id, n.guardian, n.record_id, e.other_person_id FROM named AS n JOIN parent_edge AS e USING (person_id)
    UNION
    SELECT n.person_id, n.guardian, n.record_id, s.spouse_id FROM named AS n JOIN spouse AS s USING (person_id)
)
SELECT c.person_id, min(c.other_person_id) AS other_person_id, min(c.record_id) AS record_id
FROM candidate AS c JOIN person AS p ON p.person_id = c.other_person_id
WHERE p.name = c.guardian AND c.other_person_id <> c.person_id
GROUP BY c.person_id HAVING count(DISTINCT c.other_person_id) = 1;
