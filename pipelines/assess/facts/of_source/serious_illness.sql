-- Severe mental disorders; other grave illnesses show in the bills.
SELECT DISTINCT person_id, true AS severe_mental FROM src_serious_illness WHERE illness_kind = '严重精神障碍'
