-- income_statement and household_income as schemas/lake/income.sql declares them.
SELECT $batch AS batch, household_id, person_id, class, round(low, 2)::DECIMAL(18,2) AS low,
    CASE WHEN high < 'inf' THEN round(high, 2)::DECIMAL(18,2) END AS high, basis, counted, source, file, row_no, as_of
FROM statement
ORDER BY household_id, person_id, class, basis, source;
SELECT $batch AS batch, i.household_id, round(i.low, 2)::DECIMAL(18,2) AS low,
    CASE WHEN i.high < 'inf' THEN round(i.high, 2)::DECIMAL(18,2) END AS high,
    round(i.deduction_low, 2)::DECIMAL(18,2) AS deduction_low,
    CASE WHEN i.deduction_high < 'inf' THEN round(i.deduction_high, 2)::DECIMAL(18,2) END AS deduction_high,
    round(i.low / 12 / i.size, 2)::DECIMAL(18,2) AS per_head_low,
    CASE WHEN i.high < 'inf' THEN round(i.high / 12 / i.size, 2)::DECIMAL(18,2) END AS per_head_high,
    to_json(i.open)::VARCHAR AS open, len(i.open)::INTEGER AS open_classes, i.undelivered, i.not_deducted,
    q.person_id AS question_person_id, q.class AS question_class,
    CASE WHEN q.true_below > 0 THEN round(q.true_below, 2)::DECIMAL(18,2) END AS question_true_below,
    round(q.false_from, 2)::DECIMAL(18,2) AS question_false_from,
    replace(k.ask, '{whom}', coalesce(q.relation, '成员'))
        || CASE WHEN q.true_below > 0 THEN format('低于{:,}元，家庭人均低于{}；', round(q.true_below)::BIGINT, q.line_title)
            ELSE '' END
        || CASE WHEN q.false_from IS NULL THEN '' ELSE format('达到{:,}元，不低于{}。', ceil(q.false_from)::BIGINT, q.line_title) END
        || CASE WHEN q.payer_from IS NOT NULL THEN format('（相当于子女家庭月收入{:,}元）', round(q.payer_from)::BIGINT) ELSE '' END
        || CASE WHEN q.doubts > 1 THEN format('另有{}项收入也没有查清。', q.doubts - 1) ELSE '' END AS next_question
FROM income AS i
LEFT JOIN question AS q USING (household_id)
LEFT JOIN income_class AS k ON k.class = q.class
ORDER BY i.household_id;
