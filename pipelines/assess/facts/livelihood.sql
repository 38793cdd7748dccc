-- Work and what is paid, of the second group: benefits and their end, public salaries, nursing money; and, with an authorisation,
-- the housing fund, homes and what banks answered (sources-2.md).

CREATE TABLE fact_employment AS
SELECT s.person_id, min(s.months_left)::INTEGER AS months_left, coalesce(bool_or(s.employment_form = '公益性岗位'), false) AS public_post
FROM src_employment AS s GROUP BY s.person_id;

CREATE TABLE fact_benefits AS
SELECT s.person_id, bool_or(s.pension_kind = '工伤护理费') AS injury_nursing
FROM src_pensions AS s
WHERE s.from_month <= getvariable('month') AND coalesce(s.paused_month > getvariable('month'), true)
GROUP BY s.person_id;

CREATE TABLE fact_card AS
SELECT s.person_id, coalesce(bool_or(s.item_class = 'salary'), false) AS salary,
    any_value(s.item_as) FILTER (s.item_class = 'salary') AS salary_item
FROM src_benefit_card AS s
WHERE s.paid_month BETWEEN getvariable('from_3m') AND getvariable('as_of')
GROUP BY s.person_id;

CREATE TABLE fact_fund AS
SELECT s.person_id, sum(s.base)::DECIMAL(18,2) AS base
FROM (SELECT DISTINCT person_id, employer, employee_no, base FROM src_housing_fund WHERE fund_state = '正常') AS s
GROUP BY s.person_id;

-- A title once, whoever holds it: spouses stand on one title with a row each, and what members hold by shares is added up. A share
-- is read as 0.5 or as 50 (percent); held 按份 without a share, nobody can say whether it is half.
CREATE TABLE dwelling AS
SELECT s.person_id, coalesce(s.title_no, s.record_id::VARCHAR) AS title, any_value(s.co_ownership) AS co_ownership,
    max(CASE WHEN s.share > 1 THEN s.share / 100 ELSE s.share END) AS share
FROM src_real_estate AS s
WHERE s.land_use = '住宅' AND s.title_state = '现势'
GROUP BY ALL;
CREATE TABLE fact_dwelling AS
SELECT person_id, count(*)::INTEGER AS dwellings FROM dwelling GROUP BY person_id;
CREATE TABLE household_dwelling AS
SELECT household_id, count(*)::INTEGER AS dwellings, (count(*) FILTER (held))::INTEGER AS held,
    (count(*) FILTER (coalesce(held, true)))::INTEGER AS perhaps_held
FROM (
    SELECT m.household_id, d.title, CASE WHEN bool_or(d.co_ownership IN ('单独', '共同')) THEN true
        WHEN sum(d.share) >= 0.5 THEN true WHEN count(d.share) = count(*) THEN false END AS held
    FROM dwelling AS d JOIN assistance_member AS m USING (person_id) GROUP BY ALL
)
GROUP BY household_id;

-- The latest answer of each kind of institution counts; 否 says nothing of the amount.
CREATE TABLE fact_finance AS
SELECT person_id, max(snapshot_on) FILTER (over_limit = '是') AS over_on
FROM (
    SELECT s.person_id, s.over_limit, s.snapshot_on,
        row_number() OVER (PARTITION BY s.person_id, s.institution_kind ORDER BY s.snapshot_on DESC NULLS LAST, s.record_id DESC) AS place
    FROM src_finance_check AS s WHERE s.snapshot_on <= getvariable('as_of')
)
WHERE place = 1
GROUP BY person_id;
