-- What happened to a household: the latest damage that leaves it in need. house_<source> is a source's rows with the household each
-- speaks of (compute.py).

CREATE TABLE household_disaster AS
SELECT s.household_id, max(s.happened_on) AS happened_on, arg_max(s.disaster_kind, s.happened_on) AS disaster_kind
FROM house_disasters AS s
WHERE s.household_id IS NOT NULL AND s.happened_on <= getvariable('as_of')
    AND (s.house_damage IN ('倒塌', '严重') OR s.loss_level = '重')
GROUP BY s.household_id;
