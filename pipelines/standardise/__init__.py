"""Texts of extracts → typed values and identities alike for every source.

Belongs here: what an id, name, date, amount, code, telephone or address means by itself. Does not belong here: finding and
decoding files (`pipelines.extracts`) and whose record it is (`pipelines.linkage`).
"""

from pipelines.standardise.output import columns, empty, empty_query, relation
from pipelines.standardise.stage import standardise_source

__all__ = ["columns", "empty", "empty_query", "relation", "standardise_source"]
