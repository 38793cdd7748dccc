SELECT person_id, min(months_left)::INTEGER AS unemployment_months_left,
    coalesce(bool_or(employment_form = '公益性岗位'), false) AS public_post
FROM src_employment GROUP BY person_id
