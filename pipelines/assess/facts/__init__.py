"""What is known of whom? From households and typed rows to the declared facts.

Belongs here: each fact's reckoning in SQL, in the order it is computed. Does not belong here: any threshold (`rules`).
"""
