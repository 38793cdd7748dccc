"""The same person, not the same, or ask? Any table of people: weights, odds, thresholds, clusters.

Belongs here: what follows from how alike records are. Does not belong here: who the persons of a district are (`resolve`).
"""
