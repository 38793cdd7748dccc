-- Motorcycles and vehicles for the disabled are no property for the rules.
SELECT person_id, count(DISTINCT coalesce(plate, record_id::VARCHAR))::INTEGER AS vehicles
FROM src_vehicles
WHERE vehicle_state = '正常' AND NOT regexp_matches(coalesce(vehicle_type, ''), '摩托|残疾人')
GROUP BY person_id
