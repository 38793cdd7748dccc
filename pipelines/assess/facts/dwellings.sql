-- Homes, with an authorisation.

-- A title once, whoever holds it: spouses stand on one title with a row each, and what members hold by shares is added up. A share
-- is read as 0.5 or as 50 (percent); held 按份 without a share, nobody can say whether it is half.
CREATE TABLE dwelling AS
SELECT s.person_id, coalesce(s.title_no, s.record_id::VARCHAR) AS title, any_value(s.co_ownership) AS co_ownership,
    max(CASE WHEN s.share > 1 THEN s.share / 100 ELSE s.share END) AS share
FROM src_real_estate AS s
WHERE s.land_use = '住宅' AND s.title_state = '现势'
GROUP BY ALL;

CREATE TABLE household_dwelling AS
SELECT household_id, count(*)::INTEGER AS dwellings, (count(*) FILTER (held))::INTEGER AS held,
    (count(*) FILTER (coalesce(held, true)))::INTEGER AS perhaps_held
FROM (
    SELECT m.household_id, d.title, CASE WHEN bool_or(d.co_ownership IN ('单独', '共同')) THEN true
        WHEN sum(d.share) >= 0.5 THEN true WHEN count(d.share) = count(*) THEN false END AS held
    FROM dwelling AS d JOIN assistance_member AS m USING (person_id) GROUP BY ALL
)
GROUP BY household_id;
