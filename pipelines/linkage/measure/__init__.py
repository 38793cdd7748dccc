"""How well did it go? Against a truth, and without one by what the keys agree on.

Belongs here: figures about the result. Does not belong here: changing it.
"""
