-- The batch's findings, as schemas/lake/assess.sql declares them, from found and finding_records.
SELECT
    'F' || array_to_string(list_transform(range(11),
        lambda i: substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((f.h >> (5 * i)) & 31)::INTEGER + 1, 1)), '') AS finding_id,
    $batch AS batch,
    f.rule_id,
    f.rule_version,
    f.direction,
    f.outcome,
    f.level,
    f.person_id,
    f.household_id,
    '{"facts":' || f.facts || ',"parameters":' || f.parameters || ',"records":' || coalesce(r.records, '[]') || '}' AS inputs,
    f.missing,
    f.reason
FROM (
    SELECT *, ('0x' || substr(md5(concat_ws('|', $batch, rule_id, household_id, person_id)), 1, 14))::UBIGINT AS h FROM found
) AS f
LEFT JOIN finding_records AS r
    ON r.rule_id = f.rule_id AND r.household_id IS NOT DISTINCT FROM f.household_id AND r.person_id IS NOT DISTINCT FROM f.person_id
ORDER BY f.rule_id, f.household_id, f.person_id
