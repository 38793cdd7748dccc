-- Stage assess, income: lake/<batch>/assess/. Amounts in yuan over the 12 months that end with the batch's month; a NULL upper
-- end is no upper bound. What a class is: schemas/income/classes.yaml.

CREATE TABLE income_statement (  -- one row per member and class with a sign, or whose source did not come
    batch VARCHAR,
    household_id VARCHAR,       -- the assistance household
    person_id VARCHAR,          -- the member; for what is of the household (land, dividends), its head
    class TINYINT,              -- 1 to 14
    low DECIMAL(18,2),
    high DECIMAL(18,2),         -- NULL: no upper bound
    basis VARCHAR,              -- rows, unknown (a sign without an amount), not_delivered, statement (said at a visit or check)
    counted BOOLEAN,            -- false: aid and exempt items, and what a statement or another row stands for
    source VARCHAR,             -- NULL: no row is behind it
    file VARCHAR,
    row_no INTEGER,             -- one of the rows: the latest
    as_of DATE                  -- the day it speaks of; of a statement the day it was made
);

CREATE TABLE household_income (
    batch VARCHAR,
    household_id VARCHAR,
    low DECIMAL(18,2),
    high DECIMAL(18,2),
    deduction_low DECIMAL(18,2),    -- rigid expense that is deducted; never more than the income
    deduction_high DECIMAL(18,2),
    per_head_low DECIMAL(18,2),     -- a month; NULL where the size is disputed
    per_head_high DECIMAL(18,2),
    open VARCHAR,                   -- JSON: the classes that are no single number
    open_classes INTEGER,
    undelivered BOOLEAN,            -- a class is open because its source did not come; NULL: a row may be a member's income
    not_deducted VARCHAR[],         -- expenses that could not be deducted, and why
    question_person_id VARCHAR,     -- whose income would decide whether the household is below its line …
    question_class TINYINT,         -- … of which class …
    question_true_below DECIMAL(18,2),  -- … below this amount it is; NULL: no amount of this class alone would do
    question_false_from DECIMAL(18,2),  -- … from this amount on it is not
    next_question VARCHAR           -- as a visitor asks it; no name
);

-- What rules may speak of, in the form of facts.sql.
CREATE TABLE household_fact (
    household_income_low DECIMAL(18,2),         -- 家庭收入（十四类，下限） | 元 | 近12月 | tax_income, social_insurance
    household_income_high DECIMAL(18,2),        -- 家庭收入（十四类，上限）；没有上限为空 | 元 | 近12月 | tax_income, social_insurance
    household_deduction_low DECIMAL(18,2),      -- 可扣减的刚性支出（下限） | 元 | 近12月 | medical_settlement
    household_deduction_high DECIMAL(18,2),     -- 可扣减的刚性支出（上限）；没有上限为空 | 元 | 近12月 | medical_settlement
    household_income_open INTEGER,              -- 没有查清的收入类别 | 类 | 近12月 | -
    household_income_undelivered BOOLEAN        -- 有收入类别因为数据没有送来而不能确定；有记录可能是成员的收入、归属没有判断时为空 | 是/否 | 近12月 | tax_income, social_insurance, pensions, land_subsidies, benefit_card
);

CREATE TABLE income_comparison ( -- whose outcome under a rule on household_income would differ with the interval in its place
    batch VARCHAR,
    rule_id VARCHAR,
    household_id VARCHAR,
    person_id VARCHAR,              -- NULL for a household's rule
    outcome_today VARCHAR,          -- true, unknown, none
    outcome_with_classes VARCHAR    -- true, unknown, none
);
