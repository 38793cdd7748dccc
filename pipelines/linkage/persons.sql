-- Golden values, of those about whom anything new is known: the best row's, its gaps filled from the next best.
CREATE OR REPLACE TEMP TABLE gap AS
SELECT h.eid, p.phone IS NULL AS no_phone,
    p.name IS NULL OR NOT p.sound OR p.sex IS NULL OR p.birth_date IS NULL OR p.village IS NULL OR p.address IS NULL AS others
FROM (FROM holding WHERE touched) AS h JOIN profile AS p USING (profile)
WHERE p.phone IS NULL OR others;

CREATE OR REPLACE TEMP TABLE other_phone AS
SELECT o.eid, arg_min(i.phone, o.rank) AS phone
FROM (FROM identity WHERE phone IS NOT NULL) AS i
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
FROM identity AS p
JOIN (FROM owned WHERE eid IN (SELECT eid FROM gap WHERE others)) AS o ON o.profile = p.identity_hash
GROUP BY o.eid;

CREATE OR REPLACE VIEW persons AS
SELECT
    e.person_id,
    -- whom the register has lost keeps what it last said, whoever else says otherwise
    CASE WHEN h.in_register OR coalesce(o.provisional, true) THEN coalesce(g.name, x.name, o.name) ELSE coalesce(o.name, g.name) END AS name,
    CASE WHEN g.id_status IN ('valid', 'lifted') AND (h.in_register OR coalesce(o.provisional, true)) THEN g.id_number
        WHEN o.id_status IN ('valid', 'lifted') THEN o.id_number
        ELSE coalesce(x.sound_id, o.id_number, g.id_number, x.any_id) END AS id_number,
    CASE WHEN g.id_status IN ('valid', 'lifted') AND (h.in_register OR coalesce(o.provisional, true)) THEN g.id_status
        WHEN o.id_status IN ('valid', 'lifted') THEN o.id_status
        ELSE coalesce(x.sound_status, CASE WHEN o.id_number IS NOT NULL THEN o.id_status END,
            CASE WHEN g.id_number IS NOT NULL THEN g.id_status END, x.any_status, o.id_status, g.id_status, 'missing') END AS id_status,
    CASE WHEN h.in_register OR coalesce(o.provisional, true) THEN coalesce(g.sex, x.sex, o.sex) ELSE coalesce(o.sex, g.sex) END AS sex,
    CASE WHEN h.in_register OR coalesce(o.provisional, true) THEN coalesce(g.birth_date, x.birth_date, o.birth_date)
        ELSE coalesce(o.birth_date, g.birth_date) END AS birth_date,
    coalesce(g.town, x.town, o.town) AS town,
    CASE WHEN g.village IS NULL AND g.town <> coalesce(x.town, o.town) THEN NULL ELSE coalesce(g.village, x.village, o.village) END AS village,
    coalesce(g.grid, x.grid, o.grid) AS grid,
    coalesce(g.address, x.address, o.address) AS address,
    coalesce(g.phone, y.phone, o.phone) AS phone,
    d.eid IS NULL AND coalesce(o.alive, true) AS alive,
    coalesce(d.death_date, o.death_date) AS death_date,
    NOT coalesce(h.in_register, false) AND coalesce(o.provisional, true) AS provisional,
    coalesce(h.source_count, 0)::INTEGER AS source_count,
    e.first_batch,
    CASE WHEN h.eid IS NULL THEN o.last_batch ELSE {batch} END AS last_batch,
    e.eid::INTEGER AS person_no
FROM {entities} AS e
LEFT JOIN holding AS h USING (eid)
LEFT JOIN profile AS g ON h.touched AND g.profile = h.profile
LEFT JOIN others AS x USING (eid)
LEFT JOIN other_phone AS y USING (eid)
LEFT JOIN old_person AS o ON o.person_no = e.eid
LEFT JOIN death AS d USING (eid)
WHERE h.eid IS NOT NULL OR o.person_id IS NOT NULL;
