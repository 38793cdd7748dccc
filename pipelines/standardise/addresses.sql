-- Distinct addresses (table address_raw, column raw) → address_values: raw, town_raw, village_raw, rest.
-- Layers, read from the innermost: normal form; province to district off; the town; the village; what is left, its building
-- numbers alike. A layer wherever a text is asked for twice (nullif asks twice), or it would be worked out twice.
CREATE OR REPLACE TEMP TABLE address_values AS
SELECT raw, town_raw, village_raw, nullif(rest, '') AS rest
FROM (
    SELECT raw, town_raw, village_raw,
        CASE WHEN regexp_full_match(rest, '[^0-9#-]*[0-9]+号') THEN rest  -- 东方花园12号: what the steps below would give
        ELSE regexp_replace(regexp_replace(rtrim(regexp_replace(
            CASE WHEN contains(parts, '--') THEN regexp_replace(parts, '-{{2,}}', '-', 'g') ELSE parts END,
            '(-[0-9]+)(?:室|户|号)$', '\1'), '-'),
            '([0-9])号$', '\1'),
            '(^|[^0-9-])([0-9]+)$', '\1\2号')  -- 12 and 12号 are one; a person can read the second
        END AS rest
    FROM (
        SELECT raw, town_raw, village_raw, rest,
            CASE WHEN contains(units, '#') THEN regexp_replace(units, '#([0-9]+)楼?', '\1-', 'g') ELSE units END AS parts
        FROM (
            SELECT *, regexp_replace(rest, '([0-9])(?:号楼|#楼|#|幢|栋|座|单元)', '\1-', 'g') AS units
            FROM (
                SELECT raw, town_raw, village_raw, {numerals}(substr(below_town, length(village_raw) + 1)) AS rest
                FROM (
                    SELECT raw, town_raw, below_town,
                        CASE WHEN NOT regexp_matches(below_town, '^[^0-9]{{2,8}}?[省市县旗]') OR town_raw <> '' THEN regexp_extract(below_town, '^[^0-9A-Za-z#]{{1,10}}?(?:村民委员会|社区居民委员会|社区居委会|居民委员会|村委会|居委会|社区|村)(?:村?委会)?')
                        ELSE '' END AS village_raw
                    FROM (
                        SELECT raw, town_raw, substr(below_district, length(town_raw) + 1) AS below_town
                        FROM (
                            SELECT raw, below_district, regexp_extract(below_district, '^(?:{towns})') AS town_raw
                            FROM (
                                SELECT raw, regexp_replace(
                                    CASE WHEN regexp_full_match(raw, '[!#-&(-+.-:<-_a-}}一-龥-]*') THEN raw  -- nothing to clean
                                    ELSE regexp_replace(regexp_replace(
                                        nfkc(raw), '[\s\p{{Z}}\p{{Cf}}\p{{Cc}}''"`‘’“”,。;]', '', 'g'), '[‐‑‒–—−~]', '-', 'g') END,
                                    '{district}', '') AS below_district
                                FROM address_raw
                            )
                        )
                    )
                )
            )
        )
    )
);
