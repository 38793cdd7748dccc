-- Two grants for one cause from two payers: how many months ago the earlier of the two latest payers' grants was.
WITH granted AS (
    SELECT person_id, cause, payer, max(coalesce(paid_on, applied_on)) AS paid_on
    FROM src_temporary_aid WHERE coalesce(paid_on, applied_on) <= getvariable('as_of') GROUP BY ALL
),
repeated AS (
    SELECT person_id, cause, list_sort(list(paid_on), 'DESC')[2] AS paid_on
    FROM granted WHERE cause IS NOT NULL AND payer IS NOT NULL GROUP BY ALL HAVING count(*) >= 2
)
SELECT g.person_id, true AS temporary_aid, max(g.paid_on) AS temporary_aid_on, max(r.paid_on) AS aid_repeated_on,
    arg_max(r.cause, r.paid_on) AS aid_repeated_cause
FROM granted AS g LEFT JOIN repeated AS r USING (person_id) GROUP BY g.person_id
