-- One id column of a relation, read: adds the number, status, day of birth, sex and (of disability certificates) category
-- and grade, named by a prefix. Layers, so that nothing is worked out twice per row; the common case (eighteen characters,
-- nothing to clean) takes the first branch of every CASE.
SELECT
    * EXCLUDE ({id}_text, {id}_part, {id}_digits, {id}_check, {id}_area, {id}_good_check),
    CASE
        WHEN {id}_status = 'valid' THEN {id}_part
        WHEN {id}_status = 'lifted' THEN {id}_digits::VARCHAR || {id}_check
        WHEN {id}_status = 'missing' THEN NULL
        WHEN {id}_status = 'truncated' THEN
            CASE WHEN contains({id}_text, 'E') THEN replace(regexp_extract({id}_text, '^[0-9.]+'), '.', '')
                 ELSE left({id}_text, 15) END
        ELSE coalesce({id}_part, {id}_text)
    END AS {id}_number,
    CASE WHEN {id}_status IN ('valid', 'lifted') THEN CASE WHEN {id}_digits % 2 = 1 THEN '1' ELSE '2' END END AS {id}_sex,
    CASE WHEN {certificate} AND length({id}_text) > length({id}_part) THEN {id}_text[length({id}_part) + 1] END AS {id}_category,
    CASE WHEN {certificate} AND length({id}_text) > length({id}_part) THEN {id}_text[length({id}_part) + 2] END AS {id}_grade
FROM (
    SELECT
        *,
        CASE
            WHEN {id}_good_check AND {id}_born IS NOT NULL AND {id}_area THEN 'valid'
            WHEN {id}_text IS NULL OR NOT regexp_matches({id}_text, '[0-9*]') THEN 'missing'
            WHEN length({id}_text) >= 6 AND NOT contains({id}_text, '*') AND (
                replace({id}_text, left({id}_text, 1), '') = ''
                OR regexp_matches({id}_text, '^(?:999999|000000|123456)')
                OR {id}_part[7:14] = '00000000') THEN 'placeholder'
            WHEN contains({id}_text, '*') THEN 'masked'
            WHEN regexp_full_match({id}_text, '[0-9](?:[.][0-9]+)?E[+]?[0-9]+') THEN 'truncated'
            -- a spreadsheet keeps fifteen digits: what stands behind them is zeros
            WHEN length({id}_part) = 18 AND {id}_born IS NOT NULL AND {id}_area AND right({id}_part, 3) = '000' THEN 'truncated'
            WHEN regexp_full_match({id}_text, '[0-9]{{15}}(?:0{{4,7}})') AND real_day({id}_text[7:14], {until}) IS NOT NULL
                THEN 'truncated'
            WHEN length({id}_part) = 15 AND {id}_born IS NULL THEN
                CASE WHEN real_day({id}_part[7:14], {until}) IS NOT NULL THEN 'truncated' ELSE 'bad_date' END
            WHEN {id}_part IS NOT NULL AND {id}_born IS NULL THEN 'bad_date'
            WHEN length({id}_part) = 18 AND NOT {id}_good_check THEN 'bad_check'
            WHEN length({id}_part) = 15 AND {id}_area THEN 'lifted'
            ELSE 'malformed'
        END AS {id}_status
    FROM (
        SELECT
            * EXCLUDE ({id}_day),
            {id}_digits // 1000000000000000 IN ({areas}) AS {id}_area,
            real_day_number({id}_day, {until}) AS {id}_born,
            coalesce({id}_part[18] = {id}_check, FALSE) AS {id}_good_check
        FROM (
            SELECT
                *,
                ({id}_digits // 1000 % 100000000)::INTEGER AS {id}_day,
                check_character({id}_digits) AS {id}_check
            FROM (
                SELECT *, TRY_CAST(
                    CASE length({id}_part)
                        WHEN 18 THEN left({id}_part, 17)
                        WHEN 15 THEN left({id}_part, 6) || '19' || {id}_part[7:15]
                    END AS BIGINT) AS {id}_digits
                FROM (
                    SELECT * EXCLUDE ({id}_common), CASE
                        WHEN {id}_common THEN {id}_text
                        WHEN regexp_full_match({id}_text, '[0-9]{{17}}[0-9X]|[0-9]{{15}}') THEN {id}_text
                        WHEN regexp_full_match({id}_text, '[0-9]{{17}}[0-9X][1-7][1-4](?:[0-9A-Z]{{2}})?') THEN left({id}_text, 18)
                        WHEN {certificate} AND regexp_full_match({id}_text, '[0-9]{{15}}[1-7][1-4]')
                            AND real_day('19' || {id}_text[7:12], {until}) IS NOT NULL THEN left({id}_text, 15)
                    END AS {id}_part
                    FROM (
                        SELECT *, CASE WHEN {id}_common THEN {raw} ELSE id_text({raw}) END AS {id}_text
                        FROM (SELECT *, regexp_full_match({raw}, '[0-9]{{17}}[0-9X]') AS {id}_common FROM {source})
                    )
                )
            )
        )
    )
)
