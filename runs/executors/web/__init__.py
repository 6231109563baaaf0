"""Reaching other hosts: which may be reached, requests to them, and what searches make of those."""
