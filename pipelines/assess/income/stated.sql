-- What somebody said at a visit or a check closes the class it is about. A department's row stays beside it, uncounted; where the
-- two disagree, what was said is below or above what the department says, and both are shown.
UPDATE statement SET counted = false FROM stated
WHERE counted AND statement.person_id = stated.person_id AND statement.class = stated.class
    AND NOT (statement.basis = 'rows' AND stated.amount < statement.low);
INSERT INTO statement
SELECT e.household_id, s.person_id, s.class, s.amount, s.amount, 'statement',
    NOT EXISTS (SELECT 1 FROM statement AS o WHERE o.counted AND o.person_id = s.person_id AND o.class = s.class),
    'statement', s.file, s.row_no, s.stated_on
FROM stated AS s JOIN earner AS e USING (person_id);
