-- Stage quality: lake/<batch>/quality/. Numbers about columns; no row, no value of one.

CREATE TABLE measures (
    batch VARCHAR,
    source VARCHAR,
    measure VARCHAR,            -- rows, rows_against_last_batch, rejected_share, repeated_share, filled, id_status, id_usable_share, warned
    column_name VARCHAR,        -- the column it is about; empty for the whole source
    detail VARCHAR,             -- id_status: which; warned: what (unknown_code, not_a_date …); else empty
    value DOUBLE,               -- a count for rows, a ratio for rows_against_last_batch, else a share from 0 to 1
    of_rows BIGINT              -- how many rows it was taken over
);

CREATE TABLE results (
    batch VARCHAR,
    source VARCHAR,
    check_name VARCHAR,         -- the measure that was held against its limits
    column_name VARCHAR,
    severity VARCHAR,           -- critical stops the run, warning is told
    passed BOOLEAN,
    measured DOUBLE,
    expected_min DOUBLE,
    expected_max DOUBLE,
    description VARCHAR         -- Chinese
);

CREATE TABLE arrivals (         -- after linkage: whom each file's rows found; arrival_results has the columns of results
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    rows BIGINT,                -- standardised rows
    strangers BIGINT,           -- of them, rows of persons who were not known before the batch (first batch: in no register)
    dated BIGINT,               -- rows with a date of an event on or before the batch's last day
    newest DATE,                -- the date that one in a hundred of these is newer than: a slip of the pen is not the newest
    recent BIGINT               -- of the dated ones, those of the year before the batch's end
);
