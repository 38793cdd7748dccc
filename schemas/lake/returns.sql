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
    income_amount DECIMAL(18,2),    -- what was said to the list's income question, yuan over 12 months
    file VARCHAR,
    row_no INTEGER,
    received_at TIMESTAMP WITH TIME ZONE,
    superseded BOOLEAN          -- a later answer to the same lead came; this one stays on record
);

CREATE TABLE referral_results ( -- what came of a referral, as the department sent it back
    lead_id VARCHAR,
    department VARCHAR,         -- as the drop-down of the worklist has it
    result_code VARCHAR,        -- schemas/codes/referral_result.csv
    closed_on DATE,
    handler VARCHAR,
    granted VARCHAR,            -- what was granted
    note VARCHAR,
    received_in VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    received_at TIMESTAMP WITH TIME ZONE,
    superseded BOOLEAN
);

CREATE TABLE files (            -- every file that was read, so that none is read twice
    file VARCHAR,
    sha256 VARCHAR,
    rows_read BIGINT,           -- = taken + not_taken
    taken BIGINT,               -- rows that gave an answer, repeated ones too
    not_taken BIGINT,           -- named with a reason in returns/<batch>/<file>_未采用.csv
    read_at TIMESTAMP WITH TIME ZONE
);

CREATE TABLE corrections (      -- what the answers E5 and E6 say against the data; linkage and households may honour it
    lead_id VARCHAR,
    kind VARCHAR,               -- household (E5: members or relations are not as registered), data (E6: a record is wrong)
    household_id VARCHAR,
    person_id VARCHAR,          -- E5: a member as the data has it; E6: whose record it is
    source VARCHAR,             -- E6: the record that made the finding; NULL for E5
    file VARCHAR,
    row_no INTEGER,
    identity_hash UBIGINT,      -- of the record (linkage.person_records): the same row in a later batch is known by it
    household_size INTEGER,     -- E5: as found on the spot
    rule_ids VARCHAR[],         -- the rules that the answer speaks against
    answered_on DATE
);

CREATE TABLE income_answers (   -- the last answer to each list's income question: whose income of which class it says
    lead_id VARCHAR,
    person_id VARCHAR,
    class TINYINT,              -- schemas/income/classes.yaml
    amount DECIMAL(18,2),       -- as asked: wages gross, the others as counted
    stated_on DATE,             -- of the visit; where it has no date, of the reading
    file VARCHAR,
    row_no INTEGER
);

CREATE TABLE source_quality (   -- by source: how much of what it sent was found wrong on the spot
    source VARCHAR,
    leads BIGINT,               -- answered leads whose findings rest on a record of the source
    wrong_leads BIGINT,         -- of these, answered E5 or E6
    wrong_records BIGINT        -- distinct records behind the E6 answers
);
