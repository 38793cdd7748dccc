"""Who is visited, when, and what came of it?

Belongs here: from findings and answers to leads and hit rates. Does not belong here: the sheet (`pipelines.publish`).
"""
