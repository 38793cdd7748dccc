-- What somebody said at a visit or a check closes the class it is about. A department's row stays beside it, uncounted; where the
-- two disagree, what was said is below or above what the department says, and both are shown. Wages are asked for gross, as a
-- payslip has them, and counted as the tax office's are; the other classes are counted as they are told.
CREATE TABLE told AS
SELECT e.household_id, s.* EXCLUDE (amount), s.amount * CASE s.class WHEN 1 THEN coalesce(e.wage_kept, 0) ELSE 1 END AS low,
    s.amount * CASE s.class WHEN 1 THEN coalesce(e.wage_kept, 1) ELSE 1 END AS high
FROM stated AS s JOIN earner AS e USING (person_id);
UPDATE statement SET counted = false FROM told
WHERE counted AND statement.person_id = told.person_id AND statement.class = told.class
    AND NOT (statement.basis = 'rows' AND told.high < statement.low);
INSERT INTO statement
SELECT s.household_id, s.person_id, s.class, s.low, s.high, 'statement',
    NOT EXISTS (SELECT 1 FROM statement AS o WHERE o.counted AND o.person_id = s.person_id AND o.class = s.class),
    'statement', s.file, s.row_no, s.stated_on
FROM told AS s;
