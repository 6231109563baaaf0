"""Who may see which runs."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.db.models import Q, QuerySet
from django.http import HttpRequest, parse_cookie
from django.utils.functional import SimpleLazyObject

from runs.api.authentication import whoever
from runs.models import Attempt, Run
from todos.principal import Principal
from todos.problems import Missing


def visible_runs(principal: Principal) -> QuerySet[Run]:
    """All of the owner's; to an agent, those it has leased from or made; to a token of one run, that run."""
    runs = Run.objects.filter(owner=principal.owner_id)
    if principal.run_id is not None:
        return runs.filter(pk=principal.run_id)
    if principal.scope == "agent":
        leased = Attempt.objects.filter(token=principal.token_id).values("run")
        return runs.filter(Q(made_by=principal.token_id) | Q(pk__in=leased))
    return runs


def run_for(principal: Principal, run_id: int) -> Run:
    """Raises Missing when there is none, or it is somebody else's."""
    run = visible_runs(principal).filter(pk=run_id).first()
    if run is None:
        raise Missing("There is no such run.")
    return run


def check(principal: Principal, run_id: int) -> None:
    """Raises Missing as `run_for` does, and reads no more than that."""
    if not visible_runs(principal).filter(pk=run_id).exists():
        raise Missing("There is no such run.")


def of_scope(scope: Mapping[str, Any]) -> Principal | None:
    """Who has opened a socket, as things stand now: the bearer of a token, or whoever is signed in.

    Session and user are read anew each time: they may have signed out since, or have been switched off.
    """
    request = HttpRequest()
    for name, value in scope["headers"]:
        if name in (b"authorization", b"cookie"):
            request.META[f"HTTP_{name.decode().upper()}"] = value.decode("latin-1")
    key = parse_cookie(request.META.get("HTTP_COOKIE", "")).get(settings.SESSION_COOKIE_NAME)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    request.user = SimpleLazyObject(lambda: get_user(request))  # type: ignore[assignment]
    return whoever(request)
