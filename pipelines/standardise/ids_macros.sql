-- What reading an id needs, as macros: DuckDB writes them out where they are used.

-- NFKC, upper case, nothing unseen, no quotes or dashes; look-alikes of X and the many signs of a mask made one.
CREATE OR REPLACE TEMP MACRO id_signs(t) AS
    regexp_replace(upper(nfkc(t)), '[\s\p{Z}\p{Cf}\p{Cc}''"`‘’“”‐‑–—-]', '', 'g');
CREATE OR REPLACE TEMP MACRO id_ending(t) AS
    regexp_replace(regexp_replace(t, '^([0-9]{17})[×ХΧ✕]', '\1X'), '^([0-9]{15,22})[.]0+$', '\1');
CREATE OR REPLACE TEMP MACRO id_mask(t) AS
    CASE WHEN contains(t, 'XX') THEN regexp_replace(t, 'X', '*', 'g') ELSE regexp_replace(t, '[●•×■□○#?_]', '*', 'g') END;
-- read inside a list of one text, or it would be worked out wherever the macros name it (measured: 4 times)
CREATE OR REPLACE TEMP MACRO id_text(t) AS CASE WHEN t IS NOT NULL THEN
    list_transform([id_ending(id_signs(t))], lambda s: CASE WHEN s <> '' THEN id_mask(s) END)[1] END;

-- GB 11643: the sum of the seventeen digits, each by 2 to the power of its place from the right, modulo 11 gives the
-- eighteenth character. A digit is n // 10^k - 10 * (n // 10^(k+1)) and -10 is 1 modulo 11, so the sum is that of the
-- quotients by 3 * 2^k (by 2 for k = 0), modulo 11: one division a digit instead of two.
CREATE OR REPLACE TEMP MACRO check_character(n) AS substr('10X98765432', ((
    n * 2 + n // 10 * 6 + n // 100 + n // 1000 * 2 + n // 10000 * 4 + n // 100000 * 8 + n // 1000000 * 5 + n // 10000000 * 10
    + n // 100000000 * 9 + n // 1000000000 * 7 + n // 10000000000 * 3 + n // 100000000000 * 6 + n // 1000000000000
    + n // 10000000000000 * 2 + n // 100000000000000 * 4 + n // 1000000000000000 * 8 + n // 10000000000000000 * 5
    ) % 11 + 1)::INTEGER, 1);

-- A number YYYYMMDD as a date where it is one between 1880 and the last day (a number as well), else NULL; in arithmetic, as
-- make_date and strptime pay for each failure.
CREATE OR REPLACE TEMP MACRO days_in(y, m) AS CASE
    WHEN m IN (4, 6, 9, 11) THEN 30
    WHEN m <> 2 THEN 31
    WHEN y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0) THEN 29
    ELSE 28 END;
CREATE OR REPLACE TEMP MACRO real_day_number(n, last_day) AS CASE
    WHEN n BETWEEN 18800101 AND last_day AND n // 100 % 100 BETWEEN 1 AND 12 AND n % 100 >= 1
        AND (n % 100 <= 28 OR n % 100 <= days_in(n // 10000, n // 100 % 100))
    THEN make_date((n // 10000)::INTEGER, (n // 100 % 100)::INTEGER, (n % 100)::INTEGER) END;
CREATE OR REPLACE TEMP MACRO real_day(t, last_day) AS real_day_number(TRY_CAST(t AS INTEGER), last_day);
