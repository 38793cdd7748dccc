-- Who can have an income for a household, the parameters of this batch as one row per population, and the table of statements.
--
-- Amounts are DOUBLE here: infinity is "no upper bound", and sums, differences and comparisons with it come out right by
-- themselves. The lake gets DECIMAL, and NULL for infinity.

-- Months from the month of one day to that of another, both counted; not below 0.
CREATE MACRO months_of(first, last) AS greatest(0, date_diff('month', first, last) + 1);

-- Living members, and whoever died within the window: their income of that time was the household's.
CREATE TABLE earner AS
SELECT
    coalesce(p.household_id, p.left_household_id) AS household_id, p.person_id, p.age, p.sex, p.disability_grade,
    coalesce(p.in_school, false) AS in_school,
    coalesce(p.no_labour_disability, false) AS unable,
    coalesce(p.severe, false) AS severe,
    coalesce(p.in_custody, false) AS in_custody,
    coalesce(p.single_dibao_disability, false) AS cared_for,
    coalesce(p.on_dibao OR p.on_tekun OR p.on_edge, false) AS covered,
    coalesce(p.businesses, 0) > 0 AS open_business,
    p.employee_insurance_paying AS paying, p.marriage_change = '离婚' AS divorced, p.father_id, p.mother_id,
    p.household_id IS NULL AS dead,
    coalesce(h.household_head_id = p.person_id, false) AS head,
    CASE WHEN p.household_id IS NULL THEN p.death_date ELSE getvariable('as_of') END AS until,
    -- Of a gross wage what insurance and work do not cost; NULL where a rate is not known.
    -- (greatest leaves a NULL out, and would make it 0)
    CASE WHEN n.income_personal_rate + n.income_job_cost IS NOT NULL THEN greatest(0, 1 - n.income_personal_rate - n.income_job_cost - CASE p.disability_grade
        WHEN 1 THEN coalesce(n.income_job_cost_disabled_1, 0) WHEN 2 THEN coalesce(n.income_job_cost_disabled_2, 0)
        WHEN 3 THEN coalesce(n.income_job_cost_disabled_3, 0) WHEN 4 THEN coalesce(n.income_job_cost_disabled_3, 0) ELSE 0
    END) END AS wage_kept,
    n.*
FROM person_fact AS p
JOIN household_fact AS h ON h.household_id = coalesce(p.household_id, p.left_household_id)
JOIN parameter AS n ON n.population = coalesce(h.household_population, p.population, '')
WHERE p.household_id IS NOT NULL
    OR p.left_reason = 'dead' AND p.death_date BETWEEN getvariable('from_12m') AND getvariable('as_of');

CREATE TABLE statement (
    household_id VARCHAR, person_id VARCHAR, class TINYINT, low DOUBLE, high DOUBLE,
    basis VARCHAR, counted BOOLEAN, source VARCHAR, file VARCHAR, row_no INTEGER, as_of DATE
);
