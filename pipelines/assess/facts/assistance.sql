-- Cover: who is on which active roster row, as head or as a listed member (rules.md, Covered; Dates and windows).

CREATE TABLE roster_member AS
SELECT s.person_id, s.record_id, s.household_key AS roster_no, s.assistance_class, s.month_amount, s.insured_persons,
    s.from_month, s.to_month,
    s.from_month <= getvariable('month') AND coalesce(s.to_month >= getvariable('month'), true) AS active,
    s.assistance_class IN ('低保', '特困')
        AND coalesce(s.to_month BETWEEN getvariable('month') - INTERVAL 24 MONTH AND getvariable('month') - INTERVAL 1 MONTH, false)
        AS left_24m
FROM src_assistance_roster AS s;

-- active is NULL where the beginning is not known: on or not, nobody can say.
CREATE TABLE fact_roster AS
SELECT person_id,
    coalesce(bool_or(active AND assistance_class = '低保'), CASE WHEN bool_and(assistance_class <> '低保') THEN false END) AS dibao,
    coalesce(bool_or(active AND assistance_class = '特困'), CASE WHEN bool_and(assistance_class <> '特困') THEN false END) AS tekun,
    coalesce(bool_or(active AND assistance_class = '低保边缘'), CASE WHEN bool_and(assistance_class <> '低保边缘') THEN false END) AS edge,
    coalesce(bool_or(active AND assistance_class = '刚性支出'), CASE WHEN bool_and(assistance_class <> '刚性支出') THEN false END) AS rigid,
    bool_or(active) AS any_class,
    (count(DISTINCT roster_no) FILTER (active AND assistance_class IN ('低保', '特困')))::INTEGER AS numbers,
    arg_max(month_amount, (from_month, record_id)) FILTER (active AND assistance_class = '低保') AS dibao_amount,
    (arg_max(insured_persons, (from_month, record_id)) FILTER (active AND assistance_class = '低保'))::INTEGER AS dibao_persons,
    max(from_month) FILTER (active AND assistance_class = '低保') AS dibao_from,
    bool_or(left_24m) AS left_24m,
    max(to_month) FILTER (left_24m) AS left_month,
    min(to_month) FILTER (active AND assistance_class IN ('低保边缘', '刚性支出')) AS edge_rigid_to
FROM roster_member
GROUP BY person_id;

CREATE TABLE fact_subsidy AS
SELECT person_id, bool_or(active AND subsidy_type = '困难残疾人生活补贴') AS living,
    bool_or(active AND subsidy_type = '重度残疾人护理补贴') AS nursing, bool_or(active) AS any_kind
FROM (
    SELECT s.person_id, s.subsidy_type,
        s.from_month <= getvariable('month') AND coalesce(s.stop_month > getvariable('month'), true) AS active
    FROM src_disability_subsidy AS s
)
GROUP BY person_id;
