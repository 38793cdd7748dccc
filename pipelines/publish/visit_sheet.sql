-- What a visit form says of each lead, after worklists.sql: who lives there, why somebody comes, which papers to see.
-- Made by worklists.py before: relation_label (value, label), paper (source, paper, position). Left behind: visit_row.

CREATE TABLE kin AS
SELECT
    m.household_id, m.person_id, m.relation = '户主' AS is_head, p.birth_date, w.name,
    CASE m.relation WHEN '子' THEN '儿子' WHEN '女' THEN '女儿' ELSE coalesce(r.label, '家人') END AS label,
    CASE WHEN p.birth_date <= t.as_of THEN date_sub('year', p.birth_date, t.as_of) END AS age,
    CASE p.sex WHEN '1' THEN '男' WHEN '2' THEN '女' END AS sex,
    coalesce(p.birth_date > t.child_from, false) AS child
FROM member AS m
CROSS JOIN setting AS t
LEFT JOIN person AS p USING (person_id)
LEFT JOIN shown AS w USING (person_id)
LEFT JOIN relation_label AS r ON r.value = m.relation;

-- How a neighbour would call a member: 配偶, 长子; with the age where there are two of them.
CREATE TABLE called_kin AS
SELECT household_id, person_id,
    label || CASE WHEN count(*) OVER (PARTITION BY household_id, label) > 1 AND age IS NOT NULL THEN age || '岁' ELSE '' END AS role
FROM kin;

-- A child is told by age and sex, without a name.
CREATE TABLE household_told AS
SELECT household_id, string_agg(
        label || CASE WHEN child OR coalesce(name, '') = '' THEN '' ELSE ' ' || name END
        || CASE WHEN sex IS NULL AND age IS NULL THEN '' ELSE '（' || concat_ws('，', sex, age || '岁') || '）' END,
        '；' ORDER BY is_head DESC, birth_date, person_id) AS who
FROM kin GROUP BY household_id;

-- A sentence as it stands in the finding, without the list of sources at its end and without fen.
CREATE MACRO plainly(said) AS regexp_replace(said, '（[^（）]*）$', '');

CREATE TABLE told AS
SELECT
    r.lead_id, r.position, r.title,
    CASE r.outcome WHEN 'unknown' THEN '待核实：' ELSE '疑似' END || r.title
    || CASE WHEN r.person_id IS NULL OR k.role = '户主' AND n.persons = 1 THEN ''
            ELSE '（' || coalesce(k.role, '已不在本户的家人') || '）' END
    || CASE WHEN r.said = '' THEN '' ELSE '：' || plainly(r.said) END || '。' AS sentence
FROM reason AS r
JOIN lead AS l USING (lead_id)
LEFT JOIN called_kin AS k ON k.household_id = l.household_id AND k.person_id = r.person_id
LEFT JOIN (SELECT household_id, count(*) AS persons FROM kin GROUP BY household_id) AS n ON n.household_id = l.household_id;

CREATE TABLE papers AS
SELECT lead_id, string_agg(paper, '；' ORDER BY position) AS papers
FROM (
    SELECT s.lead_id, p.paper, min(p.position) AS position
    FROM (
        SELECT l.lead_id, unnest(f.sources) AS source FROM finding AS f JOIN lead AS l USING (household_id, direction)
        UNION SELECT lead_id, '' FROM lead
    ) AS s JOIN paper AS p USING (source)
    GROUP BY ALL
)
GROUP BY lead_id;

CREATE TABLE visit_row AS
SELECT
    w.*,
    coalesce(h.who, '') AS who,
    t.sentences AS why,
    t.headline || CASE WHEN len(t.sentences) > 1 THEN '等 ' || len(t.sentences) || ' 项' ELSE '' END AS headline,
    coalesce(p.papers, '') AS papers,
    regexp_replace(w.address, '[0-9].*', '') AS road,
    TRY_CAST(regexp_extract(w.address, '[0-9]+') AS BIGINT) AS door
FROM worklist_row AS w
JOIN lead AS l USING (lead_id)
JOIN (
    SELECT lead_id, list(sentence ORDER BY position) AS sentences, arg_min(title, position) AS headline FROM told GROUP BY lead_id
) AS t USING (lead_id)
LEFT JOIN household_told AS h ON h.household_id = l.household_id
LEFT JOIN papers AS p USING (lead_id);
