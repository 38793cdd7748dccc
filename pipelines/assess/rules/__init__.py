"""Which rule holds for whom? Declared rules, checked, run over the facts.

Belongs here: from a rule's YAML to findings. Does not belong here: what is computed of a person (`facts`)
and who is visited (`leads`).
"""
