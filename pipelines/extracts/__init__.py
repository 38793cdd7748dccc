"""Extracts: from what a department sent to rows with canonical column names, as text.

Belongs here: finding the files of a batch, opening them whatever they are (CSV in any encoding, XLSX, Parquet, zip),
finding their headings, telling data rows from titles, totals and rows that name nobody, and keeping the ledger of
what was read. Does not belong here: what a text means (`pipelines.standardise`). The modules in the order a file
passes them: `find`, `formats`, `decode`, `delimited` / `workbook` / `columnar`, `headings`, `cells`, `sort_rows`,
`months`, `landing`, `ledger`; `ahead` lets them work at the same time; `stage` and `check` are what others call.
"""

from pipelines.extracts.check import Checked, check_folder
from pipelines.extracts.find import missing_sources
from pipelines.extracts.stage import extract_source

__all__ = ["Checked", "check_folder", "extract_source", "missing_sources"]
