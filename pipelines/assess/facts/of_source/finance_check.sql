-- The latest answer of each kind of institution counts; 否 says nothing of the amount.
SELECT person_id, max(snapshot_on) FILTER (over_limit = '是') AS finance_over_on
FROM (
    SELECT person_id, over_limit, snapshot_on,
        row_number() OVER (PARTITION BY person_id, institution_kind ORDER BY snapshot_on DESC NULLS LAST, record_id DESC) AS place
    FROM src_finance_check WHERE snapshot_on <= getvariable('as_of')
)
WHERE place = 1
GROUP BY person_id
