"""Fetch: what departments leave where they are, pulled into the drop folder before anything is read.

Belongs here: the home's `sources.yaml`, one module per kind of place, carrying a file or a query's rows over, and the ledger of
what was fetched. Does not belong here: opening what was fetched (`pipelines.extracts`).

The modules in the order a delivery passes them: `declared`, `credentials`, `open_place` → `sftp`, `s3`, `postgresql`, `mysql`
(which say what went wrong by `failures`), `complete`, `transfer` / `queries`, `ledger`; `stage` is what others call.
"""

from pipelines.fetch.declared import load_sources
from pipelines.fetch.ledger import fetched_path, read_fetched
from pipelines.fetch.stage import fetch

__all__ = ["fetch", "fetched_path", "load_sources", "read_fetched"]
