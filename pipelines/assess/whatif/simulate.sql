-- Two sets of findings compared: was (published) and will (with other values), both rule_id, direction, outcome, level,
-- person_id, household_id. Left behind: by_rule, by_level, by_town, moves. A lead is a household and direction at its highest level.
CREATE TEMP MACRO highest(levels) AS
    CASE WHEN list_contains(levels, 'red') THEN 'red' WHEN list_contains(levels, 'orange') THEN 'orange' ELSE 'yellow' END;

CREATE TEMP TABLE both_leads AS
WITH before AS (
    SELECT household_id, direction, highest(list(DISTINCT level)) AS level FROM was GROUP BY household_id, direction
), after AS (
    SELECT household_id, direction, highest(list(DISTINCT level)) AS level FROM will GROUP BY household_id, direction
)
SELECT coalesce(h.household_town, '（镇街不明）') AS town, direction, b.level AS was, a.level AS now
FROM before AS b FULL JOIN after AS a USING (household_id, direction) LEFT JOIN household_fact AS h USING (household_id);

CREATE TEMP TABLE by_rule AS
WITH pairs AS (
    SELECT w.rule_id AS was, n.rule_id AS now
    FROM (SELECT DISTINCT rule_id, household_id, person_id FROM was) AS w
    FULL JOIN (SELECT DISTINCT rule_id, household_id, person_id FROM will) AS n
        ON w.rule_id = n.rule_id AND w.household_id IS NOT DISTINCT FROM n.household_id AND w.person_id IS NOT DISTINCT FROM n.person_id
)
SELECT
    coalesce(was, now) AS rule_id,
    count(was) AS before,
    count(now) AS after,
    count(*) FILTER (was IS NULL) AS gained,
    count(*) FILTER (now IS NULL) AS lost
FROM pairs
GROUP BY coalesce(was, now);

CREATE TEMP TABLE by_level AS
WITH sides AS (
    SELECT direction, was AS level, 'was' AS side FROM both_leads WHERE was IS NOT NULL
    UNION ALL
    SELECT direction, now, 'now' FROM both_leads WHERE now IS NOT NULL
)
SELECT direction, level, count(*) FILTER (side = 'was') AS before, count(*) FILTER (side = 'now') AS after
FROM sides
GROUP BY direction, level;

CREATE TEMP TABLE by_town AS
SELECT
    town,
    direction,
    count(was) AS before,
    count(now) AS after,
    count(*) FILTER (was IS NULL) AS gained,
    count(*) FILTER (now IS NULL) AS lost,
    count(*) FILTER (was <> now) AS changed,
    count(*) FILTER (was = now) AS kept
FROM both_leads
GROUP BY town, direction;

CREATE TEMP TABLE moves AS
WITH named AS (
    SELECT direction, coalesce(was, '无') AS was, coalesce(now, '无') AS now FROM both_leads WHERE was IS DISTINCT FROM now
)
SELECT direction, was, now, count(*) AS leads FROM named GROUP BY direction, was, now;
