-- person_fact: one row per person with a record in this batch, in the declared order (schemas/lake/facts.sql).

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
    fact(gr.person_id, sure_grid_reports(p.authorised, p.asked), true, false) AS grid_report,
    fact(gr.person_id, sure_grid_reports(p.authorised, p.asked), gr.urgent, false) AS grid_report_urgent,
    gr.reported_on AS grid_report_on, gr.difficulty AS grid_report_difficulty,

    fact(me.person_id, sure_serious_illness(p.authorised, p.asked), true, false) AS severe_mental,
    fact(el.person_id, sure_elder_services(p.authorised, p.asked), el.alone, false) AS lives_alone,
    el.ability AS elder_ability,
    fact(el.person_id, sure_elder_services(p.authorised, p.asked), el.ability IN ('中度', '重度', '完全'), false) AS elder_disabled,
    fact(ye.person_id, known_medical_yearly(p.authorised), ye.in_policy, 0) AS medical_yearly_in_policy,
    fact(ai.person_id, sure_temporary_aid(p.authorised, p.asked), true, false) AS temporary_aid,
    ai.aid_on AS temporary_aid_on, ai.earlier_on AS aid_repeated_on, ai.cause AS aid_repeated_cause,
    fact(un.person_id, sure_union_hardship(p.authorised, p.asked), un.in_hardship, false) AS union_hardship,
    cr.died_on AS cremated_died_on,
    fact(cr.person_id, sure_funeral(p.authorised, p.asked), cr.died_on < getvariable('month'), false) AS cremated_before_month,
    fact(ho.person_id, sure_public_housing(p.authorised, p.asked), true, false) AS dangerous_house, ho.grade AS house_danger_grade,
    fact(st.person_id, sure_school_aid(p.authorised, p.asked), st.in_hardship, false) AS student_in_hardship,
    em.months_left AS unemployment_months_left,
    fact(em.person_id, sure_employment(p.authorised, p.asked), em.public_post, false) AS public_post,
    fact(be.person_id, sure_pensions(p.authorised, p.asked), be.injury_nursing, false) AS injury_nursing,
    fact(ca.person_id, sure_benefit_card(p.authorised, p.asked), ca.salary, false) AS public_salary_3m,
    ca.salary_item AS public_salary_item,

    p.asked AS asked_sources,
    p.authorised,
    fact(ve.person_id, known_vehicles(p.authorised), ve.vehicles, 0) AS vehicles,
    fact(bu.person_id, known_business_registration(p.authorised), bu.businesses, 0) AS businesses,
    fact(bu.person_id, known_business_registration(p.authorised), bu.capital, 0) AS business_capital,
    fact(fu.person_id, known_housing_fund(p.authorised), fu.base, 0) AS housing_fund_base,
    fact(dw.person_id, known_real_estate(p.authorised), dw.dwellings, 0) AS dwellings,
    fi.over_on AS finance_over_on
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
LEFT JOIN fact_monitoring AS mo USING (person_id)
LEFT JOIN fact_grid AS gr USING (person_id)
LEFT JOIN fact_vehicles AS ve USING (person_id)
LEFT JOIN fact_business AS bu USING (person_id)
LEFT JOIN fact_mental AS me USING (person_id)
LEFT JOIN fact_elder AS el USING (person_id)
LEFT JOIN fact_yearly AS ye USING (person_id)
LEFT JOIN fact_aid AS ai USING (person_id)
LEFT JOIN fact_union AS un USING (person_id)
LEFT JOIN fact_cremated AS cr USING (person_id)
LEFT JOIN fact_house AS ho USING (person_id)
LEFT JOIN fact_student AS st USING (person_id)
LEFT JOIN fact_employment AS em USING (person_id)
LEFT JOIN fact_benefits AS be USING (person_id)
LEFT JOIN fact_card AS ca USING (person_id)
LEFT JOIN fact_fund AS fu USING (person_id)
LEFT JOIN fact_dwelling AS dw USING (person_id)
LEFT JOIN fact_finance AS fi USING (person_id);

-- Known income is tax and pension. All of it is known unless somebody of 16 to 59 who is not in school nor unable to work shows
-- neither: then they live on something nobody told us. Where a source that would tell is missing, nothing of it is known.
CREATE VIEW person_income AS
SELECT *,
    (coalesce(tax_income_12m, 0) + coalesce(employee_pension_month, 0) * 12)::DECIMAL(18,2) AS income_known,
    (income_known + coalesce(resident_pension_month, 0) * 12)::DECIMAL(18,2) AS income_with_resident_pension_known,
    CASE WHEN NOT alive THEN NULL
        WHEN age < 16 THEN true
        WHEN has_tax_row_12m IS NULL OR employee_pension IS NULL THEN false
        WHEN has_tax_row_12m OR employee_pension OR resident_pension THEN true
        WHEN age > 59 THEN true
        ELSE coalesce(age IS NOT NULL AND (in_school OR no_labour_disability), false)
    END AS income_told,
    CASE WHEN income_told AND NOT employee_amount_missing THEN income_known END AS income,
    CASE WHEN income_told AND NOT employee_amount_missing AND NOT resident_amount_missing THEN income_with_resident_pension_known END
        AS income_with_resident_pension,
    CASE WHEN age BETWEEN 16 AND 59 THEN unemployed_12m OR employee_insurance_lapsed WHEN age IS NOT NULL THEN false END AS lost_work
FROM person_joined;
