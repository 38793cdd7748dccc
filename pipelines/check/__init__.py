"""Check on demand (逢进必核、存量复核): what every source says of one household, within seconds.

Belongs here: the form, who its people are, what may be asked, what the sources say, what follows, the report. Does not belong
here: what a fact or a rule is (`assess`: the batch's own steps run over these people), pages (`desk`).

It reads the last published batch, writes the case store alone, and decides nothing.
"""
