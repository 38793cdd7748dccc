CREATE TABLE record AS
SELECT row_number() OVER (ORDER BY rec_id)::BIGINT AS eid, regexp_extract(rec_id, 'rec-(\d+)', 1) AS truth,
    nullif(trim(given_name), '') AS given_name, nullif(trim(surname), '') AS surname, nullif(trim(date_of_birth), '') AS birth,
    nullif(trim(soc_sec_id), '') AS number, nullif(trim(address_1), '') AS street, nullif(trim(street_number), '') AS house,
    nullif(trim(suburb), '') AS suburb, nullif(trim(postcode), '') AS postcode
FROM (FROM read_csv('{folder}/febrl4a.csv', all_varchar = true) UNION ALL FROM read_csv('{folder}/febrl4b.csv', all_varchar = true))
