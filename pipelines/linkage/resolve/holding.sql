-- The persons that this batch changes. Made before this runs: `changed` (eid) where not everybody is to be written.
-- What this batch holds of them, in numbers only; rank: the register's row, then sound ids, then by the sources' numbers; ties by
-- content.
CREATE OR REPLACE TEMP TABLE owned AS
SELECT eid, profile, source_no, made,
    ((CASE WHEN source_no = {register} THEN 0 WHEN sound THEN 1 ELSE 2 END)::UBIGINT << 62) | (source_no::UBIGINT << 55) | (profile >> 9) AS rank
FROM (
    SELECT eid, profile, source_no, sound, true AS made FROM assigned
    UNION ALL SELECT DISTINCT eid, profile, source_no, sound, false FROM kept_row {only}
);

CREATE OR REPLACE TEMP TABLE holding AS
SELECT eid, arg_min(profile, rank) AS profile, coalesce(bit_count(bit_or(1::HUGEINT << source_no) FILTER ({open})), 0)::INTEGER AS source_count,
    bool_or(source_no = {register}) AS in_register,
    bool_or(made) AS touched, arg_min(made, rank) AS anew
FROM owned GROUP BY eid;
