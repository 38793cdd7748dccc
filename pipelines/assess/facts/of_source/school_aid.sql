-- 2026-2027学年第一学期, 2026-2027-1, 2026年秋季, 2027春: a term is the school year's first calendar year twice and its half;
-- NULL where it says neither. The term that the batch's month is in: the first from August to January.
WITH said AS (
    SELECT person_id, in_hardship = '是' AS hard, term,
        CASE WHEN regexp_matches(term, '第?[一1]学期|秋|上学期|[-_/ ][1一]$') THEN 1
            WHEN regexp_matches(term, '第?[二2]学期|春|下学期|[-_/ ][2二]$') THEN 2 END AS half
    FROM src_school_aid
),
dated AS (
    SELECT person_id, hard, TRY_CAST(regexp_extract(term, '20[0-9]{2}') AS INTEGER) * 2 + half
            - CASE WHEN regexp_matches(term, '春') AND NOT regexp_matches(term, '20[0-9]{2}.?-.?20[0-9]{2}') THEN 2 ELSE 0 END
        = CASE WHEN month(getvariable('month')) >= 8 THEN year(getvariable('month')) * 2 + 1
            WHEN month(getvariable('month')) = 1 THEN year(getvariable('month')) * 2 - 1 ELSE year(getvariable('month')) * 2 END AS now
    FROM said
)
SELECT person_id, CASE WHEN bool_or(hard AND now) THEN true WHEN bool_or(hard AND now IS NULL) THEN NULL ELSE false END
    AS student_in_hardship
FROM dated GROUP BY person_id
