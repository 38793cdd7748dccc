-- The person tables of the batch. Golden values: the register's first, then by the sources' numbers; ties by content.
CREATE OR REPLACE TEMP TABLE golden AS
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

CREATE OR REPLACE TABLE persons AS
SELECT
    e.person_id,
    CASE WHEN g.in_register OR o.provisional THEN coalesce(g.name, o.name) ELSE coalesce(o.name, g.name) END AS name,
    coalesce(CASE WHEN g.in_register THEN g.sound_id END, CASE WHEN o.id_status IN ('valid', 'lifted') THEN o.id_number END, g.sound_id, o.id_number, g.any_id) AS id_number,
    coalesce(CASE WHEN g.in_register THEN g.sound_status END, CASE WHEN o.id_status IN ('valid', 'lifted') THEN o.id_status END, g.sound_status,
        CASE WHEN o.id_number IS NOT NULL THEN o.id_status END, g.any_status, 'missing') AS id_status,
    CASE WHEN g.in_register OR o.provisional THEN coalesce(g.sex, o.sex) ELSE coalesce(o.sex, g.sex) END AS sex,
    CASE WHEN g.in_register OR o.provisional THEN coalesce(g.birth_date, o.birth_date) ELSE coalesce(o.birth_date, g.birth_date) END AS birth_date,
    coalesce(g.town, o.town) AS town,
    CASE WHEN g.village IS NULL AND g.town <> o.town THEN NULL ELSE coalesce(g.village, o.village) END AS village,
    coalesce(g.grid, o.grid) AS grid,
    coalesce(g.address, o.address) AS address,
    coalesce(g.phone, o.phone) AS phone,
    d.eid IS NULL AND coalesce(o.alive, true) AS alive,
    coalesce(d.death_date, o.death_date) AS death_date,
    NOT coalesce(g.in_register, false) AND coalesce(o.provisional, true) AS provisional,
    coalesce(g.source_count, 0)::INTEGER AS source_count,
    e.first_batch,
    CASE WHEN g.eid IS NULL THEN o.last_batch ELSE $batch END AS last_batch
FROM entity AS e
LEFT JOIN golden AS g USING (eid)
LEFT JOIN old AS o USING (person_id)
LEFT JOIN death AS d ON d.eid = e.eid
WHERE g.eid IS NOT NULL OR o.person_id IS NOT NULL;
