"""What does a household live on? Fourteen classes of income as intervals, expenses deducted, and what would close them.

Belongs here: from facts and typed rows to `income_statement` and `household_income`. Does not belong here: any line that
income is held against (`schemas/rules`), and the income facts of today's rules (`facts`), which keep their meaning.
"""
