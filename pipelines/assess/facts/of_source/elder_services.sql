-- Of two assessments the later; who is said to live alone on one row lives alone.
SELECT person_id, bool_or(s.lives_alone = '是') AS lives_alone,
    arg_max(s.ability, (coalesce(s.assessed_on, DATE '1900-01-01'), s.record_id)) FILTER (s.ability IS NOT NULL) AS elder_ability,
    elder_ability IN ('中度', '重度', '完全') AS elder_disabled
FROM src_elder_services AS s
GROUP BY person_id
