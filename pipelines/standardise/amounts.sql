-- Text: NFKC, trimmed, without the ' that makes a spreadsheet show a number as text; most is plain ASCII and common Chinese characters already and is passed on as it stands.
CREATE OR REPLACE TEMP MACRO plain_text(t) AS CASE
    WHEN regexp_full_match(t, '[!-&(-_a-~一-龥](?:[ -~一-龥]*[!-~一-龥])?') THEN t
    WHEN t IS NOT NULL THEN list_transform([trim(regexp_replace(nfkc(t), '^[''`‘’]+|[\p{Cf}\p{Cc}]', '', 'g'))], lambda s: nullif(s, ''))[1] END;

-- Money, whole numbers and telephones as macros. The first CASE branches are the common writings; the rest is read from NFKC.
-- A macro's argument is written out wherever its name stands and worked out as often (a CASE hides it from DuckDB's search for
-- common parts): what is read of a cleaned text is read inside a list of that one text, so that it is cleaned once.

CREATE OR REPLACE TEMP MACRO amount_signs(t) AS
    regexp_replace(nfkc(t), '[\s\p{Z}\p{Cf}\p{Cc},''"`‘’“”¥￥$]|人民币|RMB|CNY|整', '', 'g');
-- in brackets: negative, as bookkeepers write it; a minus behind, as some systems do
CREATE OR REPLACE TEMP MACRO amount_sign(t) AS
    regexp_replace(regexp_replace(regexp_replace(t, '[−–—－]', '-'), '^[(](.*)[)]$', '-\1'), '^([^-].*)-$', '-\1');
CREATE OR REPLACE TEMP MACRO amount_number(t) AS CASE
    WHEN regexp_full_match(t, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(E[+-]?[0-9]+)?(亿|万)?[元圆块]?') THEN
        TRY_CAST(regexp_extract(t, '^[-+0-9.E]+') AS DECIMAL(28, 6))
            * CASE WHEN contains(t, '亿') THEN 100000000 WHEN contains(t, '万') THEN 10000 ELSE 1 END END;
CREATE OR REPLACE TEMP MACRO money(t) AS CASE
    WHEN regexp_full_match(t, '-?[0-9]{1,16}([.][0-9]{1,2})?') THEN TRY_CAST(t AS DECIMAL(18, 2))
    WHEN regexp_full_match(t, '-?[0-9]{1,3}(,[0-9]{3}){1,4}([.][0-9]{1,2})?') THEN TRY_CAST(replace(t, ',', '') AS DECIMAL(18, 2))
    WHEN t IS NOT NULL THEN list_transform([amount_sign(upper(amount_signs(t)))], lambda s: TRY_CAST(amount_number(s) AS DECIMAL(18, 2)))[1] END;

CREATE OR REPLACE TEMP MACRO whole_number(t) AS CASE
    WHEN regexp_full_match(t, '-?[0-9]{1,18}') THEN TRY_CAST(t AS BIGINT)
    WHEN t IS NOT NULL THEN TRY_CAST(regexp_extract(amount_sign(amount_signs(t)), '^([-+]?[0-9]{1,18})(?:[.]0*)?(?:年度?|个月?|月|人|口|岁|户|次|天)?$', 1)
        AS BIGINT) END;

-- Areas, rates and shares: 86.5平方米, 12.5亩, 5% (0.05), 1/8 and 八分之一 (0.125).
CREATE OR REPLACE TEMP MACRO han_digit(c) AS nullif(strpos('一二三四五六七八九十', c), 0);
CREATE OR REPLACE TEMP MACRO part_of(a, b) AS CASE WHEN b > 0 THEN (a / b)::DECIMAL(18, 4) END;
CREATE OR REPLACE TEMP MACRO decimal_text(s) AS CASE
    WHEN regexp_full_match(s, '[0-9]{1,6}/[0-9]{1,6}') THEN part_of(split_part(s, '/', 1)::INTEGER, split_part(s, '/', 2)::INTEGER)
    WHEN regexp_full_match(s, '[一二三四五六七八九十]分之[一二三四五六七八九十]') THEN part_of(han_digit(right(s, 1)), han_digit(left(s, 1)))
    WHEN regexp_full_match(s, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)%') THEN (TRY_CAST(rtrim(s, '%') AS DECIMAL(18, 4)) / 100)::DECIMAL(18, 4)
    ELSE TRY_CAST(regexp_extract(s, '^([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:E[+-]?[0-9]+)?)(?:平方米|平米|平方|M2|㎡|亩|立方米|M3|吨|度|千瓦时|KWH|方)?$', 1) AS DECIMAL(18, 4)) END;
CREATE OR REPLACE TEMP MACRO decimal_number(t) AS CASE
    WHEN regexp_full_match(t, '-?[0-9]{1,12}([.][0-9]{1,4})?') THEN TRY_CAST(t AS DECIMAL(18, 4))
    WHEN t IS NOT NULL THEN list_transform([upper(amount_signs(t))], lambda s: decimal_text(s))[1] END;

-- Mobiles by 1[3-9], landlines with or without area code; of several in one cell the first. Country code and dashes go.
CREATE OR REPLACE TEMP MACRO phone_signs(t) AS
    regexp_replace(regexp_replace(nfkc(t), '[\p{Cf}\p{Cc}''"`‘’“”]', '', 'g'), '^([0-9]+)[.]0+$', '\1');
CREATE OR REPLACE TEMP MACRO phone_digits(t) AS regexp_replace(coalesce(
    nullif(regexp_extract(t, '(?:^|[^0-9])(?:[+]?(?:00)?86[-\s]*)?(1[3-9](?:[-\s.]?[0-9]){9})(?:[^0-9]|$)', 1), ''),
    nullif(regexp_extract(t, '(?:^|[^0-9])(?:[+]?(?:00)?86[-\s]*)?([(]?0[0-9]{2,3}[)]?[-\s]?[2-9][0-9]{2,3}[-\s]?[0-9]{4})(?:[^0-9]|$)', 1), ''),
    nullif(regexp_extract(t, '(?:^|[^0-9])([2-8][0-9]{2,3}[-\s]?[0-9]{4})(?:[^0-9]|$)', 1), '')
), '[^0-9]', '', 'g');
CREATE OR REPLACE TEMP MACRO no_phone_ending(d) AS right(d, 8) IN ('00000000', '12345678') OR d = '13800138000';
CREATE OR REPLACE TEMP MACRO no_phone(d) AS
    replace(d, d[2], '') = '' OR no_phone_ending(d) OR replace(d, '1', '') = '';
CREATE OR REPLACE TEMP MACRO phone(t) AS CASE
    WHEN regexp_full_match(t, '1[3-9][0-9]{9}') THEN CASE WHEN NOT no_phone_ending(t) THEN t END
    WHEN t IS NOT NULL THEN list_transform([phone_digits(phone_signs(t))], lambda d: CASE WHEN NOT no_phone(d) THEN d END)[1] END;
