"""What the settings page says of this server: how it runs commands and why so, and what bounds what runs at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from runs.backends import slots as kept
from runs.claims import limits
from runs.engine.pools import POOLS
from runs.executors import sandbox
from runs.models import Resource, Token
from runs.models.resource import POOL

SHOWN_TOKENS = 50
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pool:
    """`running`: None where another process counts. `href`: where its limit is set."""

    name: str
    limit: int | None
    running: int | None
    href: str


def context(owner_id: int, *, may_change: bool) -> dict[str, Any]:
    """Everything that the templates `settings/here.html` and `settings/tokens.html` need."""
    mode, why = sandbox.mode()
    found = tokens(owner_id)
    return {
        "shell_mode": mode.value,
        "shell_why": why,
        "workspace": settings.WORKSPACE,
        "bounds": _bounds(),
        "pools": _pools(may_change=may_change),
        "tokens": found[:SHOWN_TOKENS],
        "tokens_total": found.count(),
    }


def tokens(owner_id: int) -> QuerySet[Token]:
    """Those that count; what was lent to an agent with its attempt is none of a person's."""
    rows = Token.objects.filter(owner=owner_id, revoked_at=None, attempt=None)
    return rows.exclude(expires_at__lte=timezone.now()).select_related("run").order_by("-pk")


def _bounds() -> Mapping[str, str]:
    return {
        "Subtasks at once": f"{settings.EMBEDDED_MAX_WORKERS:,}",
        "Agents of a run": f"{settings.RUN_MAX_AGENTS:,}, unless it says otherwise",
        "Subtasks of a run": f"{settings.RUN_MAX_SUBTASKS:,} at most",
        "Memory of a command": f"{settings.SHELL_TOTAL_MEMORY_BYTES // MEBIBYTE:,} MiB",
    }


def _pools(*, may_change: bool) -> list[Pool]:
    slots, set_to = kept.current(), limits.pools()
    running = slots.running() if slots else None
    rows = dict(Resource.objects.filter(kind=POOL).values_list("name", "pk")) if may_change else {}
    return [
        Pool(
            pool,
            (slots.limits if slots else set_to).get(pool),
            running[pool] if running is not None else None,
            _where_set(pool, rows.get(pool)) if may_change else "",
        )
        for pool in POOLS
    ]


def _where_set(pool: str, row: int | None) -> str:
    if row is not None:
        return reverse("admin:runs_resource_change", args=[row])
    return f"{reverse('admin:runs_resource_add')}?{urlencode({'kind': POOL, 'name': pool})}"
