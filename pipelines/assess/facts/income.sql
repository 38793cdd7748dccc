-- Income, insurance and work per person (rules.md, Income).

-- One row per month, payer and kind: the same row sent twice is one income.
CREATE TABLE fact_tax AS
SELECT person_id, sum(income)::DECIMAL(18,2) AS income, count(DISTINCT ends)::INTEGER AS months
FROM (
    SELECT s.person_id, coalesce(s.period_to, s.period_from) AS ends, any_value(s.income) AS income
    FROM src_tax_income AS s
    WHERE coalesce(s.period_to, s.period_from) BETWEEN getvariable('from_12m') AND getvariable('as_of')
    GROUP BY s.person_id, ends, hash(s.payer, s.income_kind, s.period_from, s.income, s.tax_paid)
)
GROUP BY person_id;

-- A pension once per scheme. An amount that is missing is not zero: `…_amount_missing`.
CREATE TABLE fact_social AS
SELECT s.person_id,
    bool_or(s.scheme = '职工养老' AND s.insurance_state = '领取待遇') AS employee_pension,
    coalesce(max(s.month_benefit) FILTER (s.scheme = '职工养老' AND s.insurance_state = '领取待遇'), 0) AS employee_month,
    bool_or(s.scheme = '居民养老' AND s.insurance_state = '领取待遇') AS resident_pension,
    coalesce(max(s.month_benefit) FILTER (s.scheme = '居民养老' AND s.insurance_state = '领取待遇'), 0) AS resident_month,
    bool_or(s.scheme = '职工养老' AND s.insurance_state = '领取待遇')
        AND max(s.month_benefit) FILTER (s.scheme = '职工养老' AND s.insurance_state = '领取待遇') IS NULL AS employee_amount_missing,
    bool_or(s.scheme = '居民养老' AND s.insurance_state = '领取待遇')
        AND max(s.month_benefit) FILTER (s.scheme = '居民养老' AND s.insurance_state = '领取待遇') IS NULL AS resident_amount_missing,
    bool_or(s.scheme = '职工养老' AND s.insurance_state = '缴费') AS employee_paying,
    bool_or(s.insurance_state = '缴费') AS any_paying,
    coalesce(max(s.base) FILTER (s.scheme = '职工养老' AND s.insurance_state = '缴费'), 0) AS base,
    bool_or(CASE WHEN s.scheme = '职工养老' AND s.insurance_state IN ('暂停缴费', '终止')
        THEN s.last_paid_month <= getvariable('month') - INTERVAL 3 MONTH ELSE false END) AS lapsed,
    max(s.last_paid_month) FILTER (s.scheme = '职工养老') AS last_paid_month,
    max(s.unemployed_on) FILTER (s.unemployed_on <= getvariable('as_of')) AS unemployed_on
FROM src_social_insurance AS s
GROUP BY s.person_id;

CREATE TABLE fact_school AS
SELECT s.person_id, bool_or(s.school_state = '在读') AS in_school,
    arg_max(s.stage, list_position(['学前', '小学', '初中', '中职', '高中', '大专', '本科', '研究生'], s.stage))
        FILTER (s.school_state = '在读') AS stage,
    coalesce(bool_or(s.school_state = '毕业'), false) AND NOT coalesce(bool_or(s.school_state = '在读'), false) AS graduated
FROM src_school_enrolment AS s
GROUP BY s.person_id;
