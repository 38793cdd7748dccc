"""The synthetic district with truth: what the departments would send, and what an all-knowing clerk would find in it.

Belongs here: people who do not exist, their families and lives, the extracts about them with the defects of real
files, and the truth (whose row it is; which findings hold). Does not belong here: anything that real data passes through.
The truth of findings is computed by itself (`truth`), so that it can disagree with the program under test.
"""

from pipelines.sample.district import write_district

__all__ = ["write_district"]
