-- Stage households: lake/<batch>/households/.

CREATE TABLE edges (
    person_id VARCHAR,          -- the child, the spouse, the ward
    other_person_id VARCHAR,    -- the parent, the other spouse, the guardian
    kind VARCHAR,               -- parent, spouse, guardian
    role VARCHAR,               -- father, mother; NULL for spouse and guardian
    basis VARCHAR,              -- register, marriage, earlier_batch, certificate …
    source VARCHAR,             -- where it is read from
    file VARCHAR,
    row_no INTEGER
);

CREATE TABLE households (
    household_id VARCHAR,       -- H and 11 letters or digits; opaque, stable across batches; register and assistance differ
    kind VARCHAR,               -- register, assistance
    head_person_id VARCHAR,
    town VARCHAR,               -- where they live, where known; else the register's
    village VARCHAR,
    grid VARCHAR,
    register_town VARCHAR,      -- the register's town where it differs (人户分离)
    member_count INTEGER,       -- 0: its last member died or is in custody; kept so that a finding about them has a place
    collective BOOLEAN,         -- somebody of a 集体户, who stands alone
    disputed BOOLEAN,           -- a caseworker found other members than these (E5), and these have not changed since
    stated_members INTEGER      -- 实际共同生活人口 as found; NULL: not disputed, or not said
);

CREATE TABLE members (
    household_id VARCHAR,
    kind VARCHAR,
    person_id VARCHAR,
    relation VARCHAR            -- to the head, as the code table relation has it
);

CREATE TABLE left_household (   -- the dead and those in custody: the household they left, for findings about them
    person_id VARCHAR,
    household_id VARCHAR,       -- the assistance household
    reason VARCHAR,             -- dead, custody
    basis VARCHAR               -- how it is known: register (their row's household), spouse, earlier_batch, own (nobody is left)
);

CREATE TABLE issues (           -- data-quality matters: registered_twice, two_heads, no_head, spouse_not_linked
    kind VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    person_id VARCHAR
);

CREATE TABLE changes (          -- whose household is another than in the batch before; none in the first batch
    kind VARCHAR,               -- register, assistance
    person_id VARCHAR,
    from_household_id VARCHAR,  -- NULL: in none before
    to_household_id VARCHAR,    -- NULL: in none now
    reason VARCHAR              -- came, moved, joined_spouse, died, custody, gone (no record in this batch)
);
