"""Households: who belongs together, and who is whose parent, spouse or guardian.

Belongs here: register and assistance households of a batch, the edges between persons, what changed since the batch before.
Does not belong here: whose record a row is (`pipelines.linkage`) and what a household lacks (`pipelines.assess`).
"""

from pipelines.households.stage import build_households

__all__ = ["build_households"]
