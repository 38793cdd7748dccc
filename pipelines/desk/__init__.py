"""The desk (办理台): the case store and the last batch as pages, for clerks with a browser.

Belongs here: pages, forms, sessions over HTTP. Does not belong here: what may happen to a file (`casework`), what the sources say
about a household (`check`). No page needs a script; none asks anything of another machine.
"""
