-- Households of which a caseworker said that their members are not those of the data (E5), as long as the data still say the same.
-- Made before this runs: stated (corrections of kind household of earlier batches), change (changes of all batches, this one too),
-- out_members. Left behind: disputed filled.

-- The newest word about a household counts. Any change of its members after it, whatever it was, uses it up: the register
-- has answered, and a household that is disputed for ever would never be decided again.
INSERT INTO disputed
SELECT household_id, arg_max_null(household_size, (batch, answered_on, lead_id)) AS stated_members
FROM (
    SELECT DISTINCT s.batch, s.lead_id, s.household_id, s.household_size, s.answered_on
    FROM stated AS s
    WHERE NOT EXISTS (
        SELECT 1 FROM change AS c
        WHERE c.kind = 'assistance' AND c.batch > s.batch AND s.household_id IN (c.from_household_id, c.to_household_id)
    )
)
GROUP BY household_id;
