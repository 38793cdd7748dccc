-- What all facts rest on: households, who is authorised, and how "not listed" and "not known" are told apart.

-- Whole years; NULL for somebody not yet born.
CREATE MACRO age_on(birth_date, day) AS CASE WHEN birth_date <= day THEN (
    year(day) - year(birth_date) - CASE WHEN (month(day), day(day)) < (month(birth_date), day(birth_date)) THEN 1 ELSE 0 END
)::INTEGER END;

-- A fact of a source: what its rows say of the person (hit: the person has one), else `otherwise` where the source may be
-- taken to know everybody (its file came, and its use is allowed for this person), else not known.
CREATE MACRO fact(hit, known, value, otherwise) AS CASE WHEN hit IS NOT NULL THEN value WHEN known THEN otherwise END;

-- Over the members of a household: true if one is, false if all are known not to be.
CREATE MACRO any_known(flag) AS CASE WHEN bool_or(flag) THEN true WHEN count(flag) = count(*) THEN false END;
-- How many are known to be; not known only where it is known of nobody.
CREATE MACRO count_known(flag) AS CASE WHEN count(flag) > 0 THEN (count(*) FILTER (flag))::INTEGER END;
-- A sum, not known if one part is not.
CREATE MACRO sum_all(amount) AS CASE WHEN count(amount) = count(*) THEN sum(amount)::DECIMAL(18,2) END;
CREATE MACRO sum_known(amount) AS CASE WHEN count(amount) > 0 THEN sum(amount)::DECIMAL(18,2) END;

CREATE TABLE assistance_member AS SELECT person_id, household_id FROM member WHERE kind = 'assistance';

CREATE TABLE registered AS
SELECT DISTINCT person_id FROM src_police_household;
