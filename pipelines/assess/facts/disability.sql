-- Disability: the certificate that counts, and what each policy's predicate says of it (rules.md, Facts: Disability).

-- The parts of a set that are not 多重; none of them known where the text says only 多重 or nothing.
CREATE MACRO has_part(category, one) AS
    CASE WHEN list_contains(category, one) THEN true
        WHEN len(list_filter(category, lambda part: part <> '多重')) > 0 THEN false END;

CREATE TABLE fact_disability AS
WITH certificate AS (
    SELECT s.person_id, s.record_id, s.certificate_state, s.valid_to, s.issued_on,
        TRY_CAST(coalesce(s.grade, s.certificate_grade) AS INTEGER) AS grade,
        CASE WHEN len(s.category) > 0 THEN s.category ELSE
            CASE s.certificate_category WHEN '1' THEN ['视力'] WHEN '2' THEN ['听力'] WHEN '3' THEN ['言语'] WHEN '4' THEN ['肢体']
                WHEN '5' THEN ['智力'] WHEN '6' THEN ['精神'] WHEN '7' THEN ['多重'] END
        END AS category,
        s.certificate_state = '正常' AND coalesce(s.valid_to >= getvariable('as_of'), true) AS counts
    FROM src_disabled_persons AS s
),
-- Two certificates on record: one that counts before one that does not, the later issued before the earlier.
best AS (
    SELECT DISTINCT ON (person_id) * FROM certificate
    ORDER BY person_id, counts DESC NULLS LAST, issued_on DESC NULLS LAST, grade NULLS LAST, record_id
)
SELECT person_id, record_id, certificate_state, valid_to, issued_on, counts,
    CASE WHEN counts THEN grade END AS valid_grade,
    CASE WHEN counts THEN category END AS valid_category,
    counts AND grade <= 2 AS severe,
    counts AND (grade <= 2 OR (grade = 3 AND (has_part(category, '智力') OR has_part(category, '精神')))) AS single_dibao,
    counts AND ((grade <= 3 AND (has_part(category, '智力') OR has_part(category, '精神')))
        OR (grade <= 2 AND has_part(category, '肢体')) OR (grade = 1 AND has_part(category, '视力'))) AS no_labour,
    counts AND (grade <= 2 OR (grade <= 4 AND (has_part(category, '智力') OR has_part(category, '精神')))) AS parent_unable
FROM best;
