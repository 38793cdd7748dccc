"""The library: how departmental extracts become persons, households, findings and leads.

Belongs here: everything that computes. Does not belong here: Dagster (see `assets`), and anything
a bureau changes without a programmer (see `schemas`). The sub-packages stand in the order the data moves:
extracts, standardise, linkage, households, assess, publish, returns; `sample` makes the data all of it is tested on.
"""
