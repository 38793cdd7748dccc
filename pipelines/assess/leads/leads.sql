-- From the batch's findings and what earlier batches left (register_before, answer) to the leads of this batch.
-- Tables made by leads.py before this runs: setting (one row), finding, rule, due, programme, outcome, household, member,
-- person, alias, register_before, answer,
-- settled. Tables left behind: lead, register.

-- Crockford's base 32 of 55 bits of a hash: 11 characters that no spreadsheet takes for a number and anybody can read out.
CREATE MACRO lead_code(first_thing) AS (
    SELECT 'L' || array_to_string(list_transform(range(11),
        lambda i: substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((h >> (5 * i)) & 31)::INTEGER + 1, 1)), '')
    FROM (SELECT ('0x' || substr(md5(first_thing), 1, 14))::UBIGINT AS h)
);

CREATE MACRO rank_of(level) AS CASE level WHEN 'red' THEN 3 WHEN 'orange' THEN 2 WHEN 'yellow' THEN 1 END;

CREATE TABLE evidence AS
SELECT
    f.household_id, f.direction, f.rule_id, rank_of(f.level) AS rank, d.due_date, d.urgent, f.person_id,
    CASE f.outcome WHEN 'unknown' THEN f.rule_id || '?' ELSE f.rule_id END AS token
FROM finding AS f
JOIN due AS d USING (rule_id, level);

CREATE TABLE suggested AS
SELECT household_id, direction, list(programme ORDER BY position, programme) AS programmes
FROM (
    SELECT e.household_id, e.direction, coalesce(p.programme, wanted.name) AS programme, min(coalesce(p.position, 1000)) AS position
    FROM (SELECT DISTINCT household_id, direction, rule_id FROM evidence) AS e
    JOIN (SELECT rule_id, unnest(programmes) AS name FROM rule) AS wanted USING (rule_id)
    LEFT JOIN programme AS p ON p.writing = wanted.name
    GROUP BY ALL
)
GROUP BY household_id, direction;

CREATE TABLE now_known AS
SELECT
    household_id, direction,
    max(rank) AS rank,
    min(due_date) AS due_date,
    bool_or(urgent) AS urgent,
    list_sort(list(DISTINCT rule_id)) AS rule_ids,
    list_sort(list(DISTINCT token)) AS tokens,
    min(person_id) AS some_person_id
FROM evidence
GROUP BY household_id, direction;

-- The facts whose growth counts as new evidence (schemas/followup.yaml), by rule.
CREATE TABLE now_figures AS
SELECT household_id, direction, map_from_entries(list({'key': name, 'value': figure} ORDER BY name)) AS figures
FROM (
    SELECT household_id, direction, rule_id || ':' || fact AS name,
        max(TRY_CAST(json_extract_string(inputs, '$.facts."' || fact || '"') AS DOUBLE)) AS figure
    FROM finding CROSS JOIN (SELECT unnest(growing_facts) AS fact FROM setting)
    GROUP BY ALL
    HAVING figure IS NOT NULL
)
GROUP BY household_id, direction;

-- Where an earlier lead's household is today: itself, or, where its number is gone, the household of its head.
CREATE TABLE followed AS
WITH today AS (
    SELECT household_id FROM household UNION SELECT household_id FROM now_known
), resolved AS (
    SELECT r.*, coalesce(a.person_id, r.head_person_id) AS head_now
    FROM register_before AS r LEFT JOIN alias AS a ON a.old_person_id = r.head_person_id
), moved AS (
    SELECT r.* REPLACE (
        CASE WHEN t.household_id IS NOT NULL THEN r.household_id ELSE coalesce(m.household_id, r.household_id) END AS household_id,
        r.head_now AS head_person_id
    )
    FROM resolved AS r
    LEFT JOIN today AS t USING (household_id)
    LEFT JOIN member AS m ON m.person_id = r.head_now
)
SELECT
    * EXCLUDE (head_now),
    -- Two households that became one leave two numbers: the older one lives on.
    row_number() OVER (PARTITION BY household_id, direction ORDER BY ended_in IS NOT NULL, first_batch, lead_id) = 1
        AND date_diff('month', (last_batch || '-01')::DATE, (SELECT as_of FROM setting)) <= (SELECT gap_months FROM setting) AS lives
FROM moved;

CREATE TABLE judged AS
WITH last_answer AS (
    SELECT
        lead_id,
        arg_max(outcome_code, (answered_batch, coalesce(visited_on, '1900-01-01'::DATE), received_at)) AS outcome_code,
        arg_max(coalesce(visited_on, received_at::DATE), (answered_batch, coalesce(visited_on, '1900-01-01'::DATE), received_at)) AS answered_on,
        max(answered_batch) AS answered_batch
    FROM answer GROUP BY lead_id
), visits AS (
    SELECT lead_id, outcome_code, count(DISTINCT answered_batch) AS visits FROM answer GROUP BY ALL
), ends AS (    -- what the department it was referred to made of it
    SELECT lead_id, answered_batch, bool_or(refused) AS refused FROM settled GROUP BY ALL
)
SELECT
    n.*, f.figures,
    p.lead_id AS earlier_id, p.first_batch AS earlier_first, p.raised_in, p.times_raised, p.due_date AS earlier_due,
    p.known_rules, p.known_figures, p.waiting,
    a.outcome_code AS last_outcome,
    a.answered_batch >= p.raised_in AS answered,
    CASE WHEN e.lead_id IS NULL THEN o.status ELSE '关闭' END AS answered_status,
    p.lead_id IS NOT NULL AND (
        len(list_filter(n.tokens, lambda t: NOT list_contains(p.known_rules, t) AND NOT list_contains(p.known_rules, rtrim(t, '?')))) > 0
        OR n.rank > p.known_rank
        OR coalesce(len(list_filter(map_keys(f.figures), lambda r: f.figures[r] > p.known_figures[r] * s.material_increase)) > 0, false)
    ) AS new_evidence,
    CASE
        WHEN e.refused THEN false
        WHEN o.again = 'months' THEN a.answered_on + to_months(o.months) <= s.generated_on
        WHEN o.again = 'visits' THEN v.visits < o.visits
        ELSE false
    END AS may_ask_again
FROM now_known AS n
CROSS JOIN setting AS s
LEFT JOIN now_figures AS f USING (household_id, direction)
LEFT JOIN (FROM followed WHERE lives) AS p USING (household_id, direction)
LEFT JOIN last_answer AS a ON a.lead_id = p.lead_id
LEFT JOIN outcome AS o ON o.code = a.outcome_code
LEFT JOIN visits AS v ON v.lead_id = p.lead_id AND v.outcome_code = a.outcome_code
LEFT JOIN ends AS e ON e.lead_id = a.lead_id AND e.answered_batch = a.answered_batch;

-- first: never seen. waiting: the town's limit has kept it so far. again: new evidence, or the answer's time is over.
-- open: on an earlier list and not answered, so it stays on the list. rest: answered, and nothing new since.
CREATE TABLE decided AS
SELECT
    j.*,
    coalesce(earlier_id, lead_code(j.household_id || direction || s.batch)) AS lead_id,
    coalesce(earlier_first, s.batch) AS first_batch,
    CASE
        WHEN earlier_id IS NULL THEN 'first'
        WHEN waiting THEN 'waiting'
        WHEN new_evidence THEN 'again'
        WHEN NOT coalesce(answered, false) THEN 'open'
        WHEN may_ask_again THEN 'again'
        ELSE 'rest'
    END AS step,
    coalesce(h.town, p.town) AS town, coalesce(h.village, p.village) AS village, coalesce(h.grid, p.grid) AS grid,
    coalesce(h.head_person_id, some_person_id) AS head_person_id
FROM judged AS j
CROSS JOIN setting AS s
LEFT JOIN household AS h USING (household_id)
LEFT JOIN person AS p ON p.person_id = j.some_person_id;

-- The town's limit: what is already out counts first, then urgent, red, orange, yellow, and within a level who waited longest.
-- Urgent leads and those already out are never held back.
CREATE TABLE placed AS
SELECT
    *,
    step IN ('first', 'waiting', 'again') AND NOT urgent AND row_number() OVER (
        PARTITION BY town, step = 'rest'
        ORDER BY step = 'open' DESC, urgent DESC, rank DESC, first_batch, due_date, lead_id
    ) > (SELECT town_limit FROM setting) AS over_limit
FROM decided;

CREATE TABLE lead AS
SELECT
    p.lead_id,
    s.batch,
    p.household_id,
    p.direction,
    CASE p.rank WHEN 3 THEN 'red' WHEN 2 THEN 'orange' ELSE 'yellow' END AS level,
    p.rule_ids,
    coalesce(g.programmes, []::VARCHAR[]) AS suggested_programmes,
    CASE
        WHEN step IN ('open', 'rest') THEN coalesce(p.earlier_due, p.due_date)
        WHEN step = 'again' AND NOT coalesce(answered, false) THEN least(p.earlier_due, p.due_date)
        ELSE p.due_date
    END AS due_date,
    p.town, p.village, p.grid,
    CASE
        WHEN over_limit THEN '暂缓'
        WHEN step IN ('first', 'waiting', 'again') THEN '待派发'
        WHEN step = 'open' THEN CASE WHEN p.earlier_due < s.generated_on THEN '超期' ELSE '已派发' END
        ELSE coalesce(p.answered_status, '已反馈')
    END AS status,
    (CASE step WHEN 'first' THEN 1 WHEN 'again' THEN p.times_raised + 1 ELSE p.times_raised END)::INTEGER AS times_raised,
    p.last_outcome,
    CASE WHEN over_limit THEN 'limit' WHEN step = 'rest' THEN 'cool_down' END AS held_back,
    p.first_batch,
    s.generated_on,
    coalesce(p.urgent, false) AS urgent,
    p.step
FROM placed AS p
CROSS JOIN setting AS s
LEFT JOIN suggested AS g USING (household_id, direction);

-- What the next batch must know of every lead there ever was. What was raised is known only once it was on a list.
CREATE TABLE register AS
SELECT
    l.lead_id, l.household_id, l.direction, p.head_person_id, l.first_batch, s.batch AS last_batch,
    CASE WHEN l.status = '待派发' THEN s.batch ELSE p.raised_in END AS raised_in,
    l.times_raised,
    l.due_date,
    CASE WHEN l.status = '待派发' THEN list_sort(list_distinct(list_concat(coalesce(p.known_rules, []), p.tokens)))
         ELSE coalesce(p.known_rules, []) END AS known_rules,
    CASE WHEN l.status = '待派发' THEN p.rank ELSE f.known_rank END::TINYINT AS known_rank,
    CASE WHEN l.status = '待派发' AND p.figures IS NOT NULL THEN p.figures ELSE p.known_figures END AS known_figures,
    p.over_limit AS waiting,
    l.status, l.last_outcome, NULL::VARCHAR AS ended_in
FROM lead AS l
JOIN placed AS p USING (lead_id)
LEFT JOIN followed AS f ON f.lead_id = l.lead_id
CROSS JOIN setting AS s
UNION ALL BY NAME
SELECT f.* EXCLUDE (lives) REPLACE ('关闭' AS status, coalesce(ended_in, (SELECT batch FROM setting)) AS ended_in)
FROM followed AS f ANTI JOIN lead AS l USING (lead_id);
