"""From todos to the rows of a run, at its start and while it is under way."""
