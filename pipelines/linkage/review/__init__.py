"""Why, and what does a clerk say? One person's records explained, doubtful pairs asked, answers read.

Belongs here: what is shown and what comes back. Does not belong here: what an answer does (`resolve.decisions`).
"""
