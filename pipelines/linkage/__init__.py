"""Linkage: whose record is this?

Belongs here: everything between identities (`standardised/<source>.parquet`) and persons (`linkage/*.parquet`): candidates,
comparison, weights, assignment, clusters, stable ids. Does not belong here: how a value is cleaned
(`pipelines.standardise`) and who lives with whom (`pipelines.households`).
"""

from pipelines.linkage.stage import link

__all__ = ["link"]
