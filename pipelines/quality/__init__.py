"""Quality: measures of each source's batch, the contracts' expectations held against them, Data Docs.

Reads `extracts/*`, `standardised/*`; writes `quality/{measures,results}` and the pages under `data_docs/<batch>/`.
Numbers about columns only: nothing here, nor in the pages, holds a row or a value of one.
"""
