-- Stage standardise: lake/<batch>/standardised/<source>.parquet, one row per source row and member of a wide row that
-- names somebody. First these columns, alike for every source; then the contract's attributes() typed
-- (date, month → DATE (a month is its first day); money → DECIMAL(18,2) yuan; integer → BIGINT; decimal → DECIMAL(18,4);
-- age → <c> INTEGER, <c>_born_from and <c>_born_to INTEGER (the first and last year of birth possible); a text with a map →
-- <c> VARCHAR as written, <c>_as (the table's value) and <c>_class (its class), NULL where the table does not know it; code → VARCHAR value of
-- the code table; set → VARCHAR[] of values, sorted; disability_certificate → <c> VARCHAR (as normalised),
-- <c>_status VARCHAR, <c>_category VARCHAR (digit 19), <c>_grade VARCHAR (digit 20); the rest VARCHAR).

CREATE TABLE identity (
    record_id BIGINT,           -- source number << 56 | file number << 40 | row_no << 4 | member_no; unique in the batch
    source VARCHAR,
    file VARCHAR,
    row_no INTEGER,             -- as a spreadsheet shows it
    member_no TINYINT,
    name VARCHAR,               -- NFKC, without spaces, suffixes such as （户主） and 已故; middle dots as ·
    name_key VARCHAR,           -- name folded for comparing: simplified, compatibility and variant characters mapped, no dots
    name_pinyin VARCHAR,        -- toneless pinyin of name_key, syllables joined by a space
    surname VARCHAR,            -- of name_key; compound surnames known; NULL for names written with ·
    former_name VARCHAR,        -- likewise cleaned
    id_number VARCHAR,          -- upper case, 18 characters where valid or lifted; else what is left of it
    id_status VARCHAR,          -- valid, lifted, bad_check, bad_date, truncated, masked, placeholder, missing, malformed
    sex VARCHAR,                -- 1 male, 2 female (GB/T 2261.1) as the source says; else the id's where valid or lifted
    birth_date DATE,            -- as the source says; else the id's where valid or lifted
    sex_from_id BOOLEAN,        -- sex is the id's, not the source's own word
    birth_date_from_id BOOLEAN, -- likewise
    phone VARCHAR,              -- digits only, no country code; NULL where it is no phone
    address VARCHAR,            -- NFKC, province to town cut off where they are known; the rest below the village
    town VARCHAR,               -- the town's name in schemas/codes/towns.csv, old names mapped to today's
    village VARCHAR,            -- without 村民委员会, 居委会 and the like
    grid VARCHAR,
    household_key VARCHAR,      -- the source's own household number
    identity_hash UBIGINT,      -- of the source and what it says of who somebody is: alike in the next month if nothing changed
    warnings VARCHAR[]          -- `<column>:<what>`, e.g. valid_to:not_a_date; never a value
);

-- lake/<batch>/unmapped/<source>.parquet, of sources with a mapped column: every wording that the table does not know, once.
CREATE TABLE unmapped (
    source VARCHAR,
    column_name VARCHAR,
    text VARCHAR,               -- the wording as it stands in the column
    rows BIGINT,
    amount DECIMAL(18,2)        -- sum of the contract's map_sum column
);
