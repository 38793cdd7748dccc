"""Households held against dated rules: facts, findings, leads, what-if and explanation.

Belongs here: everything between households and leads. Does not belong here: publishing what comes out (`pipelines.publish`).
"""
