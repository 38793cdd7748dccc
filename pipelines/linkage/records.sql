-- The batch's records, and the distinct identities among them.
-- Payments repeat one identity month after month: everything after this works on distinct identities (profiles).
CREATE OR REPLACE TABLE record AS
SELECT
    record_id,
    hash(source, name, former_name, id_number, id_status, sex, birth_date, phone, address, town, village, grid, household_key) AS profile
FROM identity;

CREATE OR REPLACE TABLE first_record AS SELECT profile, min(record_id) AS record_id FROM record GROUP BY profile;

CREATE OR REPLACE TABLE profile AS
SELECT
    r.profile,
    (i.record_id >> 56)::TINYINT AS source_no,
    i.name, i.name_key, i.name_pinyin, i.surname, i.former_name,
    i.id_number, i.id_status, i.sex, i.birth_date, i.sex_from_id, i.birth_date_from_id,
    i.phone, i.address, i.town, i.village, i.grid, i.household_key
FROM first_record AS r JOIN identity AS i USING (record_id);

-- a record's source, file, row and member stand in its id; the file's name is kept once
CREATE OR REPLACE TABLE file_name AS SELECT DISTINCT record_id >> 40 AS file_key, file FROM identity;
