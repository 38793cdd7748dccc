-- How common the values of a few persons are, counted over everybody as `frequency` counts it: (value, cell, bits, everywhere).
-- {sampled}: what share of the values the Good–Turing counts are taken from; it is a ratio of counts, so a share of them will do.
CREATE OR REPLACE TEMP TABLE {table} AS
WITH counted AS (
    SELECT {column} AS value, {cell} AS cell, count(DISTINCT person_id) AS n
    FROM person_faces WHERE {column} IN (SELECT {column} FROM pair_face) GROUP BY ALL
),
size AS (SELECT {cell} AS cell, count(*) AS size FROM person_faces WHERE own AND {column} IS NOT NULL GROUP BY ALL),
common AS (
    SELECT everybody, count(*) AS values FROM (
        SELECT count(*) AS everybody FROM person_faces
        WHERE own AND {column} IS NOT NULL AND hash({column}) % {sampled} = 0 GROUP BY {column})
    GROUP BY everybody
),
turing AS (
    SELECT a.everybody, least(a.everybody, greatest((a.everybody + 1) * coalesce(b.values, 0), 1) / a.values) AS expected
    FROM common AS a LEFT JOIN common AS b ON b.everybody = a.everybody + 1 WHERE a.everybody <= 3
),
shared AS (SELECT *, sum(n) OVER (PARTITION BY value) AS everybody FROM counted),
expected AS (
    SELECT s.value, s.cell, s.n, greatest(coalesce(z.size, 0), s.n) AS size,
        coalesce(t.expected, s.everybody) / s.everybody AS discount,
        coalesce(t.expected, s.everybody) / (SELECT greatest(sum(size), 1) FROM size) AS overall
    FROM shared AS s LEFT JOIN turing AS t USING (everybody) LEFT JOIN size AS z USING (cell)
)
SELECT value, cell,
    least(255, greatest(0, round(-4 * log2((n * discount + {shrink} * overall) / (size + {shrink})))))::SMALLINT AS bits,
    least(255, greatest(0, round(-4 * log2(overall))))::SMALLINT AS everywhere
FROM expected
