"""Everything Dagster: assets, checks, jobs, schedules, sensors, resources, definitions. Thin: what is computed lives in `pipelines`."""
