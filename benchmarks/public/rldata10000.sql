CREATE TABLE record AS
SELECT row_number() OVER (ORDER BY rec_id::INTEGER)::BIGINT AS eid, ent_id AS truth,
    fname_c1 AS first_name, nullif(fname_c2, 'NA') AS second_name, lname_c1 AS last_name,
    "by" AS year, bm AS month, bd AS day
FROM read_csv('{folder}/RLdata10000.csv', all_varchar = true)
