-- One identity with all that is known of it, of its first row {first} (profile, record_id) in the view `identity`.
INSERT INTO profile
SELECT
    i.identity_hash, (i.record_id >> 56)::TINYINT,
    i.name, i.name_key, i.name_pinyin, i.surname, i.former_name,
    i.id_number, i.id_status, coalesce(i.id_status IN ('valid', 'lifted'), false), i.sex, i.birth_date, i.sex_from_id, i.birth_date_from_id,
    i.phone, i.address, i.town, i.village, i.grid, i.household_key,
    CASE WHEN i.household_key IS NOT NULL THEN hash((i.record_id >> 56)::TINYINT, i.household_key) END,
    i.born_from
FROM identity AS i SEMI JOIN {first} AS f ON f.record_id = i.record_id
