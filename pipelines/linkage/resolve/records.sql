-- The distinct identities of the rows in the view `identity`, each with what its first row says.
-- Payments repeat one identity month after month: everything after this works on distinct identities (profiles).
CREATE OR REPLACE TABLE record AS SELECT record_id, identity_hash AS profile FROM identity;

CREATE OR REPLACE TABLE new_identity AS
SELECT profile, min(record_id) AS record_id, count(*) AS rows FROM record GROUP BY profile;
