SELECT person_id, count(*)::INTEGER AS businesses, sum(capital)::DECIMAL(18,2) AS business_capital
FROM (
    SELECT person_id, coalesce(credit_code, record_id::VARCHAR) AS business, max(capital) AS capital
    FROM src_business_registration
    WHERE business_state IN ('存续', '在业') AND NOT regexp_matches(coalesce(business_type, ''), '农民专业合作')
    GROUP BY ALL
)
GROUP BY person_id
