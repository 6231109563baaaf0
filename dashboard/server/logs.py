"""What processes say on stderr: as Django says it, or one JSON object a line, for programs that gather lines.

`json` also has a line for each event of a run, once it is committed. An outage is one calm line in both: that a
database, a broker or a client is away is nothing to be found in the program.
"""

import asyncio
import json
import logging
import os
import re
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import RequestAborted
from django.db import InterfaceError, OperationalError

EVENTS = "runs.events"  # the logger of `runs/logged.py`
OUTAGES = (OperationalError, InterfaceError, ConnectionError, TimeoutError, RequestAborted, asyncio.CancelledError)
# Of libraries that need not be installed.
OUTAGES_ELSEWHERE = re.compile(
    r"redis\.exceptions\.(Connection|Timeout|BusyLoading)Error|kombu\.exceptions\.OperationalError"
    r"|psycopg\.(errors\.)?(OperationalError|AdminShutdown)|psycopg_pool\.PoolTimeout|starlette\.requests\.ClientDisconnect"
)
FAULTS = ("no such ", "near ")  # that SQLite calls operational, too
GONE = "Application instance"  # begins what daphne says of a request that goes on though its client has gone


def is_outage(error: BaseException) -> bool:
    """Whether that, or all that came together in it, is no fault of the program."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_outage(one) for one in error.exceptions)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    known = isinstance(error, OUTAGES) or OUTAGES_ELSEWHERE.fullmatch(name) is not None
    return known and not str(error).startswith(FAULTS)


class Calm(logging.Filter):
    """Says an outage in one line, without the way that it took through the program."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_outage(error):
            told = next(iter(str(error).splitlines()), "") or type(error).__name__
            record.msg, record.args = "%s: %s", (record.getMessage(), told)
            record.exc_info = record.exc_text = None
        elif record.name.startswith("daphne") and str(record.msg).startswith(GONE) and record.args:
            record.msg, record.args = "ended, for its client has gone: %s", tuple(record.args)[1:]
        return True


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
    """Django's `LOGGING`: for `text`, only what is said of outages."""
    stderr = {"class": "logging.StreamHandler", "filters": ["calm"]}
    common = {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"calm": {"()": "dashboard.server.logs.Calm"}},
        "handlers": {"stderr": stderr},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }
    if form == "text":
        return common
    return common | {
        "formatters": {"lines": {"()": "dashboard.server.logs.Lines"}},
        "handlers": {"stderr": stderr | {"formatter": "lines"}},
        "loggers": {
            EVENTS: {"level": "INFO"},
            "django": {"handlers": [], "level": "INFO"},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        },
    }
