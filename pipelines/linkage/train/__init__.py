"""What does agreement weigh? A model learnt from the district's own batches.

Belongs here: matches and strangers that teach, and the model file made of them. Does not belong here: the formula (`decide.em`).
"""
