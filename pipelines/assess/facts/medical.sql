-- Medical burden per person (rules.md, Facts: Medical).
-- Exact repeats of a row count once; refunds (negative rows) are added to the bill of the same 结算ID, and belong to the
-- month of the bill, so that a bill refunded in full is as if it had never been. A refund without its bill in the extract
-- is of a bill that fell out of it: it must not lower the burden of other bills.

CREATE VIEW settlement AS
SELECT s.person_id, s.record_id, s.match_probability, s.settlement_id, s.settled_on, s.total_cost < 0 AS refund,
    s.total_cost - coalesce(s.pooled_fund, 0) - coalesce(s.serious_illness, 0) - coalesce(s.medical_aid, 0) AS total_burden,
    total_burden - coalesce(s.self_paid, 0) AS in_policy,
    s.hospital, s.care_type, s.admitted_on, s.discharged_on, s.total_cost, s.pooled_fund, s.serious_illness, s.medical_aid,
    s.own_account, s.cash, s.self_paid
FROM src_medical_settlement AS s
WHERE s.total_cost IS NOT NULL;

CREATE TABLE repeated_settlement AS
SELECT settlement_id FROM src_medical_settlement WHERE settlement_id IS NOT NULL GROUP BY settlement_id HAVING count(*) > 1;

-- The rows of one 结算ID are one bill, of whoever its surest row is linked to: a damaged id on the refund must not leave the
-- bill standing.
CREATE TABLE fact_medical AS
WITH netted AS (
    SELECT any_value(person_id) AS person_id, min(settled_on) FILTER (NOT refund) AS settled_on,
        sum(total_burden) AS total_burden, sum(in_policy) AS in_policy
    FROM (
        SELECT settlement_id, settled_on, refund, total_cost, total_burden, in_policy,
            first_value(person_id) OVER (
                PARTITION BY settlement_id ORDER BY refund, match_probability DESC NULLS LAST, record_id
            ) AS person_id,
            row_number() OVER (
                PARTITION BY settlement_id, settled_on, total_cost, pooled_fund, serious_illness, medical_aid, own_account, cash,
                    self_paid, admitted_on, discharged_on, hospital, care_type
            ) AS copy
        FROM settlement SEMI JOIN repeated_settlement USING (settlement_id)
    )
    WHERE copy = 1
    GROUP BY settlement_id
    HAVING sum(total_cost) <> 0 OR sum(total_burden) <> 0 OR sum(in_policy) <> 0
),
bill AS (
    SELECT person_id, settled_on, total_burden, in_policy
    FROM settlement ANTI JOIN repeated_settlement USING (settlement_id) WHERE NOT refund
    UNION ALL
    SELECT person_id, settled_on, total_burden, in_policy FROM netted
)
SELECT person_id,
    coalesce(sum(in_policy) FILTER (settled_on >= getvariable('from_12m')), 0)::DECIMAL(18,2) AS burden_12m,
    coalesce(sum(total_burden) FILTER (settled_on >= getvariable('from_12m')), 0)::DECIMAL(18,2) AS total_burden_12m,
    coalesce(sum(in_policy) FILTER (settled_on < getvariable('month')), 0)::DECIMAL(18,2) AS burden_before_12m,
    coalesce(sum(in_policy) FILTER (settled_on >= getvariable('from_3m')), 0)::DECIMAL(18,2) AS burden_3m,
    coalesce(sum(in_policy) FILTER (settled_on >= getvariable('from_12m') AND settled_on < getvariable('from_3m')), 0)::DECIMAL(18,2)
        AS burden_months_4_12,
    coalesce(max(in_policy) FILTER (settled_on >= getvariable('from_12m')), 0)::DECIMAL(18,2) AS max_settlement,
    arg_max(settled_on, (in_policy, settled_on)) FILTER (settled_on >= getvariable('from_12m')) AS max_settlement_on,
    (count(*) FILTER (settled_on >= getvariable('from_12m')))::INTEGER AS settlements
FROM bill
WHERE settled_on BETWEEN getvariable('from_before_12m') AND getvariable('as_of')
GROUP BY person_id;

CREATE TABLE fact_enrolment AS
SELECT s.person_id,
    bool_or(CASE WHEN s.enrolment_state = '正常参保' THEN s.paid_year >= year(getvariable('as_of')) WHEN s.enrolment_state IS NOT NULL THEN false END)
        AS enrolled,
    bool_or(s.enrolment_state IS NULL OR (s.enrolment_state = '正常参保' AND s.paid_year IS NULL)) AS unclear
FROM src_medical_enrolment AS s
GROUP BY s.person_id;
