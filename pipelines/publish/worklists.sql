-- The rows of the worklists: one per lead that is not held back, everything as the text that the caseworker reads.
-- Tables made by worklists.py before this runs: lead, finding, rule, household, member, person, benefit (person_id, benefits),
-- shown (person_id, name, id_number, phone, address: masked for the lists' role), missing_name (name, meaning),
-- income_question (household_id, question), outcome_label (code, label), setting (batch, as_of, child_from), word (kind, code, text). Left behind: worklist_row.

-- How a person is named in a lead: where two of them look alike under the mask, by the end of the id as well.
CREATE TABLE called AS
SELECT lead_id, person_id, CASE WHEN alike > 1 AND ending <> '' THEN name || ending ELSE name END AS name
FROM (
    SELECT lead_id, person_id, name, ending, count(*) OVER (PARTITION BY lead_id, name) AS alike
    FROM (
        SELECT DISTINCT
            l.lead_id, f.person_id,
            coalesce(nullif(s.name, ''), '姓名不详') AS name,
            coalesce(regexp_extract(s.id_number, '[0-9X]{4}$'), '') AS ending
        FROM finding AS f JOIN lead AS l USING (household_id, direction) LEFT JOIN shown AS s USING (person_id)
        WHERE f.person_id IS NOT NULL
    )
);

CREATE TABLE reason AS
SELECT
    l.lead_id, f.rule_id, f.person_id, f.outcome, f.missing, r.question, r.law, p.birth_date,
    row_number() OVER (
        PARTITION BY l.lead_id
        ORDER BY f.outcome = 'unknown', array_position(['red', 'orange', 'yellow'], f.level), f.rule_id, f.finding_id
    ) AS position,
    -- Whom a sentence is about, where it could be more than one.
    CASE WHEN f.person_id IS NOT NULL AND count(DISTINCT f.person_id) OVER (PARTITION BY l.lead_id) > 1
        THEN '（' || c.name || '）' ELSE '' END AS about,
    regexp_replace(coalesce(r.title, f.rule_id), '^疑似', '') AS title,
    -- The day the data speaks of has a column of its own.
    rtrim(regexp_replace(coalesce(f.reason, ''), '[；，]?数据截至 ?[0-9-]{10}', ''), '。；') AS said
FROM finding AS f
JOIN lead AS l USING (household_id, direction)
LEFT JOIN rule AS r USING (rule_id)
LEFT JOIN person AS p USING (person_id)
LEFT JOIN called AS c ON c.lead_id = l.lead_id AND c.person_id = f.person_id;

CREATE TABLE reasons AS
SELECT
    lead_id,
    string_agg(
        CASE WHEN many THEN chr((9311 + least(position, 20))::INTEGER) ELSE '' END
        || CASE outcome WHEN 'unknown' THEN '待核实：' ELSE '疑似' END || title || about
        || CASE WHEN said = '' THEN '' ELSE '：' || said END,
        '；' ORDER BY position) AS reasons,
    string_agg(DISTINCT rule_id, '、' ORDER BY rule_id) AS rules
FROM (SELECT *, count(*) OVER (PARTITION BY lead_id) > 1 AS many FROM reason)
GROUP BY lead_id;

CREATE TABLE laws AS
SELECT lead_id, string_agg(law, '；' ORDER BY position, law) AS law
FROM (SELECT lead_id, law, min(position) AS position FROM (SELECT lead_id, unnest(law) AS law, position FROM reason) GROUP BY ALL)
GROUP BY lead_id;

-- Several rules ask the same: each sentence once.
CREATE TABLE questions AS
SELECT lead_id, string_agg(said, '' ORDER BY kind, position, place) AS questions
FROM (
    SELECT lead_id, 1 AS kind, said, min(position) AS position, min(place) AS place
    FROM (
        SELECT lead_id, position, unnest(sentences) AS said, generate_subscripts(sentences, 1) AS place
        FROM (SELECT lead_id, position, regexp_extract_all(question, '[^？。；]+[？。；]?') AS sentences FROM reason)
    )
    GROUP BY lead_id, said
    UNION ALL BY NAME
    SELECT lead_id, 2 AS kind, '请补充：' || string_agg(said, '、' ORDER BY position, said) || '。' AS said, 1 AS position, 1 AS place
    FROM (
        SELECT lead_id, coalesce(m.meaning, w.name) AS said, min(position) AS position
        FROM (SELECT lead_id, position, unnest(missing) AS name FROM reason) AS w LEFT JOIN missing_name AS m USING (name)
        GROUP BY ALL
    )
    GROUP BY lead_id
)
GROUP BY lead_id;

CREATE TABLE subject AS
SELECT lead_id, person_id, min(position) AS position FROM (
    SELECT lead_id, person_id, position FROM reason WHERE person_id IS NOT NULL
    UNION ALL BY NAME
    -- A household's finding alone is about its head.
    SELECT l.lead_id, h.head_person_id AS person_id, 100 AS position
    FROM lead AS l JOIN household AS h USING (household_id) ANTI JOIN (FROM reason WHERE person_id IS NOT NULL) AS r USING (lead_id)
)
GROUP BY ALL;

CREATE TABLE subjects AS
SELECT
    s.lead_id,
    string_agg(coalesce(c.name, nullif(w.name, ''), '姓名不详'), '、' ORDER BY s.position, s.person_id) AS subjects,
    string_agg(coalesce(nullif(w.id_number, ''), '无'), '、' ORDER BY s.position, s.person_id) AS ids,
    arg_min(nullif(w.phone, ''), (s.position, s.person_id)) AS phone,
    arg_min(nullif(w.address, ''), (s.position, s.person_id)) AS address
FROM subject AS s LEFT JOIN shown AS w USING (person_id) LEFT JOIN called AS c USING (lead_id, person_id)
GROUP BY s.lead_id;

CREATE TABLE benefits AS
SELECT lead_id, string_agg(DISTINCT benefit, '、' ORDER BY benefit) AS benefits
FROM (
    SELECT lead_id, unnest(b.benefits) AS benefit
    FROM (
        SELECT lead_id, person_id FROM subject
        UNION
        SELECT l.lead_id, m.person_id FROM lead AS l JOIN member AS m USING (household_id)
    ) JOIN benefit AS b USING (person_id)
)
GROUP BY lead_id;

CREATE TABLE worklist_row AS
SELECT
    l.lead_id,
    l.batch,
    strftime(l.generated_on, '%Y-%m-%d') AS generated_on,
    strftime(l.due_date, '%Y-%m-%d') AS due_date,
    coalesce(l.town, '') AS town,
    coalesce(l.village, '') AS village,
    coalesce(l.grid, '') AS grid,
    coalesce(nullif(hw.name, ''), '姓名不详') AS head,
    coalesce(h.member_count::VARCHAR, '') AS members,
    coalesce(s.subjects, '姓名不详') AS subjects,
    coalesce(s.ids, '无') AS ids,
    coalesce(s.phone, hw.phone, '') AS phone,
    -- A house number alone finds no door: the village goes before it.
    CASE WHEN regexp_matches(coalesce(s.address, hw.address), '^[0-9]') THEN coalesce(l.village, l.town, '') ELSE '' END
        || coalesce(s.address, hw.address, '') AS address,
    lw.text AS level,
    dw.text AS direction,
    r.rules,
    r.reasons,
    coalesce(a.law, '') AS law,
    strftime(t.as_of, '%Y-%m-%d') AS as_of,
    coalesce(b.benefits, '在册数据中无') AS benefits,
    coalesce(q.questions, '') AS questions,
    array_to_string(l.suggested_programmes, '、') AS programmes,
    coalesce(i.question, '') AS income_question,
    (l.times_raised - CASE l.status WHEN '待派发' THEN 1 ELSE 0 END)::VARCHAR AS times,
    CASE
        WHEN l.last_outcome IS NOT NULL THEN l.last_outcome || ' ' || coalesce(o.label, '')
        WHEN l.status = '超期' THEN '已派发未反馈（超期）'
        WHEN l.status = '已派发' THEN '已派发未反馈'
        ELSE ''
    END AS last_outcome,
    h.register_town,
    coalesce(c.child, false) AS child,
    array_position(['red', 'orange', 'yellow'], l.level) AS level_order,
    l.due_date AS due_order
FROM lead AS l
CROSS JOIN setting AS t
JOIN reasons AS r USING (lead_id)
LEFT JOIN household AS h USING (household_id)
LEFT JOIN shown AS hw ON hw.person_id = h.head_person_id
LEFT JOIN subjects AS s USING (lead_id)
LEFT JOIN laws AS a USING (lead_id)
LEFT JOIN benefits AS b USING (lead_id)
LEFT JOIN questions AS q USING (lead_id)
LEFT JOIN income_question AS i USING (household_id)
LEFT JOIN outcome_label AS o ON o.code = l.last_outcome
LEFT JOIN word AS lw ON lw.kind = 'level' AND lw.code = l.level
LEFT JOIN word AS dw ON dw.kind = 'direction' AND dw.code = l.direction
LEFT JOIN (
    SELECT lead_id, bool_or(birth_date > (SELECT child_from FROM setting)) AS child FROM reason GROUP BY lead_id
) AS c USING (lead_id)
ORDER BY town, level_order, due_order, village, grid, lead_id;
