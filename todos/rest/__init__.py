"""What every REST endpoint stands on; nothing here knows a todo or a run. See `docs/development.md`."""
