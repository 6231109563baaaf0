"""Who asks: a bearer token, or a person who is signed in (and whose unsafe requests are guarded against forgery)."""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from runs.engine import states
from runs.models import Scope, Token
from runs.tokens import FORM, digest
from todos.principal import ALL_EXECUTORS, HARMLESS_EXECUTORS, Principal, for_person

REMEMBERED_SECONDS = 1.0
REMEMBERED_TOKENS = 10_000
USE_IS_NOTED_EVERY = timedelta(minutes=1)
AGENT_EXECUTORS = frozenset({"read", "search"})


def principal_of(token: Token) -> Principal:
    executors = {
        Scope.VIEWER: frozenset[str](),
        Scope.AGENT: ALL_EXECUTORS if token.commands and token.attempt_id else AGENT_EXECUTORS,
        Scope.OPERATOR: ALL_EXECUTORS if token.commands else HARMLESS_EXECUTORS,
        Scope.ADMIN: ALL_EXECUTORS,
    }[Scope(token.scope)]
    return Principal(token.owner_id, token.scope, executors, token.pk, token.run_id, token.attempt_id)


class Tokens:
    """Looks tokens up, and remembers what it found for a second: so long does a revoked one live at most."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, Principal]] = {}

    def remembered(self, text: str) -> Principal | None:
        """Whose token this is, if that was found within the last second."""
        found = self._found.get(digest(text))
        return found[1] if found and self._clock() < found[0] else None

    def principal(self, text: str, now: Callable[[], datetime] = timezone.now) -> Principal | None:
        """Whose token this is; None when it is unknown, expired or revoked, or its owner is switched off."""
        if not FORM.fullmatch(text):
            return None
        if remembered := self.remembered(text):
            return remembered
        key = digest(text)
        found = _look_up(key, now())
        with self._lock:
            if found is None:
                self._found.pop(key, None)
            else:
                if len(self._found) >= REMEMBERED_TOKENS:
                    self._found.clear()
                self._found[key] = (self._clock() + REMEMBERED_SECONDS, found)
        return found

    def revoke(self, token: Token, now: datetime) -> bool:
        """Ends a token, in this process at once. False when it had ended so already."""
        revoked = Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
        self.forget()
        return revoked == 1

    def forget(self) -> None:
        """Makes a revocation in this process count at once."""
        with self._lock:
            self._found.clear()


tokens = Tokens()

# What was lent with an attempt counts as long as that does.
_COUNTS = Q(attempt=None) | Q(attempt__status__in=states.ATTEMPT_OPEN, attempt__epoch=F("attempt__subtask__epoch"))


def _look_up(key: str, now: datetime) -> Principal | None:
    usable = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now)) & Q(owner__is_active=True)
    token = Token.objects.filter(usable, _COUNTS, digest=key).first()
    # The index finds by equality; this comparison takes the same time wherever two digests differ.
    if token is None or not secrets.compare_digest(token.digest, key):
        return None
    if token.last_used_at is None or token.last_used_at <= now - USE_IS_NOTED_EVERY:
        _note_use(token, now)
    return principal_of(token)


def _note_use(token: Token, now: datetime) -> None:
    try:
        with transaction.atomic():
            Token.objects.filter(pk=token.pk, last_used_at=token.last_used_at).update(last_used_at=now)
    except DatabaseError:
        pass  # a reader must not fail because nothing can be written just now


def bearer(request: Any) -> str | None:
    """The token of an Authorization header; None without one, "" when the header is not a bearer's."""
    header: str | None = request.META.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def whoever(request: Any) -> Principal | None:
    """Who sent a request (Django's or REST framework's). A wrong token is nobody, whatever cookie comes with it."""
    text = bearer(request)
    if text is not None:
        return tokens.principal(text)
    user = request.user
    return for_person(user) if user.is_authenticated and user.is_active else None


def _no_response(request: HttpRequest) -> HttpResponse:
    """Stands where the check wants a view; it asks nothing of it."""
    return HttpResponse()


class BearerToken(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        text = bearer(request)
        if text is None:
            return None
        found = tokens.principal(text)
        if found is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        return found, found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SignedIn(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        user = request._request.user
        if not user.is_authenticated or not user.is_active:
            return None
        check = CSRFCheck(_no_response)
        check.process_request(request._request)
        if reason := check.process_view(request._request, _no_response, (), {}):
            raise PermissionDenied(f"CSRF: {reason}")
        return user, for_person(user)


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SignedInScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SignedIn
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
