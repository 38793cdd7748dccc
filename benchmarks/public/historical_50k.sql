-- Names without accents and signs; the single name of a record without surname is where more records have it.
CREATE TABLE plain AS
SELECT row_number() OVER (ORDER BY unique_id)::BIGINT AS eid, cluster AS truth,
    nullif(trim(regexp_replace(strip_accents(lower(full_name)), '[^a-z ]', '', 'g')), '') AS full_name,
    nullif(trim(regexp_replace(strip_accents(lower(first_name)), '[^a-z ]', '', 'g')), '') AS first_name,
    nullif(trim(regexp_replace(strip_accents(lower(surname)), '[^a-z ]', '', 'g')), '') AS surname,
    dob::VARCHAR AS dob, postcode_fake AS pc, birth_place, occupation, left(gender, 1) AS gender
FROM read_parquet('{folder}/historical_50k.parquet');

CREATE TABLE record AS
WITH first_names AS (SELECT first_name AS name, count(*) AS n FROM plain WHERE surname IS NOT NULL GROUP BY ALL),
surnames AS (SELECT surname AS name, count(*) AS n FROM plain GROUP BY ALL),
placed AS (
    SELECT p.*, p.surname IS NULL AND coalesce(s.n, 0) > coalesce(f.n, 0) AS moved
    FROM plain AS p LEFT JOIN first_names AS f ON f.name = p.first_name LEFT JOIN surnames AS s ON s.name = p.first_name
)
SELECT eid, truth,
    CASE WHEN NOT moved THEN first_name END AS first_name,
    CASE WHEN moved THEN first_name ELSE surname END AS surname,
    nullif(array_to_string(list_slice(string_split(full_name, ' '), 2, -2), ' '), '') AS middle,
    full_name, dob, left(dob, 4) AS yr, right(dob, 5) AS md, pc, split_part(pc, ' ', 1) AS district, birth_place, occupation, gender
FROM placed
