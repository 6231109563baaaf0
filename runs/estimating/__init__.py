"""Estimates of when a run is over: those of files, and those of runs."""
