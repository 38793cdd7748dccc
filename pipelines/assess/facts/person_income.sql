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
FROM person_said;
