"""Whose is each identity of this month? From standardised rows to the persons that the lake keeps.

Belongs here: the steps of the month, each on tables of one connection. Does not belong here: their order (`stage`) and how
records are compared and decided in general (`compare`, `decide`).
"""
