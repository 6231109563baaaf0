"""What processes say on stderr: as Django says it, or one JSON object a line, for programs that gather lines.

`json` also has a line for each event of a run, once it is committed.
"""

import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

EVENTS = "runs.events"  # the logger of `runs/logged.py`


class Lines(logging.Formatter):
    """A record as one line. What was passed as `extra={"about": {…}}` stands in it by name: ids of runs, attempts."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": os.getpid(),
            "message": record.getMessage(),
        }
        line |= getattr(record, "about", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def settings_for(form: str) -> dict[str, Any]:
    """Django's `LOGGING`: nothing to add for `text`."""
    if form == "text":
        return {}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "dashboard.server.logs.Lines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            EVENTS: {"level": "INFO"},
            "django": {"handlers": [], "level": "INFO"},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        },
    }
