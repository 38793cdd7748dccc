"""The case store: files, events, visits, transfers, accounts and the access log; written by people, one household at a time.

Belongs here: what is kept about a household after a batch has found it or somebody has asked about it, and the rules by which
it may change. Does not belong here: what a batch computes (lake and warehouse are written by batches alone), pages (`desk`),
asking the sources about a household (`check`).
"""
