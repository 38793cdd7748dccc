-- A cremation says who died only by an id that is sound: two namesakes of one village are common.
SELECT person_id, min(coalesce(death_date, cremated_on)) AS cremated_died_on, cremated_died_on < getvariable('month') AS cremated_before_month
FROM src_funeral
WHERE id_status IN ('valid', 'lifted') AND coalesce(death_date, cremated_on) <= getvariable('as_of')
GROUP BY person_id
