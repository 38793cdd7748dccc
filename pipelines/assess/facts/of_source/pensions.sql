SELECT person_id, bool_or(pension_kind = '工伤护理费') AS injury_nursing
FROM src_pensions
WHERE from_month <= getvariable('month') AND coalesce(paused_month > getvariable('month'), true)
GROUP BY person_id
