-- The person tables of the batch, out of: entity (eid, person_id, provisional, first_batch, earlier …), assigned (profile, eid, …).
CREATE OR REPLACE TABLE golden AS
WITH ranked AS (
    SELECT a.eid, p.*, ((CASE WHEN p.source_no = $register THEN 0 ELSE p.source_no END)::UBIGINT << 56) | (p.profile >> 8) AS rank
    FROM assigned AS a JOIN profile AS p USING (profile)
)
SELECT
    eid,
    arg_min(name, rank) AS name,
    arg_min(id_number, rank) FILTER (id_status IN ('valid', 'lifted')) AS sound_id,
    arg_min(id_status, rank) FILTER (id_status IN ('valid', 'lifted')) AS sound_status,
    arg_min(id_number, rank) AS any_id,
    arg_min(id_status, rank) FILTER (id_number IS NOT NULL) AS any_status,
    arg_min(sex, rank) AS sex,
    arg_min(birth_date, rank) AS birth_date,
    arg_min(town, rank) AS town,
    arg_min(village, rank) AS village,
    arg_min(grid, rank) AS grid,
    arg_min(address, rank) AS address,
    arg_min(phone, rank) AS phone,
    count(DISTINCT source_no)::INTEGER AS source_count,
    bool_or(source_no = $register) AS in_register
FROM ranked
GROUP BY eid;
