-- What was fetched from the places that the home's sources.yaml declares: fetched/<batch>.parquet, beside the lake.

CREATE TABLE fetched (
    batch VARCHAR,
    source VARCHAR,
    place VARCHAR,                          -- the place's key in sources.yaml; no host, no user
    kind VARCHAR,                           -- sftp, s3, postgresql, mysql
    remote VARCHAR,                         -- the file's path there, or the query's name
    remote_bytes BIGINT,                    -- as listed there; NULL for a query
    remote_changed TIMESTAMP WITH TIME ZONE, -- as listed there; NULL for a query
    file VARCHAR,                           -- path below the source's folder in the drop folder
    sha256 VARCHAR,
    bytes BIGINT,
    rows BIGINT,                            -- of a query; NULL for a file: it is not opened here
    resumed_from BIGINT,                    -- bytes that an interrupted transfer had brought already
    asked_at TIMESTAMP WITH TIME ZONE,      -- when the transfer, or the query, began
    fetched_at TIMESTAMP WITH TIME ZONE,    -- when it lay whole in its place
    state VARCHAR                           -- current; replaced (other content was fetched later); withdrawn (no longer there; what was fetched stays)
);
