SELECT person_id, count(*)::INTEGER AS dwellings FROM dwelling GROUP BY person_id
