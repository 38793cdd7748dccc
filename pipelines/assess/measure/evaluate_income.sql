-- Household income against a truth. Given: true_household_of (evaluate.sql), true_income (true_household, class, amount; class 0 is
-- what may be deducted), and of the lake income_statement and household_income. Left behind: income_by_class.

CREATE TEMP TABLE stated AS
SELECT true_household, class, sum(low) AS low, CASE WHEN bool_or(high IS NULL) THEN 'inf'::DOUBLE ELSE sum(high) END AS high
FROM (
    SELECT household_id, class, low::DOUBLE AS low, high::DOUBLE AS high FROM income_statement WHERE counted
    UNION ALL
    -- in a household without an income nothing is deducted: capped there by what it has
    SELECT household_id, 0, deduction_low, coalesce(deduction_high, 'inf'::DOUBLE) FROM household_income
    UNION ALL
    SELECT household_id, -1, low, coalesce(high, 'inf'::DOUBLE) FROM household_income
) JOIN true_household_of USING (household_id)
GROUP BY ALL;

CREATE TEMP TABLE had AS
SELECT true_household, class, sum(amount) AS amount FROM true_income GROUP BY ALL
UNION ALL
SELECT true_household, -1, sum(amount) FROM true_income WHERE class > 0 GROUP BY true_household;

-- A household's expense counts as far as it has an income to be deducted from.
CREATE TEMP TABLE income_by_class AS
SELECT
    CASE class WHEN -1 THEN '合计' WHEN 0 THEN '扣减' ELSE class::VARCHAR END AS income,
    count(*) AS households,
    count(*) FILTER (coalesce(s.high, 0) = coalesce(s.low, 0)) AS closed,
    count(*) FILTER (coalesce(amount, 0) BETWEEN coalesce(s.low, 0) - 0.1 AND coalesce(s.high, 0) + 0.1
        OR class = 0 AND amount > s.high AND s.high >= t.high - 0.1) AS held,
    held / count(*) AS share
FROM stated AS s FULL JOIN had AS h USING (true_household, class)
LEFT JOIN (SELECT true_household, high FROM stated WHERE class = -1) AS t USING (true_household)
WHERE true_household IN (SELECT true_household FROM stated)
GROUP BY class
ORDER BY class;
