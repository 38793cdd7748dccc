"""How alike are two records? Any table of people: keys, comparers, levels, frequencies.

Belongs here: what two rows say about each other. Does not belong here: what that weighs (`decide`), and what a
district, a batch or the lake is.
"""
