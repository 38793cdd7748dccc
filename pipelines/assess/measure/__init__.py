"""How well do findings meet a truth?

Belongs here: precision and recall of findings. Does not belong here: the truth (`pipelines.sample`, or whoever brings one).
"""
