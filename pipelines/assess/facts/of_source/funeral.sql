-- A cremation says for sure who died only by an id that is sound: two namesakes of one village are common.
SELECT person_id,
    coalesce(min(died_on) FILTER (sound), min(died_on)) AS cremated_died_on,
    cremated_died_on < getvariable('month') AS cremated_before_month,
    CASE WHEN bool_or(sound) THEN true END AS cremated_by_sound_id
FROM (
    SELECT person_id, coalesce(death_date, cremated_on) AS died_on, coalesce(id_status IN ('valid', 'lifted'), false) AS sound
    FROM src_funeral
)
WHERE died_on <= getvariable('as_of')
GROUP BY person_id
