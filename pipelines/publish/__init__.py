"""What goes out: the warehouse and its masked copy, the towns' worklists, the batch's report.

Belongs here: turning the lake's tables into what others open. Does not belong here: any new conclusion about a person.
"""
