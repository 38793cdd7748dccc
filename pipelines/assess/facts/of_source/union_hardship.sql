SELECT person_id, bool_or(coalesce(cleared_on > getvariable('as_of'), true)) AS union_hardship
FROM src_union_hardship
WHERE coalesce(filed_on <= getvariable('as_of'), true) GROUP BY person_id
