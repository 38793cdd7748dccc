-- Stage extracts: lake/<batch>/extracts/. Beside these, `<source>.parquet`: file VARCHAR, row_no INTEGER, then the
-- contract's text_columns() in order, all VARCHAR as written (trimmed; the texts of schemas/nothing.yaml are NULL).
-- A number that a spreadsheet held in an id column is written in scientific notation, so that it can never pass for an id.

CREATE TABLE files (            -- <source>.files.parquet
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,               -- path below the source's folder; a member of a zip is `a.zip/b.csv`, one of several sheets `a.xlsx/一月`
    sha256 VARCHAR,
    bytes BIGINT,
    read_at TIMESTAMP WITH TIME ZONE,
    encoding VARCHAR,           -- utf-8, utf-8-sig, utf-16, gb18030; NULL for XLSX and Parquet
    format VARCHAR,             -- csv, xlsx, parquet
    heading_row INTEGER,        -- the row the headings stand in, 1 the first
    rows_read BIGINT,           -- = accepted + rejected + skipped
    accepted BIGINT,
    rejected BIGINT,
    skipped BIGINT,             -- title, heading, total and blank rows
    unknown_headings VARCHAR[], -- reported and dropped
    state VARCHAR,              -- current; replaced (a corrected file of the same name came); duplicate (another file's content: rows not loaded again, counts 0)
    sheet VARCHAR               -- the sheet, where several of a workbook are read; else NULL
);

CREATE TABLE rejected (         -- <source>.rejected.parquet
    batch VARCHAR,
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,
    reason_code VARCHAR,        -- nobody (no name and no usable id), columns (does not fit the file's columns), quoting, encoding
    reason VARCHAR              -- Chinese, without any value of the row
);
