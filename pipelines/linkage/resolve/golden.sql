-- Golden values, of those about whom anything new is known: the best row's, or what was known where that row is not new; gaps
-- filled from the next best of {rows}: everything, or what is new.
CREATE OR REPLACE TEMP TABLE gap AS
SELECT h.eid, coalesce(p.phone, o.phone) IS NULL AS no_phone,
    coalesce(p.name, o.name) IS NULL OR NOT coalesce(p.sound, o.id_status IN ('valid', 'lifted'), false) OR coalesce(p.sex, o.sex) IS NULL
        OR coalesce(p.birth_date, o.birth_date) IS NULL OR coalesce(p.village, o.village) IS NULL
        OR coalesce(p.address, o.address) IS NULL AS others
FROM (FROM holding WHERE touched) AS h
LEFT JOIN profile AS p ON h.anew AND p.profile = h.profile
LEFT JOIN old_person AS o ON NOT h.anew AND o.person_no = h.eid
WHERE no_phone OR others;

CREATE OR REPLACE TEMP TABLE other_phone AS
SELECT o.eid, arg_min(i.phone, o.rank) AS phone
FROM (FROM {rows} WHERE phone IS NOT NULL) AS i
JOIN (FROM owned WHERE eid IN (SELECT eid FROM gap WHERE no_phone)) AS o ON o.profile = i.identity_hash
GROUP BY o.eid;

CREATE OR REPLACE TEMP TABLE others AS
SELECT
    o.eid,
    arg_min(p.name, o.rank) AS name,
    arg_min(p.id_number, o.rank) FILTER (p.id_status IN ('valid', 'lifted')) AS sound_id,
    arg_min(p.id_status, o.rank) FILTER (p.id_status IN ('valid', 'lifted')) AS sound_status,
    arg_min(p.id_number, o.rank) AS any_id,
    arg_min(p.id_status, o.rank) FILTER (p.id_number IS NOT NULL) AS any_status,
    arg_min(p.sex, o.rank) AS sex,
    arg_min(p.birth_date, o.rank) AS birth_date,
    arg_min(p.town, o.rank) AS town,
    arg_min(p.village, o.rank) AS village,
    arg_min(p.grid, o.rank) AS grid,
    arg_min(p.address, o.rank) AS address
FROM {rows} AS p
JOIN (FROM owned WHERE eid IN (SELECT eid FROM gap WHERE others)) AS o ON o.profile = p.identity_hash
GROUP BY o.eid;

-- whose best row is new: that row, its gaps filled; else what was known, its gaps filled
CREATE OR REPLACE MACRO golden(anew, best, other, known) AS
    CASE WHEN anew THEN coalesce(best, other, known) ELSE coalesce(known, other) END;

CREATE OR REPLACE VIEW persons AS
WITH base AS (
    SELECT h.eid, h.in_register, h.source_count, true AS seen, true AS anew, g.name, g.id_number, g.id_status, g.sex, g.birth_date,
        g.town, g.village, g.grid, g.address, g.phone
    FROM profile AS g JOIN (FROM holding WHERE anew) AS h ON h.profile = g.profile
    UNION ALL BY NAME {unseen}
)
SELECT
    e.person_id,
    -- whom the register has lost keeps what it last said, whoever else says otherwise
    CASE WHEN b.in_register OR coalesce(o.provisional, true) THEN golden(b.anew, b.name, x.name, o.name) ELSE coalesce(o.name, b.name) END AS name,
    CASE WHEN b.id_status IN ('valid', 'lifted') AND (b.in_register OR coalesce(o.provisional, true)) THEN b.id_number
        WHEN o.id_status IN ('valid', 'lifted') THEN o.id_number
        ELSE coalesce(x.sound_id, o.id_number, b.id_number, x.any_id) END AS id_number,
    CASE WHEN b.id_status IN ('valid', 'lifted') AND (b.in_register OR coalesce(o.provisional, true)) THEN b.id_status
        WHEN o.id_status IN ('valid', 'lifted') THEN o.id_status
        ELSE coalesce(x.sound_status, CASE WHEN o.id_number IS NOT NULL THEN o.id_status END,
            CASE WHEN b.id_number IS NOT NULL THEN b.id_status END, x.any_status, o.id_status, b.id_status, 'missing') END AS id_status,
    CASE WHEN b.in_register OR coalesce(o.provisional, true) THEN golden(b.anew, b.sex, x.sex, o.sex) ELSE coalesce(o.sex, b.sex) END AS sex,
    CASE WHEN b.in_register OR coalesce(o.provisional, true) THEN golden(b.anew, b.birth_date, x.birth_date, o.birth_date)
        ELSE coalesce(o.birth_date, b.birth_date) END AS birth_date,
    golden(b.anew, b.town, x.town, o.town) AS town,
    CASE WHEN b.village IS NULL AND b.town <> coalesce(x.town, o.town) THEN NULL
        ELSE golden(b.anew, b.village, x.village, o.village) END AS village,
    golden(b.anew, b.grid, x.grid, o.grid) AS grid,
    golden(b.anew, b.address, x.address, o.address) AS address,
    golden(b.anew, b.phone, y.phone, o.phone) AS phone,
    d.eid IS NULL AND coalesce(o.alive, true) AS alive,
    coalesce(d.death_date, o.death_date) AS death_date,
    NOT coalesce(b.in_register, false) AND coalesce(o.provisional, true) AS provisional,
    coalesce(b.source_count, 0)::INTEGER AS source_count,
    e.first_batch,
    CASE WHEN b.seen THEN {batch} ELSE o.last_batch END AS last_batch,
    e.eid::INTEGER AS person_no
FROM base AS b
JOIN entity AS e USING (eid)
LEFT JOIN others AS x USING (eid)
LEFT JOIN other_phone AS y USING (eid)
LEFT JOIN old_person AS o ON o.person_no = b.eid
LEFT JOIN death AS d ON d.eid = b.eid
WHERE b.seen OR o.person_id IS NOT NULL;
