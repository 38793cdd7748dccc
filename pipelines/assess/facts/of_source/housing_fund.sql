SELECT person_id, sum(base)::DECIMAL(18,2) AS housing_fund_base
FROM (SELECT DISTINCT person_id, employer, employee_no, base FROM src_housing_fund WHERE fund_state = '正常')
GROUP BY person_id
