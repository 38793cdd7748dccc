-- Faces: one identity as it is compared. Dates as the number yyyymmdd; `lunar` is the lunar date of the same day.
-- born_from: the earlier of the two years of birth that an age leaves possible; only the looking side has it.
-- mode: what the record's id is worth as evidence: 1 sound, 2 damaged, 3 truncated with 12 digits or more, 4 masked, 5 none.
-- A macro over a table of profiles: what is wanted is chosen first, then only that is worked out.
CREATE OR REPLACE MACRO faces_of(rows_table) AS TABLE
WITH moded AS (
    SELECT
        *,
        CASE
            WHEN sound THEN 1
            WHEN id_status IN ('bad_check', 'bad_date', 'malformed') AND length(id_number) BETWEEN 15 AND 20 THEN 2
            WHEN id_status = 'truncated' AND regexp_full_match(id_number, '[0-9]{12,20}')
                AND length(rtrim(id_number, '0')) >= 12 THEN 3
            WHEN id_status = 'masked' AND length(id_number) = 18 THEN 4
            ELSE 5
        END::TINYINT AS mode,
        try_strptime(substr(id_number, 7, 8), '%Y%m%d')::DATE AS id_birth
    FROM query_table(rows_table)
)
SELECT
    m.profile, m.source_no, m.household, m.sound, m.mode,
    m.name_key AS name, m.name_pinyin AS pinyin, m.surname,
    coalesce(year(d.day) * 10000 + month(d.day) * 100 + day(d.day))::INTEGER AS birth,
    c.lunar,
    CASE WHEN NOT coalesce(m.birth_date_from_id, false)
        THEN year(m.birth_date) * 10000 + month(m.birth_date) * 100 + day(m.birth_date) END::INTEGER AS own_birth,
    m.sex, m.id_number AS id, m.id_status, m.phone, m.town, m.village, m.address, m.born_from
FROM moded AS m
CROSS JOIN LATERAL (SELECT coalesce(m.birth_date, CASE WHEN m.mode IN (2, 3) AND year(m.id_birth) BETWEEN 1900 AND 2050 THEN m.id_birth END) AS day) AS d
LEFT JOIN calendar AS c ON c.day = d.day;

CREATE OR REPLACE VIEW profile_face AS FROM faces_of('profile');
