"""What pages and REST show of runs and agents: read, never written."""
