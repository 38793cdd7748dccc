-- Stage returns: lake/<batch>/returns/, the batch being the month whose worklists were answered.

CREATE TABLE followups (
    lead_id VARCHAR,
    outcome_code VARCHAR,       -- schemas/codes/outcome.csv
    visited_on DATE,
    visitors VARCHAR,
    note VARCHAR,
    referred_to VARCHAR,
    received_in VARCHAR,        -- batch in which it was read
    method VARCHAR,             -- 入户, 电话, 视频
    reason_not_included VARCHAR,
    household_size INTEGER,     -- 实际共同生活人口
    difficulties VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    received_at TIMESTAMP WITH TIME ZONE,
    superseded BOOLEAN          -- a later answer to the same lead came; this one stays on record
);
