"""The rules of running: states, scheduling, retries, estimates. No Django, no clock of its own, no unseeded chance."""
