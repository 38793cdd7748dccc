-- Which kinds of keys could have found each open identity's person, and which did: counts only, no values.
-- {given}: one column per kind of key, whether the record says what some key of it needs; {found}: one per kind, whether a key of
-- it found the pair; the other braces are these again, as a list of names.
CREATE OR REPLACE TEMP TABLE key_chance AS
SELECT u.unit, {given_of_unit}
FROM unit_profile AS u JOIN (SELECT profile, {given} FROM unit_row) AS p USING (profile)
GROUP BY u.unit;

CREATE OR REPLACE TEMP TABLE key_catch AS
SELECT s.l AS unit, s.source, s.mode, {found}, fsum(k.p) AS matches,
    fsum(CASE WHEN d.does = 'link' AND d.r = s.r THEN k.p ELSE 0 END) AS linked
FROM scored AS s JOIN ranked AS k USING (l, r) LEFT JOIN decided AS d ON d.l = s.l
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE key_pattern AS
WITH sized AS (SELECT unit, count(*) AS identities FROM unit_profile GROUP BY unit),
caught AS (
    SELECT c.source, c.mode, {given_column} AS given, {found_column} AS found,
        0::BIGINT AS open, fsum(c.matches * z.identities) AS matches, fsum(c.linked * z.identities) AS linked
    FROM key_catch AS c JOIN key_chance AS g USING (unit) JOIN sized AS z USING (unit)
    GROUP BY ALL
),
everybody AS (
    SELECT s.source, coalesce(c.mode, g.mode) AS mode, {given_column} AS given, '' AS found,
        sum(z.identities)::BIGINT AS open, 0.0::DOUBLE AS matches, 0.0::DOUBLE AS linked
    FROM key_chance AS g JOIN sized AS z USING (unit) JOIN unit_source AS s ON s.eid = g.unit
    LEFT JOIN (SELECT unit, min(mode) AS mode FROM key_catch GROUP BY unit) AS c USING (unit)
    GROUP BY ALL
)
SELECT source, mode::TINYINT AS mode, given, found, sum(open)::BIGINT AS open_identities,
    round(fsum(matches), 6)::DOUBLE AS matches, round(fsum(linked), 6)::DOUBLE AS linked
FROM (FROM caught UNION ALL FROM everybody) GROUP BY ALL;
