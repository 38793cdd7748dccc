"""Everything Dagster: assets, checks, jobs, schedules, sensors, resources, definitions.

Belongs here: when and in what order things run, and what the UI shows of them. Does not belong here: anything that computes;
that is `pipelines`.
"""
