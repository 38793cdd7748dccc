SELECT person_id, true AS grid_report, coalesce(bool_or(difficulty LIKE '急难%'), false) AS grid_report_urgent,
    max(reported_on) AS grid_report_on,
    arg_max(difficulty, (coalesce(difficulty LIKE '急难%', false), reported_on, record_id)) AS grid_report_difficulty
FROM src_grid_reports
WHERE reported_on BETWEEN getvariable('month') AND getvariable('as_of')
GROUP BY person_id
