-- Stage assess: lake/<batch>/assess/. person_fact and household_fact stand in facts.sql, one documented line per fact.

CREATE TABLE findings (
    finding_id VARCHAR,         -- F and 11 letters or digits: of batch, rule and subject
    batch VARCHAR,
    rule_id VARCHAR,
    rule_version VARCHAR,       -- short hash of the rule file and the parameter values used
    direction VARCHAR,          -- under, over
    outcome VARCHAR,            -- true, unknown
    level VARCHAR,              -- red, orange, yellow; unknown findings already one lower
    person_id VARCHAR,          -- NULL for a household's finding
    household_id VARCHAR,       -- always: the assistance household, or the one they left
    inputs VARCHAR,             -- JSON: {"facts": {...}, "parameters": {key: {value, from, document}}, "records": [[source, file, row_no], …]}
    missing VARCHAR[],          -- facts that are NULL and matter
    reason VARCHAR              -- one Chinese sentence with numbers, period and source
);

CREATE TABLE leads (
    lead_id VARCHAR,            -- L and 11 letters or digits; kept while its reasons last
    batch VARCHAR,
    household_id VARCHAR,
    direction VARCHAR,
    level VARCHAR,
    rule_ids VARCHAR[],
    suggested_programmes VARCHAR[],
    due_date DATE,
    town VARCHAR,
    village VARCHAR,
    grid VARCHAR,
    status VARCHAR,             -- 待派发 (on this list, new or again), 已派发, 超期 (on an earlier list, no answer); 已反馈, 转办, 关闭 (by the
                                -- last answer, schemas/codes/outcome.csv); 暂缓 (over the town's limit)
    times_raised INTEGER,
    last_outcome VARCHAR,       -- outcome code of the last answer
    held_back VARCHAR,          -- why it is not on this month's worklist: cool_down, limit; NULL if it is
    first_batch VARCHAR,
    generated_on DATE,          -- when the batch's lists go out; due dates count from it, a rerun keeps it
    urgent BOOLEAN              -- 急难: due within 24 hours, never held back
);

CREATE TABLE lead_register (    -- every lead so far, also those whose reasons have ended: what the next batch must know
    lead_id VARCHAR,
    household_id VARCHAR,       -- today's
    direction VARCHAR,
    head_person_id VARCHAR,     -- finds the household again when its id changes
    first_batch VARCHAR,
    last_batch VARCHAR,         -- the last batch with findings
    raised_in VARCHAR,          -- the batch that last put it on a list as new or again; NULL if none has
    times_raised INTEGER,
    due_date DATE,
    known_rules VARCHAR[],      -- rules ever raised in it; `U05?` while only unknown
    known_rank TINYINT,         -- level when last raised: 3 red, 2 orange, 1 yellow
    known_figures MAP(VARCHAR, DOUBLE), -- `rule:fact` → value when last raised (schemas/followup.yaml)
    waiting BOOLEAN,            -- the town's limit has kept it from the list
    status VARCHAR,
    last_outcome VARCHAR,
    ended_in VARCHAR            -- the first batch without findings; NULL while they last
);

CREATE TABLE rules (            -- every rule, run or not
    rule_id VARCHAR,
    rule_version VARCHAR,
    title VARCHAR,
    direction VARCHAR,
    level VARCHAR,
    subject VARCHAR,
    law VARCHAR[],
    valid_from DATE,
    valid_to DATE,
    condition VARCHAR,
    question VARCHAR,
    programmes VARCHAR[],
    due VARCHAR,
    ran BOOLEAN,
    not_run_reason VARCHAR      -- names the parameter without a value on that date
);

CREATE TABLE parameters (
    key VARCHAR,
    title VARCHAR,
    area VARCHAR,
    population VARCHAR,
    valid_from DATE,
    value VARCHAR,
    unit VARCHAR,
    document VARCHAR,
    status VARCHAR,
    used BOOLEAN                -- this value held in this batch
);

CREATE TABLE waiting (          -- what unknown findings wait for: one row per missing fact and whom it is missing of
    source VARCHAR,             -- the source that should supply it
    department VARCHAR,
    fact VARCHAR,
    meaning VARCHAR,            -- the fact in Chinese
    what VARCHAR,               -- what to ask the department for
    person_id VARCHAR,          -- of whom; NULL where it is of the household as a whole
    household_id VARCHAR,
    rule_ids VARCHAR[],         -- the rules whose findings wait
    findings INTEGER            -- how many
);

CREATE TABLE rule_performance ( -- what the answers so far say of each rule (learning.py)
    rule_id VARCHAR,
    leads BIGINT,               -- raised, once per batch that raised it
    answered BIGINT,
    hits BIGINT,                -- answered A, B, C or D
    hit_rate DOUBLE,            -- hits / answered; NULL while none is answered
    data_errors BIGINT,         -- answered E6
    household_errors BIGINT,    -- answered E5
    not_reached BIGINT,         -- answered F1, F2 or F3
    median_days DOUBLE,         -- from the list to the visit
    only_data_errors BOOLEAN    -- every answer is E6
);

CREATE TABLE town_performance (
    town VARCHAR,
    leads BIGINT,
    answered BIGINT,
    hits BIGINT,
    hit_rate DOUBLE,
    overdue BIGINT,             -- in the newest batch
    median_days DOUBLE
);

CREATE TABLE source_performance (
    source VARCHAR,
    answered BIGINT,            -- answered leads whose findings rest on a record of the source
    hits BIGINT,
    hit_rate DOUBLE,
    data_errors BIGINT,
    household_errors BIGINT
);
