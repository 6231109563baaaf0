"""The orchestrator of a process, and what it looks after beside dispatching."""
