"""How much there is of what subtasks claim, where nobody has said otherwise."""

from functools import cache

import psutil
from django.conf import settings

from todos.plan.claims import DATABASE

MEBIBYTE = 1024 * 1024


def default_capacity(kind: str) -> int:
    """Connections of a database, or MiB of a budget of memory."""
    return settings.DATABASE_CONNECTIONS if kind == DATABASE else _memory()


@cache
def _memory() -> int:
    return int(psutil.virtual_memory().total * settings.MEMORY_SHARE / MEBIBYTE)


def default_per_second() -> float:
    """Calls of an API."""
    return settings.API_CALLS_PER_SECOND
