"""Why was this lead raised? Everything behind it on one page.

Belongs here: gathering and showing it, masked for a role. Does not belong here: why records are one person (`pipelines.linkage`).
"""
