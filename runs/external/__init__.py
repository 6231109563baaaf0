"""Agents from outside: what they may take, say and ask, and what they are told."""
