-- Care and aid of the second group: mental disorder, the old who live alone, the insurance's yearly total, temporary aid, unions,
-- cremation, dangerous houses (sources-2.md).

CREATE TABLE fact_mental AS
SELECT DISTINCT s.person_id FROM src_serious_illness AS s WHERE s.illness_kind = '严重精神障碍';

-- Of two assessments the later; who is said to live alone on one row lives alone.
CREATE TABLE fact_elder AS
SELECT s.person_id, bool_or(s.lives_alone = '是') AS alone,
    arg_max(s.ability, (coalesce(s.assessed_on, DATE '1900-01-01'), s.record_id)) FILTER (s.ability IS NOT NULL) AS ability
FROM src_elder_services AS s
GROUP BY s.person_id;

-- The year's total as the insurance has added it up: the largest of the year, never added to its settlements.
CREATE TABLE fact_yearly AS
SELECT s.person_id, max(s.in_policy_burden) AS in_policy
FROM src_medical_yearly AS s WHERE s.year = year(getvariable('month')) GROUP BY s.person_id;

-- Two grants for one cause from two payers: how many months ago the earlier of the two latest payers' grants was.
CREATE TABLE fact_aid AS
WITH granted AS (
    SELECT s.person_id, s.cause, s.payer, max(coalesce(s.paid_on, s.applied_on)) AS paid_on
    FROM src_temporary_aid AS s WHERE coalesce(s.paid_on, s.applied_on) <= getvariable('as_of') GROUP BY ALL
),
repeated AS (
    SELECT person_id, cause, list_sort(list(paid_on), 'DESC')[2] AS paid_on
    FROM granted WHERE cause IS NOT NULL AND payer IS NOT NULL GROUP BY ALL HAVING count(*) >= 2
)
SELECT g.person_id, max(g.paid_on) AS aid_on, max(r.paid_on) AS earlier_on, arg_max(r.cause, r.paid_on) AS cause
FROM granted AS g LEFT JOIN repeated AS r USING (person_id) GROUP BY g.person_id;

CREATE TABLE fact_union AS
SELECT s.person_id, bool_or(coalesce(s.cleared_on > getvariable('as_of'), true)) AS in_hardship
FROM src_union_hardship AS s
WHERE coalesce(s.filed_on <= getvariable('as_of'), true) GROUP BY s.person_id;

-- A cremation says who died only by an id that is sound: two namesakes of one village are common.
CREATE TABLE fact_cremated AS
SELECT s.person_id, min(coalesce(s.death_date, s.cremated_on)) AS died_on
FROM src_funeral AS s
WHERE s.id_status IN ('valid', 'lifted') AND coalesce(s.death_date, s.cremated_on) <= getvariable('as_of')
GROUP BY s.person_id;

-- Danger that is not mended: the worst grade of a house found dangerous and not said to be rebuilt.
CREATE TABLE fact_house AS
SELECT s.person_id, max(s.danger_grade) AS grade
FROM src_public_housing AS s
WHERE s.housing_kind = '危房' AND s.danger_grade IN ('C', 'D') AND s.finished IS DISTINCT FROM '是'
GROUP BY s.person_id;

-- 2026-2027学年第一学期, 2026-2027-1, 2026年秋季, 2027春: the school year's first calendar year and its half; NULL where it says neither.
CREATE MACRO term_half(t) AS CASE
    WHEN regexp_matches(t, '第?[一1]学期|秋|上学期|[-_/ ][1一]$') THEN 1 WHEN regexp_matches(t, '第?[二2]学期|春|下学期|[-_/ ][2二]$') THEN 2 END;
CREATE MACRO term_of(t) AS TRY_CAST(regexp_extract(t, '20[0-9]{2}') AS INTEGER) * 2 + term_half(t)
    - CASE WHEN regexp_matches(t, '春') AND NOT regexp_matches(t, '20[0-9]{2}.?-.?20[0-9]{2}') THEN 2 ELSE 0 END;
-- The term that the batch's month is in: the first from August to January.
CREATE MACRO this_term(day) AS CASE WHEN month(day) >= 8 THEN year(day) * 2 + 1 WHEN month(day) = 1 THEN year(day) * 2 - 1
    ELSE year(day) * 2 END;
CREATE TABLE fact_student AS
SELECT person_id, CASE WHEN bool_or(hard AND now) THEN true WHEN bool_or(hard AND now IS NULL) THEN NULL ELSE false END AS in_hardship
FROM (
    SELECT s.person_id, s.in_hardship = '是' AS hard, term_of(s.term) = this_term(getvariable('month')) AS now FROM src_school_aid AS s
)
GROUP BY person_id;
