-- Classes 1 to 10, 13 and 14 (schemas/income/classes.yaml): rows of the departments, and signs without an amount.
-- The same row sent twice is one income; two payers are two; a correction is negative.

-- 收入额 is gross. What no kind of income is named for is a transfer of an unknown kind: class 14, nothing to all of it.
CREATE TABLE tax_month AS
SELECT person_id, class, month, sum(income)::DOUBLE AS amount, arg_max({'file': file, 'row_no': row_no}, (file, row_no)) AS cited
FROM (
    SELECT person_id, date_trunc('month', coalesce(period_to, period_from))::DATE AS month, any_value(income) AS income,
        min(file) AS file, min(row_no) AS row_no,
        CASE
            WHEN income_kind LIKE '%工资%' THEN 1
            WHEN income_kind LIKE '%劳务%' OR income_kind LIKE '%稿酬%' OR income_kind LIKE '%特许%' THEN 2
            WHEN income_kind LIKE '%经营%' THEN 3
            WHEN income_kind LIKE '%租赁%' THEN 6
            WHEN income_kind LIKE '%利息%' OR income_kind LIKE '%股息%' OR income_kind LIKE '%红利%' THEN 7
            WHEN income_kind LIKE '%补偿%' OR income_kind LIKE '%解除%' OR income_kind LIKE '%转让%' OR income_kind LIKE '%偶然%' THEN 13
            ELSE 14
        END AS class
    FROM src_tax_income
    WHERE coalesce(period_to, period_from) BETWEEN getvariable('from_12m') AND getvariable('as_of')
    GROUP BY person_id, class, month, hash(payer, income_kind, period_from, income, tax_paid)
)
GROUP BY ALL;

-- 1 wages. A month without a row between two with one may have been paid as the others were, or not.
INSERT INTO statement
-- A rate that is not known takes all of it from the low end, nothing from the high one.
SELECT e.household_id, person_id, 1, w.low * coalesce(e.wage_kept, 0), w.high * coalesce(e.wage_kept, 1), 'rows', true,
    'tax_income', w.cited.file, w.cited.row_no, getvariable('as_of')
FROM (
    SELECT person_id, greatest(sum(amount), 0) AS low,
        greatest(sum(amount), 0) + (months_of(min(month), max(month)) - count(*)) * greatest(max(amount), 0) AS high,
        arg_max(cited, month) AS cited
    FROM tax_month WHERE class = 1 GROUP BY person_id
) AS w
JOIN earner AS e USING (person_id);

-- The benefit card. A treasury sends the last months, not a year: what was paid from the first of them on may have been paid
-- before it too, and a month without a row between two with one may have been paid as the others were.
CREATE TABLE benefit AS
WITH paid AS (
    SELECT person_id, item_as, item_class, paid_month, any_value(amount)::DOUBLE AS amount, min(file) AS file, min(row_no) AS row_no
    FROM src_benefit_card
    WHERE paid_month BETWEEN getvariable('from_12m') AND getvariable('as_of')
    GROUP BY person_id, item_as, item_class, paid_month, hash(item, payer, payment_no, amount)
),
monthly AS (
    SELECT person_id, item_as, item_class, paid_month, sum(amount) AS amount,
        arg_max({'file': file, 'row_no': row_no}, (file, row_no)) AS cited
    FROM paid GROUP BY ALL
)
SELECT person_id, item_as, item_class, sum(amount) AS amount,
    greatest(max(amount), 0) * (months_of(min(paid_month), max(paid_month)) - count(*)
        + CASE WHEN min(paid_month) = any_value(sent.first) THEN months_of(getvariable('from_12m'), any_value(sent.first)) - 1
            ELSE 0 END) AS unseen,
    arg_max(cited, paid_month) AS cited
FROM monthly, (SELECT min(paid_month) AS first FROM monthly) AS sent
GROUP BY person_id, item_as, item_class;

-- 1 again: public salaries on the card, where the tax office has no wage row of the person.
INSERT INTO statement
SELECT e.household_id, b.person_id, 1, greatest(sum(b.amount), 0) * any_value(coalesce(e.wage_kept, 0)),
    (greatest(sum(b.amount), 0) + sum(b.unseen)) * any_value(coalesce(e.wage_kept, 1)), 'rows', true,
    'benefit_card', any_value(b.cited).file, any_value(b.cited).row_no, getvariable('as_of')
FROM benefit AS b JOIN earner AS e USING (person_id)
WHERE b.item_class = 'salary' AND b.person_id NOT IN (SELECT person_id FROM statement WHERE class = 1)
GROUP BY e.household_id, b.person_id;

-- 1 again: insurance without a wage row. An employer pays at least the minimum wage for the months known to be paid, of which
-- as much counts as of any wage; who is paid by fees (class 2) need not have a wage besides;
-- a self-payer (灵活就业) or somebody only registered somewhere (挂靠) may earn nothing. The base is never reckoned with.
CREATE TABLE job AS
SELECT person_id, bool_or(employment_form = '单位' AND employer IS NOT NULL) AS employed,
    max(employed_on) FILTER (employment_form = '单位') AS since
FROM src_employment GROUP BY person_id;
INSERT INTO statement
SELECT e.household_id, s.person_id, 1,
    CASE WHEN any_value(j.employed) AND s.person_id NOT IN (SELECT person_id FROM tax_month WHERE class = 2)
        THEN coalesce(any_value(e.min_wage_month), 0) * any_value(coalesce(e.wage_kept, 0)) * months_of(
            greatest(getvariable('from_12m'), coalesce(any_value(j.since), max(s.last_paid_month))),
            least(getvariable('as_of'), coalesce(max(s.last_paid_month), getvariable('as_of'))))
        ELSE 0 END,
    'inf'::DOUBLE, 'unknown', true, 'social_insurance', min(s.file), min(s.row_no), getvariable('as_of')
FROM src_social_insurance AS s JOIN earner AS e USING (person_id) LEFT JOIN job AS j USING (person_id)
WHERE s.scheme = '职工养老' AND s.insurance_state = '缴费' AND NOT e.dead
    AND s.person_id NOT IN (SELECT person_id FROM statement WHERE class = 1)
GROUP BY e.household_id, s.person_id;

-- 3 business: taxable profit; a business of one's own (authorised use only) without a row may have made anything.
INSERT INTO statement
SELECT e.household_id, t.person_id, 3, greatest(sum(amount), 0), greatest(sum(amount), 0), 'rows', true, 'tax_income',
    any_value(t.cited).file, any_value(t.cited).row_no, getvariable('as_of')
FROM tax_month AS t JOIN earner AS e USING (person_id) WHERE t.class = 3 GROUP BY e.household_id, t.person_id;
INSERT INTO statement
SELECT household_id, person_id, 3, 0, 'inf', 'unknown', true, 'business_registration', NULL, NULL, getvariable('as_of')
FROM earner WHERE open_business AND person_id NOT IN (SELECT person_id FROM statement WHERE class = 3);

-- 8, 9, 10 pensions and insurance: the months paid within the window. Nursing money for a work injury is not income.
CREATE TABLE pension AS
SELECT s.person_id, s.pension_kind, any_value(e.household_id) AS household_id,
    greatest(getvariable('from_12m'), s.from_month)::DATE AS first_day,
    least(any_value(e.until), coalesce(s.paused_month - INTERVAL 1 MONTH, any_value(e.until)))::DATE AS last_day,
    s.month_amount::DOUBLE AS month_amount, any_value(s.basic_part)::DOUBLE AS basic_part,
    min(s.file) AS file, min(s.row_no) AS row_no
FROM src_pensions AS s JOIN earner AS e USING (person_id)
WHERE s.from_month <= getvariable('as_of')
GROUP BY s.person_id, s.pension_kind, s.month_amount, s.from_month, s.paused_month;
INSERT INTO pension
SELECT s.person_id, s.scheme, any_value(e.household_id), getvariable('from_12m'), any_value(e.until),
    max(s.month_benefit)::DOUBLE, NULL, min(s.file), min(s.row_no)
FROM src_social_insurance AS s JOIN earner AS e USING (person_id)
WHERE s.scheme IN ('职工养老', '居民养老') AND s.insurance_state = '领取待遇'
    AND NOT EXISTS (SELECT 1 FROM pension AS p WHERE p.person_id = s.person_id AND p.pension_kind = s.scheme)
GROUP BY s.person_id, s.scheme;

-- Of a residents' pension the centre's basic part is left out while a document says so (民发〔2021〕57号 第十三条: 2021 to 2025).
-- Each month by the value of that month. Which part that is, where neither the row nor a parameter says it, and whether it counts
-- after 2025, nobody knows.
CREATE TABLE pension_month AS
SELECT p.rowid AS pension, p.pension_kind = '居民养老' AS resident, p.month_amount AS amount, p.basic_part, n.amount AS not_counted
FROM pension AS p JOIN basic_not_counted AS n ON n.month BETWEEN date_trunc('month', p.first_day) AND p.last_day;
INSERT INTO statement
SELECT household_id, person_id,
    CASE pension_kind WHEN '职工养老' THEN 8 WHEN '居民养老' THEN 9 ELSE 10 END AS class,
    coalesce(sum(m.low), 0), coalesce(sum(m.high), 0),
    CASE WHEN bool_and(month_amount IS NOT NULL) THEN 'rows' ELSE 'unknown' END, pension_kind <> '工伤护理费',
    CASE WHEN getvariable('has_pensions') THEN 'pensions' ELSE 'social_insurance' END, min(file), min(row_no), getvariable('as_of')
FROM pension AS p LEFT JOIN (
    SELECT pension,
        sum(CASE WHEN resident THEN greatest(0, amount - coalesce(basic_part, not_counted, amount)) ELSE amount END) AS low,
        sum(CASE WHEN amount IS NULL THEN 'inf'::DOUBLE WHEN resident AND not_counted IS NOT NULL
            THEN greatest(0, amount - coalesce(basic_part, not_counted)) ELSE amount END) AS high
    FROM pension_month GROUP BY pension
) AS m ON m.pension = p.rowid
GROUP BY household_id, person_id, class, pension_kind;

-- 2 casual work: what was reported, else not known of whoever could work and shows nothing. Never imputed.
INSERT INTO statement
SELECT e.household_id, t.person_id, 2, greatest(sum(amount), 0) * (1 - coalesce(any_value(income_labour_cost), 1)),
    greatest(sum(amount), 0) * (1 - coalesce(any_value(income_labour_cost), 0)), 'rows', true, 'tax_income',
    any_value(t.cited).file, any_value(t.cited).row_no, getvariable('as_of')
FROM tax_month AS t JOIN earner AS e USING (person_id) WHERE t.class = 2 GROUP BY e.household_id, t.person_id;
INSERT INTO statement
SELECT household_id, person_id, 2, 0, 'inf', 'unknown', true, NULL, NULL, NULL, getvariable('as_of')
FROM earner
WHERE (age BETWEEN 16 AND 59 OR age IS NULL) AND NOT in_school AND NOT unable AND NOT dead AND NOT in_custody
    AND person_id NOT IN (SELECT person_id FROM statement WHERE class IN (1, 2, 3, 8));

-- 4 and 6 land: of the latest year that is known. Nobody says what is grown, so that it is the least to the most of all crops.
-- A row speaks of the household of whom it names; where that one has died or left, it stands under today's head. A row for
-- each kind of subsidy repeats the same land.
CREATE TABLE land AS
SELECT coalesce(own.person_id, head.person_id) AS person_id, sum(s.land_area)::DOUBLE AS area, sum(s.let_area)::DOUBLE AS let_area,
    sum(s.rent)::DOUBLE AS rent, bool_or(s.let_area > 0 AND s.rent IS NULL) AS rent_open, min(s.file) AS file, min(s.row_no) AS row_no
FROM (
    SELECT DISTINCT ON (person_id, land_area, let_area, rent) *
    FROM src_land_subsidies QUALIFY year = max(year) OVER (PARTITION BY person_id)
) AS s
JOIN person_fact AS f USING (person_id)
LEFT JOIN earner AS own ON own.person_id = s.person_id AND NOT own.dead
LEFT JOIN earner AS head ON head.head AND head.household_id = coalesce(f.household_id, f.left_household_id, f.register_household_id)
WHERE coalesce(own.person_id, head.person_id) IS NOT NULL
GROUP BY ALL;
INSERT INTO statement
SELECT e.household_id, person_id, 4, coalesce((l.area - coalesce(l.let_area, 0)) * crop_least, 0),
    coalesce((l.area - coalesce(l.let_area, 0)) * crop_most, 'inf'), CASE WHEN crop_least IS NULL THEN 'unknown' ELSE 'rows' END, true,
    'land_subsidies', l.file, l.row_no, getvariable('as_of')
FROM land AS l JOIN earner AS e USING (person_id) WHERE l.area > coalesce(l.let_area, 0) AND NOT e.dead;
INSERT INTO statement
SELECT e.household_id, person_id, 6, coalesce(l.rent, 0), CASE WHEN l.rent_open THEN 'inf'::DOUBLE ELSE l.rent END,
    CASE WHEN l.rent_open THEN 'unknown' ELSE 'rows' END, true, 'land_subsidies', l.file, l.row_no, getvariable('as_of')
FROM land AS l JOIN earner AS e USING (person_id) WHERE l.rent > 0 OR l.rent_open;
INSERT INTO statement
SELECT e.household_id, t.person_id, t.class, greatest(sum(amount), 0), greatest(sum(amount), 0), 'rows', true, 'tax_income',
    any_value(t.cited).file, any_value(t.cited).row_no, getvariable('as_of')
FROM tax_month AS t JOIN earner AS e USING (person_id) WHERE t.class IN (6, 7, 13) GROUP BY e.household_id, t.person_id, t.class;

-- 6 again: a second dwelling may be let (authorised use only); without a local rate, for any rent.
INSERT INTO statement
SELECT e.household_id, arg_max(r.person_id, r.title_no), 6, 0,
    coalesce(min(r.area)::DOUBLE * any_value(income_rent_rate) * 12, 'inf'), 'unknown', true, 'real_estate', min(r.file), min(r.row_no),
    getvariable('as_of')
FROM src_real_estate AS r JOIN earner AS e USING (person_id)
WHERE r.title_state = '现势' AND r.land_use = '住宅' AND NOT e.dead
GROUP BY e.household_id HAVING count(DISTINCT r.title_no) >= 2;

-- 7 dividends of the village, and what a bank holds above the limit (authorised use only) may have borne.
INSERT INTO statement
SELECT e.household_id, b.person_id, 7, sum(b.amount), sum(b.amount + b.unseen), 'rows', true, 'benefit_card', any_value(b.cited).file,
    any_value(b.cited).row_no, getvariable('as_of')
FROM benefit AS b JOIN earner AS e USING (person_id)
WHERE b.item_class = 'counted' AND b.item_as LIKE '%分红%' GROUP BY e.household_id, b.person_id;
INSERT INTO statement
SELECT e.household_id, f.person_id, 7, 0, 'inf', 'unknown', true, 'finance_check', min(f.file), min(f.row_no), max(f.snapshot_on)
FROM src_finance_check AS f JOIN earner AS e USING (person_id)
WHERE f.over_limit = '是' AND NOT e.dead AND f.snapshot_on > getvariable('as_of') - INTERVAL 6 MONTH
GROUP BY e.household_id, f.person_id;

-- 14 other transfers. What the table of items does not know is nothing to all of it; aid and exempt items stand beside, not counted.
INSERT INTO statement
SELECT e.household_id, b.person_id, 14, sum(CASE WHEN b.item_class IS NULL THEN 0 ELSE b.amount END), sum(b.amount + b.unseen),
    CASE WHEN bool_or(b.item_class IS NULL) THEN 'unknown' ELSE 'rows' END, coalesce(any_value(b.item_class), 'counted') = 'counted',
    'benefit_card', any_value(b.cited).file, any_value(b.cited).row_no, getvariable('as_of')
FROM benefit AS b JOIN earner AS e USING (person_id)
WHERE coalesce(b.item_class, '') <> 'salary' AND NOT coalesce(b.item_class = 'counted' AND b.item_as LIKE '%分红%', false)
GROUP BY e.household_id, b.person_id, coalesce(b.item_class, 'counted') = 'counted';
INSERT INTO statement
SELECT e.household_id, t.person_id, 14, 0, greatest(sum(amount), 0), 'unknown', true, 'tax_income', any_value(t.cited).file,
    any_value(t.cited).row_no, getvariable('as_of')
FROM tax_month AS t JOIN earner AS e USING (person_id) WHERE t.class = 14 GROUP BY e.household_id, t.person_id;
