-- Linkage held against a truth. $batch is the batch; the braces are one batch and its truth (Parquet).

CREATE TEMP TABLE judged AS
SELECT r.record_id, r.source, r.file, r.row_no, r.member_no, r.person_id, r.match_method, r.match_probability, r.identity_hash,
       t.true_person
FROM {records} r
JOIN read_parquet('{truth}') t USING (source, file, row_no, member_no)
WHERE t.batch = $batch;

-- the contingency table: how many records of a person are of a true person. Everything below is counted from it, so the cost
-- grows with the records and not with the pairs
CREATE TEMP TABLE cell AS SELECT person_id, true_person, count(*) AS n FROM judged GROUP BY ALL;
CREATE TEMP TABLE cluster AS SELECT person_id, sum(n)::BIGINT AS n FROM cell GROUP BY ALL;
CREATE TEMP TABLE true_cluster AS SELECT true_person, sum(n)::BIGINT AS n FROM cell GROUP BY ALL;

-- B-cubed: of each record's cluster, how much is its true person; of its true person, how much is in its cluster
CREATE TEMP TABLE b_cubed AS
SELECT j.record_id, j.source, j.file, j.row_no, j.member_no, j.person_id, j.true_person, j.match_probability, j.match_method,
       cell.n / cluster.n AS record_precision, cell.n / true_cluster.n AS record_recall
FROM judged j
JOIN cell USING (person_id, true_person) JOIN cluster USING (person_id) JOIN true_cluster USING (true_person);

-- the true person a person is: most of its register rows, else most of its rows
CREATE TEMP TABLE majority AS
SELECT person_id, arg_max(true_person, (of_register, n, true_person)) AS true_person
FROM (SELECT person_id, true_person, count(*) FILTER (source = 'police_household') AS of_register, count(*) AS n FROM judged GROUP BY ALL)
GROUP BY person_id;

-- identities, new in this batch, whose true person the register lists, and which were put to somebody else
CREATE TEMP TABLE gone_astray AS
WITH registered AS (SELECT DISTINCT true_person, person_id FROM judged WHERE source = 'police_household')
SELECT source, count(DISTINCT identity_hash)::BIGINT AS identities FROM judged j
WHERE source <> 'police_household' AND match_method NOT IN ('exact_id', 'unchanged')
  AND true_person IN (SELECT true_person FROM registered)
  AND NOT EXISTS (SELECT 1 FROM registered g WHERE g.true_person = j.true_person AND g.person_id = j.person_id)
GROUP BY source;
