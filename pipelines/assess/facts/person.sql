-- What is known of each person with a record in this batch: who they are, and what is asked of several sources or needs words of
-- its own. What one source says by itself stands in of_source/.

CREATE TABLE register_member AS
SELECT m.person_id, m.household_id, t.kind AS population
FROM member AS m
JOIN household AS h ON h.household_id = m.household_id
LEFT JOIN town AS t ON t.town = coalesce(h.register_town, h.town)
WHERE m.kind = 'register';

CREATE VIEW person_now AS
SELECT p.person_id, p.sex, p.alive, p.death_date, p.town, age_on(p.birth_date, getvariable('as_of')) AS age,
    age_on(p.birth_date, getvariable('school_day')) AS age_on_1_september, a.person_id IS NOT NULL AS authorised, q.sources AS asked
FROM person AS p LEFT JOIN authorised AS a USING (person_id) LEFT JOIN asked AS q USING (person_id)
WHERE p.last_batch = getvariable('batch');

-- Each source's say, side by side; then what follows from several of them. Whether somebody is on a list is not known while a
-- row of it may be theirs (sure_…); an amount without that row is still a lower bound, and what exceeds a line goes on exceeding it.
CREATE VIEW person_joined AS
SELECT
    p.person_id, m.household_id, l.household_id AS left_household_id, l.reason AS left_reason,
    rm.household_id AS register_household_id, rg.person_id IS NOT NULL AS in_register, coalesce(rm.population, t.kind) AS population,
    p.sex, p.age, p.age_on_1_september, p.alive, p.death_date,
    CASE WHEN p.alive THEN false ELSE p.death_date < getvariable('month') END AS dead_before_month,

    fact(md.person_id, known_medical_settlement(p.authorised), md.burden_12m, 0) AS medical_burden_12m,
    fact(md.person_id, known_medical_settlement(p.authorised), md.total_burden_12m, 0) AS medical_total_burden_12m,
    fact(md.person_id, known_medical_settlement(p.authorised), md.burden_before_12m, 0) AS medical_burden_before_12m,
    fact(md.person_id, known_medical_settlement(p.authorised), md.burden_3m, 0) AS medical_burden_3m,
    fact(md.person_id, known_medical_settlement(p.authorised), md.burden_months_4_12, 0) AS medical_burden_months_4_12,
    fact(md.person_id, known_medical_settlement(p.authorised), md.max_settlement, 0) AS medical_max_settlement_12m,
    md.max_settlement_on AS medical_max_settlement_on,
    fact(md.person_id, known_medical_settlement(p.authorised), md.settlements, 0) AS medical_settlements_12m,
    fact(en.person_id, sure_medical_enrolment(p.authorised, p.asked), CASE WHEN en.enrolled OR NOT en.unclear THEN coalesce(en.enrolled, false) END, false)
        AS medical_enrolled,

    fact(d.person_id, sure_disabled_persons(p.authorised, p.asked), true, false) AS certificate_on_record,
    fact(d.person_id, sure_disabled_persons(p.authorised, p.asked), d.counts, false) AS has_valid_certificate,
    d.certificate_state, d.valid_to AS certificate_valid_to, d.issued_on AS certificate_issued_on,
    d.valid_grade AS disability_grade, d.valid_category AS disability_category,
    fact(d.person_id, sure_disabled_persons(p.authorised, p.asked), d.severe, false) AS severe,
    fact(d.person_id, sure_disabled_persons(p.authorised, p.asked), d.single_dibao, false) AS single_dibao_disability,
    fact(d.person_id, sure_disabled_persons(p.authorised, p.asked), d.no_labour, false) AS no_labour_disability,
    fact(d.person_id, sure_disabled_persons(p.authorised, p.asked), d.parent_unable, false) AS parent_unable_disability,
    CASE WHEN getvariable('has_earlier') THEN fact(d.person_id, sure_disabled_persons(p.authorised, p.asked),
        d.counts AND NOT fact(pf.person_id, true, pf.has_valid_certificate, false), false) END AS certificate_new,
    pf.disability_grade AS previous_disability_grade,
    CASE WHEN getvariable('has_earlier') THEN fact(d.person_id, sure_disabled_persons(p.authorised, p.asked),
        coalesce(d.valid_grade < pf.disability_grade, false), false) END AS disability_worse,

    fact(r.person_id, sure_assistance_roster(p.authorised, p.asked), r.dibao, false) AS on_dibao,
    fact(r.person_id, sure_assistance_roster(p.authorised, p.asked), r.tekun, false) AS on_tekun,
    fact(r.person_id, sure_assistance_roster(p.authorised, p.asked), r.edge, false) AS on_edge,
    fact(r.person_id, sure_assistance_roster(p.authorised, p.asked), r.rigid, false) AS on_rigid,
    fact(r.person_id, sure_assistance_roster(p.authorised, p.asked), r.any_class, false) AS on_any_roster,
    fact(r.person_id, known_assistance_roster(p.authorised), r.numbers, 0) AS dibao_tekun_numbers,
    r.dibao_amount AS dibao_month_amount, r.dibao_persons AS dibao_insured_persons, r.dibao_from AS dibao_from_month,
    fact(r.person_id, sure_assistance_roster(p.authorised, p.asked), r.left_24m, false) AS left_dibao_tekun_24m,
    r.left_month AS left_dibao_tekun_month, r.edge_rigid_to AS edge_rigid_to_month,
    fact(sb.person_id, sure_disability_subsidy(p.authorised, p.asked), sb.living, false) AS living_subsidy,
    fact(sb.person_id, sure_disability_subsidy(p.authorised, p.asked), sb.nursing, false) AS nursing_subsidy,
    fact(sb.person_id, sure_disability_subsidy(p.authorised, p.asked), sb.any_kind, false) AS any_disability_subsidy,

    fact(tx.person_id, known_tax_income(p.authorised), tx.income, 0) AS tax_income_12m,
    fact(tx.person_id, sure_tax_income(p.authorised, p.asked), true, false) AS has_tax_row_12m,
    fact(tx.person_id, known_tax_income(p.authorised), tx.months, 0) AS tax_months_12m,
    fact(so.person_id, sure_social_insurance(p.authorised, p.asked), so.employee_pension, false) AS employee_pension,
    fact(so.person_id, known_social_insurance(p.authorised), so.employee_month, 0) AS employee_pension_month,
    fact(so.person_id, sure_social_insurance(p.authorised, p.asked), so.resident_pension, false) AS resident_pension,
    fact(so.person_id, known_social_insurance(p.authorised), so.resident_month, 0) AS resident_pension_month,
    coalesce(so.employee_amount_missing, false) AS employee_amount_missing,
    coalesce(so.resident_amount_missing, false) AS resident_amount_missing,
    fact(so.person_id, sure_social_insurance(p.authorised, p.asked), so.employee_paying, false) AS employee_insurance_paying,
    fact(so.person_id, sure_social_insurance(p.authorised, p.asked), so.any_paying, false) AS any_insurance_paying,
    fact(so.person_id, known_social_insurance(p.authorised), so.base, 0) AS employee_insurance_base,
    fact(so.person_id, sure_social_insurance(p.authorised, p.asked), so.lapsed, false) AS employee_insurance_lapsed,
    so.last_paid_month AS employee_last_paid_month, so.unemployed_on,
    fact(so.person_id, sure_social_insurance(p.authorised, p.asked), coalesce(so.unemployed_on >= getvariable('from_12m'), false), false) AS unemployed_12m,

    fact(sc.person_id, sure_school_enrolment(p.authorised, p.asked), sc.in_school, false) AS in_school,
    sc.stage AS school_stage,
    fact(sc.person_id, sure_school_enrolment(p.authorised, p.asked), coalesce(sc.stage IN ('高中', '中职', '大专', '本科'), false), false)
        AS beyond_compulsory,
    fact(sc.person_id, sure_school_enrolment(p.authorised, p.asked), sc.graduated, false) AS graduated,

    fact(cu.person_id, sure_custody(p.authorised, p.asked), true, false) AS in_custody,
    cu.custody_type, cu.from_date AS custody_from,
    fact(cu.person_id, sure_custody(p.authorised, p.asked), cu.six_months, false) AS custody_6m,

    pa.father_id, pa.mother_id, pa.father_unable, pa.mother_unable, pa.father_dead, pa.mother_dead,
    coalesce(m.household_id IN (pa.father_household_id, pa.mother_household_id), false) AS with_a_parent,
    coalesce(ch.living_child, false) AS living_child_known,
    sp.spouse_id, mr.register_type AS marriage_change, mr.registered_on AS marriage_change_on,
    CASE WHEN r.dibao AND mr.person_id IS NOT NULL THEN mr.together END AS partner_on_same_dibao,

    fact(mo.person_id, sure_poverty_monitoring(p.authorised, p.asked), true, false) AS in_poverty_monitoring,
    fact(mo.person_id, sure_poverty_monitoring(p.authorised, p.asked), mo.risk_open, false) AS monitoring_risk_open,
    mo.monitored_class, mo.labour AS labour_ability,

    p.asked AS asked_sources,
    p.authorised
FROM person_now AS p
LEFT JOIN assistance_member AS m USING (person_id)
LEFT JOIN left_household AS l USING (person_id)
LEFT JOIN registered AS rg USING (person_id)
LEFT JOIN register_member AS rm USING (person_id)
LEFT JOIN town AS t ON t.town = p.town
LEFT JOIN fact_medical AS md USING (person_id)
LEFT JOIN fact_enrolment AS en USING (person_id)
LEFT JOIN fact_disability AS d USING (person_id)
LEFT JOIN earlier_fact AS pf USING (person_id)
LEFT JOIN fact_roster AS r USING (person_id)
LEFT JOIN fact_subsidy AS sb USING (person_id)
LEFT JOIN fact_tax AS tx USING (person_id)
LEFT JOIN fact_social AS so USING (person_id)
LEFT JOIN fact_school AS sc USING (person_id)
LEFT JOIN fact_custody AS cu USING (person_id)
LEFT JOIN fact_parents AS pa USING (person_id)
LEFT JOIN fact_children AS ch USING (person_id)
LEFT JOIN fact_spouse AS sp USING (person_id)
LEFT JOIN fact_marriage AS mr USING (person_id)
LEFT JOIN fact_monitoring AS mo USING (person_id);
