-- Open questions of a batch: one line per identity and candidate, most informative identity first.
-- `decided` (profile, person_id, same), `unsure` (profile), `leads` (person_id, amount) are there; the braces are the lake's tables.
WITH record AS (
    SELECT identity_hash AS profile, min(record_id) AS record_id, count(*) AS rows, any_value(person_id) AS person_id
    FROM {person_records} WHERE identity_hash IN (SELECT r.identity_hash FROM {person_records} AS r SEMI JOIN {match_review} AS q USING (record_id))
    GROUP BY identity_hash
),
asked AS (
    SELECT DISTINCT r.profile, q.candidate_person_id AS candidate, max(q.probability) AS p, min(q.reason) AS reason
    FROM {match_review} AS q JOIN (SELECT record_id, identity_hash AS profile FROM {person_records}) AS r USING (record_id)
    GROUP BY ALL
),
open AS (
    SELECT a.* FROM asked AS a
    WHERE a.profile NOT IN (SELECT profile FROM decided WHERE same)
        AND (a.profile, a.candidate) NOT IN (SELECT (profile, person_id) FROM decided)
),
informed AS (
    -- what an answer is expected to tell, in bits: the uncertainty over the candidates and nobody
    SELECT profile, -sum(p * log2(greatest(p, 1e-9))) - greatest(1 - sum(p), 0) * log2(greatest(1 - sum(p), 1e-9)) AS bits
    FROM open GROUP BY profile
),
hanging AS (
    SELECT o.profile, coalesce(sum(l.amount), 0) AS leads
    FROM (SELECT profile, candidate AS person_id FROM open UNION SELECT profile, person_id FROM record) AS o
    LEFT JOIN leads AS l USING (person_id) GROUP BY o.profile
)
SELECT r.record_id, o.profile, o.candidate, o.reason, r.rows, h.leads::INTEGER AS leads,
    dense_rank() OVER (ORDER BY o.profile IN (SELECT profile FROM unsure), round(i.bits * (1 + log2(r.rows) + 2 * h.leads), 6) DESC, o.profile) AS number
FROM open AS o JOIN record AS r USING (profile) JOIN informed AS i USING (profile) JOIN hanging AS h USING (profile)
QUALIFY number <= $most
ORDER BY number, o.candidate
