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
    status VARCHAR,             -- 待派发, 已派发, 已反馈, 转办, 关闭, 超期; 暂缓 (cool-down or over the town's limit)
    times_raised INTEGER,
    last_outcome VARCHAR,       -- outcome code of the last answer
    held_back VARCHAR,          -- why it is not on this month's worklist: cool_down, limit; NULL if it is
    first_batch VARCHAR
);

CREATE TABLE rules (            -- every rule, run or not
    rule_id VARCHAR, rule_version VARCHAR, title VARCHAR, direction VARCHAR, level VARCHAR, subject VARCHAR,
    law VARCHAR[], valid_from DATE, valid_to DATE, condition VARCHAR, question VARCHAR, programmes VARCHAR[], due VARCHAR,
    ran BOOLEAN,
    not_run_reason VARCHAR      -- names the parameter without a value on that date
);

CREATE TABLE parameters (
    key VARCHAR, title VARCHAR, area VARCHAR, population VARCHAR, valid_from DATE, value VARCHAR, unit VARCHAR, document VARCHAR, status VARCHAR,
    used BOOLEAN                -- this value held in this batch
);
