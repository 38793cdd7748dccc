-- household_fact: one row per assistance household with a member, in the declared order (schemas/lake/facts.sql).

-- The month's amount of each 低保 row once, however many members of the household stand on it.
CREATE TABLE household_dibao AS
SELECT household_id, sum(month_amount)::DECIMAL(18,2) AS amount
FROM (
    SELECT m.household_id, coalesce(r.roster_no, r.record_id::VARCHAR) AS roster_no, max(r.month_amount) AS month_amount
    FROM roster_member AS r JOIN assistance_member AS m USING (person_id)
    WHERE r.active AND r.assistance_class = '低保' GROUP BY ALL
)
GROUP BY household_id;

-- A death is the register household's. Only when the row has left the register is it the spouse's or the last batch's.
CREATE TABLE household_event AS
SELECT l.household_id,
    max(p.death_date) FILTER (l.reason = 'dead' AND (l.basis = 'register' OR r.person_id IS NULL) AND p.death_date BETWEEN getvariable('from_6m') AND getvariable('as_of')
        AND age_on(p.birth_date, p.death_date) BETWEEN 16 AND 59) AS earner_death_date,
    bool_or(l.reason = 'custody' AND age_on(p.birth_date, getvariable('as_of')) BETWEEN 16 AND 59) AS earner_in_custody,
    max(c.from_date) FILTER (l.reason = 'custody' AND age_on(p.birth_date, getvariable('as_of')) BETWEEN 16 AND 59) AS custody_from
FROM left_household AS l
JOIN person AS p USING (person_id)
LEFT JOIN registered AS r USING (person_id)
LEFT JOIN fact_custody AS c USING (person_id)
GROUP BY l.household_id;

CREATE TABLE household_asked AS
SELECT m.household_id, list_sort(list_distinct(flatten(list(q.sources)))) AS sources
FROM asked AS q JOIN assistance_member AS m USING (person_id) GROUP BY m.household_id;

CREATE TABLE member_sum AS
SELECT household_id,
    count(*)::INTEGER AS size, (count(*) FILTER (in_register))::INTEGER AS registered,
    count_known(age < 18) AS children, count_known(age >= 60) AS elders, count_known(age BETWEEN 16 AND 59) AS from_16_to_59,
    count_known(has_valid_certificate) AS valid_certificates, count_known(severe) AS severe,
    count_known(severe AND age >= 18) AS severe_adults, count_known(has_valid_certificate AND age < 18) AS disabled_children,
    any_known(severe AND age >= 18 AND age < 60) AS severe_below_60, any_known(severe AND age >= 60) AS severe_elder,
    count(age) AS ages,
    any_known(age < 18 OR age >= 60 OR has_valid_certificate) AS vulnerable,
    count_known(in_school) AS in_school, count_known(beyond_compulsory) AS beyond_compulsory,
    (count(*) FILTER (age BETWEEN 16 AND 59 AND NOT coalesce(in_school, false) AND NOT coalesce(no_labour_disability, false)
        AND NOT coalesce(regexp_matches(labour_ability, '丧失|无劳动'), false)))::INTEGER AS able_to_work,
    any_known(on_dibao) AS on_dibao, any_known(on_tekun) AS on_tekun, any_known(on_edge) AS on_edge, any_known(on_rigid) AS on_rigid,
    count_known(on_dibao) AS members_on_dibao,
    any_known(left_dibao_tekun_24m) AS left_24m, max(left_dibao_tekun_month) AS left_month, min(edge_rigid_to_month) AS edge_rigid_to,
    sum_all(medical_burden_12m) AS burden_12m, sum_all(medical_total_burden_12m) AS total_burden_12m,
    sum_all(medical_burden_before_12m) AS burden_before_12m,
    sum_all(income) AS income, sum(income_known)::DECIMAL(18,2) AS income_known,
    sum_all(income_with_resident_pension) AS income_wrp, sum(income_with_resident_pension_known)::DECIMAL(18,2) AS income_wrp_known,
    (count(*) - count(income))::INTEGER AS income_unknown,
    sum_all(employee_pension_month) AS pension_month, sum_all(employee_insurance_base) AS insurance_base,
    any_known(lost_work) AS lost_work, any_known(any_insurance_paying) AS any_paying,
    any_known(employee_insurance_paying) AS employee_paying,
    any_known(in_poverty_monitoring) AS in_monitoring, max(mo.household_type) AS poverty_type,
    arg_min(p.monitored_class, (NOT monitoring_risk_open, p.monitored_class)) FILTER (p.monitored_class IS NOT NULL) AS monitored_class,
    any_known(monitoring_risk_open) AS risk_open,
    any_known(CASE WHEN in_poverty_monitoring THEN mo.monitored_open ELSE in_poverty_monitoring END) AS monitored_open,
    min(mo.income_per_head) AS income_per_head,
    CASE WHEN count(vehicles) = count(*) THEN sum(vehicles)::INTEGER END AS vehicles, any_known(vehicles > 0) AS owns_vehicle,
    CASE WHEN count(businesses) = count(*) THEN sum(businesses)::INTEGER END AS businesses, any_known(businesses > 0) AS owns_business,
    any_known(dangerous_house) AS dangerous_house, max(house_danger_grade) AS danger_grade,
    max(temporary_aid_on) AS aid_on, count(temporary_aid) = count(*) AS aid_known,
    min(unemployment_months_left) AS benefit_months_left,
    any_known(any_insurance_paying AND NOT coalesce(unemployment_months_left <= 1, false)) AS other_paying,
    any_known(public_salary_3m) AS public_salary, any_known(public_salary_3m AND NOT public_post) AS public_salary_no_post,
    min(public_salary_item) AS public_salary_item,
    sum_known(housing_fund_base) AS fund_base, count(dwellings)::INTEGER AS dwellings_known, max(finance_over_on) AS finance_over_on
FROM person_written AS p LEFT JOIN fact_monitoring AS mo USING (person_id)
WHERE household_id IS NOT NULL
GROUP BY household_id;

CREATE VIEW household_wide AS
SELECT
    h.household_id, h.head_person_id AS household_head_id, h.town AS household_town, t.kind AS household_population,
    h.collective AS household_collective,
    -- Somebody has been there and counted others (E5): until the data agree nothing is divided by a number known to be wrong.
    CASE WHEN NOT coalesce(h.disputed AND h.stated_members <> s.size, false) THEN s.size END AS household_size,
    s.registered AS member_registered, s.children AS member_children, s.elders AS member_elders, s.from_16_to_59 AS member_16_59,
    s.valid_certificates AS member_valid_certificates, s.severe AS member_severe, s.severe_adults AS member_severe_adults,
    s.disabled_children AS member_disabled_children,
    -- Everybody else is 60 or older: all are but the one cared for, or all are and the one cared for too.
    CASE
        WHEN s.size < 2 THEN false
        WHEN s.ages = s.size THEN (s.severe_below_60 AND s.elders = s.size - 1) OR (s.severe_elder AND s.elders = s.size)
        WHEN coalesce(s.elders, 0) + s.size - s.ages < s.size - 1 THEN false
    END AS household_elders_care_for_disabled,
    s.vulnerable AS household_vulnerable_member, s.in_school AS member_in_school, s.beyond_compulsory AS member_beyond_compulsory,
    s.able_to_work AS member_able_to_work,
    s.on_dibao AS household_on_dibao, s.on_tekun AS household_on_tekun, s.on_edge AS household_on_edge, s.on_rigid AS household_on_rigid,
    NOT (s.on_dibao OR s.on_tekun) AS household_uncovered,
    NOT (s.on_dibao OR s.on_tekun OR s.on_edge OR s.on_rigid) AS household_wholly_uncovered,
    s.members_on_dibao AS member_on_dibao, d.amount AS household_dibao_month_amount,
    s.left_24m AS household_left_dibao_tekun_24m, s.left_month AS household_left_dibao_tekun_month,
    s.edge_rigid_to AS household_edge_rigid_to_month,
    s.burden_12m AS member_medical_burden_12m, s.total_burden_12m AS member_medical_total_burden_12m,
    s.burden_before_12m AS member_medical_burden_before_12m,
    s.income AS household_income, s.income_known AS household_income_known,
    s.income_wrp AS household_income_with_resident_pension, s.income_wrp_known AS household_income_with_resident_pension_known,
    s.income_unknown AS member_income_unknown, s.pension_month AS member_employee_pension_month,
    s.insurance_base AS member_employee_insurance_base,
    -- Without the death register nobody is known to have died, and nobody known not to have.
    CASE WHEN e.earner_death_date IS NOT NULL THEN true WHEN getvariable('has_police_death') THEN false END AS household_earner_died_6m,
    e.earner_death_date AS household_earner_death_date,
    CASE WHEN e.earner_in_custody THEN true WHEN getvariable('has_custody') THEN false END AS household_earner_in_custody,
    e.custody_from AS household_earner_custody_from,
    s.lost_work AS household_lost_work, s.any_paying AS household_any_insurance_paying,
    s.employee_paying AS household_employee_insurance_paying,
    s.in_monitoring AS household_in_poverty_monitoring, s.poverty_type AS household_poverty_type,
    s.monitored_class AS household_monitored_class, s.risk_open AS household_monitoring_risk_open,
    s.monitored_open AS household_monitored_risk_open, s.income_per_head AS household_income_per_head,
    s.vehicles AS member_vehicles, s.owns_vehicle AS household_owns_vehicle,
    s.businesses AS member_businesses, s.owns_business AS household_owns_business,
    s.dangerous_house AS household_dangerous_house, s.danger_grade AS household_house_danger_grade,
    di.happened_on AS household_disaster_on, di.disaster_kind AS household_disaster_kind,
    CASE WHEN s.aid_on >= di.happened_on THEN true WHEN s.aid_known AND di.happened_on IS NOT NULL THEN false END
        AS household_aided_since_disaster,
    s.benefit_months_left AS household_benefit_months_left, s.other_paying AS household_other_insurance_paying,
    s.public_salary AS household_public_salary, s.public_salary_no_post AS household_public_salary_no_post,
    s.public_salary_item AS household_public_salary_item,
    s.fund_base AS member_housing_fund_base,
    CASE WHEN s.dwellings_known > 0 THEN coalesce(dw.dwellings, 0) END AS household_dwellings,
    CASE WHEN dw.held >= 2 THEN true WHEN s.dwellings_known = s.size AND coalesce(dw.perhaps_held, 0) < 2 THEN false END
        AS household_two_dwellings_held,
    s.finance_over_on AS household_finance_over_on,
    q.sources AS household_asked_sources
FROM member_sum AS s
JOIN household AS h USING (household_id)
LEFT JOIN town AS t ON t.town = coalesce(h.register_town, h.town)
LEFT JOIN household_dibao AS d USING (household_id)
LEFT JOIN household_event AS e USING (household_id)
LEFT JOIN household_asked AS q USING (household_id)
LEFT JOIN household_disaster AS di USING (household_id)
LEFT JOIN household_dwelling AS dw USING (household_id);
