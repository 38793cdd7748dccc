-- Whose the rows may be that found nobody, or somebody by no more than a name. Given: open_row, person, src_police_household, member.
-- Left behind: candidate (place, person_id, a, b: names to be compared, by: what found it).

-- What the rows' names could be slips of: the names of the register that differ in one character, or sound the same.
CREATE TABLE register_name AS SELECT DISTINCT name_key, name_pinyin FROM src_police_household WHERE name_key IS NOT NULL;

CREATE MACRO but_one(name) AS list_transform(range(1, length(name) + 1),
    lambda i: substr(name, 1, i - 1) || '*' || substr(name, i + 1));

CREATE TABLE slip AS
WITH looking AS (SELECT DISTINCT name_key, unnest(but_one(name_key)) AS part FROM open_row WHERE length(name_key) BETWEEN 2 AND 15)
SELECT DISTINCT o.name_key AS a, r.name_key AS b
FROM looking AS o JOIN (
    SELECT name_key, unnest(but_one(name_key)) AS part FROM register_name WHERE length(name_key) BETWEEN 2 AND 15
) AS r USING (part)
UNION
SELECT o.name_key, r.name_key FROM open_row AS o JOIN register_name AS r USING (name_pinyin)
UNION
-- long names are spelt and cut as it comes
SELECT o.name_key, r.name_key FROM open_row AS o JOIN register_name AS r ON left(r.name_pinyin, 12) = left(o.name_pinyin, 12)
WHERE length(o.name_key) >= 5 AND length(r.name_key) >= 5
UNION
SELECT name_key, name_key FROM open_row SEMI JOIN register_name USING (name_key);

-- Whose guardian or whose lender of an id may be meant: everybody of the household of whom the row names.
CREATE TABLE near_household AS
SELECT o.place, m.person_id
FROM open_row AS o JOIN person AS p ON p.id_number = o.borrowed_id AND NOT p.provisional
JOIN member AS g ON g.person_id = p.person_id AND g.kind = 'register' JOIN member AS m USING (household_id, kind)
UNION
SELECT o.place, m.person_id
FROM open_row AS o JOIN person AS p ON p.name = o.guardian
JOIN member AS g ON g.person_id = p.person_id AND g.kind = 'register' JOIN member AS m USING (household_id, kind);

CREATE TABLE listed AS
SELECT p.person_id, r.name_key, p.birth_date AS day, p.sex, p.phone, p.town, p.village, p.address
FROM person AS p
JOIN (SELECT DISTINCT ON (person_id) person_id, name_key FROM src_police_household) AS r USING (person_id)
WHERE p.birth_date IN (SELECT day FROM open_row) OR r.name_key IN (SELECT b FROM slip)
    OR p.phone IN (SELECT phone FROM open_row) OR p.address IN (SELECT address FROM open_row)
    OR p.person_id IN (SELECT person_id FROM near_household);

-- Nothing that both say may be quite another. A date one digit off, or of the same year, is no other's.
CREATE MACRO not_another(a, b) AS coalesce(a = b, true);
CREATE MACRO near_day(a, b) AS coalesce(year(a) = year(b) OR hamming(strftime(a, '%Y%m%d'), strftime(b, '%Y%m%d')) = 1, true);
CREATE MACRO slip_of_day(a, b) AS hamming(strftime(a, '%Y%m%d'), strftime(b, '%Y%m%d')) = 1
    OR strftime(a, '%Y%m%d') = strftime(b, '%Y%d%m');

CREATE TABLE candidate AS
SELECT o.place, l.person_id, o.name_key AS a, l.name_key AS b, 'day' AS by
FROM open_row AS o JOIN listed AS l ON l.day = o.day WHERE not_another(o.sex, l.sex)
UNION ALL
SELECT o.place, l.person_id, o.name_key, l.name_key, 'name'
FROM open_row AS o JOIN slip AS s ON s.a = o.name_key JOIN listed AS l ON l.name_key = s.b
WHERE not_another(o.sex, l.sex) AND near_day(o.day, l.day) AND not_another(o.town, l.town) AND not_another(o.village, l.village)
UNION ALL
SELECT o.place, l.person_id, o.name_key, l.name_key, 'almost'
FROM open_row AS o JOIN slip AS s ON s.a = o.name_key JOIN listed AS l ON l.name_key = s.b
WHERE not_another(o.sex, l.sex) AND slip_of_day(o.day, l.day)
UNION ALL
SELECT o.place, l.person_id, o.name_key, l.name_key, 'home'
FROM open_row AS o JOIN listed AS l ON l.address = o.address AND l.village = o.village
WHERE not_another(o.sex, l.sex) AND near_day(o.day, l.day)
UNION ALL
SELECT o.place, l.person_id, o.name_key, l.name_key, 'home'
FROM open_row AS o JOIN listed AS l ON l.phone = o.phone WHERE not_another(o.sex, l.sex) AND near_day(o.day, l.day)
UNION ALL
SELECT o.place, l.person_id, o.name_key, l.name_key, 'home'
FROM open_row AS o JOIN near_household AS h USING (place) JOIN listed AS l USING (person_id)
WHERE not_another(o.sex, l.sex) AND near_day(o.day, l.day);
