SELECT person_id, coalesce(bool_or(item_class = 'salary'), false) AS public_salary_3m,
    any_value(item_as) FILTER (item_class = 'salary') AS public_salary_item
FROM src_benefit_card
WHERE paid_month BETWEEN getvariable('from_3m') AND getvariable('as_of')
GROUP BY person_id
