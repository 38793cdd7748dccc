-- The household's interval, what is deducted for rigid expense, and the one answer that would decide most.

-- 民发〔2021〕57号 第十三条, 民发〔2024〕57号 第四、五条. What insurance, aid, charity or the school has paid for the same expense comes off
-- first. An expense that is not known (no settlements came) is nothing to all of the income; a ratio without a value deducts nothing.
CREATE TABLE helped AS
SELECT e.household_id, sum(amount)::DOUBLE AS amount
FROM (
    SELECT person_id, amount FROM (SELECT DISTINCT person_id, aid_no, paid_on, amount FROM src_temporary_aid
        WHERE regexp_matches(coalesce(cause, ''), '病|医') AND coalesce(paid_on, applied_on) BETWEEN getvariable('from_12m') AND getvariable('as_of'))
    UNION ALL
    SELECT person_id, amount FROM (SELECT DISTINCT person_id, cause, paid_on, amount FROM src_charity
        WHERE regexp_matches(coalesce(cause, ''), '病|医') AND paid_on BETWEEN getvariable('from_12m') AND getvariable('as_of'))
) JOIN earner AS e USING (person_id)
GROUP BY e.household_id;

CREATE TABLE schooling AS
SELECT e.household_id, sum(CASE WHEN s.public_fee IS NULL THEN 0 ELSE greatest(0, least(s.cost, s.public_fee) - s.aid) END) AS amount, bool_or(s.public_fee IS NULL AND s.cost > 0) AS no_fee
FROM (
    SELECT s.person_id, s.term, max(coalesce(s.tuition, 0) + coalesce(s.lodging, 0))::DOUBLE AS cost, sum(DISTINCT s.amount)::DOUBLE AS aid,
        any_value(CASE
            WHEN s.stage = '学前' THEN e.education_fee_kindergarten WHEN s.stage IN ('小学', '初中') THEN e.education_fee_compulsory
            WHEN s.stage IN ('高中', '中职') THEN e.education_fee_secondary WHEN s.stage IN ('大专', '本科') THEN e.education_fee_college
        END) AS public_fee
    FROM src_school_aid AS s JOIN earner AS e USING (person_id)
    WHERE s.stage IS DISTINCT FROM '研究生'
    GROUP BY s.person_id, s.term
) AS s JOIN earner AS e USING (person_id)
GROUP BY e.household_id;

CREATE TABLE rehabilitated AS
SELECT e.household_id, sum(own_cost)::DOUBLE * any_value(e.deduct_rehabilitation) AS amount
FROM (SELECT DISTINCT person_id, service, provider, settled_on, own_cost FROM src_rehabilitation
    WHERE settled_on BETWEEN getvariable('from_12m') AND getvariable('as_of')) AS r
JOIN earner AS e USING (person_id)
GROUP BY e.household_id;

CREATE TABLE cared AS
SELECT household_id, count(*) * any_value(deduct_care_month) * 12 AS amount, count(*) > 0 AND any_value(deduct_care_month) IS NULL AS no_value
FROM earner WHERE cared_for AND NOT dead GROUP BY household_id;

CREATE TABLE expense AS
SELECT h.household_id,
    coalesce(in_policy.left, 0) * coalesce(n.deduct_medical, 0) + coalesce(outside.left, 0) * coalesce(n.deduct_medical_outside, 0)
        + coalesce(s.amount, 0) + coalesce(c.amount, 0) + coalesce(r.amount, 0) AS low,
    CASE WHEN h.member_medical_total_burden_12m IS NULL THEN 'inf'::DOUBLE ELSE low END AS high,
    list_filter([
        CASE WHEN coalesce(s.no_fee, false) THEN '教育支出没有扣减：公办收费标准没有值' END,
        CASE WHEN coalesce(c.no_value, false) THEN '照料支出没有扣减：照料支出标准没有值' END,
        CASE WHEN h.member_medical_total_burden_12m IS NULL THEN '医疗支出不能确定：没有医保结算数据' END
    ], lambda x: x IS NOT NULL) AS not_deducted
FROM household_fact AS h
JOIN parameter AS n ON n.population = coalesce(h.household_population, '')
LEFT JOIN helped AS p USING (household_id)
LEFT JOIN schooling AS s USING (household_id)
LEFT JOIN cared AS c USING (household_id)
LEFT JOIN rehabilitated AS r USING (household_id),
LATERAL (SELECT greatest(0, h.member_medical_burden_12m::DOUBLE - coalesce(p.amount, 0)) AS left) AS in_policy,
LATERAL (SELECT greatest(0, (h.member_medical_total_burden_12m - h.member_medical_burden_12m)::DOUBLE
    - greatest(0, coalesce(p.amount, 0) - h.member_medical_burden_12m::DOUBLE)) AS left) AS outside;

CREATE TABLE total AS
SELECT household_id, sum(low) AS low, sum(high) AS high, list(DISTINCT class ORDER BY class) FILTER (high > low) AS open,
    bool_or(basis = 'not_delivered') AS undelivered
FROM statement WHERE counted GROUP BY household_id;

CREATE TABLE income AS
SELECT h.household_id, h.household_size AS size, coalesce(t.low, 0) AS low, coalesce(t.high, 0) AS high,
    least(x.low, coalesce(t.high, 0)) AS deduction_low, least(x.high, coalesce(t.high, 0)) AS deduction_high,
    coalesce(t.open, []::TINYINT[]) AS open,
    -- a row that nobody has placed may be a member's income: as if it had not come, until it is known whose it is
    CASE WHEN t.undelivered THEN true
        WHEN NOT coalesce(list_has_any(h.household_asked_sources, getvariable('income_sources')), false) THEN false
    END AS undelivered, x.not_deducted,
    CASE WHEN h.household_on_edge AND NOT h.household_on_dibao THEN n.edge_multiplier ELSE 1 END * n.dibao_standard * 12 * h.household_size
        AS line,
    CASE WHEN h.household_on_edge AND NOT h.household_on_dibao THEN '低保边缘标准' ELSE '低保标准' END AS line_title
FROM household_fact AS h
JOIN parameter AS n ON n.population = coalesce(h.household_population, '')
JOIN expense AS x USING (household_id)
LEFT JOIN total AS t USING (household_id);

-- One answer decides where all the others leave no doubt: below `true_below` the income is under the line, from `false_from` on it is
-- not. Where several are open, the one that is asked about is the one whose own doubt is widest, the first class and member of equals.
-- Support (class 11) is one question, however many elders share it: what decides it is the child's household, a month.
CREATE TABLE question AS
WITH doubt AS (
    SELECT s.household_id, CASE WHEN s.class <> 11 THEN s.person_id END AS one, min(s.person_id) AS person_id, s.class,
        sum(s.low) AS low, sum(s.high) AS high
    FROM statement AS s JOIN income AS i USING (household_id)
    WHERE s.counted AND i.low < i.line AND i.high >= i.line
    GROUP BY s.household_id, one, s.class HAVING sum(s.high) > sum(s.low)
),
ranked AS (
    SELECT *, sum(low) OVER whole AS all_low, count(*) OVER whole AS doubts,
        coalesce(sum(high) OVER (widest ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 0) AS others_high,
        row_number() OVER widest AS place
    FROM doubt
    WINDOW whole AS (PARTITION BY household_id), widest AS (PARTITION BY household_id ORDER BY high - low DESC, class, person_id)
),
asked AS (
    SELECT r.household_id, r.person_id, r.class, r.doubts, i.line_title,
        CASE WHEN r.others_high < 'inf' THEN i.line - (i.low - r.all_low) - r.others_high END AS true_below,
        i.line - (i.low - r.low) AS false_from
    FROM ranked AS r JOIN income AS i USING (household_id) WHERE r.place = 1
),
payer AS (  -- where one household pays, its month's income is what decides
    SELECT household_id, sum(share) AS share, any_value(floor) AS floor, any_value(size) AS size
    FROM support GROUP BY household_id HAVING count(DISTINCT child_household) = 1 AND count(*) = count(size) AND sum(share) > 0
)
SELECT a.* EXCLUDE (true_below, false_from), a.true_below / kept AS true_below, a.false_from / kept AS false_from, m.relation,
    greatest(p.size * (greatest(a.true_below, 0) / 12 / p.share + p.floor), 0) AS payer_below,
    p.size * (a.false_from / 12 / p.share + p.floor) AS payer_from
FROM (
    -- In the terms of the question: wages are asked for gross.
    SELECT a.*, CASE a.class WHEN 1 THEN nullif(e.wage_kept, 0) ELSE 1 END AS kept FROM asked AS a JOIN earner AS e USING (household_id, person_id)
) AS a
LEFT JOIN payer AS p ON a.class = 11 AND p.household_id = a.household_id
LEFT JOIN (SELECT person_id, any_value(relation) AS relation FROM member WHERE kind = 'assistance' GROUP BY person_id) AS m
    ON m.person_id = a.person_id;
