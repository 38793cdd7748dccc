"""What if a value were another? Leads under another parameter, before anyone decides it.

Belongs here: the simulation and how it is shown. Does not belong here: changing a parameter.
"""
