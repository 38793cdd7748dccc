-- Stage linkage: lake/<batch>/linkage/.

CREATE TABLE persons (          -- every person known so far: of this batch and of earlier ones
    person_id VARCHAR,          -- P and 11 letters or digits (12 bytes: DuckDB keeps it inline); opaque, stable across batches
    name VARCHAR,
    id_number VARCHAR,
    id_status VARCHAR,
    sex VARCHAR,
    birth_date DATE,
    town VARCHAR,
    village VARCHAR,
    grid VARCHAR,
    address VARCHAR,
    phone VARCHAR,
    alive BOOLEAN,              -- FALSE once a police_death row with 死亡 is this person's
    death_date DATE,            -- of that row; its cancelled_on where the date is missing
    provisional BOOLEAN,        -- in no register so far
    source_count INTEGER,       -- distinct sources in this batch, those of authorised use not counted
    first_batch VARCHAR,
    last_batch VARCHAR,
    person_no INTEGER           -- the person's number in linkage's own tables: joins on it cost a third of joins on the id
);

CREATE TABLE identities (       -- every identity known so far, and whose it is; the batch's persons, faces and identities may be kept
                                -- as changes to an earlier batch's (pipelines/linkage/lake.py)
    identity_hash UBIGINT,      -- of schemas/lake/standardise.sql
    source_no TINYINT,
    sound BOOLEAN,              -- bears a valid or lifted id
    household UBIGINT,          -- hash of the source and its own household number; NULL where it has none
    person_id VARCHAR,
    batch VARCHAR,              -- in which it was linked: the same row in later months needs no new linking
    match_method VARCHAR,       -- register, exact_id, scored, household, provisional, decided …
    match_probability DOUBLE,
    person_no INTEGER
);

CREATE TABLE coverage (         -- identities with a sound id, and how many of them the exact step found in the register
    source_no TINYINT,
    people BIGINT,
    there BIGINT
);

CREATE TABLE person_records (   -- one row per standardised row of this batch: nothing is left out. A view, not a file (lake.py)
    record_id BIGINT,
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    member_no TINYINT,
    person_id VARCHAR,
    match_method VARCHAR,       -- as in identities; unchanged: linked in an earlier batch
    match_probability DOUBLE,
    identity_hash UBIGINT
);

CREATE TABLE match_review (
    record_id BIGINT,
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    member_no TINYINT,
    candidate_person_id VARCHAR,
    probability DOUBLE,
    reason VARCHAR,             -- one Chinese sentence, no values
    identity_hash UBIGINT
);

CREATE TABLE person_alias (     -- all so far
    old_person_id VARCHAR,
    person_id VARCHAR,
    batch VARCHAR,
    reason VARCHAR
);

CREATE TABLE person_splits (    -- all so far: who was made of rows that had been another's, who goes on under the old id
    person_id VARCHAR,
    from_person_id VARCHAR,
    batch VARCHAR,
    reason VARCHAR
);

CREATE TABLE person_faces (     -- every identity a person was seen under, as it is compared: next month starts from it
    person_id VARCHAR,
    name VARCHAR,               -- name_key of schemas/lake/standardise.sql
    pinyin VARCHAR,
    surname VARCHAR,
    birth INTEGER,              -- yyyymmdd
    lunar INTEGER,              -- the same day in the lunar calendar, yyyymmdd
    own_birth INTEGER,          -- birth as a source said it, not taken from an id
    sex VARCHAR,
    id VARCHAR,
    id_status VARCHAR,
    sound BOOLEAN,              -- id_status is valid or lifted
    phone VARCHAR,
    town VARCHAR,
    village VARCHAR,
    address VARCHAR,
    own BOOLEAN,                -- the face the person was founded with; one per person
    person_no INTEGER
);

CREATE TABLE id_issues (        -- feedback for the source: what linkage found out about ids
    kind VARCHAR,               -- borrowed_id, shared_id, second_id, registered_twice, said_wrong (answered E6, yet settled by an exact id)
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    member_no TINYINT,
    person_id VARCHAR,
    identity_hash UBIGINT
);

CREATE TABLE key_patterns (     -- which kinds of keys found the matches of the identities that no exact id settled; counts, nobody's values
    source VARCHAR,
    mode TINYINT,               -- what the record's id is worth: comparisons.identity.mode of schemas/linkage.yaml
    given VARCHAR,              -- kinds of keys that the record gives what they need: some of id+phone+village+birth+name
    found VARCHAR,              -- kinds that found the pair; '' in the rows that count the open identities
    open_identities BIGINT,     -- identities of this mode and `given`, on the row with found = '' only
    matches DOUBLE,             -- expected matches: the sum of the pairs' probabilities, per identity
    linked DOUBLE               -- of these, linked
);
